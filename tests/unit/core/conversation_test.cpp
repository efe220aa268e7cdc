// SPDX-License-Identifier: BSD-3-Clause
// Whole conversations of a few nodes in a virtual network.
#include <gtest/gtest.h>

#include "world.hpp"

namespace astral::core {
namespace {

using Path = std::vector<Uuid>;

Settings with_room(std::uint64_t bps) {
  Settings settings;
  settings.upstream_bps = bps;
  return settings;
}

Settings knowing(std::vector<Address> bootstrap) {
  Settings settings;
  settings.bootstrap = std::move(bootstrap);
  return settings;
}

// Publisher → P → R → V, where P has room for one child.
struct Three : testing::Test {
  Three() {
    p = world.add("p", with_room(1'000'000));  // one child at the 600 kbit/s of what is not measured
    r = world.add("r", knowing({World::address_of(p)}));
    v = world.add("v", knowing({World::address_of(p)}));
    sink = world.publish(p, "talk");
    EXPECT_TRUE(world.run_until([&] { return world.fed(p, "talk") && world.node(v).find_stream("talk"); }));
    world.run(1s);
  }
  bool watch(std::size_t index) {
    const CallId call = world.ask(index, "talk");
    world.run_until([&] { return world.answer(call) != nullptr; });
    return world.answer(call)->has_value();
  }
  World world;
  std::size_t p = 0, r = 0, v = 0, sink = 0;
};

TEST_F(Three, TheSecondViewerIsFedByTheFirst) {
  EXPECT_TRUE(world.node(v).find_stream("talk")->streaming);
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  EXPECT_EQ(world.chain(v, "talk"), (Path{"p", "r", "v"}));
  const auto ticket = world.node(v).find_ticket("talk", {});
  EXPECT_EQ(ticket->source, "r");
  EXPECT_EQ(ticket->source_port, 8000);
  EXPECT_EQ(ticket->hops, 2u);
  EXPECT_TRUE(ticket->confirmed);
  EXPECT_TRUE(ticket->held);
  EXPECT_EQ(world.node(r).find_ticket("talk", "v")->hops, 2u);
  EXPECT_EQ(world.node(p).find_ticket("talk", "r")->hops, 1u);
  EXPECT_EQ(world.node(p).children(), 1u);
  // V knew R from P only, and asked P once.
  EXPECT_EQ(world.count("no-room try r"), 1u);
}

TEST_F(Three, WatchingTwiceIsOneTicket) {
  EXPECT_TRUE(watch(r));
  const TicketId first = world.node(r).find_ticket("talk", {})->id;
  const CallId again = world.ask(r, "talk");
  ASSERT_NE(world.answer(again), nullptr);
  EXPECT_EQ(world.answer(again)->value().ticket, first);
  EXPECT_FALSE(world.answer(again)->value().created);
}

TEST_F(Three, TwoAtOnceForTheLastRoom) {
  const CallId one = world.ask(r, "talk");
  const CallId two = world.ask(v, "talk");
  world.run(15s);
  ASSERT_TRUE(world.answer(one) && world.answer(two));
  // One of them was first; the other was told no, and found no one else with a parent yet, or the first.
  EXPECT_GE(world.count("p Send"), 1u);
  EXPECT_GE(world.count("no-room"), 1u);
  EXPECT_EQ(world.node(p).children(), 1u);
  EXPECT_TRUE(world.answer(one)->has_value() || world.answer(two)->has_value());
  EXPECT_LE(world.node(p).promised_bps(), 1'000'000u);
}

TEST_F(Three, TheLastRoomIsPromisedOnce) {
  // Both requests arrive in the same moment, before either is confirmed.
  PeerId peer = 1000;
  Effects out;
  for (const char *uuid : {"x", "y"}) {
    ++peer;
    world.step(p, PeerConnected{.peer = peer, .outbound = false, .address = "10.9.9.9"});
    Hello hello;
    hello.node = {.uuid = uuid, .ip_address = "10.9.9.9", .port = 1, .version = ""};
    world.step(p, PeerSaid{.peer = peer, .message = hello});
    world.step(p, PeerSaid{.peer = peer,
                           .message = Request{
                               .ticket = std::string("t-") + uuid, .slug = "talk", .destination = uuid}});
  }
  EXPECT_EQ(world.count("p TellRelay talk request t-"), 1u);
  EXPECT_EQ(world.count("p Send 1002 refusal t-y no-room"), 1u);
  EXPECT_EQ(world.node(p).children(), 1u);
  world.run(6s);  // x never confirms: its offer lapses, the room is free again
  EXPECT_EQ(world.node(p).children(), 0u);
  EXPECT_EQ(world.count("p Send 1001 cancel t-x timeout"), 1u);
}

TEST_F(Three, ALostParentIsReplaced) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  world.kill(r);
  EXPECT_TRUE(world.run_until([&] { return world.chain(v, "talk") == Path{"p", "v"}; }, 10s));
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->hops, 1u);
  EXPECT_TRUE(world.node(v).has_media("talk"));
  EXPECT_EQ(world.count("v OpenMedia"), 1u);  // the relay stayed open
  EXPECT_EQ(world.count("v CloseMedia"), 0u);
}

