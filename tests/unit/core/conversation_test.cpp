// SPDX-License-Identifier: BSD-3-Clause
// Conversations of a few nodes in a virtual network: which node feeds which, and what ends it.
#include "three.hpp"

namespace astral::core {
namespace {

TEST_F(Three, TheSecondViewerIsFedByTheFirst) {
  EXPECT_TRUE(world.node(v).find_stream("talk")->streaming);
  EXPECT_TRUE(watch(r));
  world.run(1s);  // it offers nothing before its media has come
  EXPECT_TRUE(watch(v));
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "r", "v"}));
  const auto ticket = world.node(v).find_ticket("talk", {});
  EXPECT_EQ(ticket->source, "r");
  EXPECT_EQ(ticket->hops, 2u);
  EXPECT_EQ(ticket->state, "linking");  // its media has not come
  EXPECT_FALSE(ticket->confirmed);
  EXPECT_TRUE(ticket->held);
  EXPECT_EQ(world.node(r).find_ticket("talk", "v")->hops, 2u);
  EXPECT_EQ(world.node(p).find_ticket("talk", "r")->hops, 1u);
  EXPECT_EQ(world.node(p).fed_children(), 1u);
  EXPECT_EQ(world.sent("v", "find talk"), 1u);  // once, to its supernode
  world.run(1s);
  EXPECT_TRUE(world.node(v).find_ticket("talk", {})->confirmed);
}

TEST_F(Three, WatchingTwiceNeedsOneTicket) {
  EXPECT_TRUE(watch(r));
  const TicketId first = world.node(r).find_ticket("talk", {})->id;
  const CallId again = world.ask(r, "talk");
  ASSERT_NE(world.answer(again), nullptr);
  EXPECT_EQ(world.answer(again)->value().ticket, first);
  EXPECT_FALSE(world.answer(again)->value().created);
}

TEST_F(Three, TwoSearchesAtOnceDoNotShareTheLastPlace) {
  const CallId one = world.ask(r, "talk");
  const CallId two = world.ask(v, "talk");
  world.run(15s);
  ASSERT_TRUE(world.answer(one) && world.answer(two));
  // One of them was first. The other was refused, and may have found the first one as its parent.
  EXPECT_GE(world.sent("p", "refusal of a search no-room"), 1u);
  EXPECT_EQ(world.node(p).fed_children(), 1u);
  EXPECT_TRUE(world.answer(one)->has_value() || world.answer(two)->has_value());
  EXPECT_LE(world.node(p).promised_bps(), 1'000'000u);
}

TEST_F(Three, TheLastPlaceIsPromisedOnce) {
  // Both searches arrive at once, before a ticket is confirmed.
  const PeerId x = 1001;
  const PeerId y = 1002;
  for (const auto &[peer, uuid] : {std::pair{x, "x"}, {y, "y"}}) {
    world.step(p, PeerConnected{.peer = peer, .outbound = false, .address = "10.9.9.9"});
    world.step(p, PeerProved{.peer = peer, .fingerprint = uuid});
    Hello hello;
    hello.node = {.uuid = uuid, .ip_address = "10.9.9.9", .port = 1};
    world.step(p, PeerSaid{.peer = peer, .message = hello});
    world.step(p, PeerSaid{.peer = peer,
                           .message = Find{.request = {.slug = "talk",
                                                       .destination = uuid,
                                                       .search = std::string("s-") + uuid,
                                                       .asker = {.uuid = uuid, .via = "p"}}}});
  }
  EXPECT_EQ(world.effects_of("p", "TellRelay talk request"), 1u);
  EXPECT_EQ(world.sent("p", "refusal of a search no-room", y), 1u);
  EXPECT_EQ(world.node(p).fed_children(), 1u);
  world.run(6s);  // x never confirms: its offer lapses, the room is free again
  EXPECT_EQ(world.node(p).fed_children(), 0u);
  EXPECT_EQ(world.sent("p", "cancel", x), 1u);
}

