// SPDX-License-Identifier: BSD-3-Clause
// Peers that violate the draft or exceed a limit: what closes the session, with which code, and what stops
// only one stream.
#include "moqt/datagram.hpp"
#include "peer.hpp"

namespace astral::moqt {
namespace {

// ---- a peer that violates the draft ----

struct Wrong {
  const char *what;
  Role role;
  std::vector<std::pair<StreamId, std::string>> bytes;
  CloseCode code;
};

TEST(Violations, CloseTheSessionWithTheirCode) {
  const std::string sub0 = "03 0007 00 01 01\"a\" 01\"v\" 00", sub1 = "03 0007 01 01 01\"a\" 01\"v\" 00";
  const StreamId second{4}, uni{6};
  using enum CloseCode;
  const std::vector<Wrong> cases{
      {"request id with the wrong parity", Role::server, {{first_request, sub1}}, invalid_request_id},
      {"request id twice", Role::server, {{first_request, sub0}, {second, sub0}}, invalid_request_id},
      {"request id twice, in an update",
       Role::server,
       {{first_request, sub0 + "02 0002 00 00"}},
       invalid_request_id},
      {"an answer as a request", Role::server, {{first_request, "07 0001 00"}}, protocol_violation},
      {"an unknown message", Role::server, {{first_request, "1e"}}, protocol_violation},
      {"GOAWAY as a request", Role::server, {{first_request, "10 0002 00 00"}}, protocol_violation},
      {"a second request on a stream",
       Role::server,
       {{first_request, sub0 + "03 0007 02 01 01\"a\" 01\"w\" 00"}},
       protocol_violation},
      {"a registered token",
       Role::server,
       {{first_request, "03 000d 00 01 01\"a\" 01\"v\" 01 03 04 01 05 00 61"}},
       auth_token_cache_overflow},
      {"a token's alias",
       Role::server,
       {{first_request, "03 000b 00 01 01\"a\" 01\"v\" 01 03 02 02 05"}},
       unknown_auth_token_alias},
      {"a namespace prefix for a subscription",
       Role::server,
       {{first_request, sub0 + "02 0004 02 01 34 00"}},
       protocol_violation},
      {"an unknown stream type", Role::server, {{uni, "06"}}, protocol_violation},
      {"an invalid subgroup type", Role::client, {{StreamId{7}, "17"}}, protocol_violation},
      {"data on a stream that we send on", Role::client, {{client_control, "00"}}, protocol_violation},
      {"data on a request that we did not make", Role::client, {{StreamId{4}, "00"}}, protocol_violation},
      {"URI in a client's GOAWAY",
       Role::server,
       {{client_control, "af00 0000 10 0006 03 \"b:1\" 05 01"}},
       protocol_violation},
  };
  for (const Wrong &wrong : cases) {
    Peer peer(wrong.role);
    for (const auto &[stream, bytes] : wrong.bytes) peer.get(stream, bytes);
    EXPECT_EQ(peer.closed(), wrong.code) << wrong.what;
    EXPECT_FALSE(peer.reason().empty()) << wrong.what;
  }
}

TEST(Violations, OfAnEstablishedSubscriptionCloseTheSession) {
  const auto at = [](const Message &message) {
    Peer peer = watching();
    peer.get(first_request, message);
    return peer.closed();
  };
  EXPECT_EQ(at(SubscribeOk{TrackAlias{7}, {}, {}}), CloseCode::protocol_violation);
  EXPECT_EQ(at(RequestOk{}), CloseCode::protocol_violation) << "nothing was asked";
  EXPECT_EQ(at(RequestError{}), CloseCode::protocol_violation) << "nothing was asked";
  EXPECT_EQ(at(subscribe_to("x", 1)), CloseCode::protocol_violation);
  EXPECT_EQ(at(FetchOk{}), CloseCode::protocol_violation);

  Peer status = watching();
  status.get(StreamId{7}, "70 07 05 00 00 01");
  EXPECT_EQ(status.closed(), CloseCode::protocol_violation) << "an unknown object status";

  Peer alias = watching();
  alias.session.subscribe(subscribe_to("catalog"));
  alias.get(StreamId{4}, SubscribeOk{TrackAlias{7}, {}, {}});
  EXPECT_EQ(alias.closed(), CloseCode::duplicate_track_alias);

  Peer answer = watching();
  answer.session.update(RequestId{0}, true);
  Properties properties;
  properties.add(0x10, 1);
  answer.get(first_request, RequestOk{{}, properties});
  EXPECT_EQ(answer.closed(), CloseCode::protocol_violation) << "track properties in the answer to an update";

  for (const auto &[type, value] : {std::pair{property::default_publisher_priority, 256},
                                    {property::default_group_order, 3},
                                    {property::dynamic_groups, 2}}) {
    Peer peer(Role::client);
    peer.session.subscribe(subscribe_to("media"));
    Properties bad;
    bad.add(type, static_cast<std::uint64_t>(value));
    peer.get(first_request, SubscribeOk{TrackAlias{7}, {}, bad});
    EXPECT_EQ(peer.closed(), CloseCode::protocol_violation) << type;
  }
}

TEST(Violations, StreamsThatEndTooEarlyCloseTheSession) {
  for (const char *cut : {"71 07 05 00", "71 07 05 00 00 04 61", "71 07", "af", ""}) {
    Peer peer = watching();
    peer.get(StreamId{7}, cut, true);
    EXPECT_EQ(peer.closed(), CloseCode::protocol_violation) << cut;
  }
  Peer request(Role::server);
  request.get(first_request, "03 00", true);
  EXPECT_EQ(request.closed(), CloseCode::protocol_violation);
  Peer empty(Role::server);
  empty.get(first_request, "", true);
  EXPECT_EQ(empty.closed(), CloseCode::protocol_violation);
}

TEST(Violations, OfDatagramsCloseTheSession) {
  Peer peer = watching();
  peer.session.datagram(encode(ObjectDatagram{TrackAlias{7}, {1, 2}, {}, false, {}, {}, as_bytes("x")}));
  EXPECT_FALSE(peer.closed());
  EXPECT_TRUE(peer.told().empty());
  peer.session.datagram(hex("10 00 00"));
  EXPECT_EQ(peer.closed(), CloseCode::protocol_violation);
}

// ---- a peer that exceeds a limit ----

TEST(Maxima, AnObjectThatIsTooLargeStopsOnlyItsStream) {
  Limits limits;
  limits.max_object = 100;
  Peer peer = watching(limits);
  peer.get(StreamId{7}, "71 07 05 | 00 00 8065");
  EXPECT_EQ(peer.acted<StopSending>().at(0).code, ResetCode::excessive_load);
  const auto ended = only<GroupEnded>(peer.told());
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].code, ResetCode::excessive_load);
  peer.get(StreamId{11}, "71 07 06 | 00 00 01 61");
  EXPECT_EQ(only<ObjectReceived>(peer.told()).size(), 1u);
  EXPECT_FALSE(peer.closed());
}

