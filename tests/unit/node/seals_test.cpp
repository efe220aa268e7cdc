// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/seals.hpp"

#include <gtest/gtest.h>

#include <variant>
#include <vector>

namespace astral::runtime {
namespace {

core::Routed plain() {
  return {.to = {.uuid = "b"},
          .from = {.uuid = "a"},
          .what = std::make_shared<const core::Enclosed>(core::Enclosed{core::Leaving{.ticket = "t1"}})};
}

core::Routed sealed_by(Seals &author) {
  return std::get<core::Routed>(*author.sealed(plain()));
}

TEST(Seals, CountOnce) {
  Seals author(Key::generate().value(), 1'000), reader(Key::generate().value(), 1'000);
  core::Routed message = sealed_by(author);
  core::Routed again = message;
  EXPECT_TRUE(reader.open(message));
  EXPECT_EQ(reader.open(again).error().code, Code::conflict);
  EXPECT_EQ(again.what, nullptr);
}

TEST(Seals, MayOvertakeEachOther) {
  Seals author(Key::generate().value(), 1'000), reader(Key::generate().value(), 1'000);
  std::vector<core::Routed> messages;
  for (std::size_t i = 0; i <= Seals::remembered; ++i) messages.push_back(sealed_by(author));
  for (std::size_t i = Seals::remembered; i > 0; --i) EXPECT_TRUE(reader.open(messages[i])) << i;
  EXPECT_FALSE(reader.open(messages[0])) << "too late to tell whether it came before";
}

TEST(Seals, OfANodeThatBeginsAnewAreNewOnes) {
  const Key key = Key::generate().value();
  Seals reader(Key::generate().value(), 1'000);
  Seals before(key, 1'000);
  for (std::size_t i = 0; i < 2 * Seals::remembered; ++i) {
    core::Routed message = sealed_by(before);
    EXPECT_TRUE(reader.open(message));
  }
  Seals later(key, 1'001);
  core::Routed first = sealed_by(later);
  EXPECT_TRUE(reader.open(first));
}

TEST(Seals, AdmitWhatIsSealedOrForOthers) {
  Seals author(Key::generate().value(), 1'000), reader(Key::generate().value(), 1'000);
  core::Message bare = plain(), heartbeat = core::Heartbeat{};
  EXPECT_FALSE(reader.admit(bare, "b"));
  EXPECT_FALSE(reader.admit(bare, "another"));
  EXPECT_TRUE(reader.admit(heartbeat, "b"));
  EXPECT_FALSE(author.sealed(heartbeat));
  core::Message ours = *author.sealed(plain()), theirs = ours;
  EXPECT_TRUE(reader.admit(theirs, "another"));
  EXPECT_EQ(std::get<core::Routed>(theirs).what, nullptr) << "it was opened by a stranger";
  EXPECT_FALSE(author.sealed(theirs)) << "what is passed on keeps its author";
  EXPECT_TRUE(reader.admit(ours, "b"));
  EXPECT_NE(std::get<core::Routed>(ours).what, nullptr);
  EXPECT_FALSE(reader.admit(theirs, "b"));
}

TEST(Seals, OfSoManyAuthorsAreRemembered) {
  Seals author(Key::generate().value(), 1'000), reader(Key::generate().value(), 1'000);
  core::Routed first = sealed_by(author);
  core::Routed again = first, once_more = first;
  EXPECT_TRUE(reader.open(first));
  EXPECT_FALSE(reader.open(again));
  for (std::size_t i = 0; i < Seals::max_authors; ++i) {
    Seals another(Key::generate().value(), 1'000);
    core::Routed other = sealed_by(another);
    ASSERT_TRUE(reader.open(other));
  }
  EXPECT_TRUE(reader.open(once_more)) << "its author was forgotten";
}

}  // namespace
}  // namespace astral::runtime
