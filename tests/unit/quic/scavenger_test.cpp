// SPDX-License-Identifier: BSD-3-Clause
#include "quic/scavenger.hpp"

#include <gtest/gtest.h>

namespace astral::quic {
namespace {

constexpr Time idle = 40ms;

TEST(Scavenger, TakesWhatIsLeftAndYieldsToAQueue) {
  Scavenger scavenger;
  Time now = 10s;
  const auto after = [&](int round_trips, Time queue) {
    for (int i = 0; i < round_trips; ++i) scavenger.measure(idle + queue, idle, now += idle + queue);
    return scavenger.window();
  };
  EXPECT_EQ(scavenger.window(), Scavenger::least);
  EXPECT_EQ(after(3, 0ms), Scavenger::least * 8);
  EXPECT_EQ(after(2, Scavenger::target - 1ms), Scavenger::least * 10);
  EXPECT_EQ(after(1, Scavenger::target), Scavenger::least * 5);
  EXPECT_EQ(after(30, 1s), Scavenger::least);
  EXPECT_EQ(after(30, 0ms), Scavenger::most);
}

TEST(Scavenger, ChangesOnceInARoundTrip) {
  Scavenger scavenger;
  scavenger.measure(0ms, 0ms, 10s);  // not known yet
  EXPECT_EQ(scavenger.window(), Scavenger::least);
  scavenger.measure(idle, idle, 10s);
  scavenger.measure(idle, idle, 10s + idle - 1ns);
  EXPECT_EQ(scavenger.window(), Scavenger::least * 2);
  scavenger.measure(idle, idle, 10s + idle);
  EXPECT_EQ(scavenger.window(), Scavenger::least * 4);
}

}  // namespace
}  // namespace astral::quic
