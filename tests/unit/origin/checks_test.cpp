// SPDX-License-Identifier: BSD-3-Clause
// Whom the origin asks and how often, whatever strangers tell it to.
#include "origin/checks.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

constexpr Asking few{.at_once = 2,
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

TEST_F(ChecksTest, StartsAtOnce) {
  EXPECT_EQ(checks_.next(now_), never);
  EXPECT_TRUE(want("a", "192.0.2.1"));
  EXPECT_EQ(checks_.next(now_), now_);
  EXPECT_EQ(due(), "a");
  EXPECT_EQ(checks_.next(now_), never);
}

TEST_F(ChecksTest, OneNodeIsAskedOnceInAWhile) {
  EXPECT_TRUE(want("a", "192.0.2.1"));
  EXPECT_TRUE(want("a", "192.0.2.1"));  // it is waiting already
  EXPECT_EQ(due(), "a");
  EXPECT_TRUE(want("a", "192.0.2.1"));  // it is under way
  EXPECT_EQ(due(), "");
  checks_.done("a");
  now_ += 4999ms;
  EXPECT_FALSE(want("a", "192.0.2.1"));
  EXPECT_FALSE(want("a", "192.0.2.2"));  // also when it moves
  now_ += 1ms;
  EXPECT_TRUE(want("a", "192.0.2.1"));
  EXPECT_EQ(due(), "a");
}

TEST_F(ChecksTest, OneAddressIsAskedSlowly) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.1"));
  EXPECT_EQ(due(), "a");
  EXPECT_EQ(checks_.next(now_), now_ + 100ms);
  now_ += 99ms;
  EXPECT_EQ(due(), "");
  EXPECT_TRUE(want("c", "192.0.2.2"));  // another one need not wait for it
  EXPECT_EQ(due(), "c");
  checks_.done("c");
  now_ += 1ms;
  EXPECT_EQ(due(), "b");
}

TEST_F(ChecksTest, FewAtOnce) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.2") && want("c", "192.0.2.3"));
  EXPECT_EQ(due(), "ab");
  EXPECT_EQ(due(), "");
  EXPECT_EQ(checks_.next(now_), never);
  checks_.done("x");
  checks_.done("c");  // not under way: frees nothing
  EXPECT_EQ(due(), "");
  checks_.done("b");
  checks_.done("b");
  EXPECT_EQ(checks_.next(now_), now_);
  EXPECT_EQ(due(), "c");
  EXPECT_EQ(due(), "");
}

TEST_F(ChecksTest, FewWait) {
  EXPECT_TRUE(want("a", "192.0.2.1") && want("b", "192.0.2.1"));
  EXPECT_FALSE(want("c", "192.0.2.1"));  // of one address
  EXPECT_TRUE(want("d", "192.0.2.2") && want("e", "192.0.2.3"));
  EXPECT_FALSE(want("f", "192.0.2.4"));  // of all
}

}  // namespace
}  // namespace astral::origin
