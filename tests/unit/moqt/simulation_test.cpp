// SPDX-License-Identifier: BSD-3-Clause
// A publisher and a subscriber make random calls of the API over a Pipe. Received objects equal sent ones,
// each end gets its events, and no state is left at the end.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "moqt/properties.hpp"
#include "pipe.hpp"

namespace astral::moqt {
namespace {

std::string payload_of(Location at) {
  std::string payload = std::to_string(at.group) + "/" + std::to_string(at.object);
  return at.object % 5 == 4 ? std::string() : payload + std::string(at.object * 37 % 400, '.');
}

Slice object_at(Location at) {
  Properties properties;
  if (at.object % 3 == 0) properties.add(0x3800, at.group).add(0x3801, std::to_string(at.object));
  return encode_object(encode(properties), as_bytes(payload_of(at)));
}

class World {
 public:
  explicit World(std::uint64_t seed) : pipe(seed) { pipe.start(); }

  void run() {
    for (int round = 0; round < 300 && !testing::Test::HasFatalFailure(); ++round) {
      const auto what = pipe.below(10);
      if (what < 2)
        act_as_subscriber();
      else if (what < 6)
        act_as_publisher();
      else
        pipe.step();
      pipe.flush();
      read_events();
    }
    wind_down();
  }

  Pipe pipe;

 private:
  // What the publisher sent in one group of one subscription.
  struct Sent {
    std::vector<std::uint64_t> objects;
    bool first_object = false;
    bool end_of_group = false;
    bool fin = false;
  };
  struct Open {
    RequestId request{};
    std::uint64_t group = 0;
    std::uint64_t next = 0;
  };
  struct Serving {
    bool accepted = false;
    bool forward = true;
    std::uint64_t group = 0;
    std::size_t updates = 0;
  };
  // What the subscriber received.
  struct Watching {
    TrackName track;
    bool accepted = false;
    std::map<std::uint64_t, std::vector<std::uint64_t>> objects;
    std::set<std::uint64_t> ended;
  };

  void act_as_subscriber() {
    const auto what = pipe.below(10);
    if (what < 4 && watching_.size() < 2 && subscribed_ < 6) {
      Subscribe subscribe;
      // A new track name each time, because a second subscription of one track would be refused.
      subscribe.track = {{"astral", "s" + std::to_string(subscribed_++)}, "media"};
      if (pipe.chance(30)) subscribe.parameters.forward = false;
      const TrackName track = subscribe.track;
      watching_[pipe.client().subscribe(std::move(subscribe))].track = track;
    } else if (what < 8) {
      if (auto *one = any(watching_)) pipe.client().update(one->first, pipe.chance(70));
    } else if (what == 8 && pipe.chance(30)) {
      if (auto *one = any(watching_)) {
        pipe.client().unsubscribe(one->first);
        watching_.erase(one->first);
      }
    } else if (pipe.chance(2)) {
      pipe.client().goaway(100);
    }
  }

  void act_as_publisher() {
    const auto what = pipe.below(20);
    if (what < 5) {
      if (auto *one = any(serving_);
          one && one->second.accepted && one->second.forward && one->second.group < 8) {
        Open open{one->first, one->second.group++, pipe.chance(80) ? 0 : pipe.below(100)};
        const auto priority = pipe.chance(50) ? std::optional<std::uint8_t>(9) : std::nullopt;
        const auto stream = pipe.server().begin_group(open.request, open.group, priority, open.next == 0);
        ASSERT_TRUE(stream) << stream.error().detail;
        open_[*stream] = open;
        sent_[{open.request, open.group}].first_object = open.next == 0;
      }
    } else if (what < 14) {
      if (auto *one = any(open_)) {
        Open &open = one->second;
        if (pipe.chance(10)) open.next += pipe.below(200);
        ASSERT_TRUE(pipe.server().write_object(one->first, open.next, object_at({open.group, open.next})));
        sent_[{open.request, open.group}].objects.push_back(open.next++);
      }
    } else if (what < 17) {
      if (auto *one = any(open_)) end_group(one->first);
    } else if (what == 17) {
      if (auto *one = any(open_)) {
        ASSERT_TRUE(pipe.server().abort_group(one->first, ResetCode::delivery_timeout));
        open_.erase(one->first);
      }
    } else if (what == 18) {
      if (auto *one = any(serving_)) answer_update(one->first, one->second);
    } else if (pipe.chance(20)) {
      if (auto *one = any(serving_)) {
        pipe.server().finish(one->first, DoneCode::track_ended, "the end");
        forget_serving(one->first);
      }
    }
  }

