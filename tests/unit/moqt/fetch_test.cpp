// SPDX-License-Identifier: BSD-3-Clause
// The peer's fetches: events, answers, data and refusals; and both ends over a Pipe.
#include <functional>

#include "fetch.hpp"
#include "moqt/properties.hpp"

namespace astral::moqt {
namespace {

std::optional<RequestError> error_on(Peer &peer, StreamId stream) {
  const auto bytes = hex(peer.sent(stream));
  const auto frame = next_frame(bytes);
  if (!frame || frame->type != MessageType::request_error) return std::nullopt;
  return std::get<RequestError>(*decode(frame->type, frame->body));
}
std::optional<RequestCode> refused_on(Peer &peer, StreamId stream) {
  const auto error = error_on(peer, stream);
  return error ? std::optional(error->code) : std::nullopt;
}

// ---- the provider ----

// A provider whose subscription 0 has the joining location 5/2.
Peer asked(const Fetch &fetch) {
  Peer peer = serving();
  peer.get(fetch_stream, fetch);
  return peer;
}

TEST(FetchProvider, SendsTheVectorsOfTheDraft) {
  Peer peer(Role::server);
  peer.get(first_request, "16 0014 04 01 02 06\"astral\" 02\"s1\" 01\"v\" 0503 0600 00");
  const auto asked = only<Fetched>(peer.told());
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].request, RequestId{4});
  EXPECT_EQ(asked[0].track.name, "v");
  EXPECT_EQ(asked[0].start, (Location{5, 3}));
  EXPECT_EQ(asked[0].end, (Location{6, 0}));
  Properties properties;
  properties.add(0x0e, 100);
  const auto stream = peer.session.accept_fetch(RequestId{4}, {6, 0}, true, properties);
  ASSERT_TRUE(stream);
  EXPECT_EQ(*stream, data);
  EXPECT_EQ(peer.sent(first_request), to_hex(hex("18 0006 01 06 00 00 0e64")));
  const Slice wire = encode_object({}, as_bytes("x")), full = encode_object(hex("0e64"), as_bytes("y"));
  ASSERT_TRUE(peer.session.write_fetched(data, {5, 3}, wire));
  ASSERT_TRUE(peer.session.write_fetched(data, {5, 4}, encode_object({}, Bytes{})));
  ASSERT_TRUE(peer.session.write_missing(data, {5, 8}, false));
  ASSERT_TRUE(peer.session.write_fetched(data, {5, 9}, full));
  ASSERT_TRUE(peer.session.write_fetched(data, {6, 0}, encode_object(hex("0e64"), Bytes{})));
  ASSERT_TRUE(peer.session.write_missing(data, {7, 0}, true));
  ASSERT_TRUE(peer.session.end_fetch(data));
  EXPECT_EQ(peer.sent(data),
            to_hex(hex("05 04 | 1c 05 03 80 01 \"x\" | 00 00 | 808c 05 08 | 20 02 0e64 01 \"y\" | "
                       "2c 00 00 02 0e64 00 | 810c 07 00")));
  std::size_t shared = 0;
  for (const Send &send : peer.acted<Send>())
    if (send.bytes.owner() == wire.owner() || send.bytes.owner() == full.owner()) ++shared;
  EXPECT_EQ(shared, 2u);
  const auto sends = peer.acted<Send>();
  EXPECT_TRUE(sends.back().fin && sends.back().stream == first_request);
  EXPECT_TRUE(sends[sends.size() - 2].fin && sends[sends.size() - 2].stream == data);
  EXPECT_FALSE(peer.session.write_fetched(data, {8, 0}, wire));
  EXPECT_FALSE(peer.session.write_missing(data, {8, 0}, true));
  EXPECT_FALSE(peer.session.end_fetch(data));
  EXPECT_FALSE(peer.session.abort_fetch(data, ResetCode::cancelled));
  peer.get(first_request, "", true);
  EXPECT_EQ(peer.session.open_streams(), 1u);
}

TEST(FetchProvider, ResolvesJoiningFetches) {
  struct Case {
    bool relative;
    std::uint64_t start;
    std::optional<std::uint64_t> group;  // where the fetch starts; nullopt: refused
  };
  for (const Case &one : {Case{true, 0, 5}, Case{true, 2, 3}, Case{true, 9, 0}, Case{false, 5, 5},
                          Case{false, 1, 1}, Case{false, 6, {}}}) {
    Peer peer = asked(joining(one.start, one.relative));
    const auto events = only<Fetched>(peer.told());
    if (!one.group) {
      EXPECT_TRUE(events.empty());
      EXPECT_EQ(refused_on(peer, fetch_stream), RequestCode::invalid_range);
      continue;
    }
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].track, media);
    EXPECT_EQ(events[0].start, (Location{*one.group, 0}));
    EXPECT_EQ(events[0].end, (Location{5, 3}));
  }
}

