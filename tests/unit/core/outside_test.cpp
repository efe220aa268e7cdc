// SPDX-License-Identifier: BSD-3-Clause
// Messages of other machines cannot end a stream or leave anything behind, in any order: versions from the
// future, ids that were predicted, names of others.
#include <algorithm>

#include "bench.hpp"

namespace astral::core {
namespace {

constexpr std::uint64_t latest = 1'000 + 300'000;  // at the time of a Bench: five minutes ahead

bool holds(const Lines &lines, const std::string &part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string &line) { return line.find(part) != std::string::npos; });
}

StreamInfo news(const Slug &slug, const Uuid &source, std::uint64_t updated) {
  return {.slug = slug, .name = slug, .source = source, .updated = updated};
}
NodeInfo node_info(const Uuid &uuid, std::uint64_t updated) {
  return {.uuid = uuid, .ip_address = "10.0.0.77", .port = 77, .supernode = true, .updated = updated};
}

// Versions from the future.

class FutureVersions : public testing::TestWithParam<std::uint64_t> {};

// Two messages on /peer, which needs no token.
TEST_P(FutureVersions, EndNoPublisher) {
  Bench bench;
  bench.hears(2, Streams{.streams = {news("own", "us", GetParam())}});
  EXPECT_FALSE(bench.node.find_stream("own"));
  bench.publishes();
  EXPECT_TRUE(holds(bench.said, "published own"));
  EXPECT_EQ(bench.node.find_stream("own")->updated, 1'001u);  // established, then published
}

TEST_P(FutureVersions, AreRefusedInEveryMessage) {
  Bench bench;
  const NodeInfo node = node_info("liar", GetParam());
  const StreamInfo talk = news("talk", "parent", GetParam());
  bench.asks();
  const std::uint64_t known = bench.node.find_stream("talk")->updated;
  Offer offer = bench.offer("t2", {"parent"});
  offer.stream = {talk};
  for (const Message &message : {Message{Heartbeat{.nodes = {node}}}, Message{Streams{.streams = {talk}}},
                                 Message{offer}, Message{Gone{.slug = "talk", .updated = GetParam()}}})
    bench.hears(2, message);
  bench.hears(Bench::primary, Full{.others = {node}});
  bench.say(OriginKnows{.nodes = {node}, .streams = {talk}});
  bench.say(RegisterNode{.call = 4, .node = node});
  EXPECT_TRUE(holds(bench.said, "Answer 4 error 0"));
  bench.say(PeerConnected{.peer = 20, .address = "10.0.0.77"});
  bench.say(PeerProved{.peer = 20, .fingerprint = "liar"});
  bench.hears(20, Hello{.node = node});
  EXPECT_TRUE(holds(bench.said, "Send 20 welcome"));  // a node with a wrong clock stays connected
  bench.hears(20, Heartbeat{.nodes = {node}});
  EXPECT_FALSE(bench.node.find_node("liar"));
  ASSERT_TRUE(bench.node.find_stream("talk"));
  EXPECT_EQ(bench.node.find_stream("talk")->updated, known);
}

INSTANTIATE_TEST_SUITE_P(Values, FutureVersions,
                         testing::Values(latest + 1, 1'000'000'000'000'000, (std::uint64_t{1} << 63) - 1,
                                         std::uint64_t{1} << 63, UINT64_MAX));

TEST(Versions, FiveMinutesAheadAreAccepted) {
  Bench bench;
  bench.hears(2, Streams{.streams = {news("talk", "parent", latest)}});
  bench.hears(Bench::primary, Heartbeat{.nodes = {node_info("far", latest)}});
  EXPECT_TRUE(bench.node.find_stream("talk"));
  EXPECT_TRUE(bench.node.find_node("far"));
  bench.hears(2, Gone{.slug = "talk", .updated = latest});
  EXPECT_FALSE(bench.node.find_stream("talk"));
}

// Otherwise a node that holds a version of our stream from the future would miss our changes.
TEST(Versions, OfOurStreamGoOnAboveWhatOthersHold) {
  Bench bench;
  bench.hears(Bench::primary, Streams{.streams = {news("own", "us", latest)}});
  bench.publishes();
  std::uint64_t version = bench.node.find_stream("own")->updated;
  EXPECT_GT(version, latest);
  EXPECT_LT(version, latest + 10);
  for (int i = 0; i < 10; ++i) {
    bench.hears(3, Media{.slug = "own", .media = std::to_string(i)});
    EXPECT_EQ(bench.node.find_stream("own")->updated, ++version);
  }
  for (Time time{}; time < 40s; time += 5s) {
    bench.wait(5s);
    EXPECT_GT(bench.node.find_stream("own")->updated, version);
    version = bench.node.find_stream("own")->updated;
  }
  for (Time time{}; time < 300s; time += 5s) bench.wait(5s);
  version = bench.node.find_stream("own")->updated;
  EXPECT_LE(version, static_cast<std::uint64_t>(bench.now / 1ms));
  for (Time time{}; time < 60s; time += 5s) bench.wait(5s);
  EXPECT_EQ(bench.node.find_stream("own")->updated, version);
}

// The machine has been up for ten days, and its nodes were seen yesterday.
TEST(Versions, OfRememberedNodesAreAccepted) {
  Settings settings = Bench::settings();
  const Time uptime = 240h;
  settings.unix_ms_at_zero = 1'700'000'000'000;
  const auto yesterday = static_cast<std::uint64_t>(settings.unix_ms_at_zero + (uptime - 24h) / 1ms);
  settings.remembered = {node_info("old", yesterday), node_info("us", yesterday)};
  Node node(settings);
  Effects out;
  node.handle(Tick{}, uptime, out);
  node.check_invariants();
  EXPECT_TRUE(node.find_node("old"));
  EXPECT_EQ(node.nodes().size(), 2u);
}

// The machine slept for eight hours; its monotonic clock stood still.
TEST(Versions, AfterASleepAreOfThePresentAgain) {
  Bench bench;
  const auto later = latest + static_cast<std::uint64_t>(8h / 1ms);
  bench.hears(2, Streams{.streams = {news("talk", "parent", later)}});
  EXPECT_FALSE(bench.node.find_stream("talk"));
  bench.say(ClockSet{.unix_ms_at_zero = 8h / 1ms});
  bench.hears(2, Streams{.streams = {news("talk", "parent", later)}});
  EXPECT_TRUE(bench.node.find_stream("talk"));
}

// The clock was a day ahead when the node started, and is set right. The node's own versions come back, too.
TEST(Versions, OfAClockThatIsSetBackAreOfThePresent) {
  Bench bench;
  bench.say(ClockSet{.unix_ms_at_zero = 24h / 1ms});
  bench.publishes();
  EXPECT_GE(bench.node.find_stream("own")->updated, static_cast<std::uint64_t>(24h / 1ms));
  bench.say(ClockSet{.unix_ms_at_zero = 0});
  bench.wait(10s);
  EXPECT_LE(bench.node.find_stream("own")->updated, static_cast<std::uint64_t>(bench.now / 1ms));
  EXPECT_LE(bench.node.self().updated, static_cast<std::uint64_t>(bench.now / 1ms) + max_ahead / 1ms);
}

// A supernode `us` with the neighbour `s` (peer 1), a child `c` (peer 2).
struct Super {
  Super() : node(settings()) {
    say(Tick{});
    join(1, {.uuid = "s", .ip_address = "10.0.0.3", .port = 3, .supernode = true}, PeerKind::node);
    join(2, {.uuid = "c", .ip_address = "10.0.0.4", .port = 4}, PeerKind::node);
    hears(2, Register{});
  }
  static Settings settings() {
    Settings settings = Bench::settings();
    settings.role = Role::supernode;
    settings.bootstrap = {};
    return settings;
  }
  void join(PeerId peer, const NodeInfo &who, PeerKind kind) {
    say(PeerConnected{.peer = peer, .address = "10.0.0.3"});
    if (kind == PeerKind::node) say(PeerProved{.peer = peer, .fingerprint = who.uuid});
    hears(peer, Hello{.node = who, .kind = kind});
  }
  void say(const Input &input) {
    effects.clear();
    node.handle(input, now, effects);
    node.check_invariants();
  }
  void hears(PeerId peer, const Message &message) { say(PeerSaid{.peer = peer, .message = message}); }
  // The peers that the node sends to, or connects to, in this step.
  std::vector<PeerId> told() const {
    std::vector<PeerId> peers;
    for (const Effect &effect : effects)
      if (const auto *send = std::get_if<Send>(&effect)) peers.push_back(send->peer);
    return peers;
  }
  std::vector<PeerId> connected() const {
    std::vector<PeerId> peers;
    for (const Effect &effect : effects)
      if (const auto *connect = std::get_if<Connect>(&effect)) peers.push_back(connect->peer);
    return peers;
  }
  // A node that is nearer to `s` than to us.
  static Uuid distant() {
    Uuid uuid = "z";
    while ((key_of(uuid) ^ key_of("s")) > (key_of(uuid) ^ key_of("us"))) uuid += "z";
    return uuid;
  }
  // `c` sends a message for that node, whose supernode `via` it says to be at 10.0.0.50.
  void routes_to(const Uuid &via) {
    hears(2, Routed{.to = {.uuid = distant(), .via = via, .at = {"10.0.0.50", 50}},
                    .from = {.uuid = "c", .via = "us"},
                    .what = std::make_shared<const Enclosed>(Enclosed{Leaving{.ticket = "t"}})});
  }

  Node node;
  Time now = 1s;
  Effects effects;
};

TEST(Versions, OfPlacesAndAdvertsFromTheFutureAreRefused) {
  for (const std::uint64_t version : {latest + 1, std::uint64_t{1'000'000'000'000'000}, UINT64_MAX}) {
    Super super;
    super.hears(1, Here{.place = {.uuid = Super::distant(), .via = "liar", .at = {"10.0.0.66", 66}},
                        .updated = version,
                        .copied = true});
    super.hears(1, Here{.place = {.uuid = Super::distant(), .via = "s"}, .updated = 5, .copied = true});
    super.routes_to("");
    EXPECT_EQ(super.told(), (std::vector<PeerId>{1}));
    EXPECT_TRUE(super.connected().empty());
    super.hears(1, Advert{.slug = "talk",
                          .supernode = {.uuid = "s", .via = "s"},
                          .hops = 1,
                          .room = 1,
                          .copied = true,
                          .stream = {news("talk", "x", version)}});
    EXPECT_FALSE(super.node.find_stream("talk"));
  }
}

// Predicted ids. Ours come from a small generator: a node that has seen one can compute the next.

TEST(TicketIds, OfTicketsThatWeGiveAreNotThoseOfAPeer) {
  Bench predicting;
  predicting.child_requested();
  Bench bench;
  bench.fed_own();
  bench.hears(3, Request{.ticket = predicting.given, .slug = "own", .destination = "element"});
  bench.hears(Bench::primary, bench.wish("own"));
  EXPECT_TRUE(bench.node.find_ticket(predicting.given));
  EXPECT_EQ(bench.node.tickets("own").size(), 3u);
}

TEST(TicketIds, OfTicketsThatWeHoldAreNotThoseOfAPeer) {
  Bench predicting;
  Bench bench;
  for (Bench *one : {&predicting, &bench}) {
    one->publishes();
    if (one == &bench)
      one->hears(3, Request{.ticket = predicting.own, .slug = "own", .destination = "element"});
    one->say(SetStreaming{.slug = "own", .streaming = false});
    one->say(SetStreaming{.slug = "own", .streaming = true});
  }
  EXPECT_TRUE(bench.node.find_ticket(predicting.own)->element);
  EXPECT_NE(bench.own, predicting.own);
  EXPECT_EQ(bench.node.tickets("own").size(), 2u);
}

// Names of others.

TEST(Parked, MessagesGoToTheOwnerWhenTheSupernodeIsAnother) {
  Super super;
  super.routes_to("far");
  ASSERT_EQ(super.connected().size(), 1u);
  const PeerId peer = super.connected()[0];
  super.say(PeerConnected{.peer = peer, .outbound = true, .address = "10.0.0.50"});
  super.say(PeerProved{.peer = peer, .fingerprint = "other"});
  super.hears(peer, Welcome{.node = {.uuid = "other", .ip_address = "10.0.0.50", .port = 50}});
  const std::vector<PeerId> told = super.told();
  EXPECT_TRUE(std::find(told.begin(), told.end(), PeerId{1}) != told.end());  // the owner of the key
}

TEST(Parked, MessagesAreNotSentToAnElementOfThatName) {
  Super super;
  super.routes_to("far");
  super.join(3, {.uuid = "far"}, PeerKind::element);
  for (const Effect &effect : super.effects) {
    const auto *send = std::get_if<Send>(&effect);
    EXPECT_TRUE(send == nullptr || !std::holds_alternative<Routed>(send->message));
  }
}

TEST(Carriers, AreNotForgottenWithAnElementOfTheirName) {
  Super super;
  super.hears(2, Carrying{.slug = "talk", .hops = 1, .room = 1});
  super.join(3, {.uuid = "c"}, PeerKind::element);
  super.say(PeerLost{.peer = 3});
  super.hears(
      1,
      Find{.request = {.slug = "talk", .destination = "x", .search = "q", .asker = {.uuid = "x", .via = "s"}},
           .stage = Stage::carrier});
  const std::vector<PeerId> told = super.told();
  EXPECT_TRUE(std::find(told.begin(), told.end(), PeerId{2}) != told.end());
}

TEST(Carriers, AreNotAskedIfTheSearchExceptsThem) {
  for (const bool except : {false, true}) {
    Super super;
    super.hears(2, Carrying{.slug = "talk", .hops = 1, .room = 1});
    super.hears(1, Find{.request = {.slug = "talk",
                                    .destination = "x",
                                    .search = "q",
                                    .asker = {.uuid = "x", .via = "s"},
                                    .except = except ? std::vector<Uuid>{"d", "c"} : std::vector<Uuid>{"d"}},
                        .stage = Stage::carrier});
    const std::vector<PeerId> told = super.told();
    EXPECT_NE(std::find(told.begin(), told.end(), PeerId{2}) != told.end(), except);
  }
}

// A supernode that nobody can reach steps down.
TEST(Probed, CountsOnlyFromTheNodeThatWasAsked) {
  Settings settings = Bench::settings();
  settings.role = Role::automatic;
  settings.bootstrap = {};
  Node node(settings);
  Time now = 1s;
  Effects out;
  const auto say = [&](const Input &input) {
    node.handle(input, now, out);
    node.check_invariants();
  };
  while (node.role() != RoleState::supernode) {
    now = node.deadline();
    say(Tick{});
  }
  for (const PeerId peer : {PeerId{1}, PeerId{2}}) {
    say(PeerConnected{.peer = peer, .address = "10.0.0.3"});
    say(PeerProved{.peer = peer, .fingerprint = "s" + std::to_string(peer)});
    say(PeerSaid{.peer = peer, .message = Hello{.node = node_info("s" + std::to_string(peer), 1)}});
  }
  say(PeerSaid{.peer = 2, .message = Probed{.reached = false}});
  EXPECT_EQ(node.role(), RoleState::supernode);
  say(PeerSaid{.peer = 1, .message = Probed{.reached = false}});
  EXPECT_EQ(node.role(), RoleState::seeking);
}

// Numbers.

TEST(Numbers, TheLargestValuesDoNoHarm) {
  Bench bench;
  bench.fed_own();
  bench.say(MediaMeasured{.slug = "own", .rate_bps = UINT64_MAX, .largest_group = UINT64_MAX});
  EXPECT_EQ(bench.node.find_stream("own")->bitrate_kbps, max_rate_kbps);
  bench.hears(2, Heartbeat{.sent_ms = UINT64_MAX, .echo_ms = UINT64_MAX, .held_ms = 2});
  EXPECT_FALSE(bench.node.find_node("parent")->rtt_ms);
}

TEST(Numbers, AClockThatWasAgesAheadGivesNoRoundTrip) {
  Bench bench;
  bench.say(ClockSet{.unix_ms_at_zero = INT64_MAX});
  bench.hears(2, Heartbeat{.sent_ms = 1, .echo_ms = 1, .held_ms = 0});
  EXPECT_FALSE(bench.node.find_node("parent")->rtt_ms);
}

// The media backend offers a ticket that it was not asked for.
TEST(Relay, AnOfferThatWasNotAskedForIsIgnored) {
  Bench bench;
  bench.forwards();
  bench.hears(1, Hold{.ticket = bench.given});
  bench.hears(1, Request{.ticket = bench.given, .slug = "talk", .destination = "child", .parent = true});
  EXPECT_TRUE(holds(bench.said, "check of"));
  bench.say(RelaySaid{.slug = "talk", .message = Offer{.ticket = bench.given}});
  EXPECT_TRUE(bench.said.empty());
  bench.hears(2, LoopChecked{.ticket = bench.given, .clear = true});
  EXPECT_TRUE(holds(bench.said, "path"));
}

}  // namespace
}  // namespace astral::core
