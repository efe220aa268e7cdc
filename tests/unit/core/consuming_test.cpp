// SPDX-License-Identifier: BSD-3-Clause
// What a node does to get a stream: whom it asks, whom it links, and who stands by.
#include "bench.hpp"

namespace astral::core {
namespace {

class Consuming : public Table {};
TEST_P(Consuming, Row) {
  play(GetParam());
}

constexpr PeerId P = Bench::primary;

Does offers(PeerId peer, const TicketId &ticket, const std::vector<Uuid> &path) {
  return hears_what(peer, [=](Bench &bench) { return bench.offer(ticket, path); });
}
Does refuses(PeerId peer, RefusalCode code, std::uint32_t asked = 0) {
  return hears_what(peer, [=](Bench &b) {
    return Refusal{.search = b.search, .slug = "talk", .code = code, .asked = asked};
  });
}
Does then(const Does &first, const Does &second) {
  return [=](Bench &bench) {
    first(bench);
    second(bench);
  };
}
const Does source_confirms = says(SourceSaid{.slug = "talk", .ticket = "t2", .message = Confirm{}});

INSTANTIATE_TEST_SUITE_P(
    Searching, Consuming,
    testing::Values(
        Row{"NotASlug", nothing(), says(AskTicket{.call = 1, .slug = "No Slug"}), {"Answer 1 error 2"}},
        Row{"Asks",
            &Bench::knows_talk,
            says(AskTicket{.call = 1, .slug = "talk"}),
            {"Send P find talk for us at home"}},
        Row{"AsksWhatItNeverHeardOf",
            nothing(),
            says(AskTicket{.call = 1, .slug = "talk"}),
            {"Send P find talk for us at home"}},
        Row{"AsksOnce", &Bench::asks, says(AskTicket{.call = 2, .slug = "talk"}), {}},
        Row{"NotThere",
            &Bench::asks,
            refuses(P, RefusalCode::no_stream),
            {"Send P find talk for us at home wide"}},
        Row{"NotThereEither",
            then(&Bench::asks, refuses(P, RefusalCode::no_stream)),
            refuses(P, RefusalCode::no_stream),
            {"Answer 1 error 3"}},
        Row{"NobodyKnowsIt",
            then(says(AskTicket{.call = 1, .slug = "talk"}), refuses(P, RefusalCode::no_stream)),
            refuses(P, RefusalCode::no_stream),
            {"Answer 1 error 2"}},
        Row{"LiveButUnknownYet", &Bench::asks_too_early, nothing(), {}},
        Row{"AsksALittleLater", &Bench::asks_too_early, wait(500ms), {"Send P find talk for us at home"}},
        Row{"NotForEver", then(&Bench::asks_too_early, wait(9s)), wait(1s), {"Answer 1 error 3"}},
        Row{"NoRoomYet",
            then(&Bench::asks, refuses(P, RefusalCode::no_room)),
            refuses(P, RefusalCode::no_stream),
            {}},
        Row{"OneOfTwoHasNoRoom",
            then(&Bench::asks, then(refuses(P, RefusalCode::no_room), refuses(1, RefusalCode::no_room, 2))),
            wait(600ms),
            {}},
        Row{"NeitherHas",
            then(&Bench::asks, then(refuses(P, RefusalCode::no_room),
                                    then(refuses(1, RefusalCode::no_room, 2),
                                         then(refuses(2, RefusalCode::no_room, 2), wait(250ms))))),
            wait(500ms),
            {"Send P find talk for us at home"}},
        Row{"NoRoomIsAskedAgain",
            then(&Bench::asks, then(refuses(P, RefusalCode::no_room), refuses(P, RefusalCode::no_stream))),
            wait(500ms),
            {"Send P find talk for us at home"}},
        Row{"NobodyHasRoomAfterAll",
            then(&Bench::asks, refuses(P, RefusalCode::no_room)),
            wait(5s),
            {"Answer 1 error 3", "Disconnect 9 no hello"}},
        Row{"NoRoomIsHeardOfLate",
            then(&Bench::asks_too_early, then(wait(8s), refuses(P, RefusalCode::no_room))),
            refuses(P, RefusalCode::no_stream),
            {}},
        Row{"RefusalOfAnotherSearch",
            &Bench::asks,
            hears(P, Refusal{.search = "other", .slug = "talk", .code = RefusalCode::no_room}),
            {}},
        Row{"WhatItHadBeforeItWasStartedAgain",
            then(&Bench::asks, hears(P, Refusal{.search = "other", .slug = "talk"})),
            hears(P,
                  Refusal{.ticket = "t0", .search = "other", .slug = "talk", .code = RefusalCode::conflict}),
            {"Send P cancel t0 unknown"}},
        Row{"RefusalAfterAnOffer", &Bench::gathers, refuses(1, RefusalCode::no_room), {}},
        Row{"NoAnswer", &Bench::asks, wait(1500ms), {"Send P find talk for us at home wide"}},
        Row{"OfferIsKeptForAMoment", &Bench::asks, offers(2, "t2", {"parent"}), {}},
        Row{"ThenTaken", &Bench::gathers, wait(80ms), {"OpenMedia talk", "AddSource talk t2"}},
        Row{"OrWithTheSecond",
            &Bench::gathers,
            offers(1, "t1", {"x", "child"}),
            {"OpenMedia talk", "AddSource talk t2"}},
        Row{"TheNearerComesFirst",
            then(&Bench::asks, offers(1, "t1", {"x", "child"})),
            offers(2, "t2", {"parent"}),
            {"OpenMedia talk", "AddSource talk t2"}},
        Row{"TooLate", &Bench::joins, offers(1, "t1", {"child"}), {"Send 1 cancel t1 not-requested"}},
        Row{"FromAnElement", &Bench::asks, offers(3, "t3", {"element"}), {"Send 3 cancel t3 not-requested"}},
        Row{"NotRequested",
            &Bench::asks,
            hears(2, Offer{.ticket = "t9"}),
            {"Send 2 cancel t9 not-requested"}},
        Row{"OfAnotherSearch",
            &Bench::asks,
            hears(2, Offer{.ticket = "t9",
                           .search = "other",
                           .slug = "talk",
                           .source = "parent",
                           .hops = 1,
                           .path = {"parent"}}),
            {"Send 2 cancel t9 not-requested"}},
        Row{"CancelledMeanwhile", &Bench::gathers, hears(2, Cancel{.ticket = "t2", .code = "x"}), {}},
        Row{"SupernodeLost", &Bench::asks, says(PeerLost{.peer = P}), {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Linking, Consuming,
    testing::Values(
        Row{"Confirms", &Bench::joins, source_confirms, {"Send 2 confirm t2", "Answer 1 ticket t2 created"}},
        Row{"ConfirmsTwice", &Bench::watches, source_confirms, {}},
        Row{"CandidatesIn",
            &Bench::joins,
            hears(2, Candidates{.ticket = "t2"}),
            {"TellSource talk candidates t2"}},
        Row{"CandidatesOut",
            &Bench::joins,
            says(SourceSaid{.slug = "talk", .ticket = "t2", .message = Candidates{}}),
            {"Send 2 candidates t2"}},
        Row{"NoLinkInTime",
            &Bench::joins,
            wait(5s),
            {"Disconnect 9 no hello", "Send 2 cancel t2 timeout", "RemoveSource talk t2",
             "Send P find talk for us at home wide"}},
        Row{"OfferedTwice",
            &Bench::watches,
            offers(2, "t2", {"parent"}),
            {"Send 2 cancel t2 protocol", "RemoveSource talk t2"}},
        Row{"SourceFails",
            &Bench::watches,
            says(SourceEnded{.slug = "talk", .ticket = "t2"}),
            {"Send 2 cancel t2 link-ended", "RemoveSource talk t2"}},
        Row{"SourceOfAnotherStreamFails",
            &Bench::watches,
            says(SourceEnded{.slug = "own", .ticket = "t2"}),
            {}},
        Row{"ParentCancels",
            &Bench::watches,
            hears(2, Cancel{.ticket = "t2", .code = "x"}),
            {"RemoveSource talk t2"}},
        Row{"CancelOfAnother", &Bench::watches, hears(1, Cancel{.ticket = "t2", .code = "x"}), {}},
        Row{"ParentLost", &Bench::watches, says(PeerLost{.peer = 2}), {"RemoveSource talk t2"}},
        Row{"NotNamedByTheParent",
            &Bench::watches,
            [](Bench &b) { b.wait_for_the_end_of("t2"); },
            {"Send P find talk for us at home wide", "Send 2 cancel t2 lapsed", "RemoveSource talk t2"}},
        Row{"PathThroughUs",
            &Bench::watches,
            hears(2, Path{.ticket = "t2", .hops = 3, .path = {"s", "us", "parent"}}),
            {"Send 2 cancel t2 loop", "RemoveSource talk t2"}},
        Row{"PathThatDoesNotFit",
            &Bench::watches,
            hears(2, Path{.ticket = "t2", .hops = 3, .path = {"s", "parent"}}),
            {"Send 2 cancel t2 protocol", "RemoveSource talk t2"}},
        Row{"PathOfAnother",
            &Bench::watches,
            hears(1, Path{.ticket = "t2", .hops = 1, .path = {"child"}}),
            {}},
        Row{"PathIsToldOn",
            &Bench::forwards,
            hears(2, Path{.ticket = "t2", .hops = 2, .path = {"s", "parent"}}),
            {"Send 1 path G hops 3 path s,parent,us"}},
        Row{"GoneFromTheSource",
            &Bench::watches,
            hears(2, Gone{.slug = "talk"}),
            {"Send 2 cancel t2 ended", "RemoveSource talk t2", "CloseMedia talk"}},
        Row{"GoneIsToldOn",
            &Bench::forwards,
            hears(2, Gone{.slug = "talk"}),
            {"Send 1 gone talk", "TellRelay talk cancel G ended", "Send 1 cancel G ended",
             "Send 2 cancel t2 ended", "RemoveSource talk t2", "CloseMedia talk"}},
        Row{"GoneFromAnybody", &Bench::watches, hears(1, Gone{.slug = "talk"}), {}},
        Row{"PlayerWaits", &Bench::asks, hears(3, Request{.ticket = "t3", .slug = "talk"}), {}},
        Row{"PlayerIsLetIn",
            &Bench::joins,
            hears(3, Request{.ticket = "t3", .slug = "talk"}),
            {"TellRelay talk request t3 talk for element"}}),
    name_of);

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
Does cut(PeerId peer, const TicketId &ticket) {
  return hears(peer, Path{.ticket = ticket, .hops = 1, .path = {"x"}, .cut = true});
}
const Does lost = then(&Bench::watches_with_standby, says(PeerLost{.peer = 2}));
const Does tries = then(&Bench::watches_with_standby, silent);
const Does takes = then(tries, then(flows("t1"), wait(400ms)));

INSTANTIATE_TEST_SUITE_P(
    StandingBy, Consuming,
    testing::Values(
        Row{"ItsLinkComesUp", &Bench::links_standby_first, source_confirms,
            {"Send 2 confirm t2", "AddSource talk t1 standby", "Answer 1 ticket t2 created"}},
        Row{"StandsBy", [](Bench &b) { b.links_standby(); }, standby_confirms, {"Send 1 confirm t1", "Send 1 hold t1"}},
        Row{"NoLinkInTime", [](Bench &b) { b.links_standby(); }, wait(5s),
            {"Disconnect 9 no hello", "Send 1 cancel t1 timeout", "RemoveSource talk t1"}},
        Row{"IsSearchedFor", &Bench::watches, wait(150ms), {"Send P find talk for us at home"}},
        Row{"IsSearchedForFurtherAway", then(&Bench::watches, wait(150ms)), refuses(P, RefusalCode::no_room),
            {"Send P find talk for us at home wide"}},
        Row{"IsNotThere", then(&Bench::watches, then(wait(150ms), refuses(P, RefusalCode::no_room))),
            refuses(P, RefusalCode::no_stream), {}},
        Row{"IsSearchedForAgain",
            then(then(&Bench::watches, then(wait(150ms), refuses(P, RefusalCode::no_room))),
                 refuses(P, RefusalCode::no_stream)),
            wait(1250ms), {"Send P find talk for us at home"}},
        Row{"IsFound", then(&Bench::watches, then(wait(150ms), offers(1, "t1", {"x", "child"}))), wait(80ms),
            {"AddSource talk t1 standby"}},
        Row{"OneThatFallsWithTheParentIsNotEnough", [](Bench &b) {
              b.links_standby({"x", "parent", "child"}, {"x", "parent"});
              b.say(SourceSaid{.slug = "talk", .ticket = "t1", .message = Confirm{}});
            }, wait(1250ms), {"Send P find talk for us at home"}},
        Row{"IsSwitchedOnWhenTheParentIsLost", &Bench::watches_with_standby, says(PeerLost{.peer = 2}),
            {"RemoveSource talk t2", "SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"IsSwitchedOnWhenTheLinkEnds", &Bench::watches_with_standby,
            says(SourceEnded{.slug = "talk", .ticket = "t2"}),
            {"Send 2 cancel t2 link-ended", "RemoveSource talk t2", "SwitchSource talk t1 on",
             "Send 1 request t1 talk for us"}},
        Row{"IsUsedAsSoonAsItsLinkIsUp",
            then([](Bench &b) { b.links_standby(); }, says(PeerLost{.peer = 2})), standby_confirms,
            {"Send 1 confirm t1", "Send 1 hold t1", "SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"Grants", lost, grants(1, "t1", {"x", "child"}), {}},
        Row{"HasMovedAndGrantsNothingYet", then(lost, hears_what(1, [](Bench &b) { return b.path("t1", {"x", "child"}); })),
            wait(1500ms), {"Send 1 cancel t1 timeout", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"GrantsALoop", lost, grants(1, "t1", {"us", "child"}),
            {"Send 1 cancel t1 loop", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"OffersInsteadOfGranting", lost,
            hears(1, Offer{.ticket = "t1", .slug = "talk", .source = "child", .hops = 2, .path = {"x", "child"}}),
            {"Send 1 cancel t1 protocol", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"CannotAnyMore", lost, hears(1, Refusal{.ticket = "t1", .slug = "talk", .code = RefusalCode::no_room}),
            {"RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"IsSilent", lost, wait(1500ms),
            {"Send 1 cancel t1 timeout", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"IsLost", &Bench::watches_with_standby, says(PeerLost{.peer = 1}), {"RemoveSource talk t1"}},
        Row{"Cancels", &Bench::watches_with_standby, hears(1, Cancel{.ticket = "t1", .code = "x"}),
            {"RemoveSource talk t1"}},
        Row{"Leaves", &Bench::watches_with_standby, hears(1, Leaving{.ticket = "t1"}),
            {"Send 1 cancel t1 unwanted", "RemoveSource talk t1"}},
        Row{"GetsItThroughUsNow", &Bench::watches_with_standby, grants(1, "t1", {"us", "child"}),
            {"Send 1 cancel t1 loop", "RemoveSource talk t1"}},
        Row{"OffersOutOfTurn", &Bench::watches_with_standby, offers(1, "t1", {"child"}),
            {"Send 1 cancel t1 protocol", "RemoveSource talk t1"}}),
    name_of);

// Nobody is told of a silence: it may be the publisher's.
INSTANTIATE_TEST_SUITE_P(
    Silent, Consuming,
    testing::Values(
        Row{"BothAreListenedTo",
            &Bench::watches_with_standby,
            silent,
            {"SwitchSource talk t1 on", "SwitchSource talk t2 on"}},
        Row{"StillWhileItsPublisherPauses", tries, silent, {}},
        Row{"StillAtOnce", then(tries, &Bench::talk_is_live), silent, {}},
        Row{"Still",
            then(tries, then(&Bench::talk_is_live, wait(600ms))),
            silent,
            {"Send 1 cancel t1 silent", "RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"AndAThirdTime",
            then(tries, then(then(&Bench::talk_is_live, wait(600ms)), silent)),
            silent,
            {"SwitchSource talk t2 on"}},
        Row{"Paused", tries, wait(3s), {}},
        Row{"TheParentIsHeardFrom", tries, flows("t2"), {"SwitchSource talk t1 standby"}},
        Row{"TheOtherIsHeardFrom", tries, flows("t1"), {}},
        Row{"AndThenTheParent", then(tries, flows("t1")), flows("t2"), {"SwitchSource talk t1 standby"}},
        Row{"OnlyTheOther",  // its media is here already
            then(tries, flows("t1")),
            wait(400ms),
            {"Send 1 request t1 talk for us"}},
        Row{"TheOtherIsGranted",
            takes,
            grants(1, "t1", {"x", "child"}),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2"}},
        Row{"TheOtherIsRefused",
            takes,
            hears(1, Refusal{.ticket = "t1", .slug = "talk", .code = RefusalCode::no_room}),
            {"RemoveSource talk t1"}},
        Row{"TheParentIsLostMeanwhile", takes, says(PeerLost{.peer = 2}), {"RemoveSource talk t2"}},
        Row{"TheParentIsLost",
            tries,
            says(PeerLost{.peer = 2}),
            {"RemoveSource talk t2", "Send 1 request t1 talk for us"}},
        Row{"TheOtherIsLost", tries, says(PeerLost{.peer = 1}), {"RemoveSource talk t1"}},
        Row{"WithoutAnother",
            &Bench::watches,
            silent,
            {"SwitchSource talk t2 on", "Send P find talk for us at home"}},
        Row{"AnotherIsFound",
            then(&Bench::watches, then(silent, then(offers(1, "t1", {"x", "child"}), wait(80ms)))),
            standby_confirms,
            {"Send 1 confirm t1", "Send 1 hold t1", "SwitchSource talk t1 on", "SwitchSource talk t2 on"}},
        Row{"OurOwn", &Bench::fed_own, says(StreamSilent{.slug = "own"}), {}},
        Row{"NotHere", nothing(), silent, {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    CutOff, Consuming,
    testing::Values(
        Row{"TheOneThatStandsByIsTaken",
            &Bench::watches_with_standby,
            cut(2, "t2"),
            {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"NotWhereItIsCutOffToo", then(&Bench::watches_with_standby, cut(1, "t1")), cut(2, "t2"), {}},
        Row{"UntilThatOneIsNot",
            then(&Bench::watches_with_standby, then(cut(1, "t1"), cut(2, "t2"))),
            hears_what(1,
                       [](Bench &b) {
                         return b.path("t1", {"x", "child"});
                       }),
            {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"WhoIsCutOffIsNotUsed",
            then(&Bench::watches_with_standby, cut(1, "t1")),
            says(PeerLost{.peer = 2}),
            {"RemoveSource talk t2"}},
        Row{"AndThenIs",
            then(then(&Bench::watches_with_standby, cut(1, "t1")),
                 then(says(PeerLost{.peer = 2}), wait(300ms))),
            hears_what(1,
                       [](Bench &b) {
                         return b.path("t1", {"x", "child"});
                       }),
            {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"OneThatComesUpIsTaken",
            then([](Bench &b) { b.links_standby(); }, cut(2, "t2")),
            standby_confirms,
            {"Send 1 confirm t1", "Send 1 hold t1", "SwitchSource talk t1 on",
             "Send 1 request t1 talk for us"}},
        Row{"OfAnother", &Bench::watches_with_standby, cut(1, "t2"), {}}),
    name_of);

// Make before break: nothing is removed before SourceFlows of the next one.
INSTANTIATE_TEST_SUITE_P(
    Moving, Consuming,
    testing::Values(
        Row{"TheParentLeaves",
            &Bench::watches,
            hears(2, Leaving{.ticket = "t2"}),
            {"Send P find talk for us at home"}},
        Row{"TheOneThatStandsByTakesOver",
            &Bench::watches_with_standby,
            hears(2, Leaving{.ticket = "t2"}),
            {"SwitchSource talk t1 on", "Send 1 request t1 talk for us"}},
        Row{"GrantedThenFlows",
            then(then(&Bench::watches_with_standby, hears(2, Leaving{.ticket = "t2"})),
                 grants(1, "t1", {"x", "child"})),
            flows("t1"),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2"}},
        Row{"FlowsThenGranted",
            then(then(&Bench::watches_with_standby, hears(2, Leaving{.ticket = "t2"})), flows("t1")),
            grants(1, "t1", {"x", "child"}),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2"}},
        Row{"RefusedThenSearched",
            then(&Bench::watches_with_standby, hears(2, Leaving{.ticket = "t2"})),
            hears(1, Refusal{.ticket = "t1", .slug = "talk", .code = RefusalCode::no_room}),
            {"RemoveSource talk t1", "Send P find talk for us at home"}},
        Row{"APlaceIsLent",
            then(lost, grants(1, "t1", {"x", "child"})),
            hears(1, Leaving{.ticket = "t1"}),
            {"Send P find talk for us at home"}},
        Row{"AndIsOursAfterAll",
            then(then(lost, grants(1, "t1", {"x", "child"})),
                 then(hears(1, Leaving{.ticket = "t1"}), grants(1, "t1", {"x", "child"}))),
            wait(70ms),
            {}},
        Row{"APlaceIsLentBeforeItsMediaIsHere",
            then(then(&Bench::watches_with_standby, hears(2, Leaving{.ticket = "t2"})),
                 then(grants(1, "t1", {"x", "child"}), hears(1, Leaving{.ticket = "t1"}))),
            flows("t1"),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2", "Send P find talk for us at home"}},
        Row{"LeavingOfAnother", &Bench::watches, hears(1, Leaving{.ticket = "t2"}), {}},
        Row{"NotToTheOneThatLeaves",
            then(&Bench::watches, hears(2, Leaving{.ticket = "t2"})),
            offers(2, "t9", {"parent"}),
            {"Send 2 cancel t9 not-requested"}},
        Row{"LinksTheNext",
            then(&Bench::watches, then(hears(2, Leaving{.ticket = "t2"}), offers(1, "t1", {"child"}))),
            wait(80ms),
            {"AddSource talk t1"}},
        Row{"ConfirmedIsNotEnough", &Bench::moves, says(SourceFlows{.slug = "talk", .ticket = "t2"}), {}},
        Row{"FlowsThenTheOldEnds",
            &Bench::moves,
            says(SourceFlows{.slug = "talk", .ticket = "t1"}),
            {"Send 2 cancel t2 replaced", "RemoveSource talk t2"}},
        Row{"TheOldIsLostEarlier", &Bench::moves, says(PeerLost{.peer = 2}), {"RemoveSource talk t2"}},
        Row{"TheNextIsLostEarlier",
            &Bench::moves,
            says(PeerLost{.peer = 1}),
            {"RemoveSource talk t1", "Send P find talk for us at home wide"}},
        Row{"NeverFlows",
            &Bench::moves,
            [](Bench &b) { b.wait(4999ms), b.wait(1ms); },
            {"Send 1 cancel t1 timeout", "RemoveSource talk t1", "Send P find talk for us at home wide"}},
        Row{"FoundNobody",
            then(&Bench::watches,
                 then(hears(2, Leaving{.ticket = "t2"}), refuses(P, RefusalCode::no_stream))),
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

// Media came all the way: the news that it does was lost.
TEST(CutOff, EndsWhenTheParentIsHeardFrom) {
  Bench bench;
  bench.watches();
  bench.hears(2, Path{.ticket = "t2", .cut = true});
  EXPECT_TRUE(bench.node.cut_off("talk"));
  EXPECT_EQ(bench.node.places("talk"), 0u);
  bench.say(SourceFlows{.slug = "talk", .ticket = "t2"});
  EXPECT_FALSE(bench.node.cut_off("talk"));
  EXPECT_GT(bench.node.places("talk"), 0u);
}

// Nobody wants the stream any more when its parent, who was silent, is lost.
TEST(StandingBy, IsNotTriedForNobody) {
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

TEST(StandingBy, IsShownAndTakesNoPlaceOfTheActive) {
  Bench bench;
  bench.watches_with_standby();
  EXPECT_EQ(bench.node.find_ticket("t1")->role, "standby");
  EXPECT_EQ(bench.node.find_ticket("t1")->state, "standby");
  EXPECT_EQ(bench.node.find_ticket("talk", {})->id, "t2");
}

// A bad offer costs the one who made it; the search goes on.
struct BadOffer {
  const char *name;
  std::function<void(Offer &)> change;
};
class BadOffers : public testing::TestWithParam<BadOffer> {};

TEST_P(BadOffers, AreCancelled) {
  Bench bench;
  bench.asks();
  Offer offer = bench.offer("t2", {"source", "parent"});
  GetParam().change(offer);
  bench.hears(2, offer);
  EXPECT_EQ(bench.said, Lines{"Send 2 cancel " + offer.ticket + " not-requested"});
  bench.hears(2, bench.offer("t3", {"source", "parent"}));
  EXPECT_TRUE(bench.node.find_ticket("t3"));
}

INSTANTIATE_TEST_SUITE_P(Offers, BadOffers,
                         testing::Values(BadOffer{"Loop",
                                                  [](Offer &o) {
                                                    o.path = {"us", "parent"};
                                                  }},
                                         BadOffer{"NoPath", [](Offer &o) { o.path.clear(); }},
                                         BadOffer{"PathOfAnother",
                                                  [](Offer &o) {
                                                    o.path = {"parent", "child"};
                                                  }},
                                         BadOffer{"Hops", [](Offer &o) { o.hops = 1; }},
                                         BadOffer{"Slug", [](Offer &o) { o.slug = "own"; }},
                                         BadOffer{"NoTicket", [](Offer &o) { o.ticket.clear(); }},
                                         BadOffer{"TooFar",
                                                  [](Offer &o) {
                                                    o.path.assign(max_path, "x");
                                                    o.path.push_back("parent");
                                                    o.hops = max_path + 1;
                                                  }}),
                         [](const auto &row) { return row.param.name; });

}  // namespace
}  // namespace astral::core
