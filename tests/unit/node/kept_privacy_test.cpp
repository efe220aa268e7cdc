// SPDX-License-Identifier: BSD-3-Clause
// Who is invited to a private stream, and what a node keeps of it.
#include "runtime/kept_privacy.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "glue/ref.hpp"
#include "protocol/statement.hpp"
#include "runtime/kept_stream_keys.hpp"

namespace astral::runtime {
namespace {

constexpr std::uint64_t today = 1'800'000'000, day = 24 * 3600;
using Id = std::array<std::uint8_t, 8>;

class Book : public testing::Test {
 protected:
  const Key key = *Key::generate();
  GuestBook book{Secret::random(), "The talk", "about it"};
};

TEST_F(Book, InvitesForATime) {
  const auto made = book.invite(key, "talk", "Eve", day, Id{1}, today);
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->expires, today + day);
  ASSERT_EQ(book.guests().size(), 1u);
  EXPECT_EQ(book.guests()[0], (InvitedGuest{"0100000000000000", "Eve", today + day, false}));
  EXPECT_TRUE(protocol::read_invitation(protocol::text_of(*made)));
  EXPECT_FALSE(book.invite(key, "talk", "", 0, Id{2}, today));
  EXPECT_FALSE(book.invite(key, "talk", "", GuestBook::longest + 1, Id{2}, today));
  EXPECT_FALSE(book.invite(key, "talk", std::string(101, 'x'), day, Id{2}, today));
}

TEST_F(Book, GivesTheRelayTheSecretsOfWhoIsInvited) {
  const auto made = book.invite(key, "talk", "", day, Id{1}, today);
  EXPECT_NE(book.privacy(today).find(to_hex(made->secret.bytes())), std::string::npos);
  EXPECT_EQ(book.privacy(today + day).find(to_hex(made->secret.bytes())), std::string::npos);
  ASSERT_TRUE(book.revoke(made->id_text()));
  EXPECT_EQ(book.privacy(today).find(to_hex(made->secret.bytes())), std::string::npos);
}

TEST_F(Book, RevokesByIdAndByName) {
  for (std::uint8_t id = 1; id <= 3; ++id)
    ASSERT_TRUE(book.invite(key, "talk", id == 3 ? "Ann" : "Eve", day, Id{id}, today));
  ASSERT_TRUE(book.revoke("Eve"));
  EXPECT_EQ(book.revoked(), (std::vector<std::string>{"0200000000000000", "0100000000000000"}));
  ASSERT_TRUE(book.revoke("0300000000000000"));
  EXPECT_EQ(book.revoked().size(), 3u);
  EXPECT_EQ(book.revoke("Bob").error().code, Code::not_found);
  EXPECT_EQ(book.revoke("").error().code, Code::not_found);
}

TEST_F(Book, IsBounded) {
  for (std::size_t i = 0; i < GuestBook::max_guests; ++i)
    ASSERT_TRUE(book.invite(key, "talk", "many", day, Id{1, static_cast<std::uint8_t>(i)}, today));
  EXPECT_EQ(book.invite(key, "talk", "", day, Id{2}, today).error().code, Code::no_room);
  ASSERT_TRUE(book.revoke("many"));
  EXPECT_TRUE(book.invite(key, "talk", "", day, Id{2}, today));
  EXPECT_EQ(book.revoked().size(), core::max_revoked);
  EXPECT_LT(book.text().size(), GuestBook::max_text);
}

TEST_F(Book, ForgetsWhoseTimeIsOver) {
  EXPECT_EQ(book.next_expiry(), UINT64_MAX);
  ASSERT_TRUE(book.invite(key, "talk", "Eve", day, Id{1}, today));
  ASSERT_TRUE(book.invite(key, "talk", "Ann", 2 * day, Id{2}, today));
  EXPECT_EQ(book.next_expiry(), today + day);
  EXPECT_FALSE(book.expire(today + day - 1));
  EXPECT_TRUE(book.expire(today + day));
  ASSERT_TRUE(book.revoke("Ann"));
  EXPECT_FALSE(book.expire(today + 2 * day));  // could read nothing before
  EXPECT_TRUE(book.guests().empty());
}

TEST_F(Book, SurvivesItsText) {
  ASSERT_TRUE(book.invite(key, "talk", "Eve", day, Id{1}, today));
  ASSERT_TRUE(book.invite(key, "talk", "Ann", day, Id{2}, today));
  ASSERT_TRUE(book.revoke("Ann"));
  const auto read = GuestBook::read(book.text());
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->guests(), book.guests());
  EXPECT_EQ(read->name(), "The talk");
  EXPECT_EQ(read->privacy(today), book.privacy(today));
  EXPECT_FALSE(GuestBook::read("{}"));
}

