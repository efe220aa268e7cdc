// SPDX-License-Identifier: BSD-3-Clause
// How a node gets a stream: which nodes it asks, which offer it takes, and how it links its parent.
#include "bench.hpp"

namespace astral::core {
namespace {

class Consuming : public Table {};
TEST_P(Consuming, Row) {
  play(GetParam());
}

std::string repeated(const std::string &text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

const Does source_confirms = says(SourceSaid{.slug = "talk", .ticket = "t2", .message = Confirm{}});

INSTANTIATE_TEST_SUITE_P(
    Searching, Consuming,
    testing::Values(
        Row{"AnInvalidSlugIsAnError",
            nothing(),
            says(AskTicket{.call = 1, .slug = "No Slug"}),
            {"Answer 1 error 2"}},
        Row{"TheSupernodeIsAsked",
            &Bench::knows_talk,
            says(AskTicket{.call = 1, .slug = "talk"}),
            {"Send P find talk for us at home"}},
        Row{"AnUnknownStreamIsSearchedForToo",
            nothing(),
            says(AskTicket{.call = 1, .slug = "talk"}),
            {"Send P find talk for us at home"}},
        Row{"ASecondCallStartsNoSecondSearch", &Bench::asks, says(AskTicket{.call = 2, .slug = "talk"}), {}},
        Row{"ARefusalAtHomeWidensTheSearch",
            &Bench::asks,
            refuses(P, RefusalCode::no_stream),
            {"Send P find talk for us at home wide"}},
        Row{"AKnownStreamThatNobodyOffersHasNoRoom",
            after({&Bench::asks, refuses(P, RefusalCode::no_stream)}),
            refuses(P, RefusalCode::no_stream),
            {"Answer 1 error 3"}},
        Row{"AnUnknownStreamThatNobodyOffersIsNotFound",
            after({says(AskTicket{.call = 1, .slug = "talk"}), refuses(P, RefusalCode::no_stream)}),
            refuses(P, RefusalCode::no_stream),
            {"Answer 1 error 2"}},
        Row{"ALiveStreamThatTheOwnerDoesNotKnowYetIsNoError", &Bench::asks_too_early, nothing(), {}},
        Row{"ALiveStreamThatTheOwnerDoesNotKnowYetIsSearchedForAgain",
            &Bench::asks_too_early,
            wait(500ms),
            {"Send P find talk for us at home"}},
        Row{"TheSearchForALiveStreamEndsAfterTenSeconds",
            after({&Bench::asks_too_early, wait(9s)}),
            wait(1s),
            {"Answer 1 error 3"}},
        Row{"ANoRoomRefusalKeepsTheCallOpen",
            after({&Bench::asks, refuses(P, RefusalCode::no_room)}),
            refuses(P, RefusalCode::no_stream),
            {}},
        Row{"ARefusalOfOneOfTwoIsNotTheLastAnswer",
            after({&Bench::asks, refuses(P, RefusalCode::no_room), refuses(1, RefusalCode::no_room, 2)}),
            wait(600ms),
            {}},
        Row{"RefusalsOfAllThatWereAskedStartTheNextSearch",
            after({&Bench::asks,
                   refuses(P, RefusalCode::no_room),
                   refuses(1, RefusalCode::no_room, 2),
                   refuses(2, RefusalCode::no_room, 2),
                   wait(250ms)}),
            wait(500ms),
            {"Send P find talk for us at home"}},
        Row{"ASearchThatFoundNoRoomIsRepeated",
            after({&Bench::asks, refuses(P, RefusalCode::no_room), refuses(P, RefusalCode::no_stream)}),
            wait(500ms),
            {"Send P find talk for us at home"}},
        Row{"NoRoomForFiveSecondsIsAnError",
            after({&Bench::asks, refuses(P, RefusalCode::no_room)}),
            wait(5s),
            {"Answer 1 error 3", "Disconnect 9 no hello"}},
        Row{"ALateNoRoomRefusalKeepsTheCallOpen",
            after({&Bench::asks_too_early, wait(8s), refuses(P, RefusalCode::no_room)}),
            refuses(P, RefusalCode::no_stream),
            {}},
        Row{"ARefusalOfAnotherSearchIsIgnored",
            &Bench::asks,
            hears(P, Refusal{.search = "other", .slug = "talk", .code = RefusalCode::no_room}),
            {}},
        Row{"ATicketFromBeforeARestartIsCancelled",
            after({&Bench::asks, hears(P, Refusal{.search = "other", .slug = "talk"})}),
            hears(P,
                  Refusal{.ticket = "t0", .search = "other", .slug = "talk", .code = RefusalCode::conflict}),
            {"Send P cancel t0 unknown"}},
        Row{"ARefusalAfterAnOfferIsIgnored", &Bench::gathers, refuses(1, RefusalCode::no_room), {}},
        Row{"SilenceWidensTheSearch", &Bench::asks, wait(1500ms), {"Send P find talk for us at home wide"}},
        Row{"TheFirstOfferWaitsForASecond", &Bench::asks, offers(2, "t2", {"parent"}), {}},
        Row{"ASingleOfferIsTakenAfter80Ms",
            &Bench::gathers,
            wait(80ms),
            {"OpenMedia talk", "AddSource talk t2"}},
        Row{"TheSecondOfferEndsTheWait",
            &Bench::gathers,
            offers(1, "t1", {"x", "child"}),
            {"OpenMedia talk", "AddSource talk t2"}},
        Row{"TheOfferWithFewerHopsIsTaken",
            after({&Bench::asks, offers(1, "t1", {"x", "child"})}),
            offers(2, "t2", {"parent"}),
            {"OpenMedia talk", "AddSource talk t2"}},
        Row{"AnOfferAfterTheChoiceIsCancelled",
            &Bench::joins,
            offers(1, "t1", {"child"}),
            {"Send 1 cancel t1 not-requested"}},
        Row{"AnOfferOfAnElementIsCancelled",
            &Bench::asks,
            offers(3, "t3", {"element"}),
            {"Send 3 cancel t3 not-requested"}},
        Row{"AnOfferWithoutASearchIsCancelled",
            &Bench::asks,
            hears(2, Offer{.ticket = "t9"}),
            {"Send 2 cancel t9 not-requested"}},
        Row{"AnOfferOfAnotherSearchIsCancelled",
            &Bench::asks,
            hears(2, Offer{.ticket = "t9",
                           .search = "other",
                           .slug = "talk",
                           .source = "parent",
                           .hops = 1,
                           .path = {"parent"}}),
            {"Send 2 cancel t9 not-requested"}},
        Row{"AnOfferMayBeWithdrawn", &Bench::gathers, hears(2, Cancel{.ticket = "t2", .code = "x"}), {}},
        Row{"ANodeThatIsBelowUsIsNotAskedAgain",
            &Bench::asks,
            refuses(1, RefusalCode::loop),
            {"Send P find talk for us at home wide but not child"}},
        Row{"ANodeThatWasBelowUsIsAskedLater",
            after({&Bench::asks, refuses(1, RefusalCode::loop), wait(1500ms)}),
            wait(500ms),
            {"Send P find talk for us at home"}},
        Row{"ALostSupernodeDoesNotEndTheSearch", &Bench::asks, says(PeerLost{.peer = P}), {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Linking, Consuming,
    testing::Values(
        Row{"AConfirmingSourceAnswersTheCall",
            &Bench::joins,
            source_confirms,
            {"Send 2 confirm t2", "Answer 1 ticket t2 created"}},
        Row{"ASecondConfirmIsIgnored", &Bench::watches, source_confirms, {}},
        Row{"CandidatesOfTheParentGoToTheSource",
            &Bench::joins,
            hears(2, Candidates{.ticket = "t2"}),
            {"TellSource talk candidates t2"}},
        Row{"CandidatesOfAnOfferAreKeptUntilItIsLinked",
            after({&Bench::gathers, hears(2, Candidates{.ticket = "t2", .candidates = {"reflexive"}})}),
            wait(80ms),
            {"OpenMedia talk", "AddSource talk t2 reflexive"}},
        Row{"NoMoreCandidatesAreKeptThanALinkTakes",
            after({&Bench::gathers,
                   hears(2, Candidates{.ticket = "t2",
                                       .candidates = std::vector<std::string>(max_candidates - 1, "c")}),
                   hears(2, Candidates{.ticket = "t2", .candidates = {"last", "excess"}})}),
            wait(80ms),
            {"OpenMedia talk", "AddSource talk t2" + repeated(" c", max_candidates - 1) + " last"}},
        Row{"CandidatesOfTheSourceGoToTheParent",
            &Bench::joins,
            says(SourceSaid{.slug = "talk", .ticket = "t2", .message = Candidates{}}),
            {"Send 2 candidates t2"}},
        Row{"WithoutALinkAfterTwoSecondsTheSearchGoesOn",
            &Bench::joins,
            wait(2s),
            {"Send 2 cancel t2 timeout", "RemoveSource talk t2", "Send P find talk for us at home wide"}},
        Row{"ANodeToWhichNoLinkCameUpIsNamedInTheNextSearch",
            after({&Bench::joins, source_confirms, says(SourceEnded{.slug = "talk", .ticket = "t2"})}),
            wait(300ms),
            {"Send P find talk for us at home but parent"}},
        Row{"ANodeWhoseLinkWasUpMayBeAskedAgain",
            after({&Bench::watches, says(SourceLinked{.slug = "talk", .ticket = "t2"}),
                   says(SourceEnded{.slug = "talk", .ticket = "t2"})}),
            wait(300ms),
            {"Send P find talk for us at home"}},
        Row{"TheParentMayBeTheFirstToSeeThatNoLinkComesUp",
            after({&Bench::joins, source_confirms, hears(2, Cancel{.ticket = "t2", .code = "closed"})}),
            wait(300ms),
            {"Send P find talk for us at home but parent"}},
        Row{"AParentThatGivesTheTicketUpIsNotWithoutAPath",
            after({&Bench::watches, hears(2, Cancel{.ticket = "t2", .code = "no-room"})}),
            wait(300ms),
            {"Send P find talk for us at home"}},
        Row{"WhileARelayGetsTheStreamOtherRefusalsDoNotCount",
            after({&Bench::asks, hears_what(P,
                                            [](Bench &b) {
                                              return Refusal{.search = b.search,
                                                             .slug = "talk",
                                                             .code = RefusalCode::no_path,
                                                             .relay = "super"};
                                            })}),
            refuses(P, RefusalCode::no_room),
            {}},
        Row{"ASecondOfferOfATicketIsAProtocolError",
            &Bench::watches,
            offers(2, "t2", {"parent"}),
            {"Send 2 cancel t2 protocol", "RemoveSource talk t2"}},
        Row{"AFailedSourceEndsItsTicket",
            &Bench::watches,
            says(SourceEnded{.slug = "talk", .ticket = "t2"}),
            {"Send 2 cancel t2 link-ended", "RemoveSource talk t2"}},
        Row{"AFailedSourceOfAnotherStreamIsIgnored",
            &Bench::watches,
            says(SourceEnded{.slug = "own", .ticket = "t2"}),
            {}},
        Row{"ACancelOfTheParentRemovesTheSource",
            &Bench::watches,
            hears(2, Cancel{.ticket = "t2", .code = "x"}),
            {"RemoveSource talk t2"}},
        Row{"ACancelOfAnotherPeerIsIgnored",
            &Bench::watches,
            hears(1, Cancel{.ticket = "t2", .code = "x"}),
            {}},
        Row{"ALostParentRemovesTheSource", &Bench::watches, parent_lost, {"RemoveSource talk t2"}},
        Row{"ATicketThatNoHeartbeatNamesLapses",
            &Bench::watches,
            [](Bench &b) { b.wait_for_the_end_of("t2"); },
            {"Send P find talk for us at home wide", "Send 2 cancel t2 lapsed", "RemoveSource talk t2"}},
        Row{"APathThroughUsIsALoop",
            &Bench::watches,
            hears(2, Path{.ticket = "t2", .hops = 3, .path = {"s", "us", "parent"}}),
            {"Send 2 cancel t2 loop", "RemoveSource talk t2"}},
        Row{"APathThatContradictsItsHopsIsAProtocolError",
            &Bench::watches,
            hears(2, Path{.ticket = "t2", .hops = 3, .path = {"s", "parent"}}),
            {"Send 2 cancel t2 protocol", "RemoveSource talk t2"}},
        Row{"APathOfAnotherPeerIsIgnored",
            &Bench::watches,
            hears(1, Path{.ticket = "t2", .hops = 1, .path = {"child"}}),
            {}},
        Row{"ANewPathIsPassedToTheChildren",
            &Bench::forwards,
            hears(2, Path{.ticket = "t2", .hops = 2, .path = {"s", "parent"}}),
            {"Send 1 path G hops 3 path s,parent,us"}},
        Row{"AStreamThatIsGoneIsClosed",
            &Bench::watches,
            hears(2, Gone{.slug = "talk"}),
            {"Send 2 cancel t2 ended", "RemoveSource talk t2", "CloseMedia talk"}},
        Row{"AStreamThatIsGoneIsClosedForTheChildrenToo",
            &Bench::forwards,
            hears(2, Gone{.slug = "talk"}),
            {"Send 1 gone talk", "TellRelay talk cancel G ended", "Send 1 cancel G ended",
             "Send 2 cancel t2 ended", "RemoveSource talk t2", "CloseMedia talk"}},
        Row{"AGoneOfAnotherPeerIsIgnored", &Bench::watches, hears(1, Gone{.slug = "talk"}), {}},
        Row{"APlayerWaitsForTheSearch", &Bench::asks, hears(3, Request{.ticket = "t3", .slug = "talk"}), {}},
        Row{"APlayerIsLetInWhileTheSourceLinks",
            &Bench::joins,
            hears(3, Request{.ticket = "t3", .slug = "talk"}),
            {"TellRelay talk request t3 talk for element"}}),
    name_of);

// A bad offer is cancelled, and the search goes on.
struct BadOffer {
  const char *name;
  std::function<void(Offer &)> change;
};
class BadOffers : public testing::TestWithParam<BadOffer> {};

TEST_P(BadOffers, AreCancelledAndTheSearchGoesOn) {
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
