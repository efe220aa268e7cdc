// SPDX-License-Identifier: BSD-3-Clause
// One node to which anything is said, in any order, by children, supernodes, strangers, elements and over others: often
// what fits, as often what does not. It must keep its invariants after every step, and answer every call once.
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "babble_words.hpp"
#include "core/node.hpp"
#include "trace.hpp"

namespace astral::core {
namespace {

class Babble {
 public:
  explicit Babble(std::uint64_t seed) : rng_(seed), words_(rng_), node_(settings(seed)) { take(Tick{}); }

  void step() {
    Input input = Tick{};
    if (!fitting_.empty() && rng_.below(3) != 0) {
      input = fitting_.front();
      fitting_.pop_front();
      if (rng_.below(8) == 0) input = Tick{};  // it never comes
    } else {
      input = anything();
    }
    take(input);
    now_ += Time{static_cast<Time::rep>(rng_.below(120'000'000))};
    if (now_ >= node_.deadline()) take(Tick{});
    words_.trim();
    while (peers_.size() > 14) peers_.erase(peers_.begin());
    while (questions_.size() > 12) questions_.erase(questions_.begin());
  }

  void end() {
    take(Shutdown{});
    now_ += 1800ms;
    take(Tick{});
    EXPECT_EQ(last_, "Quit");
    EXPECT_EQ(answers_, calls_);
    EXPECT_TRUE(node_.tickets().empty());
    EXPECT_EQ(node_.peers(), 0u);
    EXPECT_EQ(node_.promised_bps(), 0u);
  }
  std::size_t confirmed() const { return confirmed_; }
  const std::set<std::string> &did() const { return did_; }

 private:
  static Settings settings(std::uint64_t seed) {
    Settings settings;
    settings.self = {.uuid = "us", .ip_address = "10.0.0.1", .port = 8000};
    settings.upstream_bps = 2'000'000;
    settings.has_origin = seed % 2 == 0;
    settings.role = seed % 3 == 0 ? Role::supernode : seed % 3 == 1 ? Role::automatic : Role::child;
    settings.capacity = 3;
    settings.seed = seed;
    settings.bootstrap = {{"10.0.0.8", 8}, {"10.0.0.9", 9}};
    settings.timeouts.needless = 20s;
    return settings;
  }
  bool rarely() { return rng_.below(10) == 0; }
  CallId call() { return ++calls_; }

  Input arrive() {
    const PeerId peer = ++last_peer_;
    peers_.push_back(peer);
    const bool element = rng_.below(4) == 0;
    uuids_[peer] = element ? "e" + std::to_string(peer) : words_.uuid();
    Hello hello{.node = words_.node(), .kind = element ? PeerKind::element : PeerKind::node};
    hello.node.uuid = uuids_[peer];
    if (!element && !hello.node.supernode) fitting_.emplace_front(PeerSaid{.peer = peer, .message = Register{}});
    fitting_.emplace_front(PeerSaid{.peer = peer, .message = hello});
    if (!rarely()) fitting_.emplace_front(PeerProved{.peer = peer, .fingerprint = words_.fingerprint()});
    return PeerConnected{.peer = peer, .address = "10.0.0.3"};
  }

  // From a peer itself, or from anybody over it.
  Input said(PeerId peer) {
    if (rng_.below(4) != 0) return PeerSaid{.peer = peer, .message = words_.any(uuids_[peer])};
    const Uuid from = rng_.below(2) == 0 ? words_.uuid() : uuids_[peer];
    Routed routed{.to = words_.place(rarely() ? words_.uuid() : "us"),
                  .from = words_.place(from),
                  .hops = static_cast<std::uint32_t>(rng_.below(30)),
                  .sought = rarely()};
    if (!rarely()) routed.what = std::make_shared<const Enclosed>(Enclosed{words_.any(from)});
    return PeerSaid{.peer = peer, .message = routed};
  }