TEST(FetchProvider, RefusesUnsupportedAndInvalidFetches) {
  const auto code = [](Peer peer) {
    EXPECT_TRUE(only<Fetched>(peer.told()).empty());
    EXPECT_FALSE(peer.closed()) << peer.reason();
    EXPECT_TRUE(peer.acted<Send>().back().fin);
    peer.get(fetch_stream, "", true);
    EXPECT_LE(peer.session.open_streams(), 2u);
    return refused_on(peer, fetch_stream);
  };
  Fetch descending = standalone({1, 0}, {2, 0});
  descending.parameters.group_order = GroupOrder::descending;
  EXPECT_EQ(code(asked(descending)), RequestCode::not_supported);
  EXPECT_EQ(code(asked(standalone({2, 0}, {1, 0}))), RequestCode::invalid_range);
  EXPECT_EQ(code(asked(standalone({2, 5}, {2, 4}))), RequestCode::invalid_range);
  EXPECT_EQ(code(asked(joining(0, true, 4))), RequestCode::invalid_joining_request_id);

  Peer paused = serving();
  Parameters pause;
  pause.forward = false;
  paused.get(first_request, RequestUpdate{RequestId{8}, pause});
  paused.session.accept_update(RequestId{0});
  paused.get(fetch_stream, joining(0));
  EXPECT_EQ(code(std::move(paused)), RequestCode::invalid_range);

  Peer nothing(Role::server);
  nothing.get(first_request, subscribe_to("media"));
  ASSERT_TRUE(nothing.session.accept(RequestId{0}, TrackAlias{7}, {}));
  nothing.get(fetch_stream, joining(0));
  EXPECT_EQ(code(std::move(nothing)), RequestCode::invalid_range);

  Peer leaving = serving();
  leaving.session.goaway(100);
  leaving.get(fetch_stream, standalone({1, 0}, {2, 0}));
  EXPECT_EQ(code(std::move(leaving)), RequestCode::going_away);

  Peer application = asked(standalone({1, 0}, {2, 0}));
  EXPECT_EQ(only<Fetched>(application.told()).size(), 1u);
  application.session.refuse(fetched, RequestCode::does_not_exist, "no", 50);
  EXPECT_EQ(error_on(application, fetch_stream)->retry, 51u);
  EXPECT_EQ(application.session.accept_fetch(fetched, {2, 0}).error().code, Code::not_found);
  EXPECT_EQ(code(std::move(application)), RequestCode::does_not_exist);

  Peer token = serving();
  token.get(fetch_stream, "16 0010 02 01 01 01\"a\" 01\"v\" 0100 0200 01 03 02 02 05");
  EXPECT_EQ(token.closed(), CloseCode::unknown_auth_token_alias);
  Peer twice = asked(standalone({1, 0}, {2, 0}));
  twice.get(StreamId{8}, standalone({1, 0}, {2, 0}));
  EXPECT_EQ(twice.closed(), CloseCode::invalid_request_id);
}

TEST(FetchProvider, HoldsAJoiningFetchUntilItsSubscriptionIsAnswered) {
  const auto held = [] {
    Peer peer(Role::server);
    peer.get(first_request, subscribe_to("media"));
    peer.get(fetch_stream, joining(1));
    EXPECT_TRUE(only<Fetched>(peer.told()).empty());
    EXPECT_EQ(peer.session.accept_fetch(fetched, {5, 3}).error().code, Code::conflict);
    return peer;
  };
  Peer accepted = held();
  ASSERT_TRUE(accepted.session.accept(RequestId{0}, TrackAlias{7}, Location{5, 2}));
  EXPECT_EQ(only<Fetched>(accepted.told()).at(0).start, (Location{4, 0}));
  Peer nothing = held();
  ASSERT_TRUE(nothing.session.accept(RequestId{0}, TrackAlias{7}, {}));
  EXPECT_EQ(refused_on(nothing, fetch_stream), RequestCode::invalid_range);
  Peer refused = held();
  refused.session.refuse(RequestId{0}, RequestCode::does_not_exist, "no");
  EXPECT_EQ(refused_on(refused, fetch_stream), RequestCode::invalid_joining_request_id);
  Peer ended = held();
  ended.session.stop_sending(first_request, 1);
  EXPECT_EQ(refused_on(ended, fetch_stream), RequestCode::invalid_joining_request_id);
  Peer cancelled = held();
  cancelled.session.stop_sending(fetch_stream, 1);
  ASSERT_TRUE(cancelled.session.accept(RequestId{0}, TrackAlias{7}, Location{5, 2}));
  EXPECT_TRUE(cancelled.told().empty()) << "the application never learned of it";
  EXPECT_EQ(streams_of<Reset>(cancelled), std::vector{fetch_stream});

  // An update that resumes the subscription moves the joining location.
  Peer resumed = serving();
  Parameters pause, resume;
  pause.forward = false;
  resume.forward = true;
  resumed.get(first_request, RequestUpdate{RequestId{8}, pause});
  resumed.get(first_request, RequestUpdate{RequestId{10}, resume});
  resumed.get(fetch_stream, joining(0));
  resumed.session.accept_update(RequestId{0});
  EXPECT_TRUE(only<Fetched>(resumed.told()).empty());
  resumed.session.accept_update(RequestId{0}, Location{8, 1});
  EXPECT_EQ(only<Fetched>(resumed.told()).at(0).end, (Location{8, 2}));
}

