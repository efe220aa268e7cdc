// SPDX-License-Identifier: BSD-3-Clause
// A supernode may hide what its children publish. So a publisher's node tells other supernodes of it too.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "core/limits.hpp"
#include "core/node.hpp"

namespace astral::core {
namespace {

constexpr PeerId primary = first_own_id;

struct One {
  explicit One(Settings settings) : node(std::move(settings)) { say(Tick{}); }

  void say(const Input &input) {
    effects.clear();
    node.handle(input, now, effects);
    node.check_invariants();
    for (const Effect &effect : effects)
      if (const auto *connect = std::get_if<Connect>(&effect))
        if (connect->ip_address == "203.0.113.9") other = connect->peer;
  }
  void hears(PeerId peer, const Message &message) { say(PeerSaid{.peer = peer, .message = message}); }
  void greets(PeerId peer, const Uuid &uuid, const std::string &address) {
    say(PeerConnected{.peer = peer, .outbound = true, .address = address});
    say(PeerProved{.peer = peer, .fingerprint = uuid});
    Welcome welcome;
    welcome.node = supernode(uuid, address);
    hears(peer, welcome);
  }
  void joins(PeerId peer, const Uuid &uuid, PeerKind kind = PeerKind::node) {
    say(PeerConnected{.peer = peer, .address = "198.51.100." + std::to_string(peer)});
    say(PeerProved{.peer = peer, .fingerprint = uuid});
    Hello hello{.node = {}, .kind = kind};
    hello.node.uuid = uuid;
    hello.node.port = 7000;
    hears(peer, hello);
  }
  void beats() {
    now += 5s;
    hears(primary, Heartbeat{});
    say(Tick{});
  }
  // What the last input made it send to the peer.
  template <typename T>
  const T *sent(PeerId peer) const {
    for (const Effect &effect : effects)
      if (const auto *send = std::get_if<Send>(&effect); send != nullptr && send->peer == peer)
        if (const auto *message = std::get_if<T>(&send->message)) return message;
    return nullptr;
  }
  bool drops(PeerId peer) const {
    return std::any_of(effects.begin(), effects.end(), [&](const Effect &effect) {
      const auto *end = std::get_if<Disconnect>(&effect);
      return end != nullptr && end->peer == peer;
    });
  }
  static NodeInfo supernode(const Uuid &uuid, const std::string &address) {
    return {.uuid = uuid, .ip_address = address, .port = 7000, .supernode = true, .updated = 1};
  }