TEST_F(Three, ASilentParentIsLost) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  world.mute(r);
  EXPECT_TRUE(world.run_until([&] { return world.chain(v, "talk") == Path{"p", "v"}; }, 40s));
}

TEST_F(Three, ChildrenHearOfANewPath) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  const std::size_t w = world.add("w", knowing({World::address_of(v)}));
  world.run(1s);
  world.call(p, RevokeTicket{.call = 0, .slug = "talk", .destination = "r"});
  world.kill(r);
  const std::size_t w2 = w;
  world.run(5s);
  EXPECT_EQ(world.chain(v, "talk"), (Path{"p", "v"}));
  EXPECT_TRUE(watch(w2));
  EXPECT_EQ(world.chain(w2, "talk"), (Path{"p", "v", "w"}));
  EXPECT_EQ(world.node(w2).find_ticket("talk", {})->hops, 2u);
}

TEST_F(Three, ThePublisherStopsAndStarts) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  const TicketId of_v = world.node(v).find_ticket("talk", {})->id;
  const TicketId of_r = world.node(r).find_ticket("talk", {})->id;
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 500'000, .largest_group = 41, .caps = ""});
  world.hang_up(sink);
  world.run(1s);
  EXPECT_FALSE(world.node(v).find_stream("talk")->streaming);
  EXPECT_EQ(world.count("p RemoveSource talk"), 1u);
  EXPECT_EQ(world.count("p CloseMedia"), 0u);
  world.run(60s);
  const std::size_t again = world.publish(p, "talk");
  world.run(1s);
  EXPECT_EQ(world.last_of(again, "published"), "published talk 41");
  EXPECT_TRUE(world.node(v).find_stream("talk")->streaming);
  EXPECT_TRUE(world.fed(p, "talk"));
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, of_v);
  EXPECT_EQ(world.node(r).find_ticket("talk", {})->id, of_r);
  EXPECT_EQ(world.count("p CloseMedia"), 0u);
}

TEST_F(Three, EndedKeepsThePublisherConnected) {
  world.say(sink, Ended{.slug = "talk"});
  world.run(1s);
  EXPECT_FALSE(world.node(r).find_stream("talk")->streaming);
  world.say(sink, Publish{.slug = "talk", .name = "", .description = "", .media = ""});
  world.run(1s);
  EXPECT_TRUE(world.node(r).find_stream("talk")->streaming);
  EXPECT_TRUE(world.fed(p, "talk"));
}

TEST_F(Three, ASecondPublisherIsRefused) {
  const std::size_t other = world.publish(p, "talk");
  const std::size_t elsewhere = world.publish(r, "talk");
  world.run(1s);
  EXPECT_EQ(world.last_of(other, "refusal"), "refusal  conflict");
  EXPECT_EQ(world.last_of(elsewhere, "refusal"), "refusal  conflict");
  EXPECT_TRUE(world.fed(p, "talk"));
}

TEST_F(Three, PausedAndResumed) {
  EXPECT_TRUE(watch(r));
  const CallId pause = world.call(p, SetStreaming{.call = 0, .slug = "talk", .streaming = false});
  EXPECT_FALSE(world.answer(pause)->value().stream->streaming);
  world.run(40s);
  EXPECT_FALSE(world.fed(p, "talk"));
  EXPECT_TRUE(world.last_of(sink, "cancel")->ends_with("paused"));
  EXPECT_FALSE(world.node(r).find_stream("talk")->streaming);
  EXPECT_TRUE(world.fed(r, "talk"));  // children keep their tickets
  world.call(p, SetStreaming{.call = 0, .slug = "talk", .streaming = true});
  world.run(1s);
  EXPECT_TRUE(world.fed(p, "talk"));
  EXPECT_TRUE(world.node(r).find_stream("talk")->streaming);
  const CallId not_ours = world.call(r, SetStreaming{.call = 0, .slug = "talk", .streaming = false});
  EXPECT_EQ(world.answer(not_ours)->error().code, Code::refused);
}

