// SPDX-License-Identifier: BSD-3-Clause
// Which nodes the origin checks and how often, whatever it is asked to check.
#include "origin/checks.hpp"

#include <gtest/gtest.h>

#include <map>

namespace astral::origin {
namespace {

constexpr CheckLimits few{.at_once = 2,
                          .at_once_of_a_network = 2,
                          .waiting = 4,
                          .waiting_of_an_address = 2,
                          .between_of_a_node = 5s,
                          .between_of_an_address = 100ms,
                          .failures_count = 600s,
                          .deadline = 3s,
                          .max_answer = 1024};

class ChecksTest : public ::testing::Test {
 protected:
  bool want(const std::string &uuid, const std::string &address) {
    return checks_.want({uuid, address, 8000}, now_);
  }
  std::string due() {
    std::string started;
    for (const Check &check : checks_.due(now_)) started += check.uuid;
    return started;
  }
  Time now_ = 1000s;
  Checks checks_{few};
};

TEST_F(ChecksTest, AFirstCheckStartsAtOnce) {
  EXPECT_EQ(checks_.next(now_), never);
  EXPECT_TRUE(want("a", "192.0.2.1"));
  EXPECT_EQ(checks_.next(now_), now_);
  EXPECT_EQ(due(), "a");
  EXPECT_EQ(checks_.next(now_), never);
}

TEST_F(ChecksTest, ANodeIsCheckedOnceInFiveSeconds) {
  EXPECT_TRUE(want("a", "192.0.2.1"));
  EXPECT_TRUE(want("a", "192.0.2.1"));  // waits already
  EXPECT_EQ(due(), "a");
  EXPECT_TRUE(want("a", "192.0.2.1"));  // is running
  EXPECT_EQ(due(), "");
  checks_.done("a", true, now_);
  now_ += 4999ms;
  EXPECT_FALSE(want("a", "192.0.2.1"));
  EXPECT_FALSE(want("a", "192.0.2.2"));  // also at another address
  now_ += 1ms;
  EXPECT_TRUE(want("a", "192.0.2.1"));
  EXPECT_EQ(due(), "a");
}

TEST_F(ChecksTest, AnAddressIsCheckedOnceInATenthOfASecond) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.1"));
  EXPECT_EQ(due(), "b");
  EXPECT_EQ(checks_.next(now_), now_ + 100ms);
  now_ += 99ms;
  EXPECT_EQ(due(), "");
  EXPECT_TRUE(want("c", "192.0.2.2"));  // another address does not wait
  EXPECT_EQ(due(), "c");
  checks_.done("c", true, now_);
  now_ += 1ms;
  EXPECT_EQ(due(), "a");
}

TEST_F(ChecksTest, RunsABoundedNumberOfChecks) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.2") && want("c", "192.0.2.3"));
  EXPECT_EQ(due(), "cb");  // the newest first
  EXPECT_EQ(due(), "");
  EXPECT_EQ(checks_.next(now_), never);
  checks_.done("x", true, now_);
  checks_.done("a", true, now_);  // is not running
  EXPECT_EQ(due(), "");
  checks_.done("b", true, now_);
  checks_.done("b", true, now_);
  EXPECT_EQ(checks_.next(now_), now_);
  EXPECT_EQ(due(), "a");
  EXPECT_EQ(due(), "");
}

TEST_F(ChecksTest, ABoundedNumberOfChecksWaits) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.1"));
  EXPECT_FALSE(want("c", "192.0.2.1"));  // too many wait for this address
  EXPECT_TRUE(want("d", "192.0.2.2") && want("e", "192.0.2.3"));
  EXPECT_TRUE(want("f", "192.0.2.4"));  // a makes way
  EXPECT_TRUE(want("a", "192.0.2.5"));  // is not known any more; b makes way
  EXPECT_EQ(due(), "af");
}

TEST_F(ChecksTest, ANetworkThatDoesNotAnswerGoesLast) {
  EXPECT_TRUE(want("a", "192.0.2.1"));
  EXPECT_EQ(due(), "a");
  checks_.done("a", false, now_);
  now_ += 10s;
  EXPECT_TRUE(want("b", "198.51.100.1") && want("a", "192.0.2.1") && want("c", "198.51.100.2"));
  EXPECT_EQ(due(), "cb");
  EXPECT_TRUE(want("d", "192.0.2.2") && want("e", "192.0.2.3") && want("f", "192.0.2.4"));
  EXPECT_TRUE(want("g", "203.0.113.1"));  // one of those makes way
  checks_.done("b", true, now_);
  EXPECT_EQ(due(), "g");
  now_ += 601s;  // that is forgotten
  checks_.done("c", true, now_);
  EXPECT_EQ(due(), "f");
}

// 10,000 silent nodes and one that answers, all new.
TEST(ChecksOfMany, AnHonestNodeIsAskedSoon) {
  for (const bool of_one_network : {true, false}) {
    Checks checks;
    Time now = 1000s;
    std::map<std::string, Time> ends;
    Time asked = never;
    const auto run = [&](Time until) {
      for (; now < until; now += 10ms) {
        std::erase_if(ends, [&](const auto &entry) {
          if (entry.second > now) return false;
          checks.done(entry.first, entry.first == "honest", now);
          return true;
        });
        for (const Check &check : checks.due(now)) {
          ends[check.uuid] = now + (check.uuid == "honest" ? 10ms : CheckLimits{}.deadline);
          if (check.uuid == "honest") asked = now;
        }
      }
    };
    const auto report = [&](int from, int to) {
      for (int i = from; i < to; ++i) {
        const std::string middle = std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
        (void)checks.want({"n" + std::to_string(i),
                           of_one_network ? "192.0." + std::to_string(2) + "." + std::to_string(1 + i % 250)
                                          : "20." + middle + ".1",
                           8000},
                          now);
      }
    };
    report(0, 10'000);
    run(now + 1s);
    const Time came = now;
    EXPECT_TRUE(checks.want({"honest", "203.0.113.9", 8000}, now));
    for (int second = 0; second < 5; ++second) {  // they go on to report
      report(second * 300, second * 300 + 300);
      run(now + 1s);
    }
    ASSERT_NE(asked, never) << of_one_network;
    EXPECT_LE(asked - came, 5s) << of_one_network;
  }
}

}  // namespace
}  // namespace astral::origin
