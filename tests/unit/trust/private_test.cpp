// SPDX-License-Identifier: BSD-3-Clause
// A private stream opens for its guests only, in its own places only, and no place is sealed twice.
#include <gtest/gtest.h>

#include <string>

#include "trust/epoch_key.hpp"
#include "trust/guest_list.hpp"

namespace astral::trust {
namespace {

const std::string stream_key(32, 'k'), other_key(32, 'o'), payload(1000, 'p');

std::string text(const std::vector<std::uint8_t> &bytes) {
  return std::string(as_text(bytes));
}

class Epoch : public testing::Test {
 protected:
  const Secret secret = Secret::random();
  EpochKey ours{secret, as_bytes(stream_key)}, guests{secret, as_bytes(stream_key)};
};

TEST_F(Epoch, OpensWhatItSealed) {
  for (const moqt::Location at : {moqt::Location{1000, 0}, {1000, 1}, {1001, 0}}) {
    const auto sealed = ours.seal(at, as_bytes(payload));
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->size(), payload.size() + Aead::tag_size);
    EXPECT_EQ(text(*sealed).find("pppppppp"), std::string::npos);  // two in a row come by chance
    const auto opened = guests.open(at, *sealed);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_EQ(text(*opened), payload);
  }
}

TEST_F(Epoch, OpensGroupsInAnyOrder) {
  const auto first = ours.seal({7, 3}, as_bytes("first")), second = ours.seal({8, 3}, as_bytes("second"));
  EXPECT_EQ(text(*guests.open({8, 3}, *second)), "second");
  EXPECT_EQ(text(*guests.open({7, 3}, *first)), "first");
}

TEST_F(Epoch, OpensNothingInAnotherPlace) {
  const auto sealed = ours.seal({7, 3}, as_bytes(payload));
  for (const moqt::Location at : {moqt::Location{7, 2}, {8, 3}, {3, 7}}) {
    const auto opened = guests.open(at, *sealed);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::forged);
  }
  EXPECT_FALSE(EpochKey(secret, as_bytes(other_key)).open({7, 3}, *sealed));
  EXPECT_FALSE(EpochKey(Secret::random(), as_bytes(stream_key)).open({7, 3}, *sealed));
  EXPECT_FALSE(guests.open_catalog(7, *sealed));
}

// What a key and a nonce have sealed once says something about what they seal a second time.
TEST_F(Epoch, SealsNoPlaceTwice) {
  EXPECT_TRUE(ours.seal({7, 3}, as_bytes("one")));
  EXPECT_FALSE(ours.seal({7, 3}, as_bytes("two")));
  EXPECT_FALSE(ours.seal({7, 2}, as_bytes("two")));
  EXPECT_FALSE(ours.seal({6, 9}, as_bytes("two")));
  EXPECT_TRUE(ours.seal({7, 4}, as_bytes("two")));
  EXPECT_TRUE(ours.seal_catalog(7, as_bytes("one")));
  EXPECT_FALSE(ours.seal_catalog(7, as_bytes("two")));
  EXPECT_FALSE(ours.seal_catalog(6, as_bytes("two")));
}

TEST_F(Epoch, OpensItsCatalogs) {
  const auto sealed = ours.seal_catalog(9, as_bytes("caps"));
  EXPECT_EQ(text(*guests.open_catalog(9, *sealed)), "caps");
  EXPECT_FALSE(guests.open_catalog(10, *sealed));
  EXPECT_FALSE(guests.open({9, 0}, *sealed));
}

Guest guest(std::uint8_t id) {
  return {{id}, Secret::random()};
}

TEST(GuestList, GivesEachGuestTheSecret) {
  const std::vector<Guest> all = {guest(1), guest(2), guest(3)};
  const Secret secret = Secret::random();
  const auto list = encode_guests(secret, all, as_bytes(stream_key));
  for (const Guest &one : all) {
    const auto found = find_guest(list, one, as_bytes(stream_key));
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_EQ(*found, secret);
  }
}

TEST(GuestList, GivesNobodyElseTheSecret) {
  const Guest invited = guest(1), revoked = guest(2);
  const auto list = encode_guests(Secret::random(), {{invited}}, as_bytes(stream_key));
  EXPECT_EQ(find_guest(list, revoked, as_bytes(stream_key)).error().code, Code::refused);
  EXPECT_EQ(find_guest(list, {invited.id, revoked.secret}, as_bytes(stream_key)).error().code, Code::forged);
  EXPECT_EQ(find_guest(list, invited, as_bytes(other_key)).error().code, Code::forged);
}

TEST(GuestList, DiffersEachTime) {
  const Guest invited = guest(1);
  const Secret secret = Secret::random();
  EXPECT_NE(encode_guests(secret, {{invited}}, as_bytes(stream_key)),
            encode_guests(secret, {{invited}}, as_bytes(stream_key)));
}

TEST(GuestList, IsBounded) {
  std::vector<Guest> all(max_guests, guest(1));
  all.back().id = {9};
  auto list = encode_guests(Secret::random(), all, as_bytes(stream_key));
  EXPECT_TRUE(find_guest(list, all.back(), as_bytes(stream_key)));
  const std::vector<std::uint8_t> entry(list.end() - 56, list.end());
  list.insert(list.end(), entry.begin(), entry.end());
  EXPECT_EQ(find_guest(list, all.back(), as_bytes(stream_key)).error().code, Code::invalid);
  EXPECT_EQ(find_guest(Bytes(list).first(15), all[0], as_bytes(stream_key)).error().code, Code::invalid);
  EXPECT_EQ(find_guest(Bytes(list).first(16 + 55), all[0], as_bytes(stream_key)).error().code, Code::invalid);
}

}  // namespace
}  // namespace astral::trust
