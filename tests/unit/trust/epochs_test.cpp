// SPDX-License-Identifier: BSD-3-Clause
#include "trust/epochs.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace astral::trust {
namespace {

using Verdict = Epochs::Verdict;

TEST(Epochs, AGroupIsNotBelowItsEpochNorFarBeyondIt) {
  Epochs epochs;
  EXPECT_EQ(epochs.judge(1000, 999), Verdict::jumped);
  EXPECT_EQ(epochs.judge(1000, 1000), Verdict::good);
  EXPECT_EQ(epochs.judge(1000, 1000 + Epochs::max_groups - 1), Verdict::good);
  EXPECT_EQ(epochs.judge(1000, 1000 + Epochs::max_groups), Verdict::jumped);
  EXPECT_EQ(epochs.judge(1000, std::uint64_t{1} << 61), Verdict::jumped);
  EXPECT_EQ(epochs.judge(0, std::numeric_limits<std::uint64_t>::max()), Verdict::jumped);
  EXPECT_EQ(epochs.newest(), 1000u);
}

TEST(Epochs, ARunThatHasEndedBringsNothingNew) {
  Epochs epochs;
  EXPECT_EQ(epochs.judge(1000, 1005), Verdict::good);
  EXPECT_EQ(epochs.judge(5000, 5000), Verdict::good);
  EXPECT_EQ(epochs.judge(1000, 1006), Verdict::good);  // the past, which a relay still fetches
  EXPECT_EQ(epochs.judge(1000, 4999), Verdict::good);
  EXPECT_EQ(epochs.judge(1000, 5000), Verdict::replayed);
  EXPECT_EQ(epochs.judge(1000, 9000), Verdict::replayed);
  EXPECT_EQ(epochs.judge(5000, 5001), Verdict::good);
}

TEST(Epochs, WhatIsRefusedIsNotRemembered) {
  Epochs epochs;
  EXPECT_EQ(epochs.judge(9000, 1), Verdict::jumped);
  EXPECT_EQ(epochs.judge(1000, 9500), Verdict::good);
}

}  // namespace
}  // namespace astral::trust
