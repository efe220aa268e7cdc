// SPDX-License-Identifier: BSD-3-Clause
// Greetings, and what a node does with those who want a stream from it.
#include "bench.hpp"

namespace astral::core {
namespace {

class Providing : public Table {};
TEST_P(Providing, Row) {
  play(GetParam());
}

constexpr PeerId P = Bench::primary;

// Of the ticket that was given last.
template <typename M>
Does of_given(PeerId peer) {
  return [=](Bench &bench) { bench.hears(peer, M{.ticket = bench.given}); };
}
Does wish(const Slug &slug, bool parent = false) {
  return [=](Bench &bench) { bench.hears(P, bench.wish(slug, parent)); };
}
Does then(const Does &first, const Does &second) {
  return [=](Bench &bench) {
    first(bench);
    second(bench);
  };
}
Does loop_check(PeerId peer, const Slug &slug, const Uuid &mover) {
  return hears(
      peer,
      LoopCheck{.ticket = "tx", .slug = slug, .mover = mover, .provider = {.uuid = "far", .via = "sup"}});
}
Request other_wish(const SearchId &search, const Uuid &destination, const Uuid &asker) {
  return {
      .slug = "own", .destination = destination, .search = search, .asker = {.uuid = asker, .via = "super"}};
}
Request spare_wish(Bench &bench) {
  Request wish = bench.wish("own");
  wish.standby = true;
  return wish;
}
void forwards_to_standby(Bench &bench) {
  bench.forwards();
  bench.hears(1, Hold{.ticket = bench.given});
}
// A child with children of its own was asked to be fed: its LoopCheck is under way.
void checks_for_a_loop(Bench &bench) {
  bench.watches();
  bench.hears(P, bench.wish("talk", true));
}

INSTANTIATE_TEST_SUITE_P(
    Greeting, Providing,
    testing::Values(
        Row{"NothingBeforeHello", nothing(), hears(9, Goodbye{}), {"Disconnect 9 expected hello"}},
        Row{"NoUuid", nothing(), hears(9, Hello{}), {"Disconnect 9 hello without uuid"}},
        Row{"Twice", nothing(), hears(1, Hello{}), {"Disconnect 1 hello out of turn"}},
        Row{"WelcomeFromWhoConnected", nothing(), hears(9, Welcome{}), {"Disconnect 9 welcome out of turn"}},
        Row{"WelcomeTwice", nothing(), hears(P, Welcome{}), {"Disconnect P welcome out of turn"}},
        Row{"Silent",
            nothing(),
            wait(16s),
            {"Disconnect 1 silent", "Disconnect 2 silent", "Disconnect 9 no hello", "Disconnect P silent"}},
        Row{"Unknown", nothing(), hears(77, Goodbye{}), {}},
        Row{"NodeMessagesFromAnElement", nothing(), hears(3, Gone{.slug = "own"}), {}},
        Row{"RegistersWithAChild", nothing(), hears(1, Register{}), {"Send 1 full"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Asked, Providing,
    testing::Values(
        Row{"NotCarried", nothing(), wish("talk"), {"Send 1 refusal of a search no-stream"}},
        Row{"NotThroughASupernode",
            &Bench::fed_own,
            hears_what(1, [](Bench &b) { return b.wish("own"); }),
            {}},
        Row{"ForAnother", &Bench::fed_own, hears(P, other_wish("s1", "child", "parent")), {}},
        Row{"BadSearch", &Bench::fed_own, hears(P, other_wish("s 1", "child", "child")), {}},
        Row{"TicketThatNobodyGave",
            &Bench::fed_own,
            hears(1, Request{.ticket = "t1", .slug = "own", .destination = "child"}),
            {"Send 1 refusal t1 no-stream"}},
        Row{"BadTicket",
            &Bench::fed_own,
            hears(1, Request{.ticket = "t 1", .slug = "own", .destination = "child"}),
            {"Send 1 refusal t 1 bad-request"}},
        Row{"Requested", &Bench::fed_own, wish("own"), {"TellRelay own request G own for child"}},
        Row{"WithoutASession",
            &Bench::fed_own,
            hears(P, other_wish("s1", "far", "far")),
            {"TellRelay own request G own for far"}},
        Row{"NoRoom",
            then(&Bench::fed_own, says(BandwidthMeasured{.upstream_bps = 500'000})),
            wish("own"),
            {"Send 1 refusal of a search no-room"}},
        Row{"AskedTwice",
            &Bench::child_confirmed,
            wish("own"),
            {"Send 1 refusal of a search, for G conflict"}},
        Row{"ParentAsksUs",
            &Bench::watches,
            hears(P,
                  Request{
                      .slug = "talk", .destination = "parent", .search = "s1", .asker = {.uuid = "parent"}}),
            {"Send 2 refusal of a search loop"}},
        Row{"OrphansTakeNoChildren", &Bench::asks, wish("talk"), {"Send 1 refusal of a search no-room"}},
        Row{"WhoMovesTakesNoChildren",
            then(&Bench::watches, hears(2, Leaving{.ticket = "t2"})),
            wish("talk"),
            {"Send 1 refusal of a search no-room"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Given, Providing,
    testing::Values(
        Row{"ConfirmedTooEarly",
            &Bench::child_requested,
            of_given<Confirm>(1),
            {"TellRelay own cancel G protocol", "Send 1 cancel G protocol"}},
        Row{"Offered",
            &Bench::child_requested,
            [](Bench &b) { b.say(RelaySaid{.slug = "own", .message = Offer{.ticket = b.given}}); },
            {"Send 1 offer G hops 1 path us"}},
        Row{"RelayRefuses",
            &Bench::child_requested,
            [](Bench &b) {
              b.say(RelaySaid{
                  .slug = "own",
                  .message = Refusal{.ticket = b.given, .slug = "own", .code = RefusalCode::no_room}});
            },
            {"Send 1 refusal of a search no-room"}},
        Row{"RelaySaysNothing",
            &Bench::child_requested,
            wait(5s),
            {"Disconnect 9 no hello", "TellRelay own cancel G timeout", "Send 1 cancel G timeout"}},
        Row{"Confirmed", &Bench::child_offered, of_given<Confirm>(1), {"TellRelay own confirm G"}},
        Row{"ConfirmedByAnother", &Bench::child_offered, of_given<Confirm>(2), {"Send 2 cancel G unknown"}},
        Row{"NeverConfirmed",
            &Bench::child_offered,
            wait(5s),
            {"Disconnect 9 no hello", "TellRelay own cancel G timeout", "Send 1 cancel G timeout"}},
        Row{"ConfirmedTwice",
            &Bench::child_confirmed,
            of_given<Confirm>(1),
            {"TellRelay own cancel G protocol", "Send 1 cancel G protocol"}},
        Row{"Candidates", &Bench::child_offered, of_given<Candidates>(1), {"TellRelay own candidates G"}},
        Row{"CandidatesOfAnother", &Bench::child_offered, of_given<Candidates>(2), {}},
        Row{"CandidatesTooEarly", &Bench::child_requested, of_given<Candidates>(1), {}},
        Row{"Cancelled", &Bench::child_confirmed, of_given<Cancel>(1), {"TellRelay own cancel G cancelled"}},
        Row{"CancelledByAnother", &Bench::child_confirmed, of_given<Cancel>(2), {}},
        Row{"ChildLost",
            &Bench::child_confirmed,
            says(PeerLost{.peer = 1}),
            {"TellRelay own cancel G cancelled"}},
        Row{"ChildLeaves",
            &Bench::child_confirmed,
            hears(1, Goodbye{}),
            {"Disconnect 1 goodbye", "TellRelay own cancel G cancelled"}},
        Row{"UnknownInHeartbeat",
            &Bench::child_confirmed,
            hears_what(1,
                       [](Bench &b) {
                         return Heartbeat{.tickets = {b.given, "t7"}};
                       }),
            {"Send 1 cancel t7 unknown"}},
        Row{"RelayEnds",
            &Bench::child_confirmed,
            [](Bench &b) {
              b.say(RelaySaid{.slug = "own", .message = Cancel{.ticket = b.given, .code = "link-ended"}});
            },
            {"Send 1 cancel G link-ended"}},
        Row{"RelayOfAnotherStream",
            &Bench::child_confirmed,
            [](Bench &b) { b.say(RelaySaid{.slug = "talk", .message = Cancel{.ticket = b.given}}); },
            {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    StandingBy, Providing,
    testing::Values(
        Row{"Held", &Bench::child_confirmed, of_given<Hold>(1), {}},
        Row{"HeldTwice", &Bench::child_held, of_given<Hold>(1), {}},
        Row{"HeldTooEarly",
            &Bench::child_offered,
            of_given<Hold>(1),
            {"TellRelay own cancel G protocol", "Send 1 cancel G protocol"}},
        Row{"HeldByAnother", &Bench::child_confirmed, of_given<Hold>(2), {"Send 2 cancel G unknown"}},
        Row{"AskedForOne",
            &Bench::fed_own,
            hears_what(P, spare_wish),
            {"TellRelay own request G own for child"}},
        Row{"AskedForOneWhereAllIsTaken",
            then(&Bench::fed_own, says(BandwidthMeasured{.upstream_bps = 500'000})),
            hears_what(P, spare_wish),
            {"Send 1 refusal of a search no-room"}},
        Row{"AskedForOneByAChild",
            &Bench::child_confirmed,
            hears_what(P, spare_wish),
            {"Send 1 refusal of a search, for G conflict"}},
        Row{"AskedForOneTwice",
            &Bench::child_held,
            hears_what(P, spare_wish),
            {"Send 1 refusal of a search, for G conflict"}},
        Row{"Woken",
            &Bench::child_held,
            hears_what(1,
                       [](Bench &b) {
                         return Request{.ticket = b.given, .slug = "own", .destination = "child"};
                       }),
            {"Send 1 path G hops 1 path us granted"}},
        Row{"WokenByAnother",
            &Bench::child_held,
            hears_what(2,
                       [](Bench &b) {
                         return Request{.ticket = b.given, .slug = "own", .destination = "parent"};
                       }),
            {"Send 2 refusal G bad-request"}},
        Row{"WokenWithoutRoom",
            then(&Bench::child_held, says(BandwidthMeasured{.upstream_bps = 500'000})),
            hears_what(1,
                       [](Bench &b) {
                         return Request{.ticket = b.given, .slug = "own", .destination = "child"};
                       }),
            {"Send 1 refusal G no-room", "TellRelay own cancel G refused"}},
        Row{"ItsMediaAreClosed",
            [](Bench &b) {
              b.child_held();
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
        Row{"Cancelled", &Bench::child_held, of_given<Cancel>(1), {"TellRelay own cancel G cancelled"}},
        Row{"ItsLinkEnds",
            &Bench::child_held,
            [](Bench &b) {
              b.say(RelaySaid{.slug = "own", .message = Cancel{.ticket = b.given, .code = "link-ended"}});
            },
            {"Send 1 cancel G link-ended"}},
        Row{"ForgottenByTheRelay",
            &Bench::child_held,
            [](Bench &b) { b.wait_for_the_end_of(b.given); },
            {"TellRelay own cancel G lapsed", "Send 1 cancel G lapsed"}},
        Row{"HearsWhereWeAre",
            forwards_to_standby,
            hears_what(2,
                       [](Bench &b) {
                         return b.path("t2", {"s", "parent"});
                       }),
            {"Send 1 path G hops 3 path s,parent,us"}}),
    name_of);

Does cut() {
  return hears(2, Path{.ticket = "t2", .hops = 1, .path = {"parent"}, .cut = true});
}

INSTANTIATE_TEST_SUITE_P(
    CutOff, Providing,
    testing::Values(Row{"TellsWhomItFeeds",
                        &Bench::forwards,
                        says(PeerLost{.peer = 2}),
                        {"RemoveSource talk t2", "Send 1 path G hops 2 path parent,us cut"}},
                    Row{"TellsWhoStandsBy",
                        forwards_to_standby,
                        says(PeerLost{.peer = 2}),
                        {"RemoveSource talk t2", "Send 1 path G hops 2 path parent,us cut"}},
                    Row{"PassesItOn", &Bench::forwards, cut(), {"Send 1 path G hops 2 path parent,us cut"}},
                    Row{"Once", then(&Bench::forwards, cut()), cut(), {}},
                    Row{"AndItsEnd",
                        then(&Bench::forwards, cut()),
                        hears_what(2, [](Bench &b) { return b.path("t2", {"parent"}); }),
                        {"Send 1 path G hops 2 path parent,us"}},
                    Row{"TakesNoChild",
                        then(&Bench::watches, cut()),
                        wish("talk"),
                        {"Send 1 refusal of a search no-room"}},
                    Row{"IsClearOfNobody",
                        then(&Bench::forwards, cut()),
                        loop_check(1, "talk", "x"),
                        {"Send P routed to far from us: checked loop"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    LoopCheck, Providing,
    testing::Values(
        Row{"OurOwnNeedsNone", &Bench::fed_own, wish("own", true), {"TellRelay own request G own for child"}},
        Row{"WithoutChildrenNone",
            &Bench::watches,
            wish("talk"),
            {"TellRelay talk request G talk for child"}},
        Row{"Asks", &Bench::watches, wish("talk", true), {"Send 2 check of child for talk"}},
        Row{"NoAnswer",
            checks_for_a_loop,
            wait(1s),
            {"Send P find talk for us at home", "Send 1 refusal of a search loop"}},
        Row{"ForUnknownTicket", checks_for_a_loop, hears(2, LoopChecked{.ticket = "t9", .clear = true}), {}},
        Row{"GoesOn", &Bench::forwards, loop_check(1, "talk", "x"), {"Send 2 check of x for talk"}},
        Row{"MeetsTheMover",
            &Bench::forwards,
            loop_check(1, "talk", "us"),
            {"Send P routed to far from us: checked loop"}},
        Row{"FromWhomWeDoNotFeed",
            &Bench::watches,
            loop_check(1, "talk", "x"),
            {"Send P routed to far from us: checked loop"}},
        Row{"MeetsOneThatMoves",
            then(&Bench::forwards, hears(2, Leaving{.ticket = "t2"})),
            loop_check(1, "talk", "x"),
            {"Send P routed to far from us: checked loop"}},
        Row{"ReachesTheSource",
            &Bench::child_confirmed,
            loop_check(1, "own", "x"),
            {"Send P routed to far from us: checked clear"}},
        Row{"OfAStreamThatIsNotHere",
            nothing(),
            loop_check(1, "talk", "x"),
            {"Send P routed to far from us: checked loop"}}),
    name_of);

// Whoever stands by may be the only one with room: it gets another ticket, and the old one ends.
TEST(StandingBy, MayBecomeTheNextParent) {
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

// It takes no room, neither while it is asked for nor later.
TEST(StandingBy, TakesRoomWhenItIsUsed) {
  Bench bench;
  bench.fed_own();
  bench.hears(P, spare_wish(bench));
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

// Room for one: it was the child's, who stands by now, and is the other's.
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

TEST_F(Overcommitting, ANodeThatIsFedAlreadyGetsAPlaceBeyondTheBudget) {
  wake(1, first);
  EXPECT_EQ(bench.said, lines({"Send 1 path F hops 1 path us granted", "Send 1 leaving " + first}));
  EXPECT_EQ(bench.node.promised_bps(), 1'200'000u);
  EXPECT_EQ(bench.node.overcommitted_bps(), 600'000u);
  bench.wait(4900ms);
  EXPECT_EQ(bench.node.find_ticket(first)->state, "confirmed");
  bench.wait(100ms);
  EXPECT_EQ(bench.said, lines({"TellRelay own cancel F no-room", "Send 1 cancel F no-room"}));
  EXPECT_EQ(bench.node.promised_bps(), 600'000u);
}

TEST_F(Overcommitting, EndsWhenRoomIsFree) {
  wake(1, first);
  bench.hears(2, Cancel{.ticket = bench.given});
  EXPECT_EQ(bench.said, lines({"TellRelay own cancel G cancelled", "Send 1 path F hops 1 path us granted"}));
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  bench.wait(6s);
  EXPECT_EQ(bench.node.find_ticket(first)->state, "confirmed");
}

TEST_F(Overcommitting, EndsWhenThereTurnsOutToBeRoom) {
  wake(1, first);
  bench.say(MediaMeasured{.slug = "own", .rate_bps = 300'000});
  bench.wait(5s);
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  EXPECT_EQ(bench.node.fed_children(), 2u);
}

TEST_F(Overcommitting, EndsWhenItIsHeldOrGivenUp) {
  wake(1, first);
  bench.hears(1, Hold{.ticket = first});
  EXPECT_EQ(bench.node.promised_bps(), 600'000u);
  wake(1, first);
  EXPECT_EQ(bench.node.overcommitted_bps(), 600'000u);
  bench.hears(1, Cancel{.ticket = first});
  EXPECT_EQ(bench.node.promised_bps(), 600'000u);
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
}

// It found no other: perhaps all others are fed through it.
TEST_F(Overcommitting, EndsWithAPlaceOfOneThatForwardsNothing) {
  bench.hears(1, Request{.ticket = first, .slug = "own", .room = 3});
  EXPECT_EQ(bench.node.overcommitted_bps(), 600'000u);
  bench.wait(4900ms);
  bench.wait(100ms);
  EXPECT_EQ(bench.said, lines({"TellRelay own cancel G displaced", "Send 2 cancel G displaced",
                               "Send 1 path F hops 1 path us granted"}));
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
  EXPECT_EQ(bench.node.fed_children(), 1u);
}

// Whoever has a place already is not moved for one that can only be overcommitted.
TEST_F(Overcommitting, GivesNothingToNewcomers) {
  wake(1, first);
  Request wish = other_wish("s3", "far", "far");
  wish.room = 3;
  bench.hears(P, wish);
  EXPECT_EQ(bench.said, Lines{"Send P routed to far from us: refusal of a search no-room"});
  EXPECT_EQ(bench.node.fed_children(), 2u);
}

// Of all whom the dead parent fed each would take another of them for a way out.
TEST(Silence, TakesNobodyForAWhile) {
  Bench bench;
  bench.forwards();
  Request far = other_wish("s2", "far", "far");
  far.slug = "talk";
  bench.say(StreamSilent{.slug = "talk"});
  bench.hears(P, far);
  EXPECT_EQ(bench.said, Lines{"Send P routed to far from us: refusal of a search no-room"});
  bench.wait(5s);  // perhaps it is the publisher who is silent
  bench.hears(P, far);
  EXPECT_EQ(bench.said, Lines{"TellRelay talk request G talk for far"});
}

// Full itself, but it feeds others: where a leaf makes way for it, they all are fed.
TEST(Leaves, MakeWayForAFullParent) {
  Bench bench;
  bench.child_confirmed();
  bench.say(BandwidthMeasured{.upstream_bps = 700'000});
  Request full = other_wish("s3", "far", "far");
  full.parent = true;
  bench.hears(P, full);
  EXPECT_EQ(bench.said, (Lines{"TellRelay own cancel G displaced", "Send 1 cancel G displaced",
                               "TellRelay own request G own for far"}));
}

TEST(LoopCheck, SaysNoBeforeAPlaceIsOvercommitted) {
  Bench bench;
  forwards_to_standby(bench);
  bench.say(BandwidthMeasured{.upstream_bps = 1'000'000});
  const TicketId ticket = bench.given;
  Request far = other_wish("s2", "far", "far");
  far.slug = "talk";
  bench.hears(P, far);
  bench.hears(1, Request{.ticket = ticket, .slug = "talk", .parent = true});
  EXPECT_EQ(bench.said, Lines{"Send 2 check of child for talk"});
  EXPECT_EQ(bench.node.overcommitted_bps(), 600'000u);
  bench.hears(2, LoopChecked{.ticket = ticket, .clear = false});
  EXPECT_EQ(bench.said,
            (Lines{"Send 1 refusal " + ticket + " loop", "TellRelay talk cancel " + ticket + " loop"}));
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
}

TEST(StandingBy, IsHeldByAHeartbeatIfTheHoldWasLost) {
  Bench bench;
  bench.child_confirmed();
  bench.hears(1, Heartbeat{.tickets = {bench.given}});
  EXPECT_EQ(bench.node.fed_children(), 1u);
  bench.hears(1, Heartbeat{.standby = {bench.given}});
  EXPECT_EQ(bench.node.fed_children(), 0u);
  EXPECT_EQ(bench.node.find_ticket(bench.given)->state, "standby");
}

// The last one that wanted a stream stands by now: that is no reason to carry it for ever.
TEST(StandingBy, KeepsNoStreamAlive) {
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

Does slow(const Slug &slug) {
  return [=](Bench &bench) { bench.say(ChildSlow{.slug = slug, .ticket = bench.given}); };
}
INSTANTIATE_TEST_SUITE_P(
    Slow, Providing,
    testing::Values(Row{"IsToGo", &Bench::child_confirmed, slow("own"), {"Send 1 leaving G"}},
                    Row{"IsToldOnce", then(&Bench::child_confirmed, slow("own")), slow("own"), {}},
                    Row{"OfAnotherStream", &Bench::child_confirmed, slow("talk"), {}},
                    Row{"BeforeItsLinkIsUp", &Bench::child_offered, slow("own"), {}},
                    Row{"StandsBy", &Bench::child_held, slow("own"), {}},
                    Row{"Moves",
                        then(&Bench::child_confirmed, slow("own")),
                        of_given<Cancel>(1),
                        {"TellRelay own cancel G cancelled"}},
                    Row{"StandsByNoMore",
                        then(&Bench::child_confirmed, slow("own")),
                        of_given<Hold>(1),
                        {"TellRelay own cancel G too-slow", "Send 1 cancel G too-slow"}}),
    name_of);

// It has found no other place.
TEST(Slow, IsLeftAfterHalfAMinuteAndComesNotBackSoon) {
  Bench bench;
  bench.child_confirmed();
  const TicketId ticket = bench.given;
  const auto rest = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      bench.now += 1s;
      bench.hears(1, Heartbeat{.tickets = bench.node.find_ticket(ticket) ? Lines{ticket} : Lines{}});
      for (const PeerId peer : {PeerId{2}, P}) bench.hears(peer, Heartbeat{});
      bench.say(Tick{});
    }
  };
  bench.say(ChildSlow{.slug = "own", .ticket = ticket});
  EXPECT_EQ(bench.node.slow_children(), 1u);
  rest(29);
  EXPECT_EQ(bench.node.find_ticket(ticket)->state, "confirmed");
  rest(1);
  EXPECT_EQ(bench.said, (Lines{"TellRelay own cancel G too-slow", "Send 1 cancel G too-slow"}));
  EXPECT_EQ(bench.node.promised_bps(), 0u);
  rest(59);
  for (const bool standby : {false, true}) {
    Request wish = bench.wish("own");
    wish.standby = standby;
    bench.hears(P, wish);
    EXPECT_EQ(bench.said, Lines{"Send 1 refusal of a search no-room"});
  }
  rest(1);
  bench.hears(P, bench.wish("own"));
  EXPECT_EQ(bench.said, Lines{"TellRelay own request G own for child"});
}

// The ticket of a loop check is not in the trace before its end: it is read from the LoopCheck.
TEST(LoopCheck, ItsAnswerDecides) {
  for (const bool clear : {true, false}) {
    Bench bench;
    bench.watches();
    TicketId ticket;
    Effects effects;
    bench.node.handle(PeerSaid{.peer = P, .message = bench.wish("talk", true)}, bench.now, effects);
    for (const Effect &effect : effects)
      if (const auto *send = std::get_if<Send>(&effect))
        if (const auto *check = std::get_if<LoopCheck>(&send->message)) ticket = check->ticket;
    ASSERT_FALSE(ticket.empty());
    EXPECT_EQ(bench.node.fed_children(), 1u);  // its room is promised meanwhile
    bench.hears(2, LoopChecked{.ticket = ticket, .clear = clear});
    EXPECT_EQ(bench.said, clear ? Lines{"TellRelay talk request G talk for child"}
                                : Lines{"Send 1 refusal of a search loop"});
    EXPECT_EQ(bench.node.fed_children(), clear ? 1u : 0u);
  }
}

}  // namespace
}  // namespace astral::core