TEST_F(Three, ALostParentIsReplaced) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  world.kill(r);
  EXPECT_TRUE(world.run_until([&] { return world.chain(v, "talk") == Chain{"p", "v"}; }, 10s));
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->hops, 1u);
  EXPECT_TRUE(world.node(v).has_media("talk"));
  EXPECT_EQ(world.effects_of("v", "OpenMedia"), 1u);  // the relay stayed open
  EXPECT_EQ(world.effects_of("v", "CloseMedia"), 0u);
}

TEST_F(Three, ASilentParentIsReplaced) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  world.mute(r);
  EXPECT_TRUE(world.run_until([&] { return world.chain(v, "talk") == Chain{"p", "v"}; }, 40s));
}

TEST_F(Three, ChildrenAreToldTheNewPath) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  const std::size_t w = world.add("w", knowing({World::address_of(v)}));
  world.run(1s);
  world.call(p, RevokeTicket{.call = 0, .slug = "talk", .destination = "r"});
  world.kill(r);
  const std::size_t w2 = w;
  world.run(5s);
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  EXPECT_TRUE(watch(w2));
  EXPECT_EQ(world.chain(w2, "talk"), (Chain{"p", "v", "w"}));
  EXPECT_EQ(world.node(w2).find_ticket("talk", {})->hops, 2u);
}

TEST_F(Three, ANodeThatStopsWatchingClosesTheStream) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  const CallId call = world.call(r, RevokeTicket{.call = 0, .slug = "talk", .destination = {}});
  EXPECT_TRUE(world.answer(call)->has_value());
  EXPECT_FALSE(world.node(r).has_media("talk"));
  EXPECT_TRUE(world.run_until([&] { return world.chain(v, "talk") == Chain{"p", "v"}; }, 10s));
  EXPECT_TRUE(world.node(r).tickets().empty());
  const CallId again = world.call(r, RevokeTicket{.call = 0, .slug = "talk", .destination = {}});
  EXPECT_EQ(world.answer(again)->error().code, Code::not_found);
}

TEST_F(Three, AChildThatIsRevokedAsksAgain) {
  EXPECT_TRUE(watch(r));
  const CallId call = world.call(p, RevokeTicket{.call = 0, .slug = "talk", .destination = "r"});
  EXPECT_TRUE(world.answer(call)->has_value());
  EXPECT_EQ(world.node(p).fed_children(), 0u);
  // R still wants the stream, so it asks again and gets a new ticket.
  EXPECT_TRUE(world.run_until([&] { return world.chain(r, "talk") == Chain{"p", "r"}; }, 10s));
}

TEST_F(Three, ALocalPlayerOpensTheStreamAndItsEndClosesIt) {
  const std::size_t player = world.play(v, "talk");
  EXPECT_TRUE(world.run_until([&] { return world.last_of(player, "offer").has_value(); }, 5s));
  EXPECT_TRUE(world.run_until([&] { return world.fed(v, "talk"); }, 5s));
  world.run(100ms);
  EXPECT_EQ(world.node(v).find_ticket(world.ticket_of(player))->state, "confirmed");
  EXPECT_EQ(world.node(v).fed_children(), 0u);  // costs no upstream
  EXPECT_EQ(world.node(v).viewers("talk"), 1u);
  world.hang_up(player);
  world.run(29s);
  EXPECT_TRUE(world.node(v).has_media("talk"));
  world.run(3s);  // nobody came back
  EXPECT_FALSE(world.node(v).has_media("talk"));
  EXPECT_TRUE(world.node(v).tickets().empty());
  EXPECT_TRUE(world.node(p).tickets("talk").size() == 1);  // the sink's
}

TEST_F(Three, ALocalPlayerAtTheSourceIsServed) {
  const std::size_t player = world.play(p, "talk");
  world.run(1s);
  EXPECT_TRUE(world.last_of(player, "offer"));
  world.hang_up(sink);
  const std::size_t early = world.play(p, "talk");  // before the publisher is back
  world.run(1s);
  EXPECT_TRUE(world.last_of(early, "offer"));
}

TEST_F(Three, AnUnknownStreamIsNotFound) {
  const CallId call = world.ask(v, "nowhere");
  const std::size_t player = world.play(v, "nowhere");
  world.run(12s);
  ASSERT_NE(world.answer(call), nullptr);
  EXPECT_EQ(world.answer(call)->error().code, Code::not_found);
  EXPECT_EQ(world.last_of(player, "refusal"), "refusal " + world.ticket_of(player) + " no-stream");
  EXPECT_FALSE(world.node(v).has_media("nowhere"));
}

