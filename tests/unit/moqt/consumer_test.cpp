// SPDX-License-Identifier: BSD-3-Clause
// The consumer: its requests, the streams it keeps, the events it reports and the data it drops.
#include "peer.hpp"

namespace astral::moqt {
namespace {

// ---- the consumer ----

TEST(Consumer, SubscribesUpdatesAndUnsubscribes) {
  Peer peer(Role::client);
  EXPECT_EQ(peer.session.subscribe(subscribe_to("media")), RequestId{0});
  EXPECT_EQ(peer.session.subscribe(subscribe_to("catalog")), RequestId{2});
  const auto opened = peer.acted<OpenStream>();
  ASSERT_EQ(opened.size(), 3u);
  EXPECT_TRUE(opened[1].bidi && opened[2].bidi);
  EXPECT_EQ(opened[2].stream, StreamId{4});
  EXPECT_TRUE(peer.session.update(RequestId{0}, false));
  EXPECT_EQ(peer.sent(first_request).substr(peer.sent(first_request).size() - 12),
            to_hex(hex("02 0004 04 01 10 00")).substr(2));
  peer.actions.clear();
  peer.session.unsubscribe(RequestId{0});
  EXPECT_EQ(peer.acted<Reset>().at(0).stream, first_request);
  EXPECT_EQ(peer.acted<StopSending>().at(0).stream, first_request);
  peer.get(first_request, SubscribeOk{TrackAlias{7}, {}, {}});
  EXPECT_TRUE(peer.told().empty());
  EXPECT_FALSE(peer.session.update(RequestId{0}, true));
}

TEST(Consumer, LimitsItsUnansweredUpdates) {
  Peer peer = watching();
  for (std::size_t i = 0; i < Limits{}.max_pending_updates; ++i)
    EXPECT_TRUE(peer.session.update(RequestId{0}, true));
  EXPECT_FALSE(peer.session.update(RequestId{0}, true));
  peer.get(first_request, RequestOk{});
  EXPECT_TRUE(peer.session.update(RequestId{0}, true));
}

TEST(Consumer, ReportsARefusal) {
  Peer peer(Role::client);
  peer.session.subscribe(subscribe_to("media"));
  peer.get(first_request,
           RequestError{RequestCode::redirect, 51, "there", Redirect{"moqt://b/", {{"x"}, "y"}}}, true);
  const auto refused = only<SubscribeRefused>(peer.told());
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].code, RequestCode::redirect);
  EXPECT_EQ(refused[0].retry, 51u);
  EXPECT_EQ(refused[0].reason, "there");
  EXPECT_EQ(refused[0].redirect->uri, "moqt://b/");
  EXPECT_TRUE(peer.acted<Send>().back().fin);
  EXPECT_EQ(peer.session.open_streams(), 1u);
}

TEST(Consumer, ReportsAResetBeforeTheAnswerAsARefusal) {
  Peer peer(Role::client);
  peer.session.subscribe(subscribe_to("media"));
  peer.session.reset(first_request, static_cast<std::uint64_t>(ResetCode::excessive_load));
  EXPECT_EQ(only<SubscribeRefused>(peer.told()).at(0).code, RequestCode::excessive_load);
  EXPECT_EQ(peer.session.open_streams(), 1u);
  Peer fin(Role::client);
  fin.session.subscribe(subscribe_to("media"));
  fin.get(first_request, "", true);
  EXPECT_EQ(only<SubscribeRefused>(fin.told()).size(), 1u);
}

TEST(Consumer, RefusesATrackWithAnUnknownMandatoryProperty) {
  Peer peer(Role::client);
  peer.session.subscribe(subscribe_to("media"));
  Properties properties;
  properties.add(0x4000, 1);
  peer.get(first_request, SubscribeOk{TrackAlias{7}, {}, properties});
  EXPECT_EQ(only<SubscribeRefused>(peer.told()).at(0).code, RequestCode::unsupported_extension);
  EXPECT_EQ(peer.acted<StopSending>().size(), 1u);
  EXPECT_FALSE(peer.closed());
}

TEST(Consumer, ReportsDoneWhenAllStreamsHaveEnded) {
  Peer peer = watching();
  peer.get(StreamId{7}, "71 07 05 | 00 00 01 61");
  peer.get(first_request, PublishDone{DoneCode::track_ended, 3, "end"}, true);
  EXPECT_TRUE(only<Done>(peer.told()).empty());
  peer.get(StreamId{7}, "00 00 00 03", true);
  EXPECT_TRUE(only<Done>(peer.told()).empty());
  peer.session.reset(StreamId{11}, 1);  // reset before its header arrived
  EXPECT_TRUE(only<Done>(peer.told()).empty());
  peer.get(StreamId{15}, "71 07 06", true);
  const auto events = peer.told();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(std::get<GroupEnded>(events[0]).complete);
  EXPECT_FALSE(std::get<GroupEnded>(events[0]).end_of_group);
  EXPECT_EQ(std::get<Done>(events[1]).code, DoneCode::track_ended);
  EXPECT_EQ(std::get<Done>(events[1]).reason, "end");
  EXPECT_EQ(peer.session.open_streams(), 1u);
}

