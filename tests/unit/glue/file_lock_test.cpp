// SPDX-License-Identifier: BSD-3-Clause
// FileLock: one process at a time holds the file, and the next one learns who holds it.
#include "glue/file_lock.hpp"

#include <glib/gstdio.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "glue/ref.hpp"

namespace astral {
namespace {

class FileLockTest : public ::testing::Test {
 protected:
  FileLockTest() : folder_(g_dir_make_tmp("astral-lock-XXXXXX", nullptr)) {}
  ~FileLockTest() override {
    g_remove(path().c_str());
    g_rmdir(folder_.get());
  }
  std::string path() const { return std::string(folder_.get()) + "/lock"; }

 private:
  GString_ folder_;
};

TEST_F(FileLockTest, TheErrorNamesTheHolder) {
  const auto first = FileLock::take(path(), "astralnode");
  ASSERT_TRUE(first) << first.error().detail;
  const auto second = FileLock::take(path(), "astralorigin");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_EQ(second.error().detail, "astralnode, process " + std::to_string(getpid()) + " uses it (lock file " + path() + ")");
}

TEST_F(FileLockTest, TheNextHolderReplacesTheNameInTheFile) {
  { ASSERT_TRUE(FileLock::take(path(), "a program with a rather long name")); }
  const auto next = FileLock::take(path(), "next");
  ASSERT_TRUE(next) << next.error().detail;
  EXPECT_TRUE(FileLock::take(path(), "third").error().detail.starts_with("next, process "));
}

TEST_F(FileLockTest, AMovedLockIsStillHeld) {
  auto first = FileLock::take(path(), "one");
  ASSERT_TRUE(first);
  const FileLock moved = std::move(*first);
  EXPECT_FALSE(FileLock::take(path(), "two"));
}

TEST_F(FileLockTest, AFileThatCannotBeOpenedFailsWithoutAConflict) {
  const auto none = FileLock::take(path() + "/nowhere", "one");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::failed);
}

}  // namespace
}  // namespace astral
