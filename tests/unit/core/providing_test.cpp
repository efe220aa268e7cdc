// SPDX-License-Identifier: BSD-3-Clause
// Greetings, and how a node provides a stream: which children get a ticket, and for how long.
#include "bench.hpp"

namespace astral::core {
namespace {

class Providing : public Table {};
TEST_P(Providing, Row) {
  play(GetParam());
}

const Does has_no_room = says(BandwidthMeasured{.upstream_bps = 500'000});
Request standby_wish(Bench &bench) {
  Request wish = bench.wish("own");
  wish.standby = true;
  return wish;
}
Request later(Request wish) {
  wish.search = "s2";
  return wish;
}

INSTANTIATE_TEST_SUITE_P(
    Greeting, Providing,
    testing::Values(
        Row{"AMessageBeforeHelloEndsTheSession",
            nothing(),
            hears(9, Goodbye{}),
            {"Disconnect 9 expected hello"}},
        Row{"AHelloWithoutUuidEndsTheSession",
            nothing(),
            hears(9, Hello{}),
            {"Disconnect 9 hello without uuid"}},
        Row{"ASecondHelloEndsTheSession", nothing(), hears(1, Hello{}), {"Disconnect 1 hello out of turn"}},
        Row{"AWelcomeOfThePeerThatConnectedEndsTheSession",
            nothing(),
            hears(9, Welcome{}),
            {"Disconnect 9 welcome out of turn"}},
        Row{"ASecondWelcomeEndsTheSession",
            nothing(),
            hears(P, Welcome{}),
            {"Disconnect P welcome out of turn"}},
        Row{"ASilentPeerIsDisconnected",
            nothing(),
            wait(16s),
            {"Disconnect 1 silent", "Disconnect 2 silent", "Disconnect 9 no hello", "Disconnect P silent"}},
        Row{"AMessageOfAnUnknownPeerIsIgnored", nothing(), hears(77, Goodbye{}), {}},
        Row{"ANodeMessageOfAnElementIsIgnored", nothing(), hears(3, Gone{.slug = "own"}), {}},
        Row{"AChildRegistersNobody", nothing(), hears(1, Register{}), {"Send 1 full"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Asked, Providing,
    testing::Values(
        Row{"AStreamThatIsNotHereIsRefused",
            nothing(),
            wish("talk"),
            {"Send 1 refusal of a search no-stream"}},
        Row{"ASearchThatNoSupernodeSentIsIgnored",
            &Bench::fed_own,
            hears_what(1, [](Bench &b) { return b.wish("own"); }),
            {}},
        Row{"ASearchForAnotherNodeThanTheAskerIsIgnored",
            &Bench::fed_own,
            hears(P, other_wish("s1", "child", "parent")),
            {}},
        Row{"ASearchWithAnInvalidIdIsIgnored",
            &Bench::fed_own,
            hears(P, other_wish("s 1", "child", "child")),
            {}},
        Row{"AnUnknownTicketIsRefused",
            &Bench::fed_own,
            hears(1, Request{.ticket = "t1", .slug = "own", .destination = "child"}),
            {"Send 1 refusal t1 no-stream"}},
        Row{"AnInvalidTicketIsRefused",
            &Bench::fed_own,
            hears(1, Request{.ticket = "t 1", .slug = "own", .destination = "child"}),
            {"Send 1 refusal t 1 bad-request"}},
        Row{"TheRelayIsAskedForATicket",
            &Bench::fed_own,
            wish("own"),
            {"TellRelay own request G own for child"}},
        Row{"AnAskerWithoutASessionIsServedToo",
            &Bench::fed_own,
            hears(P, other_wish("s1", "far", "far")),
            {"TellRelay own request G own for far"}},
        Row{"ASearchWithoutRoomIsRefused",
            after({&Bench::fed_own, has_no_room}),
            wish("own"),
            {"Send 1 refusal of a search no-room"}},
        Row{"ASecondSearchOfAChildIsAConflict",
            &Bench::child_confirmed,
            hears_what(P, [](Bench &b) { return later(b.wish("own")); }),
            {"Send 1 refusal of a search, for G conflict"}},
        Row{"ASearchThatComesTwiceIsServedOnce", &Bench::child_requested, wish("own"), {}},
        Row{"OurParentIsRefusedAsALoop",
            &Bench::watches,
            hears(P,
                  Request{
                      .slug = "talk", .destination = "parent", .search = "s1", .asker = {.uuid = "parent"}}),
            {"Send 2 refusal of a search loop"}},
        Row{"ANodeWithoutAParentTakesNoChildren",
            &Bench::asks,
            wish("talk"),
            {"Send 1 refusal of a search no-room"}},
        Row{"ANodeThatChangesItsParentTakesNoChildren",
            after({&Bench::watches, parent_leaves}),
            wish("talk"),
            {"Send 1 refusal of a search no-room"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Given, Providing,
    testing::Values(
        Row{"AConfirmBeforeTheOfferIsAProtocolError",
            &Bench::child_requested,
            of_given<Confirm>(1),
            {"TellRelay own cancel G protocol", "Send 1 cancel G protocol"}},
        Row{"TheOfferOfTheRelayGoesToTheChild",
            &Bench::child_requested,
            [](Bench &b) { b.say(RelaySaid{.slug = "own", .message = Offer{.ticket = b.given}}); },
            {"Send 1 offer G hops 1 path us"}},
        Row{"TheRefusalOfTheRelayGoesToTheChild",
            &Bench::child_requested,
            [](Bench &b) {
              b.say(RelaySaid{
                  .slug = "own",
                  .message = Refusal{.ticket = b.given, .slug = "own", .code = RefusalCode::no_room}});
            },
            {"Send 1 refusal of a search no-room"}},
        Row{"ARelayThatDoesNotAnswerCostsTheTicket",
            &Bench::child_requested,
            wait(2s),
            {"TellRelay own cancel G timeout", "Send 1 cancel G timeout"}},
        Row{"AConfirmGoesToTheRelay",
            &Bench::child_offered,
            of_given<Confirm>(1),
            {"TellRelay own confirm G"}},
        Row{"AConfirmOfAnotherPeerIsCancelled",
            &Bench::child_offered,
            of_given<Confirm>(2),
            {"Send 2 cancel G unknown"}},
        Row{"AnUnconfirmedOfferLapsesAfterTwoSeconds",
            &Bench::child_offered,
            wait(2s),
            {"TellRelay own cancel G timeout", "Send 1 cancel G timeout"}},
        Row{"ASecondConfirmIsAProtocolError",
            &Bench::child_confirmed,
            of_given<Confirm>(1),
            {"TellRelay own cancel G protocol", "Send 1 cancel G protocol"}},
        Row{"CandidatesOfTheChildGoToTheRelay",
            &Bench::child_offered,
            of_given<Candidates>(1),
            {"TellRelay own candidates G"}},
        Row{"CandidatesOfAnotherPeerAreIgnored", &Bench::child_offered, of_given<Candidates>(2), {}},
        Row{"CandidatesBeforeTheOfferAreIgnored", &Bench::child_requested, of_given<Candidates>(1), {}},
        Row{"ACancelOfTheChildEndsTheTicket",
            &Bench::child_confirmed,
            of_given<Cancel>(1),
            {"TellRelay own cancel G cancelled"}},
        Row{"ACancelOfAnotherPeerIsIgnored", &Bench::child_confirmed, of_given<Cancel>(2), {}},
        Row{"ALostChildEndsTheTicket",
            &Bench::child_confirmed,
            says(PeerLost{.peer = 1}),
            {"TellRelay own cancel G cancelled"}},
        Row{"AGoodbyeOfTheChildEndsTheTicket",
            &Bench::child_confirmed,
            hears(1, Goodbye{}),
            {"Disconnect 1 goodbye", "TellRelay own cancel G cancelled"}},
        Row{"AnUnknownTicketInAHeartbeatIsCancelled",
            &Bench::child_confirmed,
            hears_what(1,
                       [](Bench &b) {
                         return Heartbeat{.tickets = {b.given, "t7"}};
                       }),
            {"Send 1 cancel t7 unknown"}},
        Row{"ACancelOfTheRelayGoesToTheChild",
            &Bench::child_confirmed,
            [](Bench &b) {
              b.say(RelaySaid{.slug = "own", .message = Cancel{.ticket = b.given, .code = "link-ended"}});
            },
            {"Send 1 cancel G link-ended"}},
        Row{"ACancelOfAnotherStreamsRelayIsIgnored",
            &Bench::child_confirmed,
            [](Bench &b) { b.say(RelaySaid{.slug = "talk", .message = Cancel{.ticket = b.given}}); },
            {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    StandingBy, Providing,
    testing::Values(
        Row{"AHoldIsAccepted", &Bench::child_confirmed, of_given<Hold>(1), {}},
        Row{"ASecondHoldIsAccepted", &Bench::child_held, of_given<Hold>(1), {}},
        Row{"AHoldBeforeTheConfirmIsAProtocolError",
            &Bench::child_offered,
            of_given<Hold>(1),
            {"TellRelay own cancel G protocol", "Send 1 cancel G protocol"}},
        Row{"AHoldOfAnotherPeerIsCancelled",
            &Bench::child_confirmed,
            of_given<Hold>(2),
            {"Send 2 cancel G unknown"}},
        Row{"ASearchForAStandbyIsServed",
            &Bench::fed_own,
            hears_what(P, standby_wish),
            {"TellRelay own request G own for child"}},
        Row{"ASearchForAStandbyNeedsRoomToo",
            after({&Bench::fed_own, has_no_room}),
            hears_what(P, standby_wish),
            {"Send 1 refusal of a search no-room"}},
        Row{"ASearchForAStandbyOfAChildIsAConflict",
            &Bench::child_confirmed,
            hears_what(P, [](Bench &b) { return later(standby_wish(b)); }),
            {"Send 1 refusal of a search, for G conflict"}},
        Row{"ASecondSearchForAStandbyIsAConflict",
            &Bench::child_held,
            hears_what(P, [](Bench &b) { return later(standby_wish(b)); }),
            {"Send 1 refusal of a search, for G conflict"}},
        Row{"ARequestOfTheStandbyIsGranted",
            &Bench::child_held,
            hears_what(1,
                       [](Bench &b) {
                         return Request{.ticket = b.given, .slug = "own", .destination = "child"};
                       }),
            {"Send 1 path G hops 1 path us granted"}},
        Row{"ARequestOfAnotherPeerIsRefused",
            &Bench::child_held,
            hears_what(2,
                       [](Bench &b) {
                         return Request{.ticket = b.given, .slug = "own", .destination = "parent"};
                       }),
            {"Send 2 refusal G bad-request"}},
        Row{"ARequestWithoutRoomIsRefusedAndEndsTheTicket",
            after({&Bench::child_held, has_no_room}),
            hears_what(1,
                       [](Bench &b) {
                         return Request{.ticket = b.given, .slug = "own", .destination = "child"};
                       }),
            {"Send 1 refusal G no-room", "TellRelay own cancel G refused"}},
        Row{"AStandbyIsCancelledWhenTheMediaIsClosed",
            [](Bench &b) {
              b.child_held();
              b.say(PeerLost{.peer = 9});
              b.hears(3, Ended{.slug = "own"});
            },
            [](Bench &b) {
              for (int i = 0; b.node.has_media("own") && i < 40; ++i) {
                b.now += 1s;
                b.hears(1, Heartbeat{.tickets = {b.given}});
                b.hears(P, Heartbeat{});
                b.hears(2, Heartbeat{});
                b.say(Tick{});
              }
            },
            {"CloseMedia own", "Send 1 cancel G closed"}},
        Row{"ACancelOfTheStandbyEndsTheTicket",
            &Bench::child_held,
            of_given<Cancel>(1),
            {"TellRelay own cancel G cancelled"}},
        Row{"AStandbyWhoseLinkEndsIsCancelled",
            &Bench::child_held,
            [](Bench &b) {
              b.say(RelaySaid{.slug = "own", .message = Cancel{.ticket = b.given, .code = "link-ended"}});
            },
            {"Send 1 cancel G link-ended"}},
        Row{"AStandbyThatNoHeartbeatNamesLapses",
            &Bench::child_held,
            [](Bench &b) { b.wait_for_the_end_of(b.given); },
            {"TellRelay own cancel G lapsed", "Send 1 cancel G lapsed"}},
        Row{"ANewPathIsToldToTheStandby",
            forwards_to_standby,
            hears_what(2,
                       [](Bench &b) {
                         return b.path("t2", {"s", "parent"});
                       }),
            {"Send 1 path G hops 3 path s,parent,us"}}),
    name_of);

// The standby's provider may be the only node with room. The child gets another ticket, and the old one ends.
TEST(StandingBy, ASearchOfTheChildReplacesItsStandbyTicket) {
  Bench bench;
  bench.child_held();
  const TicketId old = bench.given;
  bench.hears(P, bench.wish("own"));
  EXPECT_EQ(bench.said, (Lines{"TellRelay own cancel G replaced", "Send 1 cancel G replaced",
                               "TellRelay own request G own for child"}));
  EXPECT_NE(bench.given, old);
  EXPECT_FALSE(bench.node.find_ticket(old));
  EXPECT_EQ(bench.node.fed_children(), 1u);
}

// A standby takes no room, neither while it is searched for nor later.
TEST(StandingBy, AStandbyTakesRoomOnlyWhileItIsUsed) {
  Bench bench;
  bench.fed_own();
  bench.hears(P, standby_wish(bench));
  bench.say(RelaySaid{.slug = "own", .message = Offer{.ticket = bench.given}});
  EXPECT_EQ(bench.node.fed_children(), 0u);
  bench.hears(1, Confirm{.ticket = bench.given});
  EXPECT_EQ(bench.said, Lines{"TellRelay own confirm G"});
  EXPECT_EQ(bench.node.find_ticket(bench.given)->state, "standby");
  bench.hears(1, Hold{.ticket = bench.given});
  EXPECT_EQ(bench.node.fed_children(), 0u);
  bench.hears(1, Request{.ticket = bench.given, .slug = "own", .destination = "child"});
  EXPECT_EQ(bench.node.fed_children(), 1u);
  EXPECT_EQ(bench.node.find_ticket(bench.given)->state, "confirmed");
  bench.hears(1, Hold{.ticket = bench.given});
  EXPECT_EQ(bench.node.fed_children(), 0u);
}

// There is room for one child: `parent` has it now; `child` had it before and stands by.
struct Overcommitting : testing::Test {
  Overcommitting() {
    bench.child_held();
    first = bench.given;
    bench.say(BandwidthMeasured{.upstream_bps = 1'000'000});
    bench.hears(P, other_wish("s2", "parent", "parent"));
    bench.say(RelaySaid{.slug = "own", .message = Offer{.ticket = bench.given}});
    bench.hears(2, Confirm{.ticket = bench.given});
  }
  void wake(PeerId peer, const TicketId &ticket) {
    bench.hears(peer, Request{.ticket = ticket, .slug = "own"});
  }
  Lines lines(Lines with) const {
    for (std::string &line : with)
      if (const std::size_t at = line.find("F "); at != std::string::npos) line.replace(at, 1, first);
    return with;
  }
  Bench bench;
  TicketId first;
};

TEST_F(Overcommitting, AStandbyIsFedBeyondTheBudgetForFiveSeconds) {
  wake(1, first);
  EXPECT_EQ(bench.said, lines({"Send 1 path F hops 1 path us granted", "Send 1 leaving " + first}));
  EXPECT_EQ(bench.node.promised_bps(), 2 * stream_cost_bps);
  EXPECT_EQ(bench.node.overcommitted_bps(), stream_cost_bps);
  bench.wait(4900ms);
  EXPECT_EQ(bench.node.find_ticket(first)->state, "confirmed");
  bench.wait(100ms);
  EXPECT_EQ(bench.said, lines({"TellRelay own cancel F no-room", "Send 1 cancel F no-room"}));
  EXPECT_EQ(bench.node.promised_bps(), stream_cost_bps);
}

TEST_F(Overcommitting, EndsWhenAnotherChildLeaves) {
  wake(1, first);
  bench.hears(2, Cancel{.ticket = bench.given});
  EXPECT_EQ(bench.said, lines({"TellRelay own cancel G cancelled", "Send 1 path F hops 1 path us granted"}));
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  bench.wait(6s);
  EXPECT_EQ(bench.node.find_ticket(first)->state, "confirmed");
}

TEST_F(Overcommitting, EndsWhenTheStreamTakesLessThanWasAssumed) {
  wake(1, first);
  bench.say(MediaMeasured{.slug = "own", .rate_bps = 300'000});
  bench.wait(5s);
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  EXPECT_EQ(bench.node.fed_children(), 2u);
}

TEST_F(Overcommitting, EndsWhenTheChildHoldsOrCancelsItsTicket) {
  wake(1, first);
  bench.hears(1, Hold{.ticket = first});
  EXPECT_EQ(bench.node.promised_bps(), stream_cost_bps);
  wake(1, first);
  EXPECT_EQ(bench.node.overcommitted_bps(), stream_cost_bps);
  bench.hears(1, Cancel{.ticket = first});
  EXPECT_EQ(bench.node.promised_bps(), stream_cost_bps);
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
}

// The node with room for three found no other parent; perhaps it feeds all the others. The leaf is asked to
// move, and keeps its place until it has another one.
TEST_F(Overcommitting, AfterFiveSecondsALeafIsAskedToMoveForANodeThatForwards) {
  bench.hears(1, Request{.ticket = first, .slug = "own", .room = 3});
  EXPECT_EQ(bench.node.overcommitted_bps(), stream_cost_bps);
  bench.wait(4900ms);
  bench.wait(100ms);
  EXPECT_EQ(bench.said, lines({"Send 2 leaving G", "Send 1 path F hops 1 path us granted"}));
  EXPECT_EQ(bench.node.fed_children(), 2u);
  bench.hears(2, Cancel{.ticket = bench.given});
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  EXPECT_EQ(bench.node.find_ticket(first)->state, "confirmed");
  bench.node.check_invariants();
}

TEST_F(Overcommitting, IfTheLeafFindsNoPlaceItStaysAndTheOtherGoes) {
  bench.hears(1, Request{.ticket = first, .slug = "own", .room = 3});
  bench.wait(5s);
  bench.keep_alive(9s, {{1, first}, {2, bench.given}});
  EXPECT_EQ(bench.node.fed_children(), 2u);
  bench.wait(1s);
  EXPECT_EQ(bench.said, lines({"TellRelay own cancel F no-room", "Send 1 cancel F no-room",
                               "Send 2 path G hops 1 path us granted"}));
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  EXPECT_EQ(bench.node.find_ticket(bench.given)->state, "confirmed");
  bench.node.check_invariants();
}

// A newcomer is not fed beyond the budget, and nobody is moved for it.
TEST_F(Overcommitting, ANewcomerIsRefused) {
  wake(1, first);
  Request wish = other_wish("s3", "far", "far");
  wish.room = 3;
  bench.hears(P, wish);
  EXPECT_EQ(bench.said, Lines{"Send P routed to far from us: refusal of a search no-room"});
  EXPECT_EQ(bench.node.fed_children(), 2u);
}

// It may be dead, so its place is lent; it may be cut off, so it keeps the place while nobody needs it.
TEST(Silent, AChildThatAcknowledgesNothingMakesRoomForAnotherOne) {
  Bench bench;
  bench.child_confirmed();
  bench.say(BandwidthMeasured{.upstream_bps = 800'000});
  bench.hears(P, other_wish("s3", "far", "far"));
  EXPECT_EQ(bench.said, Lines{"Send P routed to far from us: refusal of a search no-room"});
  const TicketId silent = bench.given;
  bench.say(MediaMeasured{.slug = "own", .silent_children = {silent}});
  EXPECT_EQ(bench.node.fed_children(), 1u);
  bench.hears(P, other_wish("s4", "far", "far"));
  EXPECT_FALSE(bench.node.find_ticket(silent));
  EXPECT_EQ(bench.node.fed_children(), 1u);
}

TEST(Silent, AChildThatIsHeardAgainKeepsItsPlace) {
  Bench bench;
  bench.child_confirmed();
  bench.say(BandwidthMeasured{.upstream_bps = 700'000});
  bench.say(MediaMeasured{.slug = "own", .silent_children = {bench.given}});
  bench.say(MediaMeasured{.slug = "own"});
  bench.hears(P, other_wish("s3", "far", "far"));
  EXPECT_EQ(bench.said, Lines{"Send P routed to far from us: refusal of a search no-room"});
  EXPECT_TRUE(bench.node.find_ticket(bench.given));
}

// All places are taken, the only one by `child`, which forwards nothing. `parent` says that it forwards.
struct Leaves : testing::Test {
  Leaves() {
    bench.child_confirmed();
    leaf = bench.given;
    bench.say(BandwidthMeasured{.upstream_bps = 800'000});
    wish = other_wish("s3", "parent", "parent");
    wish.parent = true;
  }
  void offer() {
    bench.hears(P, wish);
    EXPECT_EQ(bench.said, Lines{"TellRelay own request G own for parent"});
    bench.say(RelaySaid{.slug = "own", .message = Offer{.ticket = bench.given}});
  }
  bool has(const TicketId &ticket) const { return bench.node.find_ticket(ticket).has_value(); }
  Bench bench;
  TicketId leaf;
  Request wish;
};

TEST_F(Leaves, AreNotAskedToMoveForMereWords) {
  offer();
  EXPECT_EQ(bench.node.find_ticket(leaf)->state, "confirmed");
  bench.hears(2, Cancel{.ticket = bench.given});
  EXPECT_EQ(bench.node.fed_children(), 1u);
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
}

TEST_F(Leaves, MoveForANodeThatForwardsOnceTheyHaveAnotherPlace) {
  offer();
  bench.hears(2, Confirm{.ticket = bench.given});
  EXPECT_EQ(bench.said, (Lines{"TellRelay own confirm G", "Send 1 leaving " + leaf}));
  EXPECT_EQ(bench.node.fed_children(), 2u);
  bench.hears(1, Cancel{.ticket = leaf});
  EXPECT_EQ(bench.node.fed_children(), 1u);
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  bench.keep_alive(20s, {{2, bench.given}});
  EXPECT_TRUE(has(bench.given));
}

TEST_F(Leaves, StayIfTheyFindNoPlaceAndTheOtherIsNotLetInAgain) {
  offer();
  bench.hears(2, Confirm{.ticket = bench.given});
  bench.keep_alive(10s, {{1, leaf}, {2, bench.given}});
  EXPECT_TRUE(has(leaf));
  EXPECT_FALSE(has(bench.given));
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  wish.search = "s4";
  bench.hears(P, wish);
  EXPECT_EQ(bench.said, Lines{"Send 2 refusal of a search no-room"});
  bench.node.check_invariants();
}

TEST_F(Leaves, MakeWayForOneNodeAtATime) {
  offer();
  Request another = other_wish("s4", "far", "far");
  another.room = 9;
  bench.hears(P, another);
  EXPECT_EQ(bench.said, Lines{"Send P routed to far from us: refusal of a search no-room"});
}

TEST(StandingBy, AHeartbeatReplacesAHoldThatWasLost) {
  Bench bench;
  bench.child_confirmed();
  bench.hears(1, Heartbeat{.tickets = {bench.given}});
  EXPECT_EQ(bench.node.fed_children(), 1u);
  bench.hears(1, Heartbeat{.standby = {bench.given}});
  EXPECT_EQ(bench.node.fed_children(), 0u);
  EXPECT_EQ(bench.node.find_ticket(bench.given)->state, "standby");
}

// The last node that wanted the stream only stands by.
TEST(StandingBy, AStandbyAloneDoesNotKeepAStreamOpen) {
  Bench bench;
  bench.hears(3, Request{.ticket = "t3", .slug = "talk"});  // a player, no call
  bench.hears(2, bench.offer("t2", {"parent"}));
  bench.wait(80ms);
  bench.say(SourceSaid{.slug = "talk", .ticket = "t2", .message = Confirm{}});
  bench.hears(P, bench.wish("talk"));
  bench.say(RelaySaid{.slug = "talk", .message = Offer{.ticket = bench.given}});
  bench.hears(3, Cancel{.ticket = "t3"});
  bench.hears(1, Confirm{.ticket = bench.given});
  bench.hears(1, Hold{.ticket = bench.given});
  for (int i = 0; i < 31; ++i) {
    bench.now += 1s;
    for (const PeerId peer : {PeerId{1}, PeerId{2}, P})
      bench.hears(peer, Heartbeat{.tickets = {peer == 1 ? bench.given : peer == 2 ? "t2" : "tx"}});
    bench.say(Tick{});
  }
  EXPECT_FALSE(bench.node.has_media("talk"));
  EXPECT_TRUE(bench.node.tickets().empty());
}

}  // namespace
}  // namespace astral::core