  void end_group(StreamId stream) {
    const Open open = open_.at(stream);
    Sent &sent = sent_[{open.request, open.group}];
    if (pipe.chance(80)) {
      ASSERT_TRUE(pipe.server().write_object(stream, open.next, encode_end_of_group()));
      sent.objects.push_back(open.next);
      sent.end_of_group = true;
    }
    ASSERT_TRUE(pipe.server().end_group(stream));
    sent.fin = true;
    open_.erase(stream);
  }

  void answer_update(RequestId request, Serving &serving) {
    if (serving.updates == 0) return;
    if (pipe.chance(5)) {
      pipe.server().refuse_update(request, RequestCode::not_supported, "no");
      return forget_serving(request);
    }
    --serving.updates;
    pipe.server().accept_update(request, Location{raw(request), 7});
  }

  void forget_serving(RequestId request) {
    serving_.erase(request);
    std::erase_if(open_, [&](const auto &entry) { return entry.second.request == request; });
  }

  void read_events() {
    for (Event &event : pipe.server().take_events()) std::visit([&](auto &one) { at_server(one); }, event);
    for (Event &event : pipe.client().take_events()) std::visit([&](auto &one) { at_client(one); }, event);
  }

  void at_server(const Subscribed &event) {
    if (pipe.chance(10)) {
      pipe.server().refuse(event.request, RequestCode::does_not_exist, "no such track", 50);
      return;
    }
    Serving &serving = serving_[event.request];
    serving.forward = event.subscribe.parameters.forward.value_or(true);
    Properties properties;
    properties.add(property::default_publisher_priority, 77).add(0x3803, event.subscribe.track.space[1]);
    serving.accepted =
        pipe.server().accept(event.request, TrackAlias{++alias_}, Location{1, 2}, properties).has_value();
  }
  void at_server(const UpdateReceived &event) {
    if (!serving_.contains(event.request)) return;  // refused while this event was queued
    Serving &serving = serving_.at(event.request);
    serving.forward = event.forward;
    ++serving.updates;
    if (serving.updates > 10) answer_update(event.request, serving);
  }
  void at_server(const Unsubscribed &event) { forget_serving(event.request); }
  void at_server(const GroupStopped &event) { open_.erase(event.stream); }
  void at_server(const SetupReceived &) {}
  void at_server(const GoawayReceived &event) { EXPECT_EQ(event.timeout_ms, 100u); }
  template <typename T>
  void at_server(const T &) {
    ADD_FAILURE() << "a consumer's event at the provider";
  }

