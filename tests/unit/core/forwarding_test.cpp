// SPDX-License-Identifier: BSD-3-Clause
// What a node that forwards a stream tells its parent and its children: cuts, loop checks, slow children.
#include "bench.hpp"

namespace astral::core {
namespace {

class Forwarding : public Table {};
TEST_P(Forwarding, Row) {
  play(GetParam());
}

Does loop_check(PeerId peer, const Slug &slug, const Uuid &mover) {
  return hears(
      peer,
      LoopCheck{.ticket = "tx", .slug = slug, .mover = mover, .provider = {.uuid = "far", .via = "sup"}});
}
// `child` has children of its own and asks for the stream: its LoopCheck is under way.
void checks_for_a_loop(Bench &bench) {
  bench.watches();
  bench.hears(P, bench.wish("talk", true));
}

Does cut() {
  return hears(2, Path{.ticket = "t2", .hops = 1, .path = {"parent"}, .cut = true});
}

INSTANTIATE_TEST_SUITE_P(
    CutOff, Forwarding,
    testing::Values(Row{"TheChildrenOfANodeWithoutAParentAreTold",
                        &Bench::forwards,
                        parent_lost,
                        {"RemoveSource talk t2", "Send 1 path G hops 2 path parent,us cut"}},
                    Row{"TheStandbysOfANodeWithoutAParentAreTold",
                        forwards_to_standby,
                        parent_lost,
                        {"RemoveSource talk t2", "Send 1 path G hops 2 path parent,us cut"}},
                    Row{"ACutIsPassedToTheChildren",
                        &Bench::forwards,
                        cut(),
                        {"Send 1 path G hops 2 path parent,us cut"}},
                    Row{"ACutIsPassedOnce", after({&Bench::forwards, cut()}), cut(), {}},
                    Row{"TheEndOfACutIsPassedToTheChildren",
                        after({&Bench::forwards, cut()}),
                        hears_what(2, [](Bench &b) { return b.path("t2", {"parent"}); }),
                        {"Send 1 path G hops 2 path parent,us"}},
                    Row{"ANodeThatIsCutOffTakesNoChildren",
                        after({&Bench::watches, cut()}),
                        wish("talk"),
                        {"Send 1 refusal of a search no-room"}},
                    Row{"ANodeThatIsCutOffClearsNoLoopCheck",
                        after({&Bench::forwards, cut()}),
                        loop_check(1, "talk", "x"),
                        {"Send P routed to far from us: checked loop"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    LoopCheck, Forwarding,
    testing::Values(
        Row{"AnOwnStreamNeedsNoCheck",
            &Bench::fed_own,
            wish("own", true),
            {"TellRelay own request G own for child"}},
        Row{"AnAskerWithoutChildrenNeedsNoCheck",
            &Bench::watches,
            wish("talk"),
            {"TellRelay talk request G talk for child"}},
        Row{"AnAskerWithChildrenIsCheckedAtTheParent",
            &Bench::watches,
            wish("talk", true),
            {"Send 2 check of child for talk"}},
        Row{"ACheckWithoutAnAnswerIsALoop",
            checks_for_a_loop,
            wait(1s),
            {"Send P find talk for us at home", "Send 1 refusal of a search loop"}},
        Row{"AnAnswerForAnUnknownTicketIsIgnored",
            checks_for_a_loop,
            hears(2, LoopChecked{.ticket = "t9", .clear = true}),
            {}},
        Row{"ACheckIsPassedToTheParent",
            &Bench::forwards,
            loop_check(1, "talk", "x"),
            {"Send 2 check of x for talk"}},
        Row{"ACheckThatReachesItsMoverFoundALoop",
            &Bench::forwards,
            loop_check(1, "talk", "us"),
            {"Send P routed to far from us: checked loop"}},
        Row{"ACheckOfANodeThatWeDoNotFeedIsNotCleared",
            &Bench::watches,
            loop_check(1, "talk", "x"),
            {"Send P routed to far from us: checked loop"}},
        Row{"ANodeThatChangesItsParentClearsNoCheck",
            after({&Bench::forwards, parent_leaves}),
            loop_check(1, "talk", "x"),
            {"Send P routed to far from us: checked loop"}},
        Row{"ACheckThatReachesTheSourceIsClear",
            &Bench::child_confirmed,
            loop_check(1, "own", "x"),
            {"Send P routed to far from us: checked clear"}},
        Row{"ACheckOfAStreamThatIsNotHereIsNotCleared",
            nothing(),
            loop_check(1, "talk", "x"),
            {"Send P routed to far from us: checked loop"}}),
    name_of);

// Otherwise the children of a dead parent would choose each other.
TEST(Silence, ANodeWhoseParentIsSilentTakesNoChildrenForFiveSeconds) {
  Bench bench;
  bench.forwards();
  Request far = other_wish("s2", "far", "far");
  far.slug = "talk";
  bench.say(StreamSilent{.slug = "talk"});
  bench.hears(P, far);
  EXPECT_EQ(bench.said, Lines{"Send P routed to far from us: refusal of a search no-room"});
  bench.wait(5s);  // perhaps the publisher is silent
  bench.hears(P, far);
  EXPECT_EQ(bench.said, Lines{"TellRelay talk request G talk for far"});
}

TEST(LoopCheck, ALoopEndsAnOvercommittedPlace) {
  Bench bench;
  forwards_to_standby(bench);
  bench.say(BandwidthMeasured{.upstream_bps = 1'000'000});
  const TicketId ticket = bench.given;
  Request far = other_wish("s2", "far", "far");
  far.slug = "talk";
  bench.hears(P, far);
  bench.hears(1, Request{.ticket = ticket, .slug = "talk", .parent = true});
  EXPECT_EQ(bench.said, Lines{"Send 2 check of child for talk"});
  EXPECT_GT(bench.node.overcommitted_bps(), 0u);
  bench.hears(2, LoopChecked{.ticket = ticket, .clear = false});
  EXPECT_EQ(bench.said,
            (Lines{"Send 1 refusal " + ticket + " loop", "TellRelay talk cancel " + ticket + " loop"}));
  EXPECT_EQ(bench.node.overcommitted_bps(), 0u);
}

Does slow(const Slug &slug) {
  return [=](Bench &bench) { bench.say(ChildSlow{.slug = slug, .ticket = bench.given}); };
}
INSTANTIATE_TEST_SUITE_P(
    Slow, Forwarding,
    testing::Values(Row{"ASlowChildIsAskedToLeave",
                        &Bench::child_confirmed,
                        slow("own"),
                        {"Send 1 leaving G"}},
                    Row{"ASlowChildIsAskedOnce",
                        after({&Bench::child_confirmed, slow("own")}),
                        slow("own"),
                        {}},
                    Row{"AReportOfAnotherStreamIsIgnored", &Bench::child_confirmed, slow("talk"), {}},
                    Row{"AChildWithoutALinkIsNotAskedToLeave", &Bench::child_offered, slow("own"), {}},
                    Row{"AStandbyIsNotAskedToLeave", &Bench::child_held, slow("own"), {}},
                    Row{"ASlowChildThatLeavesEndsItsTicket",
                        after({&Bench::child_confirmed, slow("own")}),
                        of_given<Cancel>(1),
                        {"TellRelay own cancel G cancelled"}},
                    Row{"ASlowChildThatBecomesAStandbyIsCancelled",
                        after({&Bench::child_confirmed, slow("own")}),
                        of_given<Hold>(1),
                        {"TellRelay own cancel G too-slow", "Send 1 cancel G too-slow"}}),
    name_of);

// The slow child finds no other parent.
TEST(Slow, ASlowChildThatFindsNoOtherParentStaysUntilAnotherNeedsThePlace) {
  Bench bench;
  bench.child_confirmed();
  bench.say(BandwidthMeasured{.upstream_bps = 800'000});  // one child
  const TicketId ticket = bench.given;
  const auto rest = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      bench.now += 1s;
      bench.hears(1, Heartbeat{.tickets = {ticket}});
      for (const PeerId peer : {PeerId{2}, P}) bench.hears(peer, Heartbeat{});
      bench.say(Tick{});
    }
  };
  bench.say(ChildSlow{.slug = "own", .ticket = ticket});
  EXPECT_EQ(bench.node.slow_children(), 1u);
  bench.hears(
      P, other_wish("s2", "parent", "parent"));  // while it looks for another parent, the place is its own
  EXPECT_EQ(bench.said, Lines{"Send 2 refusal of a search no-room"});
  rest(30);
  EXPECT_EQ(bench.said, Lines{"Send 1 path G hops 1 path us granted"});
  bench.say(ChildSlow{.slug = "own", .ticket = ticket});
  EXPECT_EQ(bench.said, Lines{});
  rest(60);
  bench.hears(P, bench.wish("own"));  // it may renew its ticket, but it does not take its own place for that
  EXPECT_EQ(bench.said, Lines{"Send 1 refusal of a search no-room"});
  EXPECT_EQ(bench.node.find_ticket(ticket)->state, "confirmed");
  bench.hears(P, other_wish("s3", "parent", "parent"));
  EXPECT_EQ(bench.said, (Lines{"TellRelay own cancel G too-slow", "Send 1 cancel G too-slow",
                               "TellRelay own request G own for parent"}));
}

TEST(Slow, AChildThatLeftBecauseItWasSlowIsRefusedForAMinute) {
  Bench bench;
  bench.child_confirmed();
  const auto rest = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      bench.now += 1s;
      for (const PeerId peer : {PeerId{1}, PeerId{2}, P}) bench.hears(peer, Heartbeat{});
      bench.say(Tick{});
    }
  };
  bench.say(ChildSlow{.slug = "own", .ticket = bench.given});
  bench.hears(1, Cancel{.ticket = bench.given});
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

// The ticket of a loop check is in no line of the trace before its end, so it is read from the LoopCheck.
TEST(LoopCheck, TheAnswerDecidesWhetherTheChildIsFed) {
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
    EXPECT_EQ(bench.node.fed_children(), 1u);  // its room is reserved meanwhile
    bench.hears(2, LoopChecked{.ticket = ticket, .clear = clear});
    EXPECT_EQ(bench.said, clear ? Lines{"TellRelay talk request G talk for child"}
                                : Lines{"Send 1 refusal of a search loop"});
    EXPECT_EQ(bench.node.fed_children(), clear ? 1u : 0u);
  }
}

}  // namespace
}  // namespace astral::core
