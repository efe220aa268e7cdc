// SPDX-License-Identifier: BSD-3-Clause
#include "glue/loop.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

namespace astral {
namespace {

struct Timers : testing::Test {
  void run_until(const std::string &want) {
    while (fired.size() < want.size()) g_main_context_iteration(context.get(), TRUE);
    EXPECT_EQ(fired, want);
  }
  Ref<GMainContext> context = Ref<GMainContext>::adopt(g_main_context_new());
  std::string fired;
  Timer a{context.get(), [this] { fired += 'a'; }}, b{context.get(), [this] { fired += 'b'; }};
};

TEST_F(Timers, FireOnceInTheOrderOfTheirTimesAndNeverEarly) {
  const Time start = now();
  b.set(start + 2ms);
  a.set(start + 1ms);
  run_until("ab");
  EXPECT_GE(now(), start + 2ms);
  EXPECT_FALSE(g_main_context_iteration(context.get(), FALSE));
}

TEST_F(Timers, ATimeThatIsPastIsDueAtOnce) {
  a.set(Time{});
  EXPECT_TRUE(g_main_context_iteration(context.get(), FALSE));
  EXPECT_EQ(fired, "a");
}

TEST_F(Timers, TheLastTimeThatWasSetCounts) {
  a.set(Time{});
  a.set(never);
  b.set(now() + 1h);
  b.set(Time{});
  run_until("b");
}

TEST_F(Timers, OneThatSetsItselfWaitsForTheNextTurn) {
  int turns = 0;
  Timer again(context.get(), [&] {
    ++turns;
    again.set(Time{});
  });
  again.set(Time{});
  for (int turn = 1; turn <= 3; ++turn) {
    EXPECT_TRUE(g_main_context_iteration(context.get(), FALSE));
    EXPECT_EQ(turns, turn);
  }
}

TEST_F(Timers, OneMayDestroyAnotherThatIsDue) {
  auto other = std::make_unique<Timer>(context.get(), [this] { fired += '!'; });
  Timer first(context.get(), [&] { other.reset(); });
  first.set(Time{} + 1ns);
  other->set(Time{} + 2ns);
  b.set(Time{} + 3ns);
  run_until("b");
}

TEST_F(Timers, TheLastOfAContextMayDestroyItself) {
  const auto other = Ref<GMainContext>::adopt(g_main_context_new());
  std::unique_ptr<Timer> last;
  last = std::make_unique<Timer>(other.get(), [&] { last.reset(); });
  last->set(Time{});
  EXPECT_TRUE(g_main_context_iteration(other.get(), FALSE));
  EXPECT_FALSE(last);
}

TEST_F(Timers, FireWhileOneOfThemRunsTheLoop) {
  Timer outer(context.get(), [&] { run_until("a"); });
  outer.set(Time{});
  a.set(now() + 1ms);
  g_main_context_iteration(context.get(), FALSE);
  EXPECT_EQ(fired, "a");
}

TEST_F(Timers, AThreadSetsItsOwn) {
  LoopThread thread("timers");
  std::promise<void> done;
  std::unique_ptr<Timer> there;
  thread.run([&] {
    there = std::make_unique<Timer>(thread.context(), [&] { done.set_value(); });
    there->set(now() + 1ms);
  });
  done.get_future().wait();
  thread.run([&] { there.reset(); });
}

}  // namespace
}  // namespace astral