TEST(Maxima, IncompleteObjectsStopTheirStreams) {
  Limits limits;
  limits.max_partial_bytes = 1100 * 1024;
  Peer peer = watching(limits);
  Writer large;
  large.bytes(hex("71 07 05 | 00 00")).vi64(1024 * 1024).bytes(std::string(1000, 'x'));
  for (std::uint64_t i = 0; i < 10; ++i) {
    peer.get(StreamId{7 + 4 * i}, large.view());
    EXPECT_LE(peer.session.buffered_bytes(), limits.max_partial_bytes);
  }
  EXPECT_EQ(peer.acted<StopSending>().size(), 6u) << "256 KiB each";
  EXPECT_FALSE(peer.closed());
}

TEST(Maxima, TooManyDataStreamsAreStopped) {
  Limits limits;
  limits.max_data_streams = 4;
  limits.max_refused_streams = 4;
  Peer peer = watching(limits);
  for (std::uint64_t i = 0; i < 8; ++i) peer.get(StreamId{7 + 4 * i}, "71 07 05");
  EXPECT_EQ(peer.acted<StopSending>().size(), 4u);
  EXPECT_FALSE(peer.closed());
  peer.get(StreamId{7}, "", true);
  peer.session.reset(StreamId{27}, 1);
  peer.get(StreamId{39}, "71 07 05 | 00 00 01 61");
  EXPECT_EQ(only<ObjectReceived>(peer.told()).size(), 1u) << "there is room again";
  for (std::uint64_t i = 10; i < 12; ++i) peer.get(StreamId{7 + 4 * i}, "71 07 05");
  EXPECT_EQ(peer.closed(), CloseCode::internal_error) << "a peer that ignores STOP_SENDING";
}

