// SPDX-License-Identifier: BSD-3-Clause
#include "elements/cadence.hpp"

#include <gtest/gtest.h>

namespace astral::elements {
namespace {

// Objects arrive every `pause`, for a while. Returns the time of the last.
Time regular(Cadence &cadence, Time from, Time pause, Time for_so_long) {
  Time now = from;
  for (; now <= from + for_so_long; now += pause) {
    if (pause < Cadence::warmup) {
      EXPECT_FALSE(cadence.silent(now));
    } else {
      cadence.silent(now);
    }
    cadence.arrived(now);
  }
  return now - pause;
}

TEST(Cadence, TheThresholdFollowsTheStreamsPauses) {
  struct Row {
    Time pause, threshold;
  };
  for (const Row &row : {Row{5ms, 40ms}, Row{33ms, 64500us}, Row{40ms, 75ms}, Row{1s, 1515ms}}) {
    Cadence cadence;
    const Time last = regular(cadence, 10s, row.pause, 20s);
    EXPECT_EQ(cadence.threshold(), row.threshold);
    EXPECT_EQ(cadence.deadline(), last + row.threshold);
    EXPECT_FALSE(cadence.silent(last + row.threshold - 1ms));
    EXPECT_TRUE(cadence.silent(last + row.threshold));
  }
}

TEST(Cadence, TheThresholdIsHighAtTheStart) {
  Cadence cadence;
  EXPECT_EQ(cadence.deadline(), never);
  const Time last = regular(cadence, 10s, 20ms, 480ms);
  EXPECT_EQ(cadence.deadline(), last + Cadence::warmup);
}

TEST(Cadence, RepeatsAtGrowingIntervals) {
  Cadence cadence;
  const Time last = regular(cadence, 10s, 40ms, 2s);
  std::vector<Time> told;
  for (Time now = last; now < last + 30s; now += 1ms)
    if (cadence.silent(now)) told.push_back(now - last);
  ASSERT_GE(told.size(), 6u);
  EXPECT_EQ(told[0], 75ms);
  EXPECT_EQ(told[1], 150ms);
  EXPECT_EQ(told[2], 300ms);
  EXPECT_LE(told.back() - told[told.size() - 2], Cadence::longest);
}

TEST(Cadence, ForgetsAPauseAfterSomeSeconds) {
  Cadence cadence;
  Time now = regular(cadence, 10s, 10ms, 2s);
  cadence.arrived(now + 200ms);
  EXPECT_EQ(cadence.threshold(), 315ms);
  now = regular(cadence, now + 210ms, 10ms, 9s);
  EXPECT_EQ(cadence.threshold(), 40ms);
}

TEST(Cadence, AReportedSilenceDoesNotCountAsAPause) {
  Cadence cadence;
  Time now = regular(cadence, 10s, 33ms, 2s);
  for (const Time outage : {70ms, 700ms, 2000ms}) {
    now += outage;
    EXPECT_TRUE(cadence.silent(now));
    now = regular(cadence, now, 33ms, 2s);
    EXPECT_EQ(cadence.threshold(), 64500us) << outage / 1ms;
  }
}

TEST(Cadence, ManySilencesMeanThatTheStreamIsSlow) {
  Cadence cadence;
  Time now = regular(cadence, 10s, 33ms, 2s);
  int alarms = 0;
  for (int frame = 0; frame < 40; ++frame) {
    now += 500ms;
    alarms += cadence.silent(now);
    cadence.arrived(now);
  }
  EXPECT_EQ(alarms, Cadence::many);
  EXPECT_EQ(cadence.threshold(), 765ms);
}

}  // namespace
}  // namespace astral::elements
