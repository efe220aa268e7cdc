// SPDX-License-Identifier: BSD-3-Clause
// Our fetches: requests, objects, events, cancelling, and what closes the session.
#include <functional>

#include "fetch.hpp"
#include "moqt/fetch_stream.hpp"
#include "moqt/properties.hpp"

namespace astral::moqt {
namespace {

// Describes each event in a word or two.
std::string told_in_words(Peer &peer) {
  std::string words;
  for (const Event &event : peer.told()) {
    if (!words.empty()) words += ", ";
    if (const auto *object = std::get_if<ObjectReceived>(&event)) {
      words += std::to_string(object->object.id.group) + "/" + std::to_string(object->object.id.object) +
               " " + std::string(as_text(object->object.payload().bytes()));
      EXPECT_TRUE(view_object(object->object.wire.bytes()));
    } else if (const auto *missing = std::get_if<FetchMissing>(&event)) {
      words += (missing->unknown ? "unknown to " : "none to ") + std::to_string(missing->last.group) + "/" +
               std::to_string(missing->last.object);
    } else if (const auto *ended = std::get_if<FetchEnded>(&event)) {
      words += ended->complete ? "complete" : "cut " + std::to_string(static_cast<int>(ended->code));
    } else if (const auto *refused = std::get_if<FetchRefused>(&event)) {
      words += "refused " + std::to_string(static_cast<int>(refused->code));
    } else {
      words += std::holds_alternative<FetchAccepted>(event) ? "accepted" : "something else";
    }
  }
  return words;
}

// A consumer with a subscription (request 0) and a fetch (request 2).
Peer fetching(Limits limits = {}, Fetch fetch = standalone({5, 0}, {9, 0}),
              Version version = Version::draft18) {
  Peer peer(Role::client, limits, version);
  peer.session.subscribe(subscribe_to("media"));
  peer.get(first_request, SubscribeOk{TrackAlias{7}, {}, {}});
  EXPECT_EQ(peer.session.fetch(std::move(fetch)), fetched);
  peer.told();
  peer.actions.clear();
  return peer;
}

constexpr const char *three_objects =
    "05 02 | 1f 05 00 03 80 01 78 | 17 00 01 80 01 79 | 1f 00 00 00 80 01 7a";

TEST(FetchConsumer, SendsTheVectorsOfTheDraft) {
  Peer peer(Role::client);
  peer.session.subscribe(subscribe_to("media"));
  peer.session.fetch(joining(0));
  Fetch range = standalone({5, 3}, {6, 0});
  std::get<StandaloneFetch>(range.range).track.name = "v";
  peer.session.fetch(range);
  EXPECT_EQ(peer.sent(fetch_stream), to_hex(hex("16 0005 02 02 00 00 00")));
  EXPECT_EQ(peer.sent(StreamId{8}),
            to_hex(hex("16 0014 04 01 02 06\"astral\" 02\"s1\" 01\"v\" 0503 0600 00")));
}

TEST(FetchConsumer, ReadsAnAnswerInAnyOrder) {
  const std::string objects = "5/3 x, 5/4 y, 6/0 z";
  const std::function<void(Peer &)> answer = [](Peer &peer) { peer.get(fetch_stream, ok); };
  const std::function<void(Peer &)> last = [](Peer &peer) { peer.get(fetch_stream, "", true); };
  const std::function<void(Peer &)> stream = [](Peer &peer) { peer.get(data, three_objects); };
  const std::function<void(Peer &)> fin = [](Peer &peer) { peer.get(data, "", true); };
  const std::vector<std::pair<std::vector<std::function<void(Peer &)>>, std::string>> orders{
      {{answer, last, stream, fin}, "accepted, " + objects + ", complete"},
      {{answer, stream, last, fin}, "accepted, " + objects + ", complete"},
      {{answer, stream, fin, last}, "accepted, " + objects + ", complete"},
      {{stream, answer, fin, last}, objects + ", accepted, complete"},
      {{stream, fin, answer, last}, objects + ", accepted, complete"},
  };
  for (const Version version : {Version::draft18, Version::draft19}) {
    for (const auto &[steps, words] : orders) {
      Peer peer = fetching({}, standalone({5, 0}, {9, 0}), version);
      for (const auto &step : steps) step(peer);
      EXPECT_EQ(told_in_words(peer), words);
      EXPECT_FALSE(peer.closed()) << peer.reason();
      EXPECT_EQ(peer.session.open_streams(), 2u) << "the control stream and the subscription";
      EXPECT_EQ(peer.session.buffered_bytes(), 0u);
      EXPECT_TRUE(peer.acted<Reset>().empty() && peer.acted<StopSending>().empty());
    }
  }
}

TEST(FetchConsumer, GetsWholeObjects) {
  Peer peer = fetching();
  peer.get(data, "05 02 | 3f 05 02 00 c8 02 0e64 01 78 | 44 02 00 | 01 01 79");
  const auto got = only<ObjectReceived>(peer.told());
  ASSERT_EQ(got.size(), 2u) << peer.reason();
  EXPECT_EQ(to_hex(got[0].object.wire.bytes()), to_hex(encode_object(hex("0e64"), as_bytes("x")).bytes()));
  EXPECT_EQ(to_hex(got[0].object.properties()), "0e64");
  EXPECT_TRUE(got[0].object.first_object);
  EXPECT_EQ(got[0].object.subgroup, 2u);
  EXPECT_EQ(got[0].object.priority, 200);
  EXPECT_EQ(to_hex(got[1].object.wire.bytes()), to_hex(encode_object({}, Bytes{}).bytes()));
  EXPECT_FALSE(got[1].object.first_object);
  EXPECT_EQ(got[1].object.subgroup, 0u) << "the object was a datagram";
  EXPECT_EQ(got[1].object.priority, 200) << "the previous object's";
  EXPECT_TRUE(peer.closed()) << "a datagram has no subgroup, so the next object cannot refer to it";
}

TEST(FetchConsumer, ReportsMissingRanges) {
  Peer peer = fetching();
  peer.get(fetch_stream, ok);
  peer.get(data, "05 02 | 808c 05 02 | 1c 01 00 80 01 78 | 810c 06 09 | 00 01 79 | 808c 08 05", true);
  EXPECT_EQ(told_in_words(peer), "accepted, none to 5/2, 7/0 x") << "6/9 is out of order";
  EXPECT_EQ(peer.closed(), CloseCode::protocol_violation);

  Peer good = fetching();
  good.get(fetch_stream, ok);
  good.get(data, "05 02 | 808c 05 02 | 1c 00 00 80 01 78 | 810c 06 09 | 00 01 79 | 808c 08 05", true);
  EXPECT_EQ(told_in_words(good),
            "accepted, none to 5/2, 6/0 x, unknown to 6/9, 6/10 y, none to 8/5, complete");
}

TEST(FetchConsumer, ReadsItemsInPieces) {
  const std::string wire =
      "05 02 | 3c 8005 03 80 02 0e64 8005 \"hello\" | 00 00 | 810c 06 09 | 2c 00 02 03 0f01\"a\" 01 79";
  Peer whole = fetching();
  whole.get(data, wire, true);
  whole.get(fetch_stream, ok);
  const std::string words = told_in_words(whole);
  const auto bytes = hex(wire);
  ASSERT_FALSE(whole.closed()) << whole.reason();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Peer peer = fetching();
    peer.get(data, Bytes(bytes).first(cut));
    peer.get(data, Bytes(bytes).subspan(cut), true);
    peer.get(fetch_stream, ok);
    EXPECT_EQ(told_in_words(peer), words) << cut;
    EXPECT_EQ(peer.session.buffered_bytes(), 0u);
  }
  Peer bytewise = fetching();
  for (const std::uint8_t byte : bytes) bytewise.get(data, Bytes(&byte, 1));
  bytewise.get(data, "", true);
  bytewise.get(fetch_stream, ok);
  EXPECT_EQ(told_in_words(bytewise), words);
}

TEST(FetchConsumer, ReportsARefusal) {
  Peer peer = fetching();
  peer.get(data, three_objects);
  peer.get(fetch_stream,
           RequestError{RequestCode::redirect, 51, "there", Redirect{"moqt://b/", {{"x"}, "y"}}}, true);
  const auto refused = only<FetchRefused>(peer.told());
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].request, fetched);
  EXPECT_EQ(refused[0].code, RequestCode::redirect);
  EXPECT_EQ(refused[0].retry, 51u);
  EXPECT_EQ(refused[0].redirect->uri, "moqt://b/");
  EXPECT_EQ(streams_of<StopSending>(peer), std::vector{data});
  EXPECT_TRUE(streams_of<Reset>(peer).empty());
  peer.session.reset(data, 1);
  EXPECT_EQ(peer.session.open_streams(), 2u);

  Peer silent = fetching();
  silent.get(fetch_stream, "", true);
  EXPECT_EQ(told_in_words(silent), "refused 0");
  Peer reset = fetching();
  reset.session.reset(fetch_stream, static_cast<std::uint64_t>(ResetCode::going_away));
  EXPECT_EQ(told_in_words(reset), "refused 6");

  Peer extension = fetching();
  FetchOk strange = ok;
  strange.properties.add(0x4000, 1);
  extension.get(fetch_stream, strange);
  EXPECT_EQ(told_in_words(extension), "refused 51");
  EXPECT_EQ(streams_of<StopSending>(extension), std::vector{fetch_stream});
}