class Privacy : public testing::Test {
 protected:
  void SetUp() override {
    GError *error = nullptr;
    const GString_ made(g_dir_make_tmp("astral-privacy-XXXXXX", &error));
    ASSERT_TRUE(made);
    folder = made.get();
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  protocol::Invitation to(const char *slug) const {
    return protocol::invite(key, slug, Id{1}, today + day, Secret::random());
  }
  std::string folder;
  const Key key = *Key::generate();
};

TEST_F(Privacy, IsKept) {
  {
    KeptPrivacy privacy(folder);
    EXPECT_EQ(privacy.book("talk"), nullptr);
    ASSERT_TRUE(privacy.make("talk", "The talk", ""));
    EXPECT_EQ(privacy.make("talk", "Again", "").error().code, Code::conflict);
    ASSERT_TRUE(privacy.change("talk", [&](GuestBook &book) -> Expected<void> {
      return book.invite(key, "talk", "Eve", day, Id{1}, today).map([](const auto &) {});
    }));
    EXPECT_EQ(privacy.change("show", [](GuestBook &) { return Expected<void>(); }).error().code,
              Code::not_found);
  }
  KeptPrivacy privacy(folder);
  ASSERT_NE(privacy.book("talk"), nullptr);
  EXPECT_EQ(privacy.book("talk")->name(), "The talk");
  EXPECT_EQ(privacy.book("talk")->guests().size(), 1u);
  struct stat about {};
  ASSERT_EQ(stat((folder + "/streams/talk.private").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(Privacy, ChangesNothingIfTheChangeFails) {
  KeptPrivacy privacy(folder);
  ASSERT_TRUE(privacy.make("talk", "The talk", ""));
  EXPECT_FALSE(privacy.change("talk", [&](GuestBook &book) -> Expected<void> {
    EXPECT_TRUE(book.invite(key, "talk", "Eve", day, Id{1}, today));
    return fail(Code::failed, "no");
  }));
  EXPECT_TRUE(privacy.book("talk")->guests().empty());
}

TEST_F(Privacy, StaysAlthoughItsFileIsDamaged) {
  std::filesystem::create_directories(folder + "/streams");
  std::ofstream(folder + "/streams/talk.private") << "damaged";
  KeptPrivacy privacy(folder);
  ASSERT_NE(privacy.book("talk"), nullptr);
  EXPECT_TRUE(privacy.book("talk")->guests().empty());
}

TEST_F(Privacy, KeepsInvitations) {
  const protocol::Invitation invitation = to("talk");
  {
    KeptPrivacy privacy(folder);
    EXPECT_FALSE(privacy.invitation("talk", today));
    ASSERT_TRUE(privacy.accept(protocol::text_of(invitation), today));
  }
  KeptPrivacy privacy(folder);
  EXPECT_EQ(privacy.invitation("talk", today), invitation);
  EXPECT_FALSE(privacy.invitation("talk", today + day));
  EXPECT_EQ(privacy.accept(protocol::text_of(to("show")), today + day).error().code, Code::refused);
  EXPECT_EQ(privacy.accept("rubbish", today).error().code, Code::invalid);
  ASSERT_TRUE(privacy.make("mine", "Mine", ""));
  EXPECT_EQ(privacy.accept(protocol::text_of(to("mine")), today).error().code, Code::conflict);
  struct stat about {};
  ASSERT_EQ(stat((folder + "/invitations/talk").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(Privacy, NothingThatIsSignedSaysWhatOnlyGuestsMayKnow) {
  KeptStreamKeys keys(folder);
  ASSERT_TRUE(keys.privacy().make("talk", "The talk", "about it"));
  core::StreamInfo stream{.slug = "talk", .name = "Talk", .description = "words", .media = "video/x-raw"};
  ASSERT_TRUE(keys.sign(stream));
  EXPECT_TRUE(stream.is_private);
  EXPECT_EQ(stream.name, "talk");
  EXPECT_EQ(stream.description, "");
  EXPECT_EQ(stream.media, "");
  EXPECT_TRUE(protocol::check(stream));
  core::StreamInfo open{.slug = "show", .name = "Show", .media = "video/x-raw"};
  ASSERT_TRUE(keys.sign(open));
  EXPECT_FALSE(open.is_private);
  EXPECT_EQ(open.name, "Show");
}

TEST_F(Privacy, OwnersAndGuestsShowAPass) {
  KeptStreamKeys owner(folder), guest("");
  ASSERT_TRUE(owner.privacy().make("talk", "The talk", ""));
  core::StreamInfo stream{.slug = "talk"};
  ASSERT_TRUE(owner.sign(stream));
  constexpr auto now_ms = static_cast<std::int64_t>(today * 1000);
  EXPECT_TRUE(protocol::check(owner.pass("talk", now_ms), "talk", stream.key, today * 1000));
  EXPECT_GT(owner.pass("talk", now_ms).expires,
            today + 300 * day);  // what it seeds is fed as long as it runs
  EXPECT_TRUE(guest.pass("talk", now_ms).empty());
  protocol::Invitation invitation = to("talk");
  ASSERT_TRUE(owner.privacy().change("talk", [&](GuestBook &book) -> Expected<void> {
    invitation = *book.invite(*owner.find("talk"), "talk", "", day, Id{1}, today);
    return {};
  }));
  ASSERT_TRUE(guest.privacy().accept(protocol::text_of(invitation), today));
  EXPECT_TRUE(protocol::check(guest.pass("talk", now_ms), "talk", stream.key, today * 1000));
  EXPECT_TRUE(guest.pass("show", now_ms).empty());
}

}  // namespace
}  // namespace astral::runtime