TEST(Maxima, TooManyEarlyStreamsAreStopped) {
  Limits limits;
  limits.max_early_streams = 2;
  Peer peer(Role::client, limits);
  peer.session.subscribe(subscribe_to("media"));
  for (std::uint64_t i = 0; i < 3; ++i) peer.get(StreamId{7 + 4 * i}, "71 07 05");
  ASSERT_EQ(peer.acted<StopSending>().size(), 1u);
  EXPECT_EQ(peer.acted<StopSending>()[0].code, ResetCode::excessive_load);

  Limits bytes;
  bytes.max_early_bytes = 10 * 1024;
  Peer other(Role::client, bytes);
  other.session.subscribe(subscribe_to("media"));
  other.get(StreamId{7}, "71 07 05");
  for (int i = 0; i < 1000; ++i) {
    other.get(StreamId{7}, "00 00 00 00");
    EXPECT_LE(other.session.buffered_bytes(), bytes.max_early_bytes);
  }
  EXPECT_EQ(other.acted<StopSending>().size(), 1u);
  other.get(first_request, PublishDone{}, false);
  EXPECT_EQ(other.closed(), CloseCode::protocol_violation) << "PUBLISH_DONE does not answer SUBSCRIBE";
}

TEST(Maxima, TooManyRequestsAreRefused) {
  Limits limits;
  limits.max_requests = 3;
  limits.max_refused_streams = 4;
  Peer peer(Role::server, limits);
  for (std::uint64_t i = 0; i < 7; ++i)
    peer.get(StreamId{4 * i}, subscribe_to("t" + std::to_string(i), 2 * i));
  EXPECT_EQ(only<Subscribed>(peer.told()).size(), 3u);
  EXPECT_EQ(peer.acted<Reset>().size(), 4u);
  EXPECT_EQ(peer.acted<Reset>()[0].code, ResetCode::excessive_load);
  EXPECT_FALSE(peer.closed());
  peer.get(StreamId{400}, subscribe_to("x", 400));
  EXPECT_EQ(peer.closed(), CloseCode::internal_error);
}

TEST(Maxima, TooManyUnansweredUpdatesCloseTheSession) {
  Peer peer = serving();
  for (std::uint64_t i = 1; i <= Limits{}.max_pending_updates; ++i)
    peer.get(first_request, RequestUpdate{RequestId{2 * i}, {}});
  EXPECT_FALSE(peer.closed());
  peer.get(first_request, RequestUpdate{RequestId{1000}, {}});
  EXPECT_EQ(peer.closed(), CloseCode::protocol_violation);
}

TEST(Streams, PaddingIsDropped) {
  Peer peer = watching();
  peer.get(StreamId{7}, "f0132b3e28 000000");
  peer.get(StreamId{7}, "000000", true);
  EXPECT_TRUE(peer.acted<StopSending>().empty());
  EXPECT_EQ(peer.session.open_streams(), 2u);
  EXPECT_FALSE(peer.closed());
}

TEST(Streams, DataOfAnEndedStreamIsIgnored) {
  Peer peer = watching();
  peer.get(StreamId{7}, "71 07 05", true);
  peer.told();
  peer.get(StreamId{7}, "71 07 05 00 00 01 61");
  peer.session.reset(StreamId{7}, 1);
  peer.session.stop_sending(StreamId{2 + 4 * 100}, 1);
  EXPECT_TRUE(peer.told().empty());
  EXPECT_FALSE(peer.closed());
}

}  // namespace
}  // namespace astral::moqt
