// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/seals.hpp"

#include <gtest/gtest.h>

#include <variant>
#include <vector>

#include "protocol/slug.hpp"

namespace astral::runtime {
namespace {

core::Routed plain(const Key &author) {
  return {.to = {.uuid = "b"},
          .from = {.uuid = protocol::uuid_of(author.fingerprint())},
          .what = std::make_shared<const core::Enclosed>(core::Enclosed{core::Leaving{.ticket = "t1"}})};
}

struct Author {
  explicit Author(const Key &with = Key::generate().value(), std::int64_t unix_ms = 1'000)
      : key(with), seals(with, unix_ms) {}
  core::Routed sealed() { return std::get<core::Routed>(*seals.sealed(plain(key))); }

  Key key;
  Seals seals;
};

TEST(Seals, CountOnce) {
  Author author;
  Seals reader(Key::generate().value(), 1'000);
  core::Routed message = author.sealed();
  core::Routed again = message;
  EXPECT_TRUE(reader.open(message));
  EXPECT_EQ(reader.open(again).error().code, Code::conflict);
  EXPECT_EQ(again.what, nullptr);
}

TEST(Seals, MayOvertakeEachOther) {
  Author author;
  Seals reader(Key::generate().value(), 1'000);
  std::vector<core::Routed> messages;
  for (std::size_t i = 0; i <= Seals::remembered; ++i) messages.push_back(author.sealed());
  for (std::size_t i = Seals::remembered; i > 0; --i) EXPECT_TRUE(reader.open(messages[i])) << i;
  EXPECT_FALSE(reader.open(messages[0])) << "too late to tell whether it came before";
}

TEST(Seals, OfANodeThatBeginsAnewAreNewOnes) {
  const Key key = Key::generate().value();
  Seals reader(Key::generate().value(), 1'000);
  Author before(key);
  for (std::size_t i = 0; i < 2 * Seals::remembered; ++i) {
    core::Routed message = before.sealed();
    EXPECT_TRUE(reader.open(message));
  }
  Author later(key, 1'001);
  core::Routed first = later.sealed();
  EXPECT_TRUE(reader.open(first));
}

TEST(Seals, AdmitWhatIsSealedOrForOthers) {
  Author author;
  Seals reader(Key::generate().value(), 1'000);
  core::Message bare = plain(author.key), heartbeat = core::Heartbeat{};
  EXPECT_FALSE(reader.admit(bare, "b"));
  EXPECT_FALSE(reader.admit(bare, "another"));
  EXPECT_TRUE(reader.admit(heartbeat, "b"));
  EXPECT_FALSE(author.seals.sealed(heartbeat));
  core::Message ours = author.sealed(), theirs = ours;
  EXPECT_TRUE(reader.admit(theirs, "another"));
  EXPECT_EQ(std::get<core::Routed>(theirs).what, nullptr) << "it was opened by a stranger";
  EXPECT_FALSE(author.seals.sealed(theirs)) << "what is passed on keeps its author";
  EXPECT_TRUE(reader.admit(ours, "b"));
  EXPECT_NE(std::get<core::Routed>(ours).what, nullptr);
  EXPECT_FALSE(reader.admit(theirs, "b"));
}

TEST(Seals, OfSoManyAuthorsAreRemembered) {
  Author author;
  Seals reader(Key::generate().value(), 1'000);
  core::Routed first = author.sealed();
  core::Routed again = first, once_more = first;
  EXPECT_TRUE(reader.open(first));
  EXPECT_FALSE(reader.open(again));
  for (std::size_t i = 0; i < Seals::max_authors; ++i) {
    Author another;
    core::Routed other = another.sealed();
    ASSERT_TRUE(reader.open(other));
  }
  EXPECT_TRUE(reader.open(once_more)) << "its author was forgotten";
}

}  // namespace
}  // namespace astral::runtime
