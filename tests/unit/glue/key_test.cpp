// SPDX-License-Identifier: BSD-3-Clause
// Keys in memory and in files: a file is created once, read again, and refused if it holds no Ed25519 key.
#include "glue/key.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

namespace astral {
namespace {

class KeyFile : public ::testing::Test {
 protected:
  KeyFile() {
    std::string made = (std::filesystem::temp_directory_path() / "astral-key-XXXXXX").string();
    folder_ = ::mkdtemp(made.data());
  }
  ~KeyFile() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file(const char *name) const { return folder_ / name; }
  void write(const std::filesystem::path &where, const std::string &text) {
    std::ofstream(where, std::ios::binary) << text;
  }
  std::filesystem::path folder_;
};

TEST(Key, FingerprintsItsPublicKey) {
  const auto key = Key::generate();
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_TRUE(is_fingerprint(key->fingerprint()));
  EXPECT_EQ(key->fingerprint(), fingerprint_of(key->public_key_der()));
  EXPECT_EQ(key->public_key_der().size(), 44u);
  EXPECT_NE(key->fingerprint(), Key::generate()->fingerprint());
}

TEST(PublicKey, VerifiesWhatItsKeyHasSigned) {
  const auto key = Key::generate();
  const auto open = PublicKey::from_raw(key->public_key_raw());
  ASSERT_TRUE(open) << open.error().detail;
  EXPECT_EQ(open->fingerprint(), key->fingerprint());
  EXPECT_EQ(to_hex(open->raw()), to_hex(key->public_key_der().last(32)));
  const auto signature = key->sign(as_bytes("a group"));
  EXPECT_TRUE(open->verify(as_bytes("a group"), signature));
  EXPECT_FALSE(open->verify(as_bytes("a grouq"), signature));
  EXPECT_FALSE(open->verify(as_bytes("a group"), Bytes(signature).first(63)));
  EXPECT_FALSE(open->verify(as_bytes("a group"), {}));
}

TEST(PublicKey, HasThirtyTwoBytes) {
  const std::vector<std::uint8_t> bytes(33, 1);
  EXPECT_FALSE(PublicKey::from_raw({}));
  EXPECT_FALSE(PublicKey::from_raw(Bytes(bytes).first(31)));
  EXPECT_FALSE(PublicKey::from_raw(bytes));
}

// RFC 8032, 7.1, test 1.
TEST(Key, ComesFromASeed) {
  const auto key =
      Key::from_seed(from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(to_hex(key->public_key_raw()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(to_hex(key->sign({})),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0"
            "595bbe24655141438e7a100b");
  EXPECT_FALSE(Key::from_seed(from_hex("9d61")));
}

// RFC 8032, 7.1, test 3; and RFC 8410 for the rest of the DER.
TEST(PublicKey, TakesTheVectorsOfTheRfc) {
  const auto open =
      PublicKey::from_raw(from_hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"));
  ASSERT_TRUE(open);
  auto signature = from_hex(
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
  const auto message = from_hex("af82");
  EXPECT_TRUE(open->verify(message, signature));
  // The same signature with L (the order of the group) added to S: RFC 8032, 5.1.7 refuses it, so a signed
  // object has one image only.
  const auto order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + unsigned{order[i]};
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_EQ(carry, 0u);
  EXPECT_FALSE(open->verify(message, signature));
}

TEST(Key, FingerprintIsLowerCaseSha256) {
  EXPECT_EQ(fingerprint_of(as_bytes("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_FALSE(is_fingerprint(""));
  EXPECT_FALSE(is_fingerprint(std::string(63, 'a')));
  EXPECT_FALSE(is_fingerprint(std::string(65, 'a')));
  EXPECT_FALSE(is_fingerprint(std::string(64, 'A')));
  EXPECT_FALSE(is_fingerprint(std::string(63, 'a') + "g"));
}

TEST(Key, VerifiesItsOwnSignaturesOnly) {
  const auto key = Key::generate();
  const auto other = Key::generate();
  auto signature = key->sign(as_bytes("a group"));
  ASSERT_EQ(signature.size(), Key::signature_size);
  EXPECT_TRUE(Key::verify(key->public_key_der(), as_bytes("a group"), signature));
  EXPECT_FALSE(Key::verify(key->public_key_der(), as_bytes("a grouq"), signature));
  EXPECT_FALSE(Key::verify(other->public_key_der(), as_bytes("a group"), signature));
  EXPECT_FALSE(Key::verify(key->public_key_der(), as_bytes("a group"), Bytes(signature).first(63)));
  EXPECT_FALSE(Key::verify(as_bytes("not a key"), as_bytes("a group"), signature));
  EXPECT_FALSE(Key::verify({}, as_bytes("a group"), signature));
  signature[0] ^= 1;
  EXPECT_FALSE(Key::verify(key->public_key_der(), as_bytes("a group"), signature));
  EXPECT_TRUE(Key::verify(key->public_key_der(), {}, key->sign({})));
}

TEST_F(KeyFile, IsCreatedOnceAndReadAgain) {
  const auto made = Key::load_or_create(file("sub/folder/key.pem"));
  ASSERT_TRUE(made) << made.error().detail;
  struct stat status {};
  ASSERT_EQ(::stat(file("sub/folder/key.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  EXPECT_EQ(Key::load_or_create(file("sub/folder/key.pem"))->fingerprint(), made->fingerprint());
  EXPECT_EQ(Key::load(file("sub/folder/key.pem"))->fingerprint(), made->fingerprint());
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto &entry : std::filesystem::directory_iterator(file("sub/folder")))
    ++entries;
  EXPECT_EQ(entries, 1u);  // no temporary file is left
}

TEST_F(KeyFile, IsTheSameForAllThreadsThatCreateItAtOnce) {
  std::vector<std::string> seen(8);
  {
    std::vector<std::jthread> threads;
    for (auto &fingerprint : seen) {
      threads.emplace_back([&fingerprint, path = file("key.pem")] {
        const auto key = Key::load_or_create(path);
        fingerprint = key ? key->fingerprint() : key.error().detail;
      });
    }
  }
  for (const auto &fingerprint : seen) EXPECT_EQ(fingerprint, Key::load(file("key.pem"))->fingerprint());
}

TEST_F(KeyFile, IsRefusedIfItHoldsNoEd25519Key) {
  EXPECT_EQ(Key::load(file("none")).error().code, Code::not_found);
  write(file("empty"), "");
  EXPECT_EQ(Key::load(file("empty")).error().code, Code::invalid);
  write(file("text"), "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n");
  EXPECT_EQ(Key::load(file("text")).error().code, Code::invalid);
  write(file("large"), std::string(Key::max_file_size + 1, 'x'));
  EXPECT_EQ(Key::load(file("large")).error().code, Code::too_large);
  // An EC key: valid, but not Ed25519.
  write(file("ec"),
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n"
        "OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n"
        "1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n"
        "-----END PRIVATE KEY-----\n");
  EXPECT_EQ(Key::load(file("ec")).error().code, Code::invalid);
  // load_or_create() never replaces a file that it cannot read.
  EXPECT_FALSE(Key::load_or_create(file("text")));
  EXPECT_FALSE(Key::load_or_create("/proc/no/such/key"));
}

}  // namespace
}  // namespace astral
