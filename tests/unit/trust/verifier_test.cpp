// SPDX-License-Identifier: BSD-3-Clause
// An object proves itself in its own place only, and only as it was signed.
#include "trust/verifier.hpp"

#include <gtest/gtest.h>

#include <string>

#include "moqt/properties.hpp"
#include "trust/signer.hpp"

namespace astral::trust {
namespace {

const moqt::TrackName media{{"astral", "talk"}, "media"};
constexpr moqt::Location at{1005, 3};
const std::string payload(1000, 'p');

std::vector<std::uint8_t> own() {
  moqt::Properties properties;
  properties.add(0x3801, std::string_view("timing"));
  return moqt::encode(properties);
}

class SignedObject : public testing::Test {
 protected:
  std::vector<std::uint8_t> prove(moqt::Location where, const Claim &claim = {1000, std::nullopt}) const {
    return Signer(key, media).prove(where, claim, own(), as_bytes(payload));
  }
  Verifier verifier(const moqt::TrackName &track = media) const {
    return Verifier(*PublicKey::from_raw(key.public_key_raw()), track);
  }
  void expect(Fault fault, Verifier checks, moqt::Location where, Bytes properties, std::string_view text) {
    const auto claim = checks.check(where, properties, as_bytes(text));
    ASSERT_FALSE(claim);
    EXPECT_EQ(claim.error(), fault) << text_of(claim.error());
  }
  const Key key = *Key::generate();
};

TEST_F(SignedObject, ProvesItself) {
  const auto claim = verifier().check(at, prove(at), as_bytes(payload));
  ASSERT_TRUE(claim) << text_of(claim.error());
  EXPECT_EQ(*claim, (Claim{1000, std::nullopt}));
  const Claim first{1000, moqt::Location{1005, 7}};
  const auto again = verifier().check({1006, 0}, prove({1006, 0}, first), as_bytes(payload));
  ASSERT_TRUE(again) << text_of(again.error());
  EXPECT_EQ(*again, first);
}

TEST_F(SignedObject, EndsItsRunOnlyWithoutPayloadAndFirstInItsGroup) {
  const Claim claim{1000, moqt::Location{1004, 7}, true};
  const auto empty = Signer(key, media).prove({1005, 0}, claim, {}, {});
  EXPECT_TRUE(verifier().check({1005, 0}, empty, {}));
  expect(Fault::unproven, verifier(), {1005, 0}, prove({1005, 0}, claim), payload);
  const auto inside = Signer(key, media).prove({1005, 1}, {1000, std::nullopt, true}, {}, {});
  expect(Fault::unproven, verifier(), {1005, 1}, inside, {});
}

TEST_F(SignedObject, IsCountersignedWithItsClaim) {
  const Claim claim{1000, moqt::Location{1004, 7}};
  const Key other = *Key::generate();
  const auto given = prove({1005, 0}, claim);
  const auto own = Signer(other, media).countersign({1005, 0}, given, as_bytes(payload));
  ASSERT_TRUE(own);
  EXPECT_EQ(own->size(), given.size());
  Verifier checks(*PublicKey::from_raw(other.public_key_raw()), media);
  EXPECT_EQ(*checks.check({1005, 0}, *own, as_bytes(payload)), claim);
  expect(Fault::forged, verifier(), {1005, 0}, *own, payload);
  EXPECT_FALSE(Signer(other, media).countersign({1005, 0}, {}, {}));
}

TEST_F(SignedObject, ProvesItselfWithoutPayloadAndProperties) {
  const auto properties = Signer(key, media).prove(at, {1000, std::nullopt}, {}, {});
  EXPECT_TRUE(verifier().check(at, properties, {}));
}

// Each bit of the properties: own ones, epoch, signature and lengths.
TEST_F(SignedObject, AnAlteredPropertyIsRefused) {
  auto properties = prove({1005, 0}, {1000, moqt::Location{1004, 9}});
  ASSERT_TRUE(verifier().check({1005, 0}, properties, as_bytes(payload)));
  for (std::size_t bit = 0; bit < properties.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1 << (bit % 8));
    properties[bit / 8] ^= mask;
    EXPECT_FALSE(verifier().check({1005, 0}, properties, as_bytes(payload))) << bit;
    properties[bit / 8] ^= mask;
  }
}

TEST_F(SignedObject, AnAlteredPayloadIsRefused) {
  const auto properties = prove(at);
  for (const std::size_t where : {std::size_t{0}, payload.size() / 2, payload.size() - 1}) {
    std::string altered = payload;
    altered[where] = static_cast<char>(altered[where] ^ 1);
    expect(Fault::forged, verifier(), at, properties, altered);
  }
  expect(Fault::forged, verifier(), at, properties, payload.substr(1));
  expect(Fault::forged, verifier(), at, properties, payload.substr(0, payload.size() - 1));
  expect(Fault::forged, verifier(), at, properties, payload + "x");
  expect(Fault::forged, verifier(), at, properties, "");
}

TEST_F(SignedObject, IsRefusedInAnotherPlace) {
  const auto properties = prove(at);
  expect(Fault::forged, verifier(), {1006, 3}, properties, payload);
  expect(Fault::forged, verifier(), {1005, 4}, properties, payload);
  expect(Fault::forged, verifier(), {1003, 5}, properties, payload);
  expect(Fault::forged, verifier(), {std::uint64_t{1} << 61, 0}, properties, payload);
  expect(Fault::forged, verifier({{"astral", "talk"}, "catalog"}), at, properties, payload);
  expect(Fault::forged, verifier({{"astral", "walk"}, "media"}), at, properties, payload);
}

TEST_F(SignedObject, IsRefusedUnderAnotherKey) {
  const Key stranger = *Key::generate();
  expect(Fault::forged, Verifier(*PublicKey::from_raw(stranger.public_key_raw()), media), at, prove(at),
         payload);
  const auto by_stranger = Signer(stranger, media).prove(at, {1000, std::nullopt}, own(), as_bytes(payload));
  expect(Fault::forged, verifier(), at, by_stranger, payload);
}

TEST_F(SignedObject, MustBeSigned) {
  expect(Fault::unproven, verifier(), at, own(), payload);
  expect(Fault::unproven, verifier(), at, {}, payload);
  const auto properties = prove(at);
  for (std::size_t size = 0; size < properties.size(); ++size)
    expect(Fault::unproven, verifier(), at, Bytes(properties).first(size), payload);
}

TEST_F(SignedObject, BelongsToItsEpoch) {
  Verifier checks = verifier();
  ASSERT_TRUE(checks.check(at, prove(at), as_bytes(payload)));
  expect(Fault::jumped, checks, {999, 0}, prove({999, 0}), payload);
  const moqt::Location far{1000 + Epochs::max_groups, 0};
  expect(Fault::jumped, checks, far, prove(far), payload);
  ASSERT_TRUE(checks.check({5000, 0}, prove({5000, 0}, {5000, std::nullopt}), as_bytes(payload)));
  expect(Fault::replayed, checks, {5001, 0}, prove({5001, 0}), payload);
}

// Only the first object of a group says where the group before it ended.
TEST_F(SignedObject, EndsNoGroupFromElsewhere) {
  expect(Fault::unproven, verifier(), at, prove(at, {1000, moqt::Location{1004, 9}}), payload);
  const moqt::Location first{1005, 0};
  expect(Fault::unproven, verifier(), first, prove(first, {1000, moqt::Location{1005, 9}}), payload);
  expect(Fault::unproven, verifier(), first, prove(first, {1000, moqt::Location{2000, 9}}), payload);
}

}  // namespace
}  // namespace astral::trust
