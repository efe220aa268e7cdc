// SPDX-License-Identifier: BSD-3-Clause
// A stream that ends: by its publisher, or because its publisher or its publisher's node has vanished.
#include <algorithm>
#include <variant>

#include "three.hpp"

namespace astral::core {
namespace {

struct Endings : Three {
  Endings() {
    world.watch = [this](std::size_t index, const Effects &effects) {
      for (const Effect &effect : effects)
        if (std::holds_alternative<EndMedia>(effect)) ends.push_back(index);
    };
    EXPECT_TRUE(watch(r));
    world.call(v, AskTicket{.slug = "talk", .player = true});
    EXPECT_TRUE(world.run_until([&] { return world.fed(v, "talk"); }, 5s));
    world.run(2s);
  }
  bool over(std::size_t index) { return world.node(index).find_stream("talk")->ended; }
  std::size_t times_ended(std::size_t index) { return std::count(ends.begin(), ends.end(), index); }
  bool any_media() {
    return world.node(p).has_media("talk") || world.node(r).has_media("talk") || world.node(v).has_media("talk");
  }

  std::vector<std::size_t> ends;
};

TEST_F(Endings, ByThePublisherReachEveryNodeOnceAndKeepTheStream) {
  world.say(sink, Ended{.slug = "talk"});
  world.run(1s);
  for (const std::size_t index : {p, r, v}) {
    EXPECT_TRUE(over(index));
    EXPECT_EQ(times_ended(index), 1u);
    EXPECT_EQ(state_of(*world.node(index).find_stream("talk")), std::string("ended"));
  }
  world.run(12s);
  EXPECT_FALSE(any_media());
  for (const std::size_t index : {p, r, v}) EXPECT_TRUE(world.node(index).tickets("talk").empty());
}

TEST_F(Endings, AreSaidToThoseWhoAskLater) {
  world.say(sink, Ended{.slug = "talk"});
  world.run(12s);
  for (const std::size_t index : {p, r, v}) {
    const CallId call = world.ask(index, "talk");
    world.run(100ms);
    ASSERT_NE(world.answer(call), nullptr);
    EXPECT_EQ(world.answer(call)->error().detail, core::has_ended);
  }
  const std::size_t player = world.play(v, "talk");
  world.run(1s);
  EXPECT_EQ(world.last_of(player, "refusal")->substr(0, 7), "refusal");
}

TEST_F(Endings, AreNotForEver) {
  for (const Time pause : {Time{20s}, Time{500ms}}) {
    world.say(sink, Ended{.slug = "talk"});
    world.run(pause);
    world.say(sink, Publish{.slug = "talk"});
    EXPECT_TRUE(world.run_until([&] { return world.fed(r, "talk"); }, 10s));  // a person wants it there
    EXPECT_FALSE(over(v));
    world.call(v, AskTicket{.slug = "talk", .player = true});
    EXPECT_TRUE(world.run_until([&] { return world.fed(v, "talk"); }, 5s));
    world.run(15s);
    EXPECT_TRUE(world.fed(v, "talk"));
  }
  EXPECT_EQ(times_ended(v), 2u);
}

TEST_F(Endings, ByAGoodbyeComeAtOnce) {
  world.say(sink, Goodbye{});
  world.run(1s);
  EXPECT_TRUE(over(v));
  EXPECT_EQ(times_ended(v), 1u);
}

TEST_F(Endings, WaitForAPublisherThatVanished) {
  world.hang_up(sink);
  world.run(40s);
  EXPECT_FALSE(over(v));
  sink = world.publish(p, "talk");
  world.run(40s);
  EXPECT_TRUE(ends.empty());
  EXPECT_TRUE(world.fed(v, "talk"));
  world.hang_up(sink);
  world.run(59s);
  EXPECT_TRUE(ends.empty());
  world.run(3s);
  for (const std::size_t index : {p, r, v}) EXPECT_EQ(times_ended(index), 1u);
}

TEST_F(Endings, DoNotComeFromAPublisherThatAGatewayWaitsFor) {
  for (const bool away : {true, false}) {
    world.step(p, PublisherAway{.slug = "talk", .away = away});
    world.run(1s);
    EXPECT_EQ(state_of(*world.node(v).find_stream("talk")), std::string(away ? "waiting" : "live"));
    EXPECT_TRUE(world.fed(v, "talk"));
  }
  EXPECT_TRUE(ends.empty());
  world.step(p, PublisherAway{.slug = "talk", .away = true});
  world.say(sink, Ended{.slug = "talk"});
  world.run(12s);
  EXPECT_TRUE(over(v));
  world.say(sink, Publish{.slug = "talk"});
  world.run(1s);
  EXPECT_TRUE(world.node(v).find_stream("talk")->streaming);
}

TEST_F(Endings, DoNotComeFromAPause) {
  world.call(p, SetStreaming{.slug = "talk", .streaming = false});
  world.run(200s);
  EXPECT_TRUE(ends.empty());
  EXPECT_TRUE(world.node(v).find_stream("talk")->paused);
  world.call(p, SetStreaming{.slug = "talk", .streaming = true});
  world.run(2s);
  EXPECT_TRUE(world.fed(r, "talk"));
}

TEST_F(Endings, AParentAloneCannotMake) {
  const std::vector<TicketView> held = world.node(v).tickets("talk");
  ASSERT_FALSE(held.empty());
  world.step(v, SourceEnded{.slug = "talk", .ticket = held[0].id, .error = {Code::not_found, "a lie"}});
  EXPECT_TRUE(world.run_until([&] { return world.fed(v, "talk"); }, 5s));
  EXPECT_TRUE(ends.empty());
}

struct Audiences : Three {
  void seen(std::size_t index, std::uint32_t count) {
    world.step(index, PlayersSeen{.slug = "talk", .any = count > 0, .count = count});
  }
  void all_seen(std::uint32_t at_p, std::uint32_t at_r, std::uint32_t at_v) {
    for (int second = 0; second < 3; ++second) {
      seen(p, at_p);
      seen(r, at_r);
      seen(v, at_v);
      world.run(1s);
    }
  }
};

TEST_F(Audiences, AreSummedUpTheTree) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  all_seen(1, 2, 3);
  EXPECT_EQ(world.node(v).viewers("talk"), 3u);
  EXPECT_EQ(world.node(v).audience("talk"), 3u);
  EXPECT_EQ(world.node(r).viewers("talk"), 2u);
  EXPECT_EQ(world.node(r).audience("talk"), 5u);
  EXPECT_EQ(world.node(p).viewers("talk"), 1u);
  EXPECT_EQ(world.node(p).audience("talk"), 6u);
  all_seen(0, 0, 1);
  EXPECT_EQ(world.node(p).audience("talk"), 1u);
  world.play(v, "talk");  // an element counts, too
  all_seen(0, 0, 1);
  EXPECT_EQ(world.node(p).audience("talk"), 2u);
  world.kill(v);
  world.run(20s);
  seen(r, 0);
  world.run(1s);
  EXPECT_EQ(world.node(p).audience("talk"), 0u);
}

TEST_F(Audiences, AreBoundedWhateverAChildSays) {
  EXPECT_TRUE(watch(r));
  for (int second = 0; second < 2; ++second) {
    seen(r, ~std::uint32_t{});
    seen(p, ~std::uint32_t{});
    world.run(1s);
  }
  EXPECT_EQ(world.node(p).audience("talk"), max_audience);
}

}  // namespace
}  // namespace astral::core
