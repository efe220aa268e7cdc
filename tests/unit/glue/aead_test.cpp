// SPDX-License-Identifier: BSD-3-Clause
// Encryption gives what the standards' vectors say, and opens nothing that was changed.
#include "glue/aead.hpp"

#include <gtest/gtest.h>

#include <string>

#include "glue/key.hpp"

namespace astral {
namespace {

// RFC 5869, appendix A.1; its output is longer, and HKDF's first 32 bytes do not depend on the length.
TEST(Hkdf, TakesTheVectorOfTheRfc) {
  const Secret key = derive(from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                            from_hex("000102030405060708090a0b0c"), from_hex("f0f1f2f3f4f5f6f7f8f9"));
  EXPECT_EQ(to_hex(key.bytes()), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

// RFC 5869, appendix A.3: no salt, no info.
TEST(Hkdf, TakesNeitherSaltNorInfo) {
  const Secret key = derive(from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), {}, {});
  EXPECT_EQ(to_hex(key.bytes()), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

// The Galois/Counter Mode of Operation (McGrew, Viega), test case 4.
TEST(Aead, TakesTheVectorOfGcm) {
  const auto key = Secret::from(from_hex("feffe9928665731c6d6a8f9467308308" + std::string(32, '0')));
  ASSERT_TRUE(key);
  Aead::Nonce nonce{};
  std::ranges::copy(from_hex("cafebabefacedbaddecaf888"), nonce.begin());
  const auto associated = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const auto plain = from_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aed"
      "f5"
      "aa0de657ba637b39");
  Aead aead(*key);
  const auto sealed = aead.seal(nonce, associated, plain);
  EXPECT_EQ(to_hex(sealed),
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
            "1ba30b39"
            "6a0aac973d58e091"
            "5bc94fbc3221a5db94fae95ae7121a47");
  EXPECT_EQ(aead.open(nonce, associated, sealed), plain);
}

class Sealed : public testing::Test {
 protected:
  Aead aead{Secret::random()};
  const Aead::Nonce nonce{1, 2, 3};
  std::vector<std::uint8_t> sealed = aead.seal(nonce, as_bytes("place"), as_bytes("a frame"));
};

TEST_F(Sealed, OpensAsItWas) {
  const auto plain = aead.open(nonce, as_bytes("place"), sealed);
  ASSERT_TRUE(plain);
  EXPECT_EQ(as_text(*plain), "a frame");
}

TEST_F(Sealed, OpensNothingThatWasChanged) {
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    sealed[i] ^= 1;
    EXPECT_FALSE(aead.open(nonce, as_bytes("place"), sealed)) << i;
    sealed[i] ^= 1;
  }
  EXPECT_FALSE(aead.open(nonce, as_bytes("plaza"), sealed));
  EXPECT_FALSE(aead.open({1, 2, 4}, as_bytes("place"), sealed));
  EXPECT_FALSE(Aead(Secret::random()).open(nonce, as_bytes("place"), sealed));
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(aead.open(nonce, as_bytes("place"), Bytes(sealed).first(size))) << size;
}

TEST_F(Sealed, MayBeEmpty) {
  const auto nothing = aead.seal(nonce, {}, {});
  EXPECT_EQ(nothing.size(), Aead::tag_size);
  const auto plain = aead.open(nonce, {}, nothing);
  ASSERT_TRUE(plain);
  EXPECT_TRUE(plain->empty());
}

TEST(Secret, HasThirtyTwoBytesThatNobodyGuesses) {
  EXPECT_NE(Secret::random(), Secret::random());
  EXPECT_FALSE(Secret::from(std::vector<std::uint8_t>(31)));
  EXPECT_FALSE(Secret::from(std::vector<std::uint8_t>(33)));
}

}  // namespace
}  // namespace astral
