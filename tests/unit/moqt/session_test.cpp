// SPDX-License-Identifier: BSD-3-Clause
// A session alone against bytes that a test writes: what it answers, what it refuses, and with which code.
#include "moqt/session.hpp"

#include <gtest/gtest.h>

#include "hex.hpp"
#include "moqt/datagram.hpp"
#include "moqt/subgroup.hpp"
#include "pipe.hpp"

namespace astral::moqt {
namespace {

constexpr StreamId client_control{2}, server_control{3}, first_request{0};

// One session and what it said so far.
class Peer {
 public:
  explicit Peer(Role role, Limits limits = {}, Version version = Version::draft18)
      : session(role, limits, version) {
    session.start();
    take();
  }

  void get(StreamId stream, Bytes bytes, bool fin = false) {
    session.receive(stream, bytes, fin);
    session.check_invariants();
    take();
  }
  void get(StreamId stream, std::string_view text, bool fin = false) { get(stream, Bytes(hex(text)), fin); }
  void get(StreamId stream, const Message &message, bool fin = false) {
    get(stream, Bytes(encode(message)), fin);
  }

  void take() {
    session.check_invariants();
    for (Action &action : session.take_actions()) actions.push_back(std::move(action));
    for (Event &event : session.take_events()) events.push_back(std::move(event));
  }

  // The actions and events since the last call.
  template <typename T>
  std::vector<T> acted() {
    take();
    std::vector<T> some;
    for (const Action &action : actions)
      if (const T *one = std::get_if<T>(&action)) some.push_back(*one);
    return some;
  }
  std::vector<Event> told() {
    take();
    return std::exchange(events, {});
  }
  std::string sent(StreamId stream) {
    std::string all;
    for (const Send &send : acted<Send>())
      if (send.stream == stream) all += to_hex(send.bytes.bytes());
    return all;
  }
  std::optional<CloseCode> closed() {
    const auto closes = acted<Close>();
    EXPECT_LE(closes.size(), 1u);
    EXPECT_EQ(!closes.empty(), session.closed());
    return closes.empty() ? std::nullopt : std::optional(closes[0].code);
  }
  std::string reason() { return closed() ? acted<Close>()[0].reason : std::string(); }

