// SPDX-License-Identifier: BSD-3-Clause
// How a node keeps its media when its parent is lost, silent, cut off or leaves: it has a standby, and it
// links the next parent before it removes the old one.
#include "bench.hpp"

namespace astral::core {
namespace {

class ChangingParents : public Table {};
TEST_P(ChangingParents, Row) {
  play(GetParam());
}

const Does links_standby = [](Bench &bench) { bench.links_standby(); };
const Does source_confirms = says(SourceSaid{.slug = "talk", .ticket = "t2", .message = Confirm{}});
const Does standby_confirms = says(SourceSaid{.slug = "talk", .ticket = "t1", .message = Confirm{}});
const Does silent = says(StreamSilent{.slug = "talk"});
Does flows(const TicketId &ticket) {
  return says(SourceFlows{.slug = "talk", .ticket = ticket});
}
Does grants(PeerId peer, const TicketId &ticket, const std::vector<Uuid> &path) {
  return hears_what(peer, [=](Bench &bench) {
    Path granted = bench.path(ticket, path);
    granted.granted = true;
    return granted;
  });
}
Does tells_path(PeerId peer, const TicketId &ticket, const std::vector<Uuid> &path) {
  return hears_what(peer, [=](Bench &bench) { return bench.path(ticket, path); });
}
Does cut(PeerId peer, const TicketId &ticket) {
  return hears(peer,
               Path{.ticket = ticket, .hops = 1, .path = {"Send P find talk for us at home"}, .cut = true});
}
Does measured(const std::vector<TicketId> &silent_parents) {
  return says(MediaMeasured{.slug = "talk", .silent_parents = silent_parents});
}
const Does orphaned = after({&Bench::watches_with_standby, parent_lost});
const Does hears_silence = after({&Bench::watches_with_standby, flows("t2"), silent});
const Does requests_standby = after({hears_silence, flows("t1"), wait(400ms)});

INSTANTIATE_TEST_SUITE_P(AcknowledgingNothing, ChangingParents,
                         testing::Values(Row{"AnotherParentIsSearchedForAndTheParentStays",
                                             &Bench::watches,
                                             measured({"t2"}),
                                             {"Send P find talk for us at home"}},
                                         Row{"TheOtherTakesItsPlace",
                                             after({&Bench::watches, measured({"t2"}),
                                                    offers(1, "t1", {"x", "child"})}),
                                             wait(80ms),
                                             {"AddSource talk t1"}},
                                         Row{"WhenThePathHasHealedTheSearchIsOver",
                                             after({&Bench::watches, measured({"t2"}), measured({})}),
                                             offers(1, "t1", {"x", "child"}),
                                             {"Send 1 cancel t1 not-requested"}},
                                         Row{"AStandbyTakesOver",
                                             &Bench::watches_with_standby,
                                             measured({"t2"}),
                                             {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
                                         Row{"AStandbyThatAcknowledgesNothingIsNoReason",
                                             &Bench::watches_with_standby,
                                             measured({"t1"}),
                                             {}}));

INSTANTIATE_TEST_SUITE_P(
    StandingBy, ChangingParents,
    testing::Values(
        Row{"ItIsLinkedAfterTheParent",
            &Bench::links_standby_first,
            source_confirms,
            {"Send 2 confirm t2", "AddSource talk t1 standby", "Answer 1 ticket t2 created"}},
        Row{"ItIsConfirmedAndHeldWhenItsLinkIsUp",
            links_standby,
            standby_confirms,
            {"Send 1 confirm t1", "Send 1 hold t1"}},
        Row{"WithoutALinkAfterTwoSecondsItIsCancelled",
            links_standby,
            wait(2s),
            {"Send 1 cancel t1 timeout", "RemoveSource talk t1"}},
        Row{"ItIsSearchedFor150MsAfterTheParent",
            &Bench::watches,
            wait(150ms),
            {"Send P find talk for us at home"}},
        Row{"ARefusalAtHomeWidensTheSearch",
            after({&Bench::watches, wait(150ms)}),
            refuses(P, RefusalCode::no_room),
            {"Send P find talk for us at home wide"}},
        Row{"TwoRefusalsEndTheSearch",
            after({&Bench::watches, wait(150ms), refuses(P, RefusalCode::no_room)}),
            refuses(P, RefusalCode::no_stream),
            {}},
        Row{"TheSearchIsRepeatedAfter1250Ms",
            after({&Bench::watches, wait(150ms), refuses(P, RefusalCode::no_room),
                   refuses(P, RefusalCode::no_stream)}),
            wait(1250ms),
            {"Send P find talk for us at home"}},
        Row{"TheOfferIsLinkedAsStandby",
            after({&Bench::watches, wait(150ms), offers(1, "t1", {"x", "child"})}),
            wait(80ms),
            {"AddSource talk t1 standby"}},
        Row{"AStandbyWithTheSameAncestorIsNotEnough",
            [](Bench &b) {
              b.links_standby({"x", "parent", "child"}, {"x", "parent"});
              b.say(SourceSaid{.slug = "talk", .ticket = "t1", .message = Confirm{}});
            },
            wait(1250ms),
            {"Send P find talk for us at home"}},
        Row{"ItIsSwitchedOnWhenTheParentIsLost",
            &Bench::watches_with_standby,
            parent_lost,
            {"RemoveSource talk t2", "SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"ItIsSwitchedOnWhenTheLinkOfTheParentEnds",
            &Bench::watches_with_standby,
            says(SourceEnded{.slug = "talk", .ticket = "t2"}),
            {"Send 2 cancel t2 link-ended", "RemoveSource talk t2", "SwitchSource talk t1 on",
             "Send 1 request t1 talk for us"}},
        Row{"AnOrphanUsesItAsSoonAsItsLinkIsUp",
            after({links_standby, parent_lost}),
            standby_confirms,
            {"Send 1 confirm t1", "Send 1 hold t1", "SwitchSource talk t1 on",
             "Send 1 request t1 talk for us"}},
        Row{"AGrantNeedsNoAnswer", orphaned, grants(1, "t1", {"x", "child"}), {}},
        Row{"ANewPathIsNoGrant",
            after({orphaned, tells_path(1, "t1", {"x", "child"})}),
            wait(1500ms),
            {"Send 1 cancel t1 timeout", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"AGrantThroughUsIsALoop",
            orphaned,
            grants(1, "t1", {"us", "child"}),
            {"Send 1 cancel t1 loop", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"AnOfferInsteadOfAGrantIsAProtocolError",
            orphaned,
            hears(1,
                  Offer{
                      .ticket = "t1", .slug = "talk", .source = "child", .hops = 2, .path = {"x", "child"}}),
            {"Send 1 cancel t1 protocol", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"ARefusalInsteadOfAGrantStartsASearch",
            orphaned,
            hears(1, Refusal{.ticket = "t1", .slug = "talk", .code = RefusalCode::no_room}),
            {"RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"NoGrantAfter1500MsStartsASearch",
            orphaned,
            wait(1500ms),
            {"Send 1 cancel t1 timeout", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"ALostStandbyIsRemoved",
            &Bench::watches_with_standby,
            says(PeerLost{.peer = 1}),
            {"RemoveSource talk t1"}},
        Row{"ACancelledStandbyIsRemoved",
            &Bench::watches_with_standby,
            hears(1, Cancel{.ticket = "t1", .code = "x"}),
            {"RemoveSource talk t1"}},
        Row{"AStandbyThatLeavesIsCancelled",
            &Bench::watches_with_standby,
            hears(1, Leaving{.ticket = "t1"}),
            {"Send 1 cancel t1 unwanted", "RemoveSource talk t1"}},
        Row{"AStandbyWhosePathLeadsThroughUsIsCancelled",
            &Bench::watches_with_standby,
            grants(1, "t1", {"us", "child"}),
            {"Send 1 cancel t1 loop", "RemoveSource talk t1"}},
        Row{"AnOfferOfAStandbyIsAProtocolError",
            &Bench::watches_with_standby,
            offers(1, "t1", {"child"}),
            {"Send 1 cancel t1 protocol", "RemoveSource talk t1"}}),
    name_of);

// A node whose parent is silent tells nobody: perhaps the publisher is silent.
INSTANTIATE_TEST_SUITE_P(
    Silent, ChangingParents,
    testing::Values(
        Row{"ASilentParentSwitchesTheStandbyOn",
            &Bench::watches_with_standby,
            silent,
            {"SwitchSource talk t1 on", "SwitchSource talk t2 on"}},
        Row{"ASecondSilenceOfAStreamThatIsNotLiveIsIgnored", hears_silence, silent, {}},
        Row{"ASecondSilenceAtOnceChangesNothing", after({hears_silence, &Bench::talk_is_live}), silent, {}},
        Row{"ASecondSilenceOfALiveStreamReplacesTheStandby",
            after({hears_silence, &Bench::talk_is_live, wait(600ms)}),
            silent,
            {"Send 1 cancel t1 silent", "RemoveSource talk t1", "Send P find talk for us at home but child"}},
        Row{"AThirdSilenceAsksTheParentAgain",
            after({hears_silence, &Bench::talk_is_live, wait(600ms), silent}),
            silent,
            {"SwitchSource talk t2 on"}},
        Row{"WithoutASecondReportOfSilenceNothingIsDone", hears_silence, wait(3s), {}},
        Row{"MediaOfTheParentPutsTheStandbyBack",
            hears_silence,
            flows("t2"),
            {"SwitchSource talk t1 standby"}},
        Row{"MediaOfTheStandbyChangesNothingAtOnce", hears_silence, flows("t1"), {}},
        Row{"MediaOfTheStandbyAndThenOfTheParentPutsTheStandbyBack",
            after({hears_silence, flows("t1")}),
            flows("t2"),
            {"SwitchSource talk t1 standby"}},
        Row{"MediaOfTheStandbyAloneRequestsItAfter400Ms",  // its media is here already
            after({hears_silence, flows("t1")}),
            wait(400ms),
            {"Send 1 request t1 talk for us"}},
        Row{"TheGrantOfTheStandbyEndsTheOldTicket",
            requests_standby,
            grants(1, "t1", {"x", "child"}),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2"}},
        Row{"TheRefusalOfTheStandbyRemovesIt",
            requests_standby,
            hears(1, Refusal{.ticket = "t1", .slug = "talk", .code = RefusalCode::no_room}),
            {"RemoveSource talk t1"}},
        Row{"AParentLostDuringTheRequestIsRemoved", requests_standby, parent_lost, {"RemoveSource talk t2"}},
        Row{"AParentLostAfterASilenceLeadsToTheStandby",
            hears_silence,
            parent_lost,
            {"RemoveSource talk t2", "Send 1 request t1 talk for us"}},
        Row{"AStandbyLostAfterASilenceIsRemoved",
            hears_silence,
            says(PeerLost{.peer = 1}),
            {"RemoveSource talk t1"}},
        Row{"WithoutAStandbyASilenceStartsASearch",
            &Bench::watches,
            silent,
            {"SwitchSource talk t2 on", "Send P find talk for us at home"}},
        Row{"ASecondSilenceWithoutAStandbyStartsNoSearch",
            after({&Bench::watches, silent, refuses(P, RefusalCode::no_room),
                   refuses(P, RefusalCode::no_stream)}),
            silent,
            {"SwitchSource talk t2 on"}},
        Row{"TheSearchDuringASilenceIsRepeatedAfterItsPause",
            after({&Bench::watches, silent, refuses(P, RefusalCode::no_room),
                   refuses(P, RefusalCode::no_stream), silent}),
            wait(1250ms),
            {"Send P find talk for us at home"}},
        Row{"AParentFoundDuringASilenceIsSwitchedOn",
            after({&Bench::watches, silent, offers(1, "t1", {"x", "child"}), wait(80ms)}),
            standby_confirms,
            {"Send 1 confirm t1", "Send 1 hold t1", "SwitchSource talk t1 on", "SwitchSource talk t2 on"}},
        Row{"ASilenceOfOurOwnStreamIsIgnored", &Bench::fed_own, says(StreamSilent{.slug = "own"}), {}},
        Row{"ASilenceOfAStreamThatIsNotHereIsIgnored", nothing(), silent, {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    CutOff, ChangingParents,
    testing::Values(
        Row{"AParentThatIsCutOffIsReplacedByTheStandby",
            &Bench::watches_with_standby,
            cut(2, "t2"),
            {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"AStandbyThatIsCutOffTooIsNotUsed",
            after({&Bench::watches_with_standby, cut(1, "t1")}),
            cut(2, "t2"),
            {}},
        Row{"AStandbyIsUsedWhenItIsNoLongerCutOff",
            after({&Bench::watches_with_standby, cut(1, "t1"), cut(2, "t2")}),
            tells_path(1, "t1", {"x", "child"}),
            {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"AStandbyThatIsCutOffDoesNotReplaceALostParent",
            after({&Bench::watches_with_standby, cut(1, "t1")}),
            parent_lost,
            {"RemoveSource talk t2"}},
        Row{"AnOrphanUsesTheStandbyWhenItIsNoLongerCutOff",
            after({&Bench::watches_with_standby, cut(1, "t1"), parent_lost, wait(300ms)}),
            tells_path(1, "t1", {"x", "child"}),
            {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"AStandbyWhoseLinkComesUpReplacesAParentThatIsCutOff",
            after({links_standby, cut(2, "t2")}),
            standby_confirms,
            {"Send 1 confirm t1", "Send 1 hold t1", "SwitchSource talk t1 on",
             "Send 1 request t1 talk for us"}},
        Row{"ACutOfAnotherPeerIsIgnored", &Bench::watches_with_standby, cut(1, "t2"), {}}),
    name_of);

// Make before break: the old parent is removed only after SourceFlows of the next one.
INSTANTIATE_TEST_SUITE_P(
    Moving, ChangingParents,
    testing::Values(
        Row{"AParentThatLeavesStartsASearch",
            &Bench::watches,
            parent_leaves,
            {"Send P find talk for us at home"}},
        Row{"AParentThatLeavesIsReplacedByTheStandby",
            &Bench::watches_with_standby,
            parent_leaves,
            {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"TheOldTicketEndsWhenTheGrantedStandbyFlows",
            after({&Bench::watches_with_standby, parent_leaves, grants(1, "t1", {"x", "child"})}),
            flows("t1"),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2"}},
        Row{"TheOldTicketEndsWhenTheFlowingStandbyIsGranted",
            after({&Bench::watches_with_standby, parent_leaves, flows("t1")}),
            grants(1, "t1", {"x", "child"}),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2"}},
        Row{"ARefusalOfTheStandbyStartsASearch",
            after({&Bench::watches_with_standby, parent_leaves}),
            hears(1, Refusal{.ticket = "t1", .slug = "talk", .code = RefusalCode::no_room}),
            {"RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"AGrantForAShortTimeStartsASearch",
            after({orphaned, grants(1, "t1", {"x", "child"})}),
            hears(1, Leaving{.ticket = "t1"}),
            {"Send P find talk for us at home"}},
        Row{"AGrantThatIsMadeLastingEndsTheSearch",
            after({orphaned,
                   grants(1, "t1", {"x", "child"}),
                   hears(1, Leaving{.ticket = "t1"}),
                   grants(1, "t1", {"x", "child"})}),
            wait(70ms),
            {}},
        Row{"AGrantForAShortTimeStartsASearchWhenItsMediaFlows",
            after({&Bench::watches_with_standby,
                   parent_leaves,
                   grants(1, "t1", {"x", "child"}),
                   hears(1, Leaving{.ticket = "t1"})}),
            flows("t1"),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2", "Send P find talk for us at home"}},
        Row{"ALeavingOfAnotherPeerIsIgnored", &Bench::watches, hears(1, Leaving{.ticket = "t2"}), {}},
        Row{"AnOfferOfTheParentThatLeavesIsCancelled",
            after({&Bench::watches, parent_leaves}),
            offers(2, "t9", {"parent"}),
            {"Send 2 cancel t9 not-requested"}},
        Row{"TheNextParentIsLinkedBesideTheOld",
            after({&Bench::watches, parent_leaves, offers(1, "t1", {"child"})}),
            wait(80ms),
            {"AddSource talk t1"}},
        Row{"TheOldParentsMediaDoesNotEndTheMove",
            &Bench::moves,
            says(SourceFlows{.slug = "talk", .ticket = "t2"}),
            {}},
        Row{"TheOldTicketEndsWhenTheNextParentFlows",
            &Bench::moves,
            says(SourceFlows{.slug = "talk", .ticket = "t1"}),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2"}},
        Row{"AnOldParentLostDuringTheMoveIsRemoved", &Bench::moves, parent_lost, {"RemoveSource talk t2"}},
        Row{"ANextParentLostDuringTheMoveStartsAWiderSearch",
            &Bench::moves,
            says(PeerLost{.peer = 1}),
            {"RemoveSource talk t1", "Send P find talk for us at home wide"}},
        Row{"ANextParentThatDoesNotFlowForFiveSecondsIsCancelled",
            &Bench::moves,
            [](Bench &b) { b.wait(4999ms), b.wait(1ms); },
            {"Send 1 cancel t1 timeout", "RemoveSource talk t1", "Send P find talk for us at home wide"}},
        Row{"AMoveThatFindsNobodyKeepsTheOldParent",
            after({&Bench::watches, parent_leaves, refuses(P, RefusalCode::no_stream)}),
            refuses(P, RefusalCode::no_stream),
            {}}),
    name_of);

TEST(Moving, TheOldParentIsActiveUntilTheNextFlows) {
  Bench bench;
  bench.moves();
  const auto role = [&](const TicketId &id) { return bench.node.find_ticket(id)->role; };
  EXPECT_EQ(role("t2"), "active");
  EXPECT_EQ(role("t1"), "next");
  EXPECT_EQ(bench.node.find_ticket("talk", {})->id, "t2");
  bench.say(SourceFlows{.slug = "talk", .ticket = "t1"});
  EXPECT_EQ(role("t1"), "active");
  EXPECT_FALSE(bench.node.find_ticket("t2"));
  EXPECT_EQ(bench.node.find_ticket("talk", {})->hops, 2u);
}

// The Path that ends the cut may be lost; media proves the same.
TEST(CutOff, MediaOfTheParentEndsIt) {
  Bench bench;
  bench.watches();
  bench.hears(2, Path{.ticket = "t2", .cut = true});
  EXPECT_TRUE(bench.node.cut_off("talk"));
  EXPECT_EQ(bench.node.places("talk"), 0u);
  bench.say(SourceFlows{.slug = "talk", .ticket = "t2"});
  EXPECT_FALSE(bench.node.cut_off("talk"));
  EXPECT_GT(bench.node.places("talk"), 0u);
}

// The last player has gone before the silent parent is lost.
TEST(StandingBy, AStreamThatNobodyWantsDoesNotUseIt) {
  Bench bench;
  bench.hears(3, Request{.ticket = "t3", .slug = "talk"});
  bench.hears(2, bench.offer("t2", {"parent"}));
  bench.hears(1, bench.offer("t1", {"x", "child"}));
  bench.say(Tick{});
  for (const char *ticket : {"t2", "t1"})
    bench.say(SourceSaid{.slug = "talk", .ticket = ticket, .message = Confirm{}});
  bench.hears(3, Cancel{.ticket = "t3"});
  bench.say(StreamSilent{.slug = "talk"});
  bench.say(PeerLost{.peer = 2});
  EXPECT_EQ(bench.said, (Lines{"RemoveSource talk t2", "SwitchSource talk t1 standby"}));
}

TEST(StandingBy, TheStandbyIsShownBesideTheActiveTicket) {
  Bench bench;
  bench.watches_with_standby();
  EXPECT_EQ(bench.node.find_ticket("t1")->role, "standby");
  EXPECT_EQ(bench.node.find_ticket("t1")->state, "standby");
  EXPECT_EQ(bench.node.find_ticket("talk", {})->id, "t2");
}

}  // namespace
}  // namespace astral::core
