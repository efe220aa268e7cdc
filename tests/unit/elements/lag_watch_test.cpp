// SPDX-License-Identifier: BSD-3-Clause
#include "elements/lag_watch.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace astral::elements {
namespace {

using Verdict = LagWatch::Verdict;

// A line that carries `mbps(t)` of a stream of 4 Mbit/s, with groups of one second. Objects come every 20 ms
// of media.
struct Line {
  std::string name;
  std::function<double(double)> mbps;
  double until;         // seconds
  double least, most;   // skips
  double greatest_lag;  // seconds, after the first skip
};

struct Played {
  int asks = 0;
  std::vector<double> skips;
  double lag = 0;  // at the end
  double greatest = 0;
};

constexpr double stream_mbps = 4, object_s = 0.02;

Played play(const Line &line) {
  LagWatch watch(3s);
  Played run;
  double answer = -1;         // when the answer to a question comes
  double next = 0, sent = 0;  // media time of the next object; the part of it that has arrived
  for (int step = 0; step < static_cast<int>(line.until * 500); ++step) {
    const double t = step * 0.002;
    const Time now = std::chrono::milliseconds(step * 2) + 1000s;
    const double live = t + object_s;
    if (answer >= 0 && t >= answer) {
      const auto group = static_cast<std::uint64_t>(t);
      watch.answered({group, static_cast<std::uint64_t>((t - static_cast<double>(group)) / object_s)}, now);
      answer = -1;
    }
    sent += line.mbps(t) * 0.002;
    while (next + object_s <= live && sent >= stream_mbps * object_s) {
      sent -= stream_mbps * object_s;
      const auto group = static_cast<std::uint64_t>(next + 1e-9);
      const auto object = static_cast<std::uint64_t>((next - static_cast<double>(group)) / object_s + 0.5);
      next += object_s;
      run.lag = live - next;
      if (!run.skips.empty()) run.greatest = std::max(run.greatest, run.lag);
      const auto lag = std::chrono::nanoseconds(static_cast<std::int64_t>(run.lag * 1e9));
      const Verdict verdict = watch.arrived({group, object}, lag, now);
      if (verdict == Verdict::ask) ++run.asks, answer = t + 0.1;
      if (verdict == Verdict::skip) {
        EXPECT_GT(watch.target().group, group);
        next = static_cast<double>(watch.target().group);
        run.skips.push_back(t);
      }
    }
    if (next + object_s > live) sent = 0;  // an idle line saves nothing
  }
  return run;
}

TEST(LagWatch, SkipsOnAThinLineAndNotDuringACatchUp) {
  const Line lines[] = {
      {"a wide line", [](double) { return 8.; }, 60, 0, 0, 0},
      {"3 of 4, steadily", [](double) { return 3.; }, 75, 3, 6, 6},
      {"1 of 4, steadily", [](double) { return 1.; }, 75, 8, 16, 6.5},
      {"3.9 of 4, steadily", [](double) { return 3.9; }, 300, 1, 3, 5.5},
      {"a cut of 12 s, then 5 of 4", [](double t) { return t > 10 && t < 22 ? 0 : 5.; }, 90, 0, 0, 0},
      {"a cut of 12 s, then 4.4 of 4", [](double t) { return t > 10 && t < 22 ? 0 : 4.4; }, 90, 0, 0, 0},
      {"a cut of 2.5 s, then 4 of 4", [](double t) { return t > 10 && t < 12.5 ? 0 : 4.; }, 90, 0, 0, 0},
      {"a cut of 8 s, then 3 of 4", [](double t) { return t < 10   ? 5.
                                                          : t < 18 ? 0
                                                                   : 3.; }, 60, 1, 4, 6},
      {"3 and 6 in turn", [](double t) { return static_cast<int>(t / 2) % 2 ? 3. : 6.; }, 120, 0, 0, 0},
      {"2 and 6 in turn", [](double t) { return static_cast<int>(t / 5) % 2 ? 2. : 6.; }, 120, 0, 0, 0},
      // On the mean this line carries less than the stream.
      {"2 and 5 in turn", [](double t) { return static_cast<int>(t / 5) % 2 ? 2. : 5.; }, 120, 1, 6, 6.5},
  };
  for (const Line &line : lines) {
    SCOPED_TRACE(line.name);
    const Played run = play(line);
    EXPECT_GE(static_cast<double>(run.skips.size()), line.least);
    EXPECT_LE(static_cast<double>(run.skips.size()), line.most);
    EXPECT_LE(run.greatest, line.greatest_lag);
    for (std::size_t i = 1; i < run.skips.size(); ++i) EXPECT_GE(run.skips[i] - run.skips[i - 1], 3.5);
  }
}

// Feeds objects every 20 ms with the same lag until `until`; returns the last verdict that is not `wait`.
Verdict feed(LagWatch &watch, moqt::Location at, Time lag, Time &now, Time until) {
  Verdict last = Verdict::wait;
  for (; now < until; now += 20ms)
    if (const Verdict verdict = watch.arrived(at, lag, now); verdict != Verdict::wait) last = verdict;
  return last;
}

TEST(LagWatch, DoesNotSkipWhereTheProviderHasNothingNewer) {
  LagWatch watch(3s);
  Time now = 100s;
  EXPECT_EQ(feed(watch, {5, 0}, 4s, now, 102s), Verdict::wait);
  EXPECT_EQ(feed(watch, {6, 3}, 4s, now, 102100ms), Verdict::ask);
  watch.answered({6, 3}, now);
  EXPECT_EQ(watch.arrived({6, 3}, 4s, now), Verdict::present);
  EXPECT_FALSE(watch.thin(now));
}

TEST(LagWatch, WaitsForANewerGroup) {
  LagWatch watch(3s);
  Time now = 100s;
  EXPECT_EQ(feed(watch, {5, 0}, 4s, now, 102100ms), Verdict::ask);
  watch.answered({5, 90}, now);
  EXPECT_EQ(feed(watch, {5, 10}, 4s, now, 104s), Verdict::wait);
  EXPECT_EQ(feed(watch, {5, 20}, 4s, now, 105s), Verdict::ask);
  watch.answered({6, 1}, now);
  EXPECT_EQ(feed(watch, {5, 30}, 4s, now, 106s), Verdict::skip);
  EXPECT_EQ(watch.target(), (moqt::Location{6, 0}));
}

TEST(LagWatch, CallsTheLineThinUntilItWasCalmForAMinute) {
  LagWatch watch(3s);
  Time now = 100s;
  EXPECT_EQ(feed(watch, {5, 0}, 4s, now, 102100ms), Verdict::ask);
  watch.answered({8, 0}, now);
  EXPECT_EQ(feed(watch, {5, 9}, 4s, now, 103s), Verdict::skip);
  EXPECT_TRUE(watch.thin(now));
  feed(watch, {8, 0}, 1s, now, 113s);
  const Time calm_since = now;
  feed(watch, {18, 0}, 500ms, now, calm_since + LagWatch::calm - 100ms);
  EXPECT_TRUE(watch.thin(now));
  feed(watch, {78, 0}, 500ms, now, calm_since + LagWatch::calm + 100ms);
  EXPECT_FALSE(watch.thin(now));
}

TEST(LagWatch, NeverSkipsWithoutAMaximum) {
  LagWatch watch(0s);
  Time now = 100s;
  EXPECT_EQ(feed(watch, {5, 0}, 30s, now, 200s), Verdict::wait);
}

}  // namespace
}  // namespace astral::elements