TEST(FetchConsumer, ReportsAResetStream) {
  const auto too_far = static_cast<std::uint64_t>(ResetCode::too_far_behind);
  for (const bool accepted : {false, true}) {
    Peer peer = fetching();
    if (accepted) peer.get(fetch_stream, ok);
    peer.get(data, "05 02 | 1c 05 03 80 02 78");
    peer.told();
    peer.session.reset(data, too_far);
    EXPECT_EQ(told_in_words(peer), "cut 5");
    EXPECT_EQ(streams_of<StopSending>(peer), std::vector{fetch_stream});
    EXPECT_EQ(peer.session.buffered_bytes(), 0u);
    peer.session.reset(fetch_stream, too_far);
    EXPECT_EQ(told_in_words(peer), "");
    EXPECT_EQ(peer.session.open_streams(), 2u);
  }
  Peer request = fetching();
  request.get(fetch_stream, ok);
  request.get(data, three_objects);
  request.told();
  request.session.reset(fetch_stream, too_far);
  EXPECT_EQ(told_in_words(request), "cut 5");
  EXPECT_EQ(streams_of<StopSending>(request), std::vector{data});
  request.session.reset(data, too_far);
  EXPECT_EQ(told_in_words(request), "");
  EXPECT_EQ(request.session.open_streams(), 2u);
}