  Time now = 1s;
  Effects effects;
  PeerId other = 0;
  Node node;
};

// A child of `super`, which knows `other`, publishes `own`.
struct Publisher : One {
  Publisher() : One(settings()) {
    greets(primary, "super", "10.0.0.2");
    say(Tick{});
    hears(primary, Registered{.others = {supernode("other", "203.0.113.9")}});
    joins(3, "element", PeerKind::element);
    hears(3, Publish{.slug = "own", .bitrate_kbps = 1'000});
    for (const Effect &effect : effects)
      if (const auto *send = std::get_if<Send>(&effect); send != nullptr && send->peer == 3)
        if (const auto *request = std::get_if<Request>(&send->message)) ticket = request->ticket;
    hears(3, Offer{.ticket = ticket, .slug = "own", .source = "sink"});
    say(SourceSaid{.slug = "own", .ticket = ticket, .message = Confirm{}});
    say(SourceFlows{.slug = "own", .ticket = ticket});
  }
  static Settings settings() {
    Settings settings;
    settings.self = {.uuid = "us", .ip_address = "10.0.0.1", .port = 8000};
    settings.role = Role::child;
    settings.bootstrap = {{"10.0.0.2", 7000}};
    return settings;
  }
  TicketId ticket;
};

TEST(Witnesses, AreToldWhatANodePublishes) {
  Publisher us;
  us.beats();
  ASSERT_NE(us.other, 0u);
  us.greets(us.other, "other", "203.0.113.9");
  const auto *carrying = us.sent<Carrying>(us.other);
  ASSERT_NE(carrying, nullptr);
  EXPECT_EQ(carrying->slug, "own");
  const auto *streams = us.sent<Streams>(us.other);
  ASSERT_NE(streams, nullptr);
  EXPECT_EQ(streams->streams.at(0).source, "us");
  for (Time waited = 0s; waited < 2 * Timeouts{}.idle; waited += 5s) {  // it would forget us
    us.hears(us.other, Heartbeat{});
    us.beats();
    EXPECT_FALSE(us.drops(us.other));
  }
}

// Our own supernode may swallow the answer.
TEST(Witnesses, WhatTheyAskIsAnsweredThroughThem) {
  Publisher us;
  us.beats();
  us.greets(us.other, "other", "203.0.113.9");
  us.hears(us.other, Request{.slug = "own",
                             .destination = "viewer",
                             .search = "s1",
                             .asker = {.uuid = "viewer", .via = "far", .at = {"192.0.2.1", 7000}}});
  TicketId given;
  for (const Effect &effect : us.effects)
    if (const auto *relay = std::get_if<TellRelay>(&effect))
      if (const auto *request = std::get_if<Request>(&relay->message)) given = request->ticket;
  us.say(RelaySaid{.slug = "own", .message = Offer{.ticket = given}});
  EXPECT_NE(us.sent<Routed>(us.other), nullptr);
  EXPECT_EQ(us.sent<Routed>(primary), nullptr);
}

Routed routed_from(const Uuid &uuid, Message message) {
  return {.to = {.uuid = "us", .via = "super"},
          .from = {.uuid = uuid, .via = "far", .at = {"192.0.2.1", 7000}},
          .what = std::make_shared<const Enclosed>(Enclosed{std::move(message)})};
}

// A node that plays `talk`.
struct Player : Publisher {
  void plays(PeerId player, const Slug &slug) {
    const Uuid element = "player-" + std::to_string(player);
    joins(player, element, PeerKind::element);
    hears(player, Request{.ticket = "play-" + std::to_string(player), .slug = slug, .destination = element});
  }
  void is_offered(PeerId by, const SearchId &search) {
    hears(by, routed_from("parent", Offer{.ticket = "t1",
                                          .search = search,
                                          .slug = "talk",
                                          .source = "parent",
                                          .hops = 1,
                                          .path = {"parent"},
                                          .fingerprint = "cc"}));
    now += 1s;
    say(Tick{});
    say(SourceSaid{.slug = "talk", .ticket = "t1", .message = Confirm{}});
    say(SourceFlows{.slug = "talk", .ticket = "t1"});
  }
};

TEST(Witnesses, WhatAParentHandsDownIsAnsweredOnTheWayThatItCame) {
  Player us;
  us.beats();
  us.greets(us.other, "other", "203.0.113.9");
  us.plays(4, "talk");
  const auto *find = us.sent<Find>(primary);
  ASSERT_NE(find, nullptr);
  us.is_offered(primary, SearchId{find->request.search});
  us.hears(us.other, routed_from("parent", Request{.slug = "talk",
                                                   .destination = "viewer",
                                                   .search = "s1",
                                                   .asker = {.uuid = "viewer", .via = "far"}}));
  TicketId given;
  for (const Effect &effect : us.effects)
    if (const auto *relay = std::get_if<TellRelay>(&effect))
      if (const auto *request = std::get_if<Request>(&relay->message)) given = request->ticket;
  ASSERT_FALSE(given.empty());
  us.say(RelaySaid{.slug = "talk", .message = Offer{.ticket = given}});
  EXPECT_NE(us.sent<Routed>(us.other), nullptr);
  EXPECT_EQ(us.sent<Routed>(primary), nullptr);
}

// The supernode that found the stream has no place for us. The one that has may be no better than the first.
TEST(Witnesses, WhichFoundAStreamStayTheWayUntilAnotherBringsMedia) {
  Player us;
  us.beats();
  us.greets(us.other, "other", "203.0.113.9");
  us.plays(4, "talk");
  SearchId search;
  for (int i = 0; i < 20 && search.empty(); ++i) {
    us.now += 100ms;
    us.say(Tick{});
    if (const auto *find = us.sent<Find>(us.other)) search = find->request.search;
  }
  ASSERT_FALSE(search.empty());
  us.is_offered(us.other, search);
  us.hears(us.other, Full{.others = {One::supernode("third", "198.51.100.3")}});
  PeerId third = 0;
  for (int i = 0; i < 20 && third == 0; ++i) {
    us.now += 100ms;
    us.say(Tick{});
    for (const Effect &effect : us.effects)
      if (const auto *connect = std::get_if<Connect>(&effect))
        if (connect->ip_address == "198.51.100.3") third = connect->peer;
  }
  ASSERT_NE(third, 0u);
  us.greets(third, "third", "198.51.100.3");
  for (int i = 0; i < 50 && us.sent<Register>(third) == nullptr; ++i) {
    us.now += 100ms;
    us.say(Tick{});
  }
  us.hears(third, Registered{});
  ASSERT_EQ(us.node.primary(), "third");
  us.plays(5, "film");
  EXPECT_NE(us.sent<Find>(us.other), nullptr);
  EXPECT_EQ(us.sent<Find>(third), nullptr);
}

struct Witness : One {
  Witness() : One(settings()) {
    joins(1, "publisher");
    joins(2, "viewer");
    hears(2, Register{});
  }
  static Settings settings() {
    Settings settings;
    settings.self = {.uuid = "us", .ip_address = "203.0.113.9", .port = 8000};
    settings.role = Role::supernode;
    return settings;
  }
  int searches = 0;
  void announced(const Slug &slug) {
    hears(1, Carrying{.slug = slug, .hops = 1, .room = 3});
    hears(1, Streams{.streams = {{.slug = slug, .source = "publisher", .streaming = true, .updated = 1}}});
  }
  bool finds(const Slug &slug) {
    Find find;
    find.request = {.slug = slug, .destination = "viewer", .search = "s" + std::to_string(++searches)};
    hears(2, find);
    return sent<Request>(1) != nullptr;
  }
};

TEST(Witnesses, HandSearchesToWhoeverToldThem) {
  Witness us;
  EXPECT_FALSE(us.finds("talk"));
  us.announced("talk");
  EXPECT_TRUE(us.node.find_stream("talk"));
  EXPECT_TRUE(us.finds("talk"));
}

// Whoever says that it has room may lie; the children of a full node may have some.
TEST(Witnesses, HandTheSearchesOfTheHungryToFullNodesToo) {
  Witness us;
  us.announced("talk");
  us.hears(1, Carrying{.slug = "talk", .hops = 1, .room = 30});
  us.joins(4, "full");
  us.hears(4, Register{});
  us.hears(4, Carrying{.slug = "talk", .hops = 2, .room = 0});
  Find find;
  find.request = {.slug = "talk", .destination = "viewer", .search = "s1", .unreachable = {"liar"}};
  find.wide = true;
  us.hears(2, find);
  EXPECT_NE(us.sent<Request>(1), nullptr);
  EXPECT_EQ(us.sent<Request>(4), nullptr);
  find.request.search = "s2";
  find.request.hungry = true;
  us.hears(2, find);
  EXPECT_NE(us.sent<Request>(1), nullptr);
  EXPECT_NE(us.sent<Request>(4), nullptr);
}

struct Rivals : Player {
  StreamInfo word(const std::string &key, const Uuid &source) {
    StreamInfo word{.slug = "talk", .name = "Talk", .source = source};
    word.fingerprint = std::string(64, key[0]);
    word.streaming = true;
    word.updated = 5;
    word.expires = 1'000'000;
    word.signature = "5";
    return word;
  }
};

// What it is called here means nothing to others.
TEST(Rivals, AreSearchedByTheirSlugAndKey) {
  Rivals us;
  us.hears(primary, Streams{.streams = {us.word("a", "first")}});
  us.hears(primary, Streams{.streams = {us.word("b", "second")}});
  ASSERT_TRUE(us.node.find_stream("talk~bbbb"));
  us.plays(4, "talk~bbbb");
  const auto *find = us.sent<Find>(primary);
  ASSERT_NE(find, nullptr);
  EXPECT_EQ(find->request.slug, "talk");
  EXPECT_EQ(find->request.key, std::string(64, 'b'));
  const SearchId search = find->request.search;
  Offer offer{.ticket = "t1",
              .search = search,
              .slug = "talk",
              .source = "parent",
              .hops = 1,
              .path = {"parent"},
              .fingerprint = "cc",
              .stream = {us.word("a", "first")}};
  us.hears(primary, routed_from("parent", offer));
  EXPECT_FALSE(us.node.find_ticket("t1")) << "it is of the first one";
  offer.ticket = "t2";
  offer.stream = {us.word("b", "second")};
  us.hears(primary, routed_from("parent", offer));
  ASSERT_TRUE(us.node.find_ticket("t2"));
  EXPECT_EQ(us.node.find_ticket("t2")->stream, "talk~bbbb");
  us.now += 1s;
  us.say(Tick{});
  us.say(SourceSaid{.slug = "talk~bbbb", .ticket = "t2", .message = Confirm{}});
  us.say(SourceFlows{.slug = "talk~bbbb", .ticket = "t2"});
  EXPECT_EQ(us.sent<Carrying>(primary), nullptr);
  us.hears(primary, Request{.slug = "talk",
                            .key = std::string(64, 'b'),
                            .destination = "viewer",
                            .search = "s1",
                            .asker = {.uuid = "viewer", .via = "far"}});
  const auto relay = std::find_if(us.effects.begin(), us.effects.end(),
                                  [](const Effect &one) { return std::holds_alternative<TellRelay>(one); });
  ASSERT_NE(relay, us.effects.end());
  EXPECT_EQ(std::get<TellRelay>(*relay).slug, "talk~bbbb");
  us.hears(primary, Request{.slug = "talk",
                            .key = std::string(64, 'c'),
                            .destination = "viewer",
                            .search = "s2",
                            .asker = {.uuid = "viewer", .via = "far"}});
  const auto *said = us.sent<Routed>(primary);
  ASSERT_NE(said, nullptr);
  EXPECT_EQ(std::get<Refusal>(said->what->message).message, "another stream has this name there");
}

// Anybody can make a key, and end what it has signed.
TEST(Rivals, EndWithoutTheStreamWhoseSlugTheyHave) {
  Rivals us;
  us.hears(primary, Streams{.streams = {us.word("a", "first")}});
  us.plays(4, "talk");
  us.is_offered(primary, SearchId{us.sent<Find>(primary)->request.search});
  us.hears(primary, Streams{.streams = {us.word("b", "second")}});
  ASSERT_TRUE(us.node.find_stream("talk~bbbb"));
  StreamInfo last = us.word("b", "second");
  last.deleted = true;
  last.updated = 6;
  us.hears(primary, Gone{.slug = "talk", .updated = 6, .stream = {last}});
  EXPECT_FALSE(us.node.find_stream("talk~bbbb"));
  ASSERT_TRUE(us.node.find_stream("talk"));
  EXPECT_EQ(us.node.find_stream("talk")->source, "first");
  EXPECT_TRUE(us.node.find_ticket("t1"));
}

TEST(Witnesses, ForgetWhoeverHasGone) {
  Witness us;
  us.announced("talk");
  us.say(PeerLost{.peer = 1, .reason = "gone"});
  EXPECT_FALSE(us.finds("talk"));
}

TEST(Witnesses, HearOfFewStreamsFromANodeThatIsNotTheirChild) {
  Witness us;
  for (std::size_t i = 0; i <= max_carried_of_guest; ++i) us.announced("s" + std::to_string(i));
  EXPECT_TRUE(us.finds("s0"));
  EXPECT_TRUE(us.finds("s" + std::to_string(max_carried_of_guest - 1)));
  EXPECT_FALSE(us.finds("s" + std::to_string(max_carried_of_guest)));
}

}  // namespace
}  // namespace astral::core
