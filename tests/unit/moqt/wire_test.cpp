// SPDX-License-Identifier: BSD-3-Clause
// vi64 with the vectors of §1.4.1, the Reader at its end, and the set of used ids.
#include "moqt/wire.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>

#include "hex.hpp"
#include "moqt/id_set.hpp"
#include "moqt/subgroup.hpp"

namespace astral::moqt {
namespace {

struct Vector {
  const char *wire;
  std::uint64_t value;
  bool minimal;
};

class Vi64 : public testing::TestWithParam<Vector> {};

TEST_P(Vi64, DecodesAndEncodesTheVector) {
  const auto wire = hex(GetParam().wire);
  Reader in(wire);
  EXPECT_EQ(in.vi64(), GetParam().value);
  EXPECT_TRUE(in.done());
  if (!GetParam().minimal) return;
  Writer out;
  out.vi64(GetParam().value);
  EXPECT_EQ(to_hex(out.view()), to_hex(wire));
  EXPECT_EQ(vi64_size(GetParam().value), wire.size());
}

TEST_P(Vi64, NeedsEachOfItsBytes) {
  const auto wire = hex(GetParam().wire);
  for (std::size_t size = 0; size < wire.size(); ++size) {
    Reader in(Bytes(wire).first(size));
    EXPECT_EQ(in.vi64(), 0u);
    EXPECT_FALSE(in.ok());
  }
}

TEST_P(Vi64, MayBeSplitAnywhere) {
  const auto wire = hex(GetParam().wire);
  for (std::size_t size = 0; size < wire.size(); ++size) {
    SplitVi64 split;
    Bytes head = Bytes(wire).first(size), tail = Bytes(wire).subspan(size);
    EXPECT_FALSE(split.take(head));
    EXPECT_EQ(split.take(tail), GetParam().value);
    EXPECT_TRUE(head.empty() && tail.empty() && split.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Section141, Vi64,
    testing::Values(Vector{"25", 37, true}, Vector{"8025", 37, false}, Vector{"bbbd", 15293, true},
                    Vector{"ed7f3e7d", 226442877, true}, Vector{"faa1a0e403d8", 2893212287960, true},
                    Vector{"fc8998abc66bc0", 151288809941952, true},
                    Vector{"fefa318fa8e3ca11", 70423237261249041, true},
                    Vector{"ffffffffffffffffff", std::numeric_limits<std::uint64_t>::max(), true},
                    Vector{"af00", 0x2F00, true}, Vector{"ff0000000000000000", 0, false},
                    Vector{"00", 0, true}, Vector{"7f", 127, true}, Vector{"8080", 128, true}));

TEST(Vi64, EncodesAndDecodesEveryMagnitude) {
  std::mt19937_64 random(1);
  for (int bits = 0; bits <= 64; ++bits) {
    for (int i = 0; i < 100; ++i) {
      const std::uint64_t value = bits == 0 ? 0 : random() >> (64 - bits);
      Writer out;
      out.vi64(value);
      Reader in(out.view());
      ASSERT_EQ(in.vi64(), value);
      ASSERT_TRUE(in.done());
    }
  }
}

TEST(Reader, StaysFailedAndEmptyAfterAReadPastTheEnd) {
  const auto wire = hex("05 0102");
  Reader in(wire);
  EXPECT_TRUE(in.take_prefixed().empty());
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.uint8(), 0);
  EXPECT_EQ(in.uint16(), 0);
  EXPECT_EQ(in.location(), Location{});
  EXPECT_FALSE(in.done());
}

TEST(IdSet, ContainsInsertedIds) {
  std::mt19937_64 random(2);
  IdSet set;
  std::set<std::uint64_t> model;
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t id = random() % 300;
    ASSERT_EQ(set.insert(id), model.insert(id).second);
    ASSERT_TRUE(set.contains(id));
    const std::uint64_t other = random() % 300;
    ASSERT_EQ(set.contains(other), model.contains(other));
  }
  EXPECT_EQ(set.largest(), *model.rbegin());
}

TEST(IdSet, HoldsTheSmallestAndLargestId) {
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  IdSet set;
  EXPECT_TRUE(set.insert(last));
  EXPECT_TRUE(set.insert(0));
  EXPECT_FALSE(set.insert(last));
  EXPECT_FALSE(set.insert(0));
  EXPECT_TRUE(set.insert(last - 1));
  EXPECT_EQ(set.ranges(), 2u);
}

TEST(IdSet, HasAMaximumOfRanges) {
  IdSet set;
  for (std::uint64_t id = 0; id < 10 * IdSet::max_ranges; ++id) EXPECT_TRUE(set.insert(2 * id));
  EXPECT_EQ(set.ranges(), IdSet::max_ranges);
  EXPECT_FALSE(set.insert(1)) << "the oldest gaps count as used";
  EXPECT_TRUE(set.insert(2 * 10 * IdSet::max_ranges - 3)) << "the newest gaps do not";
}

}  // namespace
}  // namespace astral::moqt