TEST(FetchConsumer, CancelsAtAnyMoment) {
  struct Moment {
    const char *what;
    std::vector<std::pair<StreamId, std::string>> before;
    std::vector<StreamId> stopped;
  };
  const std::string accepted = "18 0004 00 09 00 00";
  const std::vector<Moment> moments{
      {"asked", {}, {fetch_stream}},
      {"accepted", {{fetch_stream, accepted}}, {fetch_stream}},
      {"only the header's type", {{data, "05"}}, {fetch_stream}},
      {"the header", {{data, "05 02"}}, {data, fetch_stream}},
      {"within an object",
       {{fetch_stream, accepted}, {data, "05 02 1c 05 03 80 02 78"}},
       {data, fetch_stream}},
  };
  for (const Moment &moment : moments) {
    Peer peer = fetching();
    for (const auto &[stream, bytes] : moment.before) peer.get(stream, bytes);
    peer.told();
    peer.session.cancel_fetch(fetched);
    EXPECT_EQ(streams_of<StopSending>(peer), moment.stopped) << moment.what;
    EXPECT_EQ(streams_of<Reset>(peer), std::vector{fetch_stream}) << moment.what;
    peer.session.cancel_fetch(fetched);
    EXPECT_EQ(peer.session.buffered_bytes(), 0u);
    // Data that arrives after the cancellation is dropped.
    if (moment.before.empty()) peer.get(fetch_stream, accepted);
    if (moment.stopped.size() == 1)
      peer.get(data, moment.before.size() == 1 && moment.before[0].first == data ? "02 1c" : "05 02 1c");
    EXPECT_EQ(streams_of<StopSending>(peer).back(), moment.stopped.size() == 1 ? data : fetch_stream);
    peer.get(data, "ffff", true);
    peer.session.reset(fetch_stream, 1);
    EXPECT_EQ(told_in_words(peer), "") << moment.what;
    EXPECT_EQ(peer.session.open_streams(), 2u) << moment.what;
    EXPECT_FALSE(peer.closed()) << moment.what;
  }
  // The request stream has ended, so only the data stream can be stopped.
  Peer late = fetching();
  late.get(fetch_stream, ok, true);
  late.get(data, three_objects);
  late.session.cancel_fetch(fetched);
  EXPECT_EQ(streams_of<StopSending>(late), std::vector{data});
}