  Input anything() {
    const PeerId peer = peers_.empty() ? 999'999 : peers_[rng_.below(peers_.size())];
    const TicketId ticket = words_.ticket();
    const Slug slug = words_.slug();
    switch (rng_.below(34)) {
      case 0:
        return arrive();
      case 1:
        return PeerConnected{.peer = peer, .outbound = peer >= first_own_id};
      case 2:
        return rarely() ? Input{PeerLost{.peer = peer}} : Input{Tick{}};
      case 3:
        return CreateStream{.call = call(), .name = slug};
      case 4:
        return SetStreaming{.call = call(), .slug = slug, .streaming = rng_.below(2) == 0};
      case 5:
        return rarely() ? Input{DeleteStream{.call = call(), .slug = slug}} : Input{Tick{}};
      case 6:
      case 7:
        return AskTicket{.call = call(), .slug = slug, .destination = rarely() ? words_.uuid() : ""};
      case 8:
        return RefreshTicket{.call = call(), .slug = slug, .destination = words_.uuid()};
      case 9:
        if (!rarely()) return ConfirmTicket{.call = call(), .slug = slug, .destination = words_.uuid()};
        return RevokeTicket{.call = call(), .slug = slug, .destination = words_.uuid()};
      case 10:
        return RegisterNode{.call = call(), .node = words_.node()};
      case 11:
        return rarely() ? Input{ForgetNode{.call = call(), .uuid = words_.uuid()}} : Input{Tick{}};
      case 12:
        return RelaySaid{.slug = slug, .message = words_.any("")};
      case 13:
        return SourceSaid{.slug = slug, .ticket = ticket, .message = words_.any("")};
      case 14:
        return rarely() ? Input{SourceEnded{.slug = slug, .ticket = ticket}} : Input{Tick{}};
      case 15:
        return MediaMeasured{
            .slug = slug, .rate_bps = rng_.below(900'000), .largest_group = rng_.below(99), .caps = "c"};
      case 16:
        return OriginKnows{.nodes = {words_.node()}, .streams = {words_.stream(), words_.stream()}};
      case 17:
        if (questions_.empty()) return Tick{};
        return OriginAnswered{.call = questions_[rng_.below(questions_.size())], .result = fail(Code::conflict, "")};
      case 18:
        return rng_.below(2) == 0 ? Input{SourceFlows{.slug = slug, .ticket = ticket}} : Input{StreamSilent{.slug = slug}};
      case 19:
        return rarely() ? Input{BandwidthMeasured{.upstream_bps = rng_.below(3'000'000)}} : Input{Tick{}};
      case 20:
        return rarely() ? Input{ChildSlow{.slug = slug, .ticket = ticket}} : Input{Tick{}};
      default:
        return said(peer);
    }
  }

  void take(const Input &input) {
    Effects effects;
    node_.handle(input, now_, effects);
    for (const Effect &effect : effects) last_ = text(effect);
    if (last_ != "Quit") node_.check_invariants();
    for (const Effect &effect : effects) react(effect);
  }

  // What the other end would do.
  void react(const Effect &effect) {
    if (const auto *connect = std::get_if<Connect>(&effect)) {
      peers_.push_back(connect->peer);
      if (rarely()) return fitting_.emplace_back(PeerLost{.peer = connect->peer}), void();
      Welcome welcome{.node = words_.node(), .nodes = {words_.node()}};
      welcome.node.supernode = rng_.below(4) != 0;
      uuids_[connect->peer] = welcome.node.uuid;
      fitting_.emplace_back(PeerConnected{.peer = connect->peer, .outbound = true, .address = "10.0.0.9"});
      fitting_.emplace_back(PeerProved{.peer = connect->peer, .fingerprint = words_.fingerprint()});
      fitting_.emplace_back(PeerSaid{.peer = connect->peer, .message = welcome});
    } else if (const auto *claim = std::get_if<RegisterStream>(&effect)) {
      questions_.push_back(claim->call);
      fitting_.emplace_back(OriginAnswered{.call = claim->call, .result = claim->stream});
    } else if (const auto *relay = std::get_if<TellRelay>(&effect)) {
      if (const auto *request = std::get_if<Request>(&relay->message))
        fitting_.emplace_back(RelaySaid{.slug = relay->slug, .message = Offer{.ticket = request->ticket}});
    } else if (const auto *source = std::get_if<AddSource>(&effect)) {
      for (const Message &message : {Message{Candidates{}}, Message{Confirm{}}})
        fitting_.emplace_back(SourceSaid{.slug = source->slug, .ticket = source->offer.ticket, .message = message});
      if (!rarely()) fitting_.emplace_back(SourceFlows{.slug = source->slug, .ticket = source->offer.ticket});
    } else if (const auto *change = std::get_if<SwitchSource>(&effect)) {
      if (!change->standby && !rarely())
        fitting_.emplace_back(SourceFlows{.slug = change->slug, .ticket = change->ticket});
    } else if (const auto *send = std::get_if<Send>(&effect)) {
      if (std::holds_alternative<Confirm>(send->message)) ++confirmed_;
      did_.insert(text(send->message).substr(0, text(send->message).find(' ')));
      hear(*send);
    } else if (std::holds_alternative<Answer>(effect)) {
      ++answers_;
    }
  }

  void hear(const Send &send) {
    const auto *routed = std::get_if<Routed>(&send.message);
    for (const auto &[from, answer] : words_.answers(send.message, uuids_[send.peer])) {
      Message message = answer;
      PeerId by = send.peer;
      // Whoever has a session says it there, the others over whoever is there.
      if (routed != nullptr || from != uuids_[send.peer]) {
        by = 0;
        for (const PeerId peer : peers_)
          if (uuids_[peer] == from && rng_.below(2) == 0) by = peer;
        if (by == 0) {
          by = send.peer;
          message = Routed{.to = words_.place("us"),
                           .from = words_.place(from),
                           .what = std::make_shared<const Enclosed>(Enclosed{answer})};
        }
      }
      fitting_.emplace_back(PeerSaid{.peer = by, .message = std::move(message)});
    }
  }

  Rng rng_;
  BabbleWords words_;
  Node node_;
  Time now_ = 1s;
  std::deque<Input> fitting_;
  std::vector<PeerId> peers_;
  std::map<PeerId, Uuid> uuids_;
  std::vector<CallId> questions_;
  PeerId last_peer_ = 0;
  CallId calls_ = 0;
  std::size_t answers_ = 0;
  std::size_t confirmed_ = 0;
  std::set<std::string> did_;  // kinds of messages that the node sent
  std::string last_;
};

class Babbling : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Babbling, BreaksNothing) {
  Babble babble(GetParam());
  for (int i = 0; i < 6000; ++i) babble.step();
  babble.end();
  EXPECT_GT(babble.confirmed(), 0u);
}

// All of it was not rubbish: together they had the node say everything that a node says.
TEST(Babble, SaysEverything) {
  std::size_t confirmed = 0;
  std::set<std::string> did;
  for (std::uint64_t seed = 101; seed <= 140; ++seed) {
    Babble babble(seed);
    for (int i = 0; i < 4000; ++i) babble.step();
    babble.end();
    confirmed += babble.confirmed();
    did.insert(babble.did().begin(), babble.did().end());
  }
  EXPECT_GT(confirmed, 100u);
  for (const char *kind :
       {"hello",   "welcome", "register", "registered", "full",    "summon",   "probe",     "probed",
        "request", "offer",   "refusal",  "hold",       "confirm", "candidates", "cancel",   "path",      "climb",
        "climbed", "leaving", "streams",  "gone",       "carrying", "advert",    "find",     "here",      "seed",
        "seeded",  "routed",  "heartbeat", "goodbye",   "published"})
    EXPECT_TRUE(did.contains(kind)) << kind;
}

INSTANTIATE_TEST_SUITE_P(Seeds, Babbling, testing::Range<std::uint64_t>(1, 25));

}  // namespace
}  // namespace astral::core