  void at_client(const SetupReceived &event) {
    EXPECT_EQ(event.setup.options.bytes(option::implementation)->substr(0, 7), "astral/");
  }
  void at_client(const SubscribeAccepted &event) {
    Watching &watching = watching_.at(event.request);
    EXPECT_FALSE(watching.accepted);
    watching.accepted = true;
    EXPECT_EQ(event.largest, (Location{1, 2}));
    EXPECT_EQ(event.properties.bytes(0x3803), watching.track.space[1]);
  }
  void at_client(const SubscribeRefused &event) {
    EXPECT_FALSE(watching_.at(event.request).accepted);
    watching_.erase(event.request);
  }
  void at_client(const UpdateAccepted &event) {
    EXPECT_TRUE(watching_.at(event.request).accepted);
    EXPECT_EQ(event.largest, (Location{raw(event.request), 7}));
  }
  void at_client(const UpdateRefused &event) { EXPECT_TRUE(watching_.contains(event.request)); }
  void at_client(const ObjectReceived &event) {
    const Object &object = event.object;
    Watching &watching = watching_.at(event.request);
    EXPECT_TRUE(watching.accepted);
    EXPECT_FALSE(watching.ended.contains(object.id.group));
    auto &got = watching.objects[object.id.group];
    const Sent &sent = sent_.at({event.request, object.id.group});
    ASSERT_LT(got.size(), sent.objects.size());
    ASSERT_EQ(object.id.object, sent.objects[got.size()]);
    got.push_back(object.id.object);
    EXPECT_EQ(object.first_object, sent.first_object && got.size() == 1);
    EXPECT_TRUE(object.priority == 9 || object.priority == 77);
    if (object.status == ObjectStatus::normal) {
      EXPECT_EQ(as_text(object.payload().bytes()), payload_of(object.id));
      EXPECT_EQ(as_text(object.wire.bytes()), as_text(object_at(object.id).bytes()));
    } else {
      EXPECT_EQ(as_text(object.wire.bytes()), as_text(encode_end_of_group().bytes()));
    }
  }
  void at_client(const GroupEnded &event) {
    Watching &watching = watching_.at(event.request);
    EXPECT_TRUE(watching.ended.insert(event.group).second);
    const Sent &sent = sent_.at({event.request, event.group});
    const std::size_t got = watching.objects[event.group].size();
    EXPECT_EQ(event.complete, event.complete && sent.fin);
    if (event.complete) {
      EXPECT_EQ(got, sent.objects.size());
      EXPECT_EQ(event.end_of_group, sent.end_of_group);
    } else {
      EXPECT_LE(got, sent.objects.size());
    }
  }
  void at_client(const Done &event) {
    const Watching &watching = watching_.at(event.request);
    for (const auto &[group, objects] : watching.objects) EXPECT_TRUE(watching.ended.contains(group));
    // A stream that was reset before its header counts for each subscription.
    const bool others_cut = std::any_of(sent_.begin(), sent_.end(), [&](const auto &entry) {
      return entry.first.first != event.request && !entry.second.fin;
    });
    for (const auto &[key, sent] : sent_) {
      if (key.first == event.request && sent.fin && !others_cut) {
        EXPECT_TRUE(watching.ended.contains(key.second));
      }
    }
    watching_.erase(event.request);
    ++done_;
  }
  void at_client(const GoawayReceived &) { ADD_FAILURE() << "the server sends no GOAWAY before the end"; }
  template <typename T>
  void at_client(const T &) {
    ADD_FAILURE() << "a provider's event at the consumer";
  }

  void wind_down() {
    while (pipe.step()) read_events();
    while (!open_.empty()) end_group(open_.begin()->first);
    while (!serving_.empty()) {
      const RequestId request = serving_.begin()->first;
      pipe.server().finish(request, DoneCode::track_ended, "the end");
      forget_serving(request);
    }
    pipe.flush();
    while (pipe.step()) read_events();
    read_events();
    EXPECT_FALSE(pipe.closed(client_end)) << pipe.closed(client_end)->reason;
    EXPECT_FALSE(pipe.closed(server_end)) << pipe.closed(server_end)->reason;
    EXPECT_TRUE(watching_.empty());
    for (Session *session : {&pipe.client(), &pipe.server()}) {
      EXPECT_EQ(session->buffered_bytes(), 0u);
      EXPECT_EQ(session->open_streams(), 2u) << "only the control streams";
    }
  }

  template <typename Map>
  typename Map::value_type *any(Map &map) {
    if (map.empty()) return nullptr;
    return &*std::next(map.begin(), static_cast<std::ptrdiff_t>(pipe.below(map.size())));
  }

  std::map<RequestId, Watching> watching_;
  std::map<RequestId, Serving> serving_;
  std::map<StreamId, Open> open_;
  std::map<std::pair<RequestId, std::uint64_t>, Sent> sent_;
  int subscribed_ = 0;
  int done_ = 0;
  std::uint64_t alias_ = 0;
};

TEST(Simulation, BothEndsAgreeForManySeeds) {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    World world(seed);
    world.run();
    if (HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
  }
}

TEST(Simulation, ASeedGivesTheSameRunTwice) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    World once(seed), twice(seed);
    once.run();
    twice.run();
    EXPECT_EQ(once.pipe.trace(), twice.pipe.trace());
  }
}

}  // namespace
}  // namespace astral::moqt