TEST(FetchConsumer, ClosesOnViolations) {
  struct Wrong {
    const char *what;
    std::vector<std::pair<StreamId, std::string>> bytes;
    bool fin = false;
  };
  const std::string accepted = "18 0004 00 09 00 00", head = "05 02 ", first = "05 02 1c 05 03 80 01 78 ";
  const std::vector<Wrong> cases{
      {"a request that was never made", {{data, "05 08"}}},
      {"a request of the peer", {{data, "05 01"}}},
      {"a subscription", {{data, "05 00"}}},
      {"a second data stream", {{data, head}, {more_data, head}}},
      {"a second data stream, after the first", {{data, three_objects}, {more_data, head}}},
      {"ends within the header", {{data, "05"}}, true},
      {"ends within an object", {{data, first + "00 02 79"}}, true},
      {"ends within the head of an object", {{data, first + "04"}}, true},
      {"unknown flags", {{data, head + "8080 05 03"}}},
      {"the first refers to a previous object", {{data, head + "14 03 80 01 78"}}},
      {"the same object again", {{data, first + "04 00 01 78"}}},
      {"a range out of order", {{data, first + "808c 05 03"}}},
      {"before the range", {{data, head + "1c 04 03 80 01 78"}}},
      {"after the range", {{data, head + "1c 0a 00 80 01 78"}}},
      {"a group above the last", {{data, first + "0c ffffffffffffffffff 00 01 78"}}},
      {"broken properties", {{data, head + "3c 05 03 80 01 01 01 78"}}},
      {"FETCH_OK twice", {{fetch_stream, accepted + accepted}}},
      {"FETCH_OK before the range", {{fetch_stream, "18 0004 00 04 00 00"}}},
      {"REQUEST_OK", {{fetch_stream, "07 0001 00"}}},
      {"REQUEST_ERROR after FETCH_OK", {{fetch_stream, accepted + "05 0003 00 00 00"}}},
      {"SUBSCRIBE_OK", {{fetch_stream, "04 0002 07 00"}}},
  };
  for (const Wrong &wrong : cases) {
    Peer peer = fetching();
    for (const auto &[stream, bytes] : wrong.bytes) peer.get(stream, bytes, wrong.fin);
    EXPECT_EQ(peer.closed(), wrong.what == std::string("broken properties") ? CloseCode::key_value_formatting
                                                                            : CloseCode::protocol_violation)
        << wrong.what;
    EXPECT_FALSE(peer.reason().empty());
    EXPECT_EQ(peer.session.open_streams(), 1u);
  }
  Peer end = fetching({}, standalone({5, 2}, {6, 4}));
  end.get(data, "05 02 1c 06 03 80 01 78");
  EXPECT_FALSE(end.closed());
  end.get(data, "00 01 78");
  EXPECT_EQ(end.closed(), CloseCode::protocol_violation) << "the end is after the last object";
  Peer absolute = fetching({}, joining(5, false));
  absolute.get(data, "05 02 1c 04 03 80 01 78");
  EXPECT_EQ(absolute.closed(), CloseCode::protocol_violation);
}

TEST(FetchConsumer, StopsStreamsThatExceedALimit) {
  Limits limits;
  limits.max_object = 100;
  limits.max_partial_bytes = 80 * 1024;
  const std::string excessive = "cut 9";
  for (const char *bytes : {"1c 05 03 80 8065", "3c 05 03 80 c10001", "3c 05 03 80 c1"}) {
    Peer peer = fetching(limits);
    peer.get(data, "05 02");
    peer.get(data, bytes);
    if (std::string(bytes).ends_with("c1")) peer.get(data, "0001");
    EXPECT_EQ(told_in_words(peer), excessive) << bytes;
    EXPECT_EQ(streams_of<StopSending>(peer), (std::vector{data, fetch_stream}));
    EXPECT_EQ(peer.acted<StopSending>()[0].code, ResetCode::excessive_load);
    peer.get(data, "00", true);
    EXPECT_FALSE(peer.closed());
  }
  Peer mandatory = fetching();
  mandatory.get(data, "05 02 3c 05 03 80 04 c0400001 01 78");
  EXPECT_EQ(told_in_words(mandatory), "cut 18") << "a mandatory track property";

  // Incomplete heads count towards the limit with the memory that they use.
  Peer heads(Role::client, limits);
  for (std::uint64_t i = 0; i < 3; ++i) heads.session.fetch(standalone({5, 0}, {9, 0}));
  heads.actions.clear();
  Writer properties;
  properties.bytes(hex("3c 05 03 80")).vi64(max_properties).bytes(std::string(40 * 1024, 'p'));
  for (std::uint64_t i = 0; i < 3; ++i) {
    heads.get(StreamId{7 + 4 * i}, encode(FetchHeader{RequestId{2 * i}}));
    heads.get(StreamId{7 + 4 * i}, properties.view());
    EXPECT_LE(heads.session.buffered_bytes(), limits.max_partial_bytes);
  }
  EXPECT_EQ(told_in_words(heads), "cut 9, cut 9");

  Limits streams;
  streams.max_data_streams = 1;
  Peer second = fetching(streams);
  second.get(more_data, "71 07 05");
  second.get(data, three_objects);
  EXPECT_EQ(told_in_words(second), excessive);
  EXPECT_FALSE(second.closed());
}

}  // namespace
}  // namespace astral::moqt
