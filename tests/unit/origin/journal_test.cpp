// SPDX-License-Identifier: BSD-3-Clause
// An answer comes once its changes are on the disk; a failed write is reported and tried again.
#include "origin/journal.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "../http/pump.hpp"

namespace astral::origin {
namespace {

using test::pump_until;

Node node(std::string uuid) {
  Node made;
  made.uuid = std::move(uuid);
  made.port = 8000;
  return made;
}

Changes changes_of(const std::string &uuid) {
  Changes changes;
  changes.nodes[uuid] = node(uuid);
  return changes;
}

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/astral-journal-XXXXXX";
    folder_ = mkdtemp(pattern);
    path_ = (folder_ / "o.db").string();
    auto store = Store::open("sqlite://" + path_);
    ASSERT_TRUE(store) << store.error().detail;
    journal_ = std::make_unique<Journal>(std::move(*store));
  }
  void TearDown() override {
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }
  // As another process sees the file now.
  std::size_t count_on_disk() {
    auto database = Database::open(path_);
    return database ? static_cast<std::size_t>(database->integer("SELECT count(*) FROM node").value_or(0))
                    : 0;
  }

  std::filesystem::path folder_;
  std::string path_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, AnswersOnceTheChangesAreOnTheDisk) {
  constexpr std::size_t many = 300;
  std::size_t answered = 0, missing = 0;
  for (std::size_t i = 0; i < many; ++i) {
    journal_->keep(changes_of(std::to_string(i)), [&](const Expected<void> &kept) {
      ASSERT_TRUE(kept);
      if (count_on_disk() < ++answered) ++missing;
    });
    EXPECT_EQ(answered, 0u);  // never inside keep()
  }
  ASSERT_TRUE(pump_until([&] { return answered == many; }));
  EXPECT_EQ(missing, 0u);
  EXPECT_EQ(count_on_disk(), many);
}

TEST_F(JournalTest, AnswersInOrder) {
  std::string order;
  for (const char *name : {"a", "b", "c", "d"})
    journal_->keep(changes_of(name), [&order, name](const Expected<void> &) { order += name; });
  ASSERT_TRUE(pump_until([&] { return order.size() == 4; }));
  EXPECT_EQ(order, "abcd");
}

TEST_F(JournalTest, AnswersEvenIfNothingChanged) {
  bool answered = false;
  journal_->keep({}, [&](const Expected<void> &kept) { answered = kept.has_value(); });
  EXPECT_TRUE(pump_until([&] { return answered; }));
}

TEST_F(JournalTest, WritesTheRestWhenDestroyed) {
  for (const char *name : {"a", "b", "c"}) journal_->keep(changes_of(name), {});
  journal_.reset();
  EXPECT_EQ(count_on_disk(), 3u);
}

TEST_F(JournalTest, AFailedWriteIsReportedAndTriedAgain) {
  {
    auto database = Database::open(path_);
    ASSERT_TRUE(database && database->execute("ALTER TABLE node RENAME TO away"));
  }
  std::optional<Expected<void>> first;
  journal_->keep(changes_of("a"), [&](const Expected<void> &kept) { first = kept; });
  ASSERT_TRUE(pump_until([&] { return first.has_value(); }));
  ASSERT_FALSE(*first);
  EXPECT_EQ(first->error().code, Code::failed);
  {
    auto database = Database::open(path_);
    ASSERT_TRUE(database && database->execute("ALTER TABLE away RENAME TO node"));
  }
  std::optional<Expected<void>> second;
  journal_->keep(changes_of("b"), [&](const Expected<void> &kept) { second = kept; });
  ASSERT_TRUE(pump_until([&] { return second.has_value(); }));
  EXPECT_TRUE(*second);
  EXPECT_EQ(count_on_disk(), 2u);  // both changes, the failed one too
}

}  // namespace
}  // namespace astral::origin
