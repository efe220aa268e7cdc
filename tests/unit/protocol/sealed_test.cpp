// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/sealed.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "protocol/message_codec.hpp"
#include "protocol/slug.hpp"

namespace astral::protocol {
namespace {

Routed plain(const Key &author) {
  return {.to = {.uuid = "b", .via = "s"},
          .from = {.uuid = uuid_of(author.fingerprint())},
          .what = std::make_shared<const Enclosed>(Enclosed{Leaving{.ticket = "t1"}})};
}

// As it arrives.
Routed sent(const Key &key) {
  Routed routed = plain(key);
  seal(routed, key, 7);
  return std::get<Routed>(**read_message(write_message(routed)));
}

TEST(Sealed, SaysWhatItsAuthorHasWritten) {
  const Key key = Key::generate().value();
  Routed routed = sent(key);
  EXPECT_EQ(routed.what, nullptr);
  ASSERT_TRUE(protocol::open(routed));
  EXPECT_EQ(std::get<Leaving>(routed.what->message).ticket, "t1");
}

// The author signs with its own key, and says that it is another node.
TEST(Sealed, IsRefusedInTheNameOfAnother) {
  const Key liar = Key::generate().value();
  Routed routed = plain(Key::generate().value());
  seal(routed, liar, 7);
  const auto opened = protocol::open(routed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail, "its author's uuid is not that of its key");
}

// A supernode may write down anew where the two are, and how far it has come.
TEST(Sealed, ItsWayIsNotSigned) {
  Routed routed = sent(Key::generate().value());
  routed.hops = 3;
  routed.sought = true;
  routed.from.via = routed.to.via = "another";
  EXPECT_TRUE(protocol::open(routed));
}

TEST(Sealed, IsRefusedIfAnythingElseWasChanged) {
  const std::string other = to_hex(Key::generate()->public_key_raw());
  const std::function<void(Routed &)> changes[] = {
      [](Routed &routed) { routed.from.uuid = "c"; },
      [](Routed &routed) { routed.to.uuid = "c"; },
      [](Routed &routed) { ++routed.sealed.number; },
      [](Routed &routed) { routed.sealed.text.replace(routed.sealed.text.find("t1"), 2, "t2"); },
      [&](Routed &routed) { routed.sealed.key = other; },
      [](Routed &routed) { routed.sealed.signature[0] = routed.sealed.signature[0] == '0' ? '1' : '0'; },
      [](Routed &routed) { routed.sealed = {}; },
  };
  for (const auto &change : changes) {
    Routed routed = sent(Key::generate().value());
    change(routed);
    EXPECT_FALSE(protocol::open(routed));
    EXPECT_EQ(routed.what, nullptr);
  }
}

TEST(Sealed, HoldsOnlyWhatMayBeRouted) {
  const Key key = Key::generate().value();
  Routed routed = plain(key);
  routed.what = std::make_shared<const Enclosed>(Enclosed{Register{}});
  seal(routed, key, 7);
  const auto opened = protocol::open(routed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail, "field 'type': must not be inside another message");
}

}  // namespace
}  // namespace astral::protocol
