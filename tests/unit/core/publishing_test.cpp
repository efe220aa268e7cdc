// SPDX-License-Identifier: BSD-3-Clause
// Streams of which a node is the source, its shutdown, and the calls about nodes and tickets.
#include <algorithm>

#include "bench.hpp"

namespace astral::core {
namespace {

TEST(AnnouncedRate, CountsUntilTheRateIsMeasured) {
  Bench bench;
  bench.hears(3, Publish{.slug = "own", .bitrate_kbps = 4'000});
  EXPECT_EQ(bench.node.find_stream("own")->bitrate_kbps, 4'000u);
  bench.say(BandwidthMeasured{.upstream_bps = 11'250'000});
  bench.hears(3, Offer{.ticket = bench.own, .slug = "own", .source = "sink"});
  bench.say(SourceSaid{.slug = "own", .ticket = bench.own, .message = Confirm{}});
  EXPECT_EQ(bench.node.places("own"), 2u);
  bench.say(MediaMeasured{.slug = "own", .rate_bps = 1'000'000});
  EXPECT_EQ(bench.node.find_stream("own")->bitrate_kbps, 1'000u);
  EXPECT_EQ(bench.node.places("own"), 8u);
}

class Publishings : public Table {};
TEST_P(Publishings, Row) {
  play(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Streams, Publishings,
    testing::Values(
        Row{"AnElementThatPublishesIsAskedForItsMedia",
            nothing(),
            hears(3, Publish{.slug = "own"}),
            {"Send 3 published own 0", "OpenMedia own", "Send 3 request S own for us"}},
        Row{"ANodeCannotPublish",
            nothing(),
            hears(1, Publish{.slug = "own"}),
            {"Send 1 refusal  bad-request"}},
        Row{"AnInvalidSlugIsRefused",
            nothing(),
            hears(3, Publish{.slug = "Own!"}),
            {"Send 3 refusal  bad-request"}},
        Row{"ATooLongNameIsRefused",
            nothing(),
            hears(3, Publish{.slug = "own", .name = std::string(999, 'x')}),
            {"Send 3 refusal  bad-request"}},
        Row{"ASlugOfAnotherNodeIsRefused",
            &Bench::knows_talk,
            hears(3, Publish{.slug = "talk"}),
            {"Send 3 refusal  conflict"}},
        Row{"TheOfferOfTheSinkIsTaken",
            &Bench::publishes,
            hears_what(3, [](Bench &b) { return Offer{.ticket = b.own, .slug = "own", .source = "sink"}; }),
            {"AddSource own S"}},
        Row{"ASinkThatDoesNotOfferInTimeIsCancelled",
            &Bench::publishes,
            wait(5s),
            {"Disconnect 9 no hello", "Send 3 cancel S timeout"}},
        Row{"ACancelOfTheSinkRemovesItsSource",
            &Bench::fed_own,
            hears_what(3, [](Bench &b) { return Cancel{.ticket = b.own, .code = "x"}; }),
            {"RemoveSource own S"}},
        Row{"AnEndedStreamLosesItsSource",
            &Bench::fed_own,
            hears(3, Ended{.slug = "own"}),
            {"Send 3 cancel S ended", "RemoveSource own S drain", "EndMedia own"}},
        Row{"AGoodbyeOfThePublisherEndsItsStream",
            &Bench::fed_own,
            hears(3, Goodbye{}),
            {"Send 3 cancel S ended", "RemoveSource own S drain", "EndMedia own", "Disconnect 3 goodbye"}},
        Row{"AnEndOfAnotherPeerIsIgnored", &Bench::fed_own, hears(1, Ended{.slug = "own"}), {}},
        Row{"ALostPublisherRemovesItsSource",
            &Bench::child_confirmed,
            says(PeerLost{.peer = 3}),
            {"RemoveSource own S"}},
        Row{"ADeletedStreamIsGoneForAll",
            &Bench::child_confirmed,
            says(DeleteStream{.call = 4, .slug = "own"}),
            {"Send 1 gone own", "Send P gone own", "TellRelay own cancel G ended", "Send 1 cancel G ended",
             "Send 3 cancel S ended", "RemoveSource own S", "CloseMedia own", "Answer 4 stream own"}},
        Row{"TheOwnTicketCannotBeRevoked",
            &Bench::fed_own,
            says(RevokeTicket{.call = 4, .slug = "own"}),
            {"Answer 4 error 8"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Leaving, Publishings,
    testing::Values(
        Row{"ANodeWithoutChildrenQuitsAtOnce",
            nothing(),
            says(Shutdown{}),
            {"Send 1 goodbye", "Disconnect 1 shutting down", "Send 2 goodbye", "Disconnect 2 shutting down",
             "Send 3 goodbye", "Disconnect 3 shutting down", "Disconnect 9 shutting down", "Send P goodbye",
             "Disconnect P shutting down", "Quit"}},
        Row{"ANodeWithChildrenAsksThemToLeaveFirst",
            &Bench::child_confirmed,
            says(Shutdown{}),
            {"Send 1 leaving G"}},
        Row{"AStandbyIsNotWaitedFor",
            &Bench::child_held,
            says(Shutdown{}),
            {"TellRelay own cancel G goodbye", "Send 1 cancel G goodbye", "Send 3 cancel S ended",
             "RemoveSource own S", "CloseMedia own", "Send 1 goodbye", "Disconnect 1 shutting down",
             "Send 2 goodbye", "Disconnect 2 shutting down", "Send 3 goodbye", "Disconnect 3 shutting down",
             "Disconnect 9 shutting down", "Send P goodbye", "Disconnect P shutting down", "Quit"}},
        Row{"ANodeQuitsWhenItsLastChildHasLeft",
            after({&Bench::child_confirmed, says(Shutdown{})}),
            hears_what(1, [](Bench &b) { return Cancel{.ticket = b.given, .code = "replaced"}; }),
            {"TellRelay own cancel G cancelled", "Send 3 cancel S ended", "RemoveSource own S",
             "CloseMedia own", "Send 1 goodbye", "Disconnect 1 shutting down", "Send 2 goodbye",
             "Disconnect 2 shutting down", "Send 3 goodbye", "Disconnect 3 shutting down",
             "Disconnect 9 shutting down", "Send P goodbye", "Disconnect P shutting down", "Quit"}},
        Row{"ANodeQuitsAfter1800MsAtMost",
            after({&Bench::child_confirmed, says(Shutdown{})}),
            wait(1800ms),
            {"Send 3 cancel S ended", "RemoveSource own S", "TellRelay own cancel G goodbye",
             "Send 1 cancel G goodbye", "CloseMedia own", "Send 1 goodbye", "Disconnect 1 shutting down",
             "Send 2 goodbye", "Disconnect 2 shutting down", "Send 3 goodbye", "Disconnect 3 shutting down",
             "Disconnect 9 shutting down", "Send P goodbye", "Disconnect P shutting down", "Quit"}},
        Row{"ANodeThatLeavesTakesNoChildren",
            after({&Bench::child_confirmed, says(Shutdown{})}),
            hears(Bench::primary, Request{.slug = "own",
                                          .destination = "far",
                                          .search = "s2",
                                          .asker = {.uuid = "far", .via = "super"}}),
            {"Send P routed to far from us: refusal of a search no-room"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Calls, Publishings,
    testing::Values(Row{"ARegisteredNodeIsCreated",
                        nothing(),
                        says(RegisterNode{.call = 4,
                                          .node = {.uuid = "n", .ip_address = "10.0.0.7", .port = 1}}),
                        {"Answer 4 created"}},
                    Row{"ANodeWithoutPortIsInvalid",
                        nothing(),
                        says(RegisterNode{.call = 4, .node = {.uuid = "n", .ip_address = "10.0.0.7"}}),
                        {"Answer 4 error 0"}},
                    Row{"AForgottenNodeIsDisconnected",
                        nothing(),
                        says(ForgetNode{.call = 4, .uuid = "child"}),
                        {"Disconnect 1 forgotten", "Answer 4"}},
                    Row{"AnUnknownNodeCannotBeForgotten",
                        nothing(),
                        says(ForgetNode{.call = 4, .uuid = "x"}),
                        {"Answer 4 error 2"}},
                    Row{"AStreamWithoutATicketIsNotFound",
                        &Bench::knows_talk,
                        says(RefreshTicket{.call = 4, .slug = "talk"}),
                        {"Answer 4 error 2"}},
                    Row{"TheTicketOfAChildIsFound",
                        &Bench::child_confirmed,
                        says(ConfirmTicket{.call = 4, .slug = "own", .destination = "child"}),
                        {"Answer 4 ticket G"}},
                    Row{"ARevokedTicketIsCancelled",
                        &Bench::child_confirmed,
                        says(RevokeTicket{.call = 4, .slug = "own", .destination = "child"}),
                        {"TellRelay own cancel G revoked", "Send 1 cancel G revoked", "Answer 4"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Seeding, Publishings,
    testing::Values(
        Row{"TheOtherNodeIsAsked",
            &Bench::fed_own,
            says(AskTicket{.call = 4, .slug = "own", .destination = "child"}),
            {"Send 1 seed own"}},
        Row{"ANodeWithoutASessionIsAsked",
            &Bench::fed_own,
            says(AskTicket{.call = 4, .slug = "own", .destination = "far"}),
            {"Send P routed to far from us: seed own"}},
        Row{"AnInvalidUuidIsNotFound",
            &Bench::fed_own,
            says(AskTicket{.call = 4, .slug = "own", .destination = "no node"}),
            {"Answer 4 error 2"}},
        Row{"ASuccessAnswersTheCall",
            [](Bench &b) { b.say(AskTicket{.call = 4, .slug = "own", .destination = "child"}); },
            hears(1, Seeded{.call = 4, .done = true}),
            {"Answer 4 created"}},
        Row{"AFailureAnswersTheCallWithNoRoom",
            [](Bench &b) { b.say(AskTicket{.call = 4, .slug = "own", .destination = "child"}); },
            hears(1, Seeded{.call = 4, .done = false, .message = "no"}),
            {"Answer 4 error 3"}},
        Row{"ASecondAnswerIsIgnored",
            [](Bench &b) {
              b.say(AskTicket{.call = 4, .slug = "own", .destination = "child"});
              b.hears(1, Seeded{.call = 4, .done = true});
            },
            hears(1, Seeded{.call = 4, .done = true}),
            {}},
        Row{"ASeededNodeSearchesForTheStream",
            &Bench::knows_talk,
            hears(2, Seed{.call = 9, .slug = "talk"}),
            {"Send P find talk for us at home"}},
        Row{"ANodeThatWatchesAlreadyAnswersAtOnce",
            &Bench::watches,
            hears(1, Seed{.call = 9, .slug = "talk"}),
            {"Send 1 seeded"}},
        Row{"AShutdownRefusesTheCall",
            [](Bench &b) {
              b.say(AskTicket{.call = 4, .slug = "own", .destination = "far"});
              b.hears(1, Goodbye{}), b.hears(2, Goodbye{}), b.hears(3, Goodbye{});
              b.say(PeerLost{.peer = 9});
            },
            says(Shutdown{}),
            {"Send P goodbye", "Disconnect P shutting down", "Answer 4 error 4", "Quit"}},
        Row{"AnInvalidSlugIsNotSeeded",
            nothing(),
            hears(1, Seed{.call = 9, .slug = "No"}),
            {"Send 1 seeded not: no such stream"}}),
    name_of);

// An answer of another node than the one that was asked is ignored.
TEST(Seeding, OnlyTheNodeThatWasAskedAnswers) {
  Bench bench;
  bench.say(AskTicket{.call = 4, .slug = "own", .destination = "child"});
  bench.hears(2, Seeded{.call = 4, .done = true});
  EXPECT_EQ(bench.said, Lines{});
}

TEST(Seeding, MayBeAllowedToNeighboursOnly) {
  Settings settings = Bench::settings();
  settings.seeded_by = SeededBy::neighbours;
  Bench bench(settings);
  bench.say(PeerConnected{.peer = 11, .address = "198.51.100.7"});
  bench.say(PeerProved{.peer = 11, .fingerprint = "far"});
  bench.hears(11, Hello{.node = {.uuid = "far", .port = 7000, .supernode = true}, .kind = PeerKind::node});
  const auto asked = [&](PeerId peer, const Message &message) {
    bench.hears(peer, message);
    return bench.said;
  };
  const Seed seed{.call = 9, .slug = "talk"};
  const Lines refused = {"Send 11 seeded not: that node does not let others choose"};
  EXPECT_EQ(asked(11, seed), refused);
  EXPECT_NE(asked(2, seed), refused);
  const auto routed = [&](PeerId by) {
    return asked(by, Routed{.to = {.uuid = "us", .via = "super"},
                            .from = {.uuid = "another", .via = "far"},
                            .what = std::make_shared<const Enclosed>(Enclosed{seed})});
  };
  const auto refuses = [](const Lines &said) {
    return std::any_of(said.begin(), said.end(),
                       [](const std::string &line) { return line.find("does not let others") != line.npos; });
  };
  EXPECT_TRUE(refuses(routed(11)));
  EXPECT_FALSE(refuses(routed(Bench::primary)));
}

// The origin may have lost its database.
TEST(Origin, CannotEndAStreamWhoseSourceIsHere) {
  const StreamInfo here{.slug = "talk", .source = "parent", .updated = 1};
  const StreamInfo elsewhere{.slug = "far-away", .source = "far", .updated = 1};
  Bench bench;
  bench.say(OriginKnows{.nodes = {}, .streams = {here, elsewhere}});
  bench.say(OriginKnows{});
  EXPECT_TRUE(bench.node.find_stream("talk"));
  EXPECT_FALSE(bench.node.find_stream("far-away"));
}

}  // namespace
}  // namespace astral::core
