// SPDX-License-Identifier: BSD-3-Clause
// The control streams, and the provider's answers and streams.
#include "peer.hpp"

namespace astral::moqt {
namespace {

// ---- start and control streams ----

TEST(Session, StartsWithSetupOnItsControlStream) {
  Session client(Role::client), server(Role::server);
  client.start();
  server.start();
  const auto at_client = client.take_actions();
  ASSERT_EQ(at_client.size(), 2u);
  EXPECT_EQ(std::get<OpenStream>(at_client[0]).stream, client_control);
  EXPECT_FALSE(std::get<OpenStream>(at_client[0]).bidi);
  const auto &sent = std::get<Send>(at_client[1]);
  EXPECT_FALSE(sent.fin);
  EXPECT_EQ(to_hex(sent.bytes.bytes().first(5)),
            to_hex(hex("af00 000e 07")).substr(0, 4) + to_hex(sent.bytes.bytes().subspan(2, 3)));
  EXPECT_EQ(std::get<OpenStream>(server.take_actions()[0]).stream, server_control);
}

TEST(Session, ReadsSetupAndIgnoresUnknownOptions) {
  Peer peer(Role::server);
  peer.get(client_control, "af00 0009 01 02 2f78 04 03 683a31");
  const auto setups = only<SetupReceived>(peer.told());
  ASSERT_EQ(setups.size(), 1u);
  EXPECT_EQ(setups[0].setup.options.bytes(option::path), "/x");
  Peer other(Role::client);
  other.get(server_control, "af00 0007 809d 03 010203 61");  // grease, bytes; then an odd type cut short
  EXPECT_EQ(other.closed(), CloseCode::key_value_formatting);
  Peer third(Role::client);
  third.get(server_control, "af00 0008 809d 03 010203 7f 05");
  EXPECT_FALSE(third.closed());
}

TEST(Session, AcceptsOnlySetupAndGoawayOnControlStreams) {
  const auto at = [](std::string_view bytes, bool fin = false) {
    Peer peer(Role::client);
    peer.get(server_control, "af00 0000");
    peer.get(server_control, bytes, fin);
    return peer.closed();
  };
  EXPECT_EQ(at("af00 0000"), CloseCode::protocol_violation) << "SETUP twice";
  EXPECT_EQ(at("07 0001 00"), CloseCode::protocol_violation) << "REQUEST_OK";
  EXPECT_EQ(at("", true), CloseCode::protocol_violation) << "FIN";
  EXPECT_EQ(at("10 0003 00 00 00"), std::nullopt) << "GOAWAY";
  EXPECT_EQ(at("10 0003 00 00 00 10 0003 00 00 00"), CloseCode::protocol_violation) << "GOAWAY twice";
  EXPECT_EQ(at("10 0002 00 00"), CloseCode::protocol_violation) << "GOAWAY without a request id";
  EXPECT_EQ(at("10 0003 00 00 01"), CloseCode::invalid_request_id) << "GOAWAY about the server's requests";
  Peer two(Role::client);
  two.get(server_control, "af00 0000");
  two.get(StreamId{7}, "af00 0000");
  EXPECT_EQ(two.closed(), CloseCode::protocol_violation) << "two control streams";
  Peer reset(Role::client);
  reset.get(server_control, "af00 0000");
  reset.session.reset(server_control, 0);
  EXPECT_EQ(reset.closed(), CloseCode::protocol_violation);
  Peer stopped(Role::client);
  stopped.session.stop_sending(client_control, 0);
  EXPECT_EQ(stopped.closed(), CloseCode::protocol_violation);
}

TEST(Session, RefusesInvalidSetupOptions) {
  Peer path(Role::client);
  path.get(server_control, "af00 0004 01 02 2f78");
  EXPECT_EQ(path.closed(), CloseCode::invalid_path);
  Peer authority(Role::client);
  authority.get(server_control, "af00 0003 05 01 68");
  EXPECT_EQ(authority.closed(), CloseCode::invalid_authority);
  Peer token(Role::server);
  token.get(client_control, "af00 0004 03 02 0201");
  EXPECT_EQ(token.closed(), CloseCode::protocol_violation) << "USE_ALIAS";
  Peer bad(Role::server);
  bad.get(client_control, "af00 0003 03 01 09");
  EXPECT_EQ(bad.closed(), CloseCode::key_value_formatting);
  Peer registered(Role::server);
  registered.get(client_control, "af00 0006 03 04 01 05 00 61");
  EXPECT_FALSE(registered.closed()) << "REGISTER above the cache's size counts as USE_VALUE";
}

TEST(Session, IgnoresEverythingAfterItClosed) {
  Peer peer = serving();
  ASSERT_TRUE(peer.session.begin_group(RequestId{0}, 1, {}, true));
  peer.get(StreamId{6}, "3f");  // an invalid subgroup type
  EXPECT_EQ(peer.closed(), CloseCode::protocol_violation);
  peer.actions.clear();
  peer.session.receive(StreamId{4}, encode(subscribe_to("x", 2)), false);
  peer.session.reset(first_request, 1);
  peer.session.stop_sending(first_request, 1);
  peer.session.goaway(1);
  peer.session.finish(RequestId{0}, DoneCode::track_ended, "");
  peer.session.unsubscribe(RequestId{0});
  peer.session.datagram(hex("ff"));
  peer.session.close(CloseCode::no_error, "");
  EXPECT_FALSE(peer.session.begin_group(RequestId{0}, 2, {}, true));
  EXPECT_FALSE(peer.session.write_object(StreamId{7}, 0, encode_end_of_group()));
  EXPECT_FALSE(peer.session.end_group(StreamId{7}));
  EXPECT_FALSE(peer.session.update(RequestId{0}, true));
  EXPECT_FALSE(peer.session.accept(RequestId{0}, TrackAlias{1}, {}));
  peer.take();
  EXPECT_TRUE(peer.actions.empty());
  EXPECT_TRUE(peer.told().empty());
  EXPECT_EQ(peer.session.buffered_bytes(), 0u);
}

// ---- the provider ----

TEST(Provider, AnswersASubscription) {
  Peer peer(Role::server);
  peer.get(first_request,
           "03 001b 00 02 06\"astral\" 02\"s1\" 01\"v\" 03 | 03 03 0300aa | 1d 80 | 01 03 030a03");
  const auto subscribed = only<Subscribed>(peer.told());
  ASSERT_EQ(subscribed.size(), 1u);
  EXPECT_EQ(subscribed[0].subscribe.track.name, "v");
  Properties properties;
  properties.add(property::default_publisher_priority, 100);
  ASSERT_TRUE(peer.session.accept(RequestId{0}, TrackAlias{7}, Location{5, 2}, properties));
  EXPECT_EQ(peer.sent(first_request), to_hex(hex("04 0007 07 01 09 0502 0e64")));
  EXPECT_EQ(peer.session.accept(RequestId{0}, TrackAlias{8}, {}).error().code, Code::conflict);
  EXPECT_EQ(peer.session.accept(RequestId{2}, TrackAlias{8}, {}).error().code, Code::not_found);
}

TEST(Provider, SharesTheWireImage) {
  Peer peer = serving();
  const Slice wire = encode_object({}, as_bytes("abcd"));
  const auto group = peer.session.begin_group(RequestId{0}, 5, 200, true);
  ASSERT_TRUE(group);
  EXPECT_EQ(*group, StreamId{7});
  ASSERT_TRUE(peer.session.write_object(*group, 0, wire));
  ASSERT_TRUE(peer.session.write_object(*group, 1, wire));
  ASSERT_TRUE(peer.session.write_object(*group, 5, wire));
  ASSERT_TRUE(peer.session.write_object(*group, 6, encode_end_of_group()));
  ASSERT_TRUE(peer.session.end_group(*group));
  EXPECT_FALSE(peer.session.write_object(*group, 7, wire));
  EXPECT_EQ(
      peer.sent(*group),
      to_hex(hex("51 07 05 c8 | 00 00 04 \"abcd\" | 00 00 04 \"abcd\" | 03 00 04 \"abcd\" | 00 00 00 03")));
  int shared = 0;
  for (const Send &send : peer.acted<Send>()) shared += send.bytes.owner() == wire.owner() ? 1 : 0;
  EXPECT_EQ(shared, 3);
  EXPECT_TRUE(peer.acted<Send>().back().fin);

  const auto later = peer.session.begin_group(RequestId{0}, 6, {}, false);
  ASSERT_TRUE(later);
  ASSERT_TRUE(peer.session.write_object(*later, 70, wire));
  EXPECT_EQ(peer.sent(*later), to_hex(hex("31 07 06 | 46 00 04 \"abcd\""))) << "the first delta is the id";
}

TEST(Provider, FinishesWithTheCountOfStreams) {
  Peer peer = serving();
  const auto one = peer.session.begin_group(RequestId{0}, 1, {}, true);
  const auto two = peer.session.begin_group(RequestId{0}, 2, {}, true);
  peer.session.end_group(*one);
  peer.session.finish(RequestId{0}, DoneCode::too_far_behind, "slow");
  EXPECT_EQ(peer.sent(first_request), to_hex(hex("0b 0007 05 02 04 \"slow\"")));
  const auto resets = peer.acted<Reset>();
  ASSERT_EQ(resets.size(), 1u);
  EXPECT_EQ(resets[0].stream, *two);
  EXPECT_EQ(resets[0].code, ResetCode::too_far_behind);
  peer.get(first_request, "", true);
  EXPECT_EQ(peer.session.open_streams(), 1u);
}

TEST(Provider, ReportsCancellations) {
  for (const bool by_reset : {false, true}) {
    Peer peer = serving();
    const auto group = peer.session.begin_group(RequestId{0}, 1, {}, true);
    if (by_reset)
      peer.session.reset(first_request, 1);
    else
      peer.session.stop_sending(first_request, 1);
    EXPECT_EQ(only<Unsubscribed>(peer.told()).size(), 1u);
    std::vector<StreamId> reset;
    for (const Reset &one : peer.acted<Reset>()) reset.push_back(one.stream);
    EXPECT_EQ(reset, (std::vector<StreamId>{*group, first_request}));
    EXPECT_FALSE(peer.session.write_object(*group, 0, encode_end_of_group()));
    if (by_reset)
      peer.session.stop_sending(first_request, 1);
    else
      peer.session.reset(first_request, 1);
    EXPECT_TRUE(peer.told().empty());
    EXPECT_EQ(peer.session.open_streams(), 1u);
    EXPECT_FALSE(peer.closed());
  }
}

TEST(Provider, IgnoresARequestThatWasCancelledBeforeItArrived) {
  Peer peer(Role::server);
  peer.session.stop_sending(first_request, 1);
  peer.get(first_request, subscribe_to("media"));
  EXPECT_TRUE(peer.told().empty());
  peer.session.reset(first_request, 1);
  EXPECT_EQ(peer.session.open_streams(), 1u);
  peer.session.stop_sending(first_request, 1);
  EXPECT_EQ(peer.session.open_streams(), 1u) << "an ended stream is not created again";
}

TEST(Provider, AStoppedGroupDoesNotEndTheSubscription) {
  Peer peer = serving();
  const auto group = peer.session.begin_group(RequestId{0}, 9, {}, true);
  peer.session.stop_sending(*group, 1);
  const auto stopped = only<GroupStopped>(peer.told());
  ASSERT_EQ(stopped.size(), 1u);
  EXPECT_EQ(stopped[0].group, 9u);
  EXPECT_EQ(peer.acted<Reset>().size(), 1u);
  EXPECT_FALSE(peer.session.end_group(*group));
  EXPECT_TRUE(peer.session.begin_group(RequestId{0}, 10, {}, true));
}

TEST(Provider, PausesAndResumes) {
  Peer peer = serving();
  Parameters pause;
  pause.forward = false;
  peer.get(first_request, RequestUpdate{RequestId{2}, pause});
  EXPECT_FALSE(only<UpdateReceived>(peer.told()).at(0).forward);
  EXPECT_EQ(peer.session.begin_group(RequestId{0}, 1, {}, true).error().code, Code::refused);
  peer.session.accept_update(RequestId{0});
  Parameters go_on;
  go_on.forward = true;
  peer.get(first_request, RequestUpdate{RequestId{4}, go_on});
  EXPECT_TRUE(only<UpdateReceived>(peer.told()).at(0).forward);
  peer.session.accept_update(RequestId{0}, Location{6, 1});
  EXPECT_EQ(peer.sent(first_request), to_hex(hex("07 0001 00 | 07 0004 01 09 0601")));
  EXPECT_TRUE(peer.session.begin_group(RequestId{0}, 1, {}, true));
}

TEST(Provider, AnswersUpdatesAfterSubscribeOk) {
  Peer peer(Role::server);
  peer.get(first_request, subscribe_to("media"));
  peer.get(first_request, RequestUpdate{RequestId{2}, {}});
  peer.session.accept_update(RequestId{0}, Location{1, 1});
  EXPECT_EQ(peer.sent(first_request), "");
  ASSERT_TRUE(peer.session.accept(RequestId{0}, TrackAlias{7}, {}));
  EXPECT_EQ(peer.sent(first_request), to_hex(hex("04 0002 07 00 | 07 0004 01 09 0101")));
}

TEST(Provider, ARefusedUpdateEndsTheSubscription) {
  Peer peer = serving();
  peer.get(first_request, RequestUpdate{RequestId{2}, {}});
  peer.session.refuse_update(RequestId{0}, RequestCode::not_supported, "no");
  EXPECT_EQ(peer.sent(first_request), to_hex(hex("05 0005 03 00 02 \"no\" | 0b 0005 08 00 02 \"no\"")));
  EXPECT_FALSE(peer.session.begin_group(RequestId{0}, 1, {}, true));
}

TEST(Provider, RefusesUnsupportedRequests) {
  const TrackName track{{"a"}, "b"};
  const std::vector<Message> requests{
      TrackStatus{RequestId{0}, track, {}},
      Publish{RequestId{0}, track, TrackAlias{1}, {}, {}},
      PublishNamespace{RequestId{0}, {"a"}, {}},
      SubscribeNamespace{RequestId{0}, {}, {}},
      SubscribeTracks{RequestId{0}, {"a"}, {}},
  };
  for (const Message &request : requests) {
    Peer peer(Role::server);
    peer.get(first_request, request);
    EXPECT_FALSE(peer.closed()) << peer.reason();
    EXPECT_TRUE(peer.told().empty());
    EXPECT_EQ(peer.sent(first_request).substr(0, 2), "05");
    const auto answer = peer.acted<Send>().back();
    EXPECT_TRUE(answer.fin);
    const auto frame = next_frame(answer.bytes.bytes());
    const auto error = decode(frame->type, frame->body);
    EXPECT_EQ(std::get<RequestError>(*error).code, RequestCode::not_supported);
    peer.get(first_request, "", true);
    EXPECT_EQ(peer.session.open_streams(), 1u);
  }
}

TEST(Provider, RefusesASecondSubscriptionOfATrack) {
  Peer peer = serving();
  peer.get(StreamId{4}, subscribe_to("media", 2));
  EXPECT_TRUE(peer.told().empty());
  EXPECT_EQ(peer.sent(StreamId{4}).substr(0, 8),
            "05"
            "00" +
                peer.sent(StreamId{4}).substr(4, 2) + "19");
  peer.get(StreamId{8}, subscribe_to("catalog", 4));
  EXPECT_EQ(only<Subscribed>(peer.told()).size(), 1u);
  EXPECT_EQ(peer.session.accept(RequestId{4}, TrackAlias{7}, {}).error().code, Code::conflict)
      << "alias in use";
  Peer newer(Role::server, {}, Version::draft19);
  newer.get(first_request, subscribe_to("media"));
  newer.get(StreamId{4}, subscribe_to("media", 2));
  EXPECT_EQ(only<Subscribed>(newer.told()).size(), 2u);
}

TEST(Provider, RefusesRequestsAfterItsGoaway) {
  Peer peer = serving();
  peer.get(first_request, RequestUpdate{RequestId{6}, {}});
  peer.session.goaway(5000, "moqt://b/");
  EXPECT_EQ(peer.sent(server_control), to_hex(hex("10 000d 09 \"moqt://b/\" 9388 08")))
      << "8 was not processed";
  peer.get(StreamId{4}, subscribe_to("catalog", 2));
  EXPECT_EQ(only<Subscribed>(peer.told()).size(), 0u);
  EXPECT_EQ(peer.sent(StreamId{4}).substr(6, 2), "06");
  peer.actions.clear();
  peer.session.goaway(1);
  EXPECT_TRUE(peer.acted<Send>().empty()) << "a second GOAWAY is not sent";
}

TEST(Provider, ShortensReasonsToTheMaximum) {
  Peer peer = serving();
  std::string reason(max_reason_phrase - 1, 'r');
  reason += "\xc3\xa4";  // one character, across the maximum
  peer.session.finish(RequestId{0}, DoneCode::internal_error, reason);
  const auto frame = next_frame(peer.acted<Send>().back().bytes.bytes());
  const auto done = decode(frame->type, frame->body);
  ASSERT_TRUE(done);
  EXPECT_EQ(std::get<PublishDone>(*done).reason.size(), max_reason_phrase - 1);
}

}  // namespace
}  // namespace astral::moqt