TEST(Consumer, DoesNotWaitForAnUnknownStreamCount) {
  Peer peer = watching();
  peer.get(first_request, PublishDone{DoneCode::track_ended, PublishDone::unknown_count, ""});
  EXPECT_EQ(only<Done>(peer.told()).size(), 1u);
}

TEST(Consumer, ReportsDoneWhenTheRequestStreamIsReset) {
  Peer peer = watching();
  peer.get(StreamId{7}, "71 07 05 | 00 00 01 61");
  peer.told();
  peer.session.reset(first_request, static_cast<std::uint64_t>(ResetCode::going_away));
  const auto events = peer.told();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_FALSE(std::get<GroupEnded>(events[0]).complete);
  EXPECT_EQ(std::get<Done>(events[1]).code, DoneCode::going_away);
  EXPECT_EQ(peer.acted<StopSending>().at(0).stream, StreamId{7});
}

TEST(Consumer, KeepsStreamsThatArriveBeforeTheirSubscribeOk) {
  Peer peer(Role::client);
  peer.session.subscribe(subscribe_to("media"));
  peer.get(StreamId{7}, "71 07 05 | 00 00 01 61", true);
  peer.get(StreamId{11}, "71 07 06 | 00 00 01 62");
  peer.get(StreamId{15}, "71 08 01 | 00 00 01 63");
  EXPECT_TRUE(peer.told().empty());
  EXPECT_GT(peer.session.buffered_bytes(), 0u);
  Properties properties;
  properties.add(property::default_publisher_priority, 9);
  peer.get(first_request, SubscribeOk{TrackAlias{7}, {}, properties});
  const auto events = peer.told();
  ASSERT_EQ(events.size(), 4u);
  EXPECT_TRUE(std::holds_alternative<SubscribeAccepted>(events[0]));
  EXPECT_EQ(std::get<ObjectReceived>(events[1]).object.id, (Location{5, 0}));
  EXPECT_EQ(std::get<ObjectReceived>(events[1]).object.priority, 9);
  EXPECT_TRUE(std::get<GroupEnded>(events[2]).complete);
  EXPECT_EQ(std::get<ObjectReceived>(events[3]).object.id, (Location{6, 0}));
  EXPECT_EQ(peer.acted<StopSending>().at(0).stream, StreamId{15}) << "alias 8 belongs to no subscription";
  EXPECT_EQ(peer.session.buffered_bytes(), 0u);
}

TEST(Consumer, DropsStreamsOfCancelledSubscriptions) {
  Peer peer = watching();
  peer.get(StreamId{7}, "71 07 05 | 00 00 01 61");
  peer.told();
  peer.session.unsubscribe(RequestId{0});
  EXPECT_EQ(peer.acted<StopSending>().size(), 2u);
  peer.get(StreamId{7}, "00 00 01 62");
  peer.get(StreamId{11}, "71 07 06 | 00 00 01 62");
  EXPECT_EQ(peer.acted<StopSending>().size(), 3u);
  EXPECT_TRUE(peer.told().empty());
  peer.get(StreamId{7}, "", true);
  peer.session.reset(StreamId{11}, 1);
  peer.session.reset(first_request, 1);
  EXPECT_EQ(peer.session.open_streams(), 1u);
  EXPECT_FALSE(peer.closed());
}

TEST(Consumer, EndsAMalformedTrack) {
  Peer peer = watching();
  peer.get(StreamId{7}, "71 07 05 | 00 00 00 03 | 00 00 01 61");
  const auto done = only<Done>(peer.told());
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].code, DoneCode::malformed_track);
  for (const StopSending &stop : peer.acted<StopSending>()) EXPECT_EQ(stop.code, ResetCode::malformed_track);
  EXPECT_EQ(peer.acted<StopSending>().size(), 2u);
  EXPECT_FALSE(peer.closed());
}

TEST(Consumer, EndsAMalformedTrackThatIsFinishing) {
  Peer peer = watching();
  peer.get(StreamId{7}, "71 07 05 | 00 00 01 61");
  peer.get(first_request, PublishDone{DoneCode::track_ended, 1, ""}, true);
  peer.get(StreamId{7}, "00 00 00 03 | 00 00 01 61");
  EXPECT_EQ(only<Done>(peer.told()).size(), 1u);
}

TEST(Consumer, ReportsGoaways) {
  Peer peer = watching();
  peer.get(server_control, "af00 0000 10 0006 03 \"b:1\" 05 00");
  auto goaways = only<GoawayReceived>(peer.told());
  ASSERT_EQ(goaways.size(), 1u);
  EXPECT_EQ(goaways[0].uri, "b:1");
  EXPECT_FALSE(goaways[0].request);
  peer.get(first_request, "10 0002 00 05");
  goaways = only<GoawayReceived>(peer.told());
  EXPECT_EQ(goaways.at(0).request, RequestId{0});
  peer.get(first_request, "10 0002 00 05");
  EXPECT_EQ(peer.closed(), CloseCode::protocol_violation);
}

}  // namespace
}  // namespace astral::moqt