TEST(FetchProvider, ReportsACancellationInEveryState) {
  const std::vector<std::pair<const char *, std::function<void(Peer &)>>> ways{
      {"STOP_SENDING of the request", [](Peer &peer) { peer.session.stop_sending(fetch_stream, 1); }},
      {"RESET of the request", [](Peer &peer) { peer.session.reset(fetch_stream, 1); }},
      {"STOP_SENDING of the data", [](Peer &peer) { peer.session.stop_sending(data, 1); }},
  };
  for (const auto &[what, cancel] : ways) {
    for (const bool accepted : {false, true}) {
      if (!accepted && what == ways[2].first) continue;
      Peer peer = asked(standalone({1, 0}, {2, 0}));
      if (accepted) {
        ASSERT_TRUE(peer.session.accept_fetch(fetched, {2, 0}));
        ASSERT_TRUE(peer.session.write_fetched(data, {1, 0}, encode_object({}, as_bytes("x"))));
      }
      peer.told();
      cancel(peer);
      EXPECT_EQ(only<FetchCancelled>(peer.told()).size(), 1u) << what;
      EXPECT_EQ(streams_of<Reset>(peer),
                accepted ? (std::vector{data, fetch_stream}) : std::vector{fetch_stream});
      EXPECT_FALSE(peer.session.write_fetched(data, {1, 1}, encode_object({}, as_bytes("x"))));
      EXPECT_EQ(peer.session.accept_fetch(fetched, {2, 0}).error().code, Code::not_found);
      for (const auto &[other, again] : ways)
        if (accepted || other != ways[2].first) again(peer);
      EXPECT_TRUE(peer.told().empty());
      EXPECT_EQ(peer.session.open_streams(), 2u);
      EXPECT_FALSE(peer.closed()) << peer.reason();
    }
  }
}

TEST(FetchProvider, AbortFetchResetsTheStreams) {
  Peer peer = asked(standalone({1, 0}, {2, 0}));
  ASSERT_TRUE(peer.session.accept_fetch(fetched, {2, 0}));
  ASSERT_TRUE(peer.session.abort_fetch(data, ResetCode::unknown_object_status));
  EXPECT_EQ(streams_of<Reset>(peer), (std::vector{data, fetch_stream}));
  EXPECT_EQ(peer.acted<Reset>()[0].code, ResetCode::unknown_object_status);
  peer.session.reset(fetch_stream, 1);
  EXPECT_EQ(peer.session.open_streams(), 2u);
}

TEST(FetchProvider, AnswersUpdatesAfterFetchOk) {
  Peer peer = asked(standalone({1, 0}, {2, 0}));
  peer.get(fetch_stream, RequestUpdate{RequestId{8}, {}});
  EXPECT_EQ(peer.sent(fetch_stream), "");
  ASSERT_TRUE(peer.session.accept_fetch(fetched, {2, 0}));
  peer.get(fetch_stream, RequestUpdate{RequestId{10}, {}});
  EXPECT_EQ(peer.sent(fetch_stream), to_hex(hex("18 0004 00 02 00 00 | 07 0001 00 | 07 0001 00")));
  peer.get(fetch_stream, "", true);
  EXPECT_TRUE(peer.session.end_fetch(data)) << "a FIN cancels nothing";
  EXPECT_EQ(peer.session.open_streams(), 2u);

  Peer flood = asked(standalone({1, 0}, {2, 0}));
  for (std::uint64_t i = 0; i <= Limits{}.max_pending_updates; ++i)
    flood.get(fetch_stream, RequestUpdate{RequestId{8 + 2 * i}, {}});
  EXPECT_EQ(flood.closed(), CloseCode::protocol_violation);
  Peer other = asked(standalone({1, 0}, {2, 0}));
  other.get(fetch_stream, ok);
  EXPECT_EQ(other.closed(), CloseCode::protocol_violation);
}