TEST_F(Three, DeletedEverywhere) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  const std::size_t player = world.play(v, "talk");
  world.run(1s);
  EXPECT_TRUE(world.last_of(player, "offer"));
  const CallId not_ours = world.call(r, DeleteStream{.call = 0, .slug = "talk"});
  EXPECT_EQ(world.answer(not_ours)->error().code, Code::refused);
  const CallId call = world.call(p, DeleteStream{.call = 0, .slug = "talk"});
  EXPECT_TRUE(world.answer(call)->has_value());
  world.run(1s);
  for (const std::size_t node : {p, r, v}) {
    EXPECT_FALSE(world.node(node).find_stream("talk"));
    EXPECT_FALSE(world.node(node).has_media("talk"));
    EXPECT_TRUE(world.node(node).tickets().empty());
  }
  EXPECT_TRUE(world.last_of(player, "cancel")->ends_with("ended"));
  EXPECT_TRUE(world.last_of(sink, "cancel")->ends_with("ended"));
  // The name is free again, and old news do not bring the old stream back.
  world.publish(r, "talk");
  world.run(1s);
  EXPECT_EQ(world.node(v).find_stream("talk")->source, "r");
}

TEST_F(Three, GivenUpByTheWatcher) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  const CallId call = world.call(r, RevokeTicket{.call = 0, .slug = "talk", .destination = {}});
  EXPECT_TRUE(world.answer(call)->has_value());
  EXPECT_FALSE(world.node(r).has_media("talk"));
  EXPECT_TRUE(world.run_until([&] { return world.chain(v, "talk") == Path{"p", "v"}; }, 10s));
  EXPECT_TRUE(world.node(r).tickets().empty());
  const CallId again = world.call(r, RevokeTicket{.call = 0, .slug = "talk", .destination = {}});
  EXPECT_EQ(world.answer(again)->error().code, Code::not_found);
}

TEST_F(Three, StopsForwarding) {
  EXPECT_TRUE(watch(r));
  const CallId call = world.call(p, RevokeTicket{.call = 0, .slug = "talk", .destination = "r"});
  EXPECT_TRUE(world.answer(call)->has_value());
  EXPECT_EQ(world.node(p).children(), 0u);
  // R is still watched, so it asks again, and is let in again.
  EXPECT_TRUE(world.run_until([&] { return world.chain(r, "talk") == Path{"p", "r"}; }, 10s));
}

TEST_F(Three, ALocalPlayerBringsTheStream) {
  const std::size_t player = world.play(v, "talk");
  EXPECT_TRUE(world.run_until([&] { return world.last_of(player, "offer").has_value(); }, 5s));
  EXPECT_TRUE(world.run_until([&] { return world.fed(v, "talk"); }, 5s));
  world.run(100ms);
  EXPECT_EQ(world.node(v).find_ticket(world.ticket_of(player))->state, "confirmed");
  EXPECT_EQ(world.node(v).children(), 0u);  // costs no upstream
  EXPECT_EQ(world.node(v).viewers("talk"), 1u);
  world.hang_up(player);
  world.run(29s);
  EXPECT_TRUE(world.node(v).has_media("talk"));
  world.run(3s);  // nobody came back
  EXPECT_FALSE(world.node(v).has_media("talk"));
  EXPECT_TRUE(world.node(v).tickets().empty());
  EXPECT_TRUE(world.node(p).tickets("talk").size() == 1);  // the sink's
}

TEST_F(Three, ALocalPlayerOfTheSourceNode) {
  const std::size_t player = world.play(p, "talk");
  world.run(1s);
  EXPECT_TRUE(world.last_of(player, "offer"));
  world.hang_up(sink);
  const std::size_t early = world.play(p, "talk");  // before the publisher is back
  world.run(1s);
  EXPECT_TRUE(world.last_of(early, "offer"));
}

TEST_F(Three, UnknownStreams) {
  const CallId call = world.ask(v, "nowhere");
  const std::size_t player = world.play(v, "nowhere");
  world.run(12s);
  ASSERT_NE(world.answer(call), nullptr);
  EXPECT_EQ(world.answer(call)->error().code, Code::not_found);
  EXPECT_EQ(world.last_of(player, "refusal"), "refusal " + world.ticket_of(player) + " no-stream");
  EXPECT_FALSE(world.node(v).has_media("nowhere"));
}