  Session session;
  std::vector<Action> actions;
  std::vector<Event> events;
};

Subscribe subscribe_to(std::string name, std::uint64_t id = 0) {
  return Subscribe{RequestId{id}, {{"astral", "s1"}, std::move(name)}, {}};
}

// A consumer with one established subscription, request 0, alias 7.
Peer watching(Limits limits = {}) {
  Peer peer(Role::client, limits);
  peer.session.subscribe(subscribe_to("media"));
  peer.get(first_request, SubscribeOk{TrackAlias{7}, {}, {}});
  peer.told();
  peer.actions.clear();
  return peer;
}

// A provider with one established subscription, request 0, alias 7.
Peer serving(Limits limits = {}) {
  Peer peer(Role::server, limits);
  peer.get(first_request, subscribe_to("media"));
  EXPECT_TRUE(peer.session.accept(RequestId{0}, TrackAlias{7}, Location{5, 2}));
  peer.told();
  peer.actions.clear();
  return peer;
}

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

TEST(Session, ReadsSetupAndIgnoresWhatItDoesNotKnow) {
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

TEST(Session, KeepsTheControlStreamsForSetupAndGoaway) {
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

TEST(Session, ChecksWhatSetupMaySay) {
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

TEST(Session, IgnoresAllAfterItClosed) {
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

TEST(Provider, IsToldOfCancellations) {
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

TEST(Provider, MayBeToldOfACancellationBeforeTheRequest) {
  Peer peer(Role::server);
  peer.session.stop_sending(first_request, 1);
  peer.get(first_request, subscribe_to("media"));
  EXPECT_TRUE(peer.told().empty());
  peer.session.reset(first_request, 1);
  EXPECT_EQ(peer.session.open_streams(), 1u);
  peer.session.stop_sending(first_request, 1);
  EXPECT_EQ(peer.session.open_streams(), 1u) << "a stream that is gone stays gone";
}

TEST(Provider, StopsOneGroupAlone) {
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

TEST(Provider, PausesAndGoesOn) {
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

TEST(Provider, AnswersUpdatesAfterTheSubscription) {
  Peer peer(Role::server);
  peer.get(first_request, subscribe_to("media"));
  peer.get(first_request, RequestUpdate{RequestId{2}, {}});
  peer.session.accept_update(RequestId{0}, Location{1, 1});
  EXPECT_EQ(peer.sent(first_request), "");
  ASSERT_TRUE(peer.session.accept(RequestId{0}, TrackAlias{7}, {}));
  EXPECT_EQ(peer.sent(first_request), to_hex(hex("04 0002 07 00 | 07 0004 01 09 0101")));
}

TEST(Provider, RefusesUpdates) {
  Peer peer = serving();
  peer.get(first_request, RequestUpdate{RequestId{2}, {}});
  peer.session.refuse_update(RequestId{0}, RequestCode::not_supported, "no");
  EXPECT_EQ(peer.sent(first_request), to_hex(hex("05 0005 03 00 02 \"no\" | 0b 0005 08 00 02 \"no\"")));
  EXPECT_FALSE(peer.session.begin_group(RequestId{0}, 1, {}, true));
}

TEST(Provider, RefusesWhatItDoesNotSupport) {
  const TrackName track{{"a"}, "b"};
  const std::vector<Message> requests{
      TrackStatus{RequestId{0}, track, {}},
      Publish{RequestId{0}, track, TrackAlias{1}, {}, {}},
      PublishNamespace{RequestId{0}, {"a"}, {}},
      SubscribeNamespace{RequestId{0}, {}, {}},
      SubscribeTracks{RequestId{0}, {"a"}, {}},
      Fetch{RequestId{0}, StandaloneFetch{track, {}, {}}, {}},
      Fetch{RequestId{0}, JoiningFetch{true, RequestId{2}, 0}, {}},
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

TEST(Provider, RefusesAllAfterItsGoaway) {
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
  EXPECT_TRUE(peer.acted<Send>().empty()) << "one is enough";
}

TEST(Provider, CutsReasonsAtTheMaximum) {
  Peer peer = serving();
  std::string reason(max_reason_phrase - 1, 'r');
  reason += "\xc3\xa4";  // one character, across the maximum
  peer.session.finish(RequestId{0}, DoneCode::internal_error, reason);
  const auto frame = next_frame(peer.acted<Send>().back().bytes.bytes());
  const auto done = decode(frame->type, frame->body);
  ASSERT_TRUE(done);
  EXPECT_EQ(std::get<PublishDone>(*done).reason.size(), max_reason_phrase - 1);
}

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

TEST(Consumer, LimitsItsUpdates) {
  Peer peer = watching();
  for (std::size_t i = 0; i < Limits{}.max_pending_updates; ++i)
    EXPECT_TRUE(peer.session.update(RequestId{0}, true));
  EXPECT_FALSE(peer.session.update(RequestId{0}, true));
  peer.get(first_request, RequestOk{});
  EXPECT_TRUE(peer.session.update(RequestId{0}, true));
}

TEST(Consumer, IsRefused) {
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

TEST(Consumer, IsRefusedByAReset) {
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

TEST(Consumer, DoesNotProcessATrackThatItDoesNotUnderstand) {
  Peer peer(Role::client);
  peer.session.subscribe(subscribe_to("media"));
  Properties properties;
  properties.add(0x4000, 1);
  peer.get(first_request, SubscribeOk{TrackAlias{7}, {}, properties});
  EXPECT_EQ(only<SubscribeRefused>(peer.told()).at(0).code, RequestCode::unsupported_extension);
  EXPECT_EQ(peer.acted<StopSending>().size(), 1u);
  EXPECT_FALSE(peer.closed());
}

TEST(Consumer, TellsOfTheEndWhenAllStreamsHaveEnded) {
  Peer peer = watching();
  peer.get(StreamId{7}, "71 07 05 | 00 00 01 61");
  peer.get(first_request, PublishDone{DoneCode::track_ended, 3, "end"}, true);
  EXPECT_TRUE(only<Done>(peer.told()).empty());
  peer.get(StreamId{7}, "00 00 00 03", true);
  EXPECT_TRUE(only<Done>(peer.told()).empty());
  peer.session.reset(StreamId{11}, 1);  // before its header
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

TEST(Consumer, DoesNotWaitForAnUnknownCount) {
  Peer peer = watching();
  peer.get(first_request, PublishDone{DoneCode::track_ended, PublishDone::unknown_count, ""});
  EXPECT_EQ(only<Done>(peer.told()).size(), 1u);
}

TEST(Consumer, IsToldWhenTheRequestIsCut) {
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

TEST(Consumer, KeepsStreamsThatOvertookTheirAlias) {
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
  EXPECT_EQ(peer.acted<StopSending>().at(0).stream, StreamId{15}) << "alias 8 is nobody's";
  EXPECT_EQ(peer.session.buffered_bytes(), 0u);
}

TEST(Consumer, DropsStreamsOfSubscriptionsThatAreGone) {
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

TEST(Consumer, TellsOfGoaways) {
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

// ---- a peer that breaks the draft ----

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
      {"request id of the wrong side", Role::server, {{first_request, sub1}}, invalid_request_id},
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

TEST(Violations, OfAnEstablishedSubscription) {
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

TEST(Violations, StreamsThatEndTooEarly) {
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

TEST(Violations, OfDatagrams) {
  Peer peer = watching();
  peer.session.datagram(encode(ObjectDatagram{TrackAlias{7}, {1, 2}, {}, false, {}, {}, as_bytes("x")}));
  EXPECT_FALSE(peer.closed());
  EXPECT_TRUE(peer.told().empty());
  peer.session.datagram(hex("10 00 00"));
  EXPECT_EQ(peer.closed(), CloseCode::protocol_violation);
}

// ---- a peer that asks for too much ----

TEST(Maxima, ObjectsTooLargeStopTheirStreamAlone) {
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

TEST(Maxima, OfUnfinishedObjects) {
  Limits limits;
  limits.max_partial_bytes = 300 * 1024;
  Peer peer = watching(limits);
  Writer large;
  large.bytes(hex("71 07 05 | 00 00")).vi64(1024 * 1024).bytes(std::string(1000, 'x'));
  for (std::uint64_t i = 0; i < 10; ++i) {
    peer.get(StreamId{7 + 4 * i}, large.view());
    EXPECT_LE(peer.session.buffered_bytes(), limits.max_partial_bytes);
  }
  EXPECT_EQ(peer.acted<StopSending>().size(), 6u) << "64 KiB each";
  EXPECT_FALSE(peer.closed());
}

TEST(Maxima, OfDataStreams) {
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
  EXPECT_EQ(peer.closed(), CloseCode::internal_error) << "a peer that ends nothing that we refuse";
}

TEST(Maxima, OfEarlyStreams) {
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
  EXPECT_EQ(other.closed(), CloseCode::protocol_violation) << "PUBLISH_DONE is no answer";
}

TEST(Maxima, OfRequests) {
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

TEST(Maxima, OfUpdates) {
  Peer peer = serving();
  for (std::uint64_t i = 1; i <= Limits{}.max_pending_updates; ++i)
    peer.get(first_request, RequestUpdate{RequestId{2 * i}, {}});
  EXPECT_FALSE(peer.closed());
  peer.get(first_request, RequestUpdate{RequestId{1000}, {}});
  EXPECT_EQ(peer.closed(), CloseCode::protocol_violation);
}

TEST(Streams, PaddingAndFetchAreDropped) {
  Peer peer = watching();
  peer.get(StreamId{7}, "f0132b3e28 000000");
  peer.get(StreamId{7}, "000000", true);
  EXPECT_TRUE(peer.acted<StopSending>().empty());
  peer.get(StreamId{11}, "05 00 1f 05 00 03 80 01 78");
  EXPECT_EQ(peer.acted<StopSending>().size(), 1u) << "we fetch nothing";
  peer.get(StreamId{11}, "00", true);
  EXPECT_EQ(peer.session.open_streams(), 2u);
  EXPECT_FALSE(peer.closed());
}

TEST(Streams, ThatAreGoneStayGone) {
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