TEST(FetchProvider, CountsFetchesAsRequests) {
  Limits limits;
  limits.max_requests = 2;
  Peer peer(Role::server, limits);
  for (std::uint64_t i = 0; i < 3; ++i) peer.get(StreamId{4 * i}, standalone({1, 0}, {2, 0}, 2 * i));
  EXPECT_EQ(only<Fetched>(peer.told()).size(), 2u);
  EXPECT_EQ(peer.acted<Reset>().at(0).code, ResetCode::excessive_load);
}

// ---- both ----

TEST(FetchBothEnds, AgreeInAnyOrderOfArrival) {
  std::size_t complete = 0, cut = 0, cancelled = 0, joined = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    Pipe pipe(seed, {}, seed % 2 == 0 ? Version::draft18 : Version::draft19);
    pipe.start();
    pipe.client().subscribe(subscribe_to("media"));
    pipe.client().fetch(seed % 3 == 0 ? joining(2) : standalone({1, 0}, {4, 0}));
    StreamId stream{};
    bool serving = false;
    Location next;
    std::uint64_t left = pipe.below(60);
    std::vector<Location> sent, got;
    bool over = false;
    const auto serve = [&]() -> bool {
      const auto events = pipe.server().take_events();
      for (const Event &event : events) {
        if (const auto *subscribed = std::get_if<Subscribed>(&event)) {
          EXPECT_TRUE(pipe.server().accept(subscribed->request, TrackAlias{7}, Location{3, 9}));
        }
        if (const auto *fetch = std::get_if<Fetched>(&event)) {
          EXPECT_EQ(fetch->start, (Location{1, 0}));
          next = fetch->start;
          const auto opened = pipe.server().accept_fetch(fetch->request, fetch->end);
          if (!opened) continue;  // cancelled; a later event reports it
          stream = *opened;
          serving = true;
          if (seed % 3 == 0) ++joined;
        }
        if (std::holds_alternative<FetchCancelled>(event)) serving = false;
      }
      if (!serving) return !events.empty();
      if (left-- == 0) {
        EXPECT_TRUE(pipe.chance(20) ? pipe.server().abort_fetch(stream, ResetCode::too_far_behind)
                                    : pipe.server().end_fetch(stream));
        serving = false;
      } else {
        EXPECT_TRUE(pipe.chance(80) ? pipe.server().write_fetched(
                                          stream, next,
                                          encode_object({}, std::vector<std::uint8_t>(pipe.below(300), 'x')))
                                    : pipe.server().write_missing(stream, next, pipe.chance(50)));
        sent.push_back(next);
        next = next.object < 20 && next.group == 3 ? Location{3, next.object + 1}
               : pipe.chance(10) && next.group < 3 ? Location{next.group + 1, 0}
                                                   : Location{next.group, next.object + 1 + pipe.below(3)};
      }
      return true;
    };
    const auto watch = [&] {
      for (const Event &event : pipe.client().take_events()) {
        if (!std::holds_alternative<SubscribeAccepted>(event) &&
            !std::holds_alternative<SetupReceived>(event)) {
          EXPECT_FALSE(over) << seed;
        }
        if (const auto *object = std::get_if<ObjectReceived>(&event)) got.push_back(object->object.id);
        if (const auto *missing = std::get_if<FetchMissing>(&event)) got.push_back(missing->last);
        if (const auto *ended = std::get_if<FetchEnded>(&event)) {
          over = true;
          ++(ended->complete ? complete : cut);
          if (ended->complete) {
            EXPECT_EQ(got, sent) << seed;
          }
        }
        if (std::holds_alternative<FetchRefused>(event)) {
          over = true;
          ++cut;
        }
      }
    };
    for (bool more = true; more;) {
      more = pipe.step();
      watch();
      if (!over && pipe.chance(1)) {
        pipe.client().cancel_fetch(fetched);
        over = true;
        ++cancelled;
      }
      const bool idle = !more;
      if (idle || pipe.chance(40)) more = serve() || more;
      pipe.flush();
    }
    ASSERT_LE(got.size(), sent.size());
    EXPECT_TRUE(std::equal(got.begin(), got.end(), sent.begin()));
    EXPECT_TRUE(over) << seed;
    EXPECT_FALSE(pipe.closed(client_end)) << pipe.closed(client_end)->reason << " " << seed;
    EXPECT_FALSE(pipe.closed(server_end)) << pipe.closed(server_end)->reason << " " << seed;
    EXPECT_EQ(pipe.client().buffered_bytes(), 0u);
    EXPECT_EQ(pipe.client().open_streams(), 3u) << seed;
    EXPECT_EQ(pipe.server().open_streams(), 3u) << seed;
  }
  EXPECT_GT(complete, 100u);
  EXPECT_GT(cut, 50u);
  EXPECT_GT(cancelled, 50u);
  EXPECT_GT(joined, 50u);
}

}  // namespace
}  // namespace astral::moqt
