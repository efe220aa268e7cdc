// SPDX-License-Identifier: BSD-3-Clause
// Replays a recorded session with one byte changed, at each position. The session closes with a code and a
// reason, or it goes on. No assert fails, and the counters stay consistent.
#include <gtest/gtest.h>

#include "hex.hpp"
#include "moqt/properties.hpp"
#include "pipe.hpp"

namespace astral::moqt {
namespace {

Subscribe wanted(std::string name) {
  Subscribe subscribe;
  subscribe.track = {{"astral", "s1"}, std::move(name)};
  subscribe.parameters.tokens = {{Token::Alias::use_value, 0, 0, "6e1c0e2a-ticket"}};
  subscribe.parameters.filter = Filter{Filter::Kind::largest_object, {}, 0};
  return subscribe;
}

Fetch wanted_range(std::optional<RequestId> joined = {}) {
  Fetch fetch;
  fetch.range = StandaloneFetch{{{"astral", "s1"}, "media"}, {5, 0}, {6, 0}};
  if (joined) fetch.range = JoiningFetch{true, *joined, 1};
  return fetch;
}

// Answers every request, and publishes two groups for each subscription.
void act_as_provider(Session &session) {
  for (const Event &event : session.take_events()) {
    if (const auto *subscribed = std::get_if<Subscribed>(&event)) {
      Properties properties;
      properties.add(property::default_publisher_priority, 100).add(0x3801, "caps");
      if (!session.accept(subscribed->request, TrackAlias{7 + raw(subscribed->request)}, Location{5, 2},
                          properties))
        continue;
      for (const std::uint64_t group : {6u, 7u}) {
        const auto stream = session.begin_group(subscribed->request, group, {}, true);
        if (!stream) continue;
        for (std::uint64_t object = 0; object < 3; ++object)
          session.write_object(*stream, object, encode_object(encode(properties), as_bytes("payload")));
        session.write_object(*stream, 5, encode_end_of_group());
        session.end_group(*stream);
      }
    } else if (const auto *update = std::get_if<UpdateReceived>(&event)) {
      session.accept_update(update->request, Location{6, 5});
      if (update->forward) session.finish(update->request, DoneCode::track_ended, "the end");
    } else if (const auto *fetched = std::get_if<Fetched>(&event)) {
      const auto stream = session.accept_fetch(fetched->request, fetched->end);
      if (!stream) continue;
      Location at = fetched->start;
      for (; at.object < 3 + fetched->start.object; ++at.object)
        session.write_fetched(*stream, at, encode_object(hex("0e64"), as_bytes("payload")));
      session.write_missing(*stream, at, true);
      session.end_fetch(*stream);
    }
  }
}

std::array<std::vector<Pipe::Delivery>, 2> record() {
  Pipe pipe(1);
  pipe.start();
  const RequestId media = pipe.client().subscribe(wanted("media"));
  const RequestId catalog = pipe.client().subscribe(wanted("catalog"));
  while (pipe.step()) act_as_provider(pipe.server());
  pipe.client().update(media, false);
  pipe.client().update(media, true);
  while (pipe.step()) act_as_provider(pipe.server());
  pipe.client().fetch(wanted_range(catalog));
  pipe.client().fetch(wanted_range());
  while (pipe.step()) act_as_provider(pipe.server());
  pipe.server().goaway(5000, "moqt://b/");
  pipe.settle();
  pipe.client().unsubscribe(catalog);
  pipe.settle();
  EXPECT_FALSE(pipe.closed(client_end) || pipe.closed(server_end));
  const auto events = pipe.client().take_events();
  EXPECT_EQ(only<Done>(events).size(), 1u);
  EXPECT_EQ(only<FetchEnded>(events).size(), 2u);
  return pipe.recorded;
}

// Replays what arrived at one end. True: the session is still open.
bool play(std::size_t end, const std::vector<Pipe::Delivery> &deliveries) {
  Session session(end == client_end ? Role::client : Role::server);
  session.start();
  if (end == client_end) {
    const RequestId media = session.subscribe(wanted("media"));
    const RequestId catalog = session.subscribe(wanted("catalog"));
    session.update(media, false);
    session.update(media, true);
    session.fetch(wanted_range(catalog));
    session.fetch(wanted_range());
  }
  for (const Pipe::Delivery &delivery : deliveries) {
    session.receive(delivery.stream, delivery.bytes, delivery.fin);
    session.check_invariants();
    if (end == server_end)
      act_as_provider(session);
    else
      session.take_events();
  }
  std::size_t closes = 0;
  for (const Action &action : session.take_actions()) {
    if (const auto *close = std::get_if<Close>(&action)) {
      ++closes;
      EXPECT_FALSE(close->reason.empty());
      EXPECT_NE(close->code, CloseCode::no_error);
    }
  }
  EXPECT_EQ(closes, session.closed() ? 1u : 0u);
  return !session.closed();
}

class Corruption : public testing::TestWithParam<std::size_t> {};

TEST_P(Corruption, AChangedByteIsRefusedOrHarmless) {
  auto deliveries = record()[GetParam()];
  ASSERT_TRUE(play(GetParam(), deliveries));
  std::size_t refused = 0, harmless = 0;
  for (Pipe::Delivery &delivery : deliveries) {
    for (std::uint8_t &byte : delivery.bytes) {
      for (const int change : {0x01, 0x02, 0x10, 0x40, 0x80, 0xFF}) {
        byte = static_cast<std::uint8_t>(byte ^ change);
        ++(play(GetParam(), deliveries) ? harmless : refused);
        byte = static_cast<std::uint8_t>(byte ^ change);
      }
    }
  }
  EXPECT_GT(refused, 100u);
  EXPECT_GT(harmless, 100u);
}

TEST_P(Corruption, AChangedLengthIsRefusedOrHarmless) {
  const auto deliveries = record()[GetParam()];
  for (std::size_t at = 0; at < deliveries.size(); ++at) {
    auto changed = deliveries;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
    play(GetParam(), changed);
    for (std::size_t size = 0; size < deliveries[at].bytes.size(); ++size) {
      changed = deliveries;
      changed[at].bytes.resize(size);
      play(GetParam(), changed);
      changed[at].fin = true;
      play(GetParam(), changed);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BothEnds, Corruption, testing::Values(client_end, server_end));

}  // namespace
}  // namespace astral::moqt
