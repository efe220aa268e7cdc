// SPDX-License-Identifier: BSD-3-Clause
// Which nodes the origin checks and how often, whatever it is asked to check.
#include "origin/checks.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

constexpr CheckLimits few{.at_once = 2,
                     .waiting = 4,
                     .waiting_of_an_address = 2,
                     .between_of_a_node = 5s,
                     .between_of_an_address = 100ms,
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
  checks_.done("a");
  now_ += 4999ms;
  EXPECT_FALSE(want("a", "192.0.2.1"));
  EXPECT_FALSE(want("a", "192.0.2.2"));  // also at another address
  now_ += 1ms;
  EXPECT_TRUE(want("a", "192.0.2.1"));
  EXPECT_EQ(due(), "a");
}

TEST_F(ChecksTest, AnAddressIsCheckedOnceInATenthOfASecond) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.1"));
  EXPECT_EQ(due(), "a");
  EXPECT_EQ(checks_.next(now_), now_ + 100ms);
  now_ += 99ms;
  EXPECT_EQ(due(), "");
  EXPECT_TRUE(want("c", "192.0.2.2"));  // another address does not wait
  EXPECT_EQ(due(), "c");
  checks_.done("c");
  now_ += 1ms;
  EXPECT_EQ(due(), "b");
}

TEST_F(ChecksTest, RunsABoundedNumberOfChecks) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.2") && want("c", "192.0.2.3"));
  EXPECT_EQ(due(), "ab");
  EXPECT_EQ(due(), "");
  EXPECT_EQ(checks_.next(now_), never);
  checks_.done("x");
  checks_.done("c");  // is not running
  EXPECT_EQ(due(), "");
  checks_.done("b");
  checks_.done("b");
  EXPECT_EQ(checks_.next(now_), now_);
  EXPECT_EQ(due(), "c");
  EXPECT_EQ(due(), "");
}

TEST_F(ChecksTest, ABoundedNumberOfChecksWaits) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.1"));
  EXPECT_FALSE(want("c", "192.0.2.1"));  // too many wait for this address
  EXPECT_TRUE(want("d", "192.0.2.2") && want("e", "192.0.2.3"));
  EXPECT_FALSE(want("f", "192.0.2.4"));  // too many wait
}

}  // namespace
}  // namespace astral::origin
