// SPDX-License-Identifier: BSD-3-Clause
// The keys of a node's streams: made once, kept, carried to another machine.
#include "runtime/kept_stream_keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "glue/ref.hpp"
#include "protocol/statement.hpp"

namespace astral::runtime {
namespace {

class StreamKeys : public testing::Test {
 protected:
  void SetUp() override {
    GError *error = nullptr;
    const GString_ made(g_dir_make_tmp("astral-keys-XXXXXX", &error));
    ASSERT_TRUE(made);
    folder_ = made.get();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(StreamKeys, AreMadeOnceAndKept) {
  core::StreamInfo first{.slug = "talk", .updated = 1};
  core::StreamInfo again = first;
  core::StreamInfo other{.slug = "show", .updated = 1};
  {
    KeptStreamKeys keys(folder_);
    EXPECT_EQ(keys.find("talk").error().code, Code::not_found);
    ASSERT_TRUE(keys.sign(first));
    ASSERT_TRUE(keys.sign(other));
  }
  KeptStreamKeys keys(folder_);
  EXPECT_TRUE(keys.has("talk", first.fingerprint));
  EXPECT_FALSE(keys.has("show", first.fingerprint));
  ASSERT_TRUE(keys.sign(again));
  EXPECT_EQ(first, again);
  EXPECT_TRUE(protocol::check(again));
  EXPECT_NE(first.fingerprint, other.fingerprint);
  struct stat about {};
  ASSERT_EQ(stat((folder_ + "/streams/talk.pem").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(StreamKeys, WithoutAFolderLiveAsLongAsTheObject) {
  KeptStreamKeys keys("");
  core::StreamInfo stream{.slug = "talk"};
  ASSERT_TRUE(keys.sign(stream));
  EXPECT_TRUE(keys.has("talk", stream.fingerprint));
  EXPECT_FALSE(KeptStreamKeys("").has("talk", stream.fingerprint));
}

TEST_F(StreamKeys, ThatCannotBeKeptAreNotUsed) {
  KeptStreamKeys keys("/dev/null");
  core::StreamInfo stream{.slug = "talk"};
  EXPECT_FALSE(keys.sign(stream));
  EXPECT_FALSE(stream.is_signed());
}

TEST_F(StreamKeys, AreCarriedToAnotherMachine) {
  KeptStreamKeys here(folder_ + "/here");
  core::StreamInfo stream{.slug = "talk"};
  ASSERT_TRUE(here.sign(stream));
  const std::string pem(as_text(here.find("talk")->private_key_pem()));
  KeptStreamKeys there(folder_ + "/there");
  ASSERT_TRUE(there.adopt("talk", pem));
  EXPECT_TRUE(there.adopt("talk", pem)) << "it is the same";
  EXPECT_TRUE(KeptStreamKeys(folder_ + "/there").has("talk", stream.fingerprint));
  const std::string other(as_text(Key::generate()->private_key_pem()));
  EXPECT_EQ(there.adopt("talk", other).error().code, Code::conflict);
  EXPECT_EQ(there.adopt("show", "rubbish").error().code, Code::invalid);
  EXPECT_EQ(there.adopt("show", std::string(Key::max_file_size + 1, 'x')).error().code, Code::too_large);
}

}  // namespace
}  // namespace astral::runtime