TEST_F(Three, NobodyHasRoom) {
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 2'000'000, .largest_group = 1, .caps = ""});
  const CallId call = world.ask(r, "talk");
  const std::size_t player = world.play(v, "talk");
  world.run(12s);
  EXPECT_EQ(world.answer(call)->error().code, Code::no_room);
  EXPECT_EQ(world.last_of(player, "refusal"), "refusal " + world.ticket_of(player) + " no-room");
}

TEST_F(Three, ARateThatRisesCostsNobodyTheTicket) {
  EXPECT_TRUE(watch(r));
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 2'000'000, .largest_group = 1, .caps = ""});
  world.run(20s);
  EXPECT_TRUE(world.fed(r, "talk"));
  EXPECT_EQ(world.node(v).find_stream("talk")->bitrate_kbps, 2000u);
}

TEST_F(Three, ASourceThatFailsIsNotTheEnd) {
  world.links_fail = true;
  const CallId call = world.ask(r, "talk");
  world.run(15s);
  EXPECT_EQ(world.answer(call)->error().code, Code::no_room);
  EXPECT_EQ(world.node(p).children(), 0u);
  world.links_fail = false;
  EXPECT_TRUE(watch(r));
}

TEST_F(Three, ShutdownTellsEveryone) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  world.step(r, Shutdown{});
  EXPECT_TRUE(world.run_until([&] { return world.chain(v, "talk") == Path{"p", "v"}; }, 10s));
  EXPECT_FALSE(world.node(p).find_node("r"));
  EXPECT_EQ(world.count("r Quit"), 1u);
  const CallId late = world.ask(r, "talk");
  EXPECT_EQ(world.answer(late)->error().code, Code::refused);
  EXPECT_EQ(world.node(r).deadline(), never);

  world.step(p, Shutdown{});
  world.run(1s);
  EXPECT_FALSE(world.node(v).find_stream("talk")->streaming);
}

TEST_F(Three, SeedingIsNotThereYet) {
  const CallId call = world.call(p, AskTicket{.call = 0, .slug = "talk", .destination = "v"});
  EXPECT_EQ(world.answer(call)->error().code, Code::unsupported);
}

// X and C both lose what they stand on while what C says of its path is old.
TEST(Loops, AreFoundAndBroken) {
  World world;
  const std::size_t p = world.add("p", with_room(1'300'000));  // two children
  const std::size_t x = world.add("x", knowing({World::address_of(p)}));
  const std::size_t r = world.add("r", knowing({World::address_of(p)}));
  const std::size_t c = world.add("c", knowing({World::address_of(p), World::address_of(r)}));
  world.publish(p, "talk");
  world.run(1s);
  world.ask(x, "talk");
  world.run(1s);
  world.ask(r, "talk");
  world.run(1s);
  world.ask(c, "talk");
  world.run(3s);
  for (int round = 0; round < 20; ++round) {
    world.call(p, RevokeTicket{.call = 0, .slug = "talk", .destination = round % 2 == 0 ? "r" : "x"});
    world.run(50ms);
    world.call(x, RevokeTicket{.call = 0, .slug = "talk", .destination = "c"});
    world.call(r, RevokeTicket{.call = 0, .slug = "talk", .destination = "c"});
    world.run(20s);
    EXPECT_FALSE(world.circle("talk"));
    for (const std::size_t node : {x, r, c}) EXPECT_FALSE(world.chain(node, "talk").empty());
  }
}

TEST(Origin, DecidesWhoseANameIs) {
  World world;
  Settings settings;
  settings.has_origin = true;
  const std::size_t a = world.add("a", settings);
  const std::size_t b = world.add("b", settings);
  const CallId one = world.call(a, CreateStream{.call = 0, .name = "My Talk!", .description = "d"});
  const CallId two = world.call(b, CreateStream{.call = 0, .name = "my talk", .description = ""});
  EXPECT_EQ(world.answer(one), nullptr);  // not before the origin has spoken
  world.run(1s);
  EXPECT_EQ(world.answer(one)->value().stream->slug, "my-talk");
  EXPECT_TRUE(world.answer(one)->value().created);
  EXPECT_EQ(world.answer(two)->error().code, Code::conflict);
  // B knows nobody; the origin tells it of the stream and of A.
  world.publish(a, "my-talk");
  const CallId watch = world.ask(b, "my-talk");
  world.run(3s);
  EXPECT_TRUE(world.answer(watch)->has_value());
  EXPECT_EQ(world.chain(b, "my-talk"), (Path{"a", "b"}));
  EXPECT_TRUE(world.origin().at("my-talk").streaming);
  world.call(a, DeleteStream{.call = 0, .slug = "my-talk"});
  EXPECT_TRUE(world.origin().empty());
}