TEST_F(Three, WithoutRoomTheCallAndThePlayerAreRefused) {
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 2'000'000, .largest_group = 1, .caps = ""});
  const CallId call = world.ask(r, "talk");
  const std::size_t player = world.play(v, "talk");
  world.run(12s);
  EXPECT_EQ(world.answer(call)->error().code, Code::no_room);
  EXPECT_EQ(world.last_of(player, "refusal"), "refusal " + world.ticket_of(player) + " no-room");
}

// On the line it is a tenth above the upstream.
TEST_F(Three, ARateThatRisesALittleKeepsTheTickets) {
  EXPECT_TRUE(watch(r));
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 980'000, .largest_group = 1, .caps = ""});
  world.run(20s);
  EXPECT_TRUE(world.fed(r, "talk"));
  EXPECT_EQ(world.node(v).find_stream("talk")->bitrate_kbps, 980u);
}

TEST_F(Three, AfterAFailedLinkTheNextCallWorks) {
  world.links_fail = true;
  const CallId call = world.ask(r, "talk");
  world.run(15s);
  EXPECT_EQ(world.answer(call)->error().code, Code::no_room);
  EXPECT_EQ(world.node(p).fed_children(), 0u);
  world.links_fail = false;
  EXPECT_TRUE(watch(r));
}

TEST_F(Three, AShutdownIsToldToAllPeers) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  world.step(r, Shutdown{});
  EXPECT_TRUE(world.run_until([&] { return world.chain(v, "talk") == Chain{"p", "v"}; }, 10s));
  EXPECT_FALSE(world.node(p).find_node("r"));
  EXPECT_EQ(world.effects_of("r", "Quit"), 1u);
  const CallId late = world.ask(r, "talk");
  EXPECT_EQ(world.answer(late)->error().code, Code::refused);
  EXPECT_EQ(world.node(r).deadline(), never);

  world.step(p, Shutdown{});
  world.run(1s);
  EXPECT_FALSE(world.node(v).find_stream("talk")->streaming);
}

TEST_F(Three, ANodeWatchesWhatAnotherSeedsToIt) {
  const CallId call = world.call(r, AskTicket{.call = 0, .slug = "talk", .destination = "v"});
  EXPECT_EQ(world.answer(call), nullptr);  // answered when it is done
  EXPECT_TRUE(world.run_until([&] { return world.answer(call) != nullptr; }, 5s));
  EXPECT_TRUE(world.answer(call)->has_value());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  world.run(100s);
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));  // until the ticket is revoked at v
  const CallId nowhere = world.call(r, AskTicket{.call = 0, .slug = "talk", .destination = "nobody"});
  const CallId unknown = world.call(r, AskTicket{.call = 0, .slug = "other", .destination = "v"});
  world.run(11s);
  EXPECT_EQ(world.answer(nowhere)->error().code, Code::timeout);
  EXPECT_EQ(world.answer(unknown)->error().code, Code::no_room);
}

// All of them are of one site.
TEST_F(Three, ANodeMayAllowSeedingByItsSite) {
  Settings settings = knowing({World::address_of(p)});
  settings.seeded_by = SeededBy::neighbours;
  const std::size_t near = world.add("near", settings);
  world.run(2s);
  const CallId call = world.call(r, AskTicket{.call = 0, .slug = "talk", .destination = "near"});
  world.run(2s);
  EXPECT_TRUE(*world.answer(call));
  EXPECT_TRUE(world.fed(near, "talk"));
}

TEST_F(Three, ANodeMayForbidSeeding) {
  Settings settings = knowing({World::address_of(p)});
  settings.seeded_by = SeededBy::nobody;
  const std::size_t w = world.add("w", settings);
  world.run(2s);
  const CallId call = world.call(r, AskTicket{.call = 0, .slug = "talk", .destination = "w"});
  world.run(2s);
  EXPECT_EQ(world.answer(call)->error().code, Code::no_room);
  EXPECT_FALSE(world.fed(w, "talk"));
}

}  // namespace
}  // namespace astral::core