TEST(Origin, ThatIsSilentHoldsUpNothingForLong) {
  World world;
  world.origin_silent = true;
  Settings settings;
  settings.has_origin = true;
  const std::size_t a = world.add("a", settings);
  const CallId create = world.call(a, CreateStream{.call = 0, .name = "talk", .description = ""});
  const CallId watch = world.ask(a, "other");
  const std::size_t sink = world.publish(a, "third");
  world.run(11s);
  EXPECT_EQ(world.answer(create)->error().code, Code::timeout);
  EXPECT_EQ(world.answer(watch)->error().code, Code::not_found);
  EXPECT_EQ(world.last_of(sink, "refusal"), "refusal  timeout");
}

TEST(Names, AreCheckedAndTaken) {
  World world;
  const std::size_t a = world.add("a");
  const auto create = [&](const std::string &name) {
    return world.call(a, CreateStream{.call = 0, .name = name, .description = ""});
  };
  EXPECT_EQ(world.answer(create("!!!"))->error().code, Code::invalid);
  EXPECT_EQ(world.answer(create(std::string(201, 'x')))->error().code, Code::too_large);
  EXPECT_EQ(world.answer(create("a\x01"))->error().code, Code::invalid);
  const CallId first = create("Talk");
  EXPECT_TRUE(world.answer(first)->value().created);
  const CallId again = create("talk");
  EXPECT_FALSE(world.answer(again)->value().created);
  EXPECT_EQ(world.node(a).streams().size(), 1u);
  EXPECT_EQ(world.node(a).streams()[0].created, 1'700'000'001);
  const CallId own = world.ask(a, "talk");
  EXPECT_EQ(world.answer(own)->error().code, Code::no_room);  // its publisher is away
}

TEST(Bootstrap, IsTriedUntilItIsThere) {
  World world;
  const std::size_t a = world.add("a", knowing({World::address_of(1), World::address_of(0)}));
  world.run(20s);
  EXPECT_EQ(world.node(a).peers(), 0u);
  EXPECT_GE(world.count("a Connect 10.0.0.1:8000"), 4u);
  EXPECT_LE(world.count("a Connect 10.0.0.1:8000"), 8u);
  EXPECT_EQ(world.count("a Connect 10.0.0.0:8000"), 1u);  // itself, found out once
  world.add("b");
  world.run(40s);
  EXPECT_EQ(world.node(a).peers(), 1u);
  EXPECT_TRUE(world.node(a).find_node("b"));
  EXPECT_TRUE(world.node(1).find_node("a"));
}

TEST(News, SpreadsOnceAndStops) {
  World world;
  const std::size_t hub = world.add("hub");
  std::vector<std::size_t> nodes;
  for (int i = 0; i < 10; ++i)
    nodes.push_back(
        world.add("n" + std::to_string(i), knowing({World::address_of(hub), World::address_of(1)})));
  world.run(5s);
  world.publish(nodes[9], "talk");
  world.run(2s);
  for (const std::size_t node : nodes) EXPECT_TRUE(world.node(node).find_stream("talk")->streaming);
  for (const std::size_t node : nodes) EXPECT_EQ(world.node(node).nodes().size(), 11u);
  const std::size_t before = world.sends();
  world.run(2s);
  EXPECT_LE(world.sends() - before, 50u);  // heartbeats and no more
}

TEST(Determinism, SameSeedSameEffects) {
  const auto run = [](std::uint64_t seed) {
    World world;
    Settings settings = with_room(1'300'000);
    settings.seed = seed;
    world.add("p", settings);
    settings.bootstrap = {World::address_of(0)};
    for (int i = 0; i < 8; ++i) world.add("n" + std::to_string(i), settings);
    world.publish(0, "talk");
    world.run(2s);
    for (std::size_t i = 1; i < 9; ++i) world.ask(i, "talk");
    world.run(20s);
    world.kill(1);
    world.run(30s);
    return world.hash();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

}  // namespace
}  // namespace astral::core
