// SPDX-License-Identifier: BSD-3-Clause
// The coding of proofs: what is written is read again, nothing else is, and the signed bytes are unambiguous.
#include "trust/proof.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

#include "moqt/properties.hpp"
#include "moqt/wire.hpp"

namespace astral::trust {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer own() {
  moqt::Properties properties;
  properties.add(0x3800, 7);
  properties.add(0x3801, std::string_view("timing"));
  return moqt::encode(properties);
}

const Buffer signature(signature_size, 0x5a);

Buffer block(const Claim &claim) {
  return encode_proof(encode_claim(own(), claim), signature);
}

TEST(Proof, IsReadAsItWasWritten) {
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  for (const Claim &claim : {Claim{1, std::nullopt}, Claim{0, moqt::Location{0, 0}},
                             Claim{last, moqt::Location{last, last}}, Claim{77, moqt::Location{76, 300}},
                             Claim{77, moqt::Location{76, 300}, true}, Claim{77, std::nullopt, true}}) {
    const Buffer wire = block(claim);
    const auto proof = decode_proof(wire);
    ASSERT_TRUE(proof) << proof.error().detail;
    EXPECT_EQ(proof->claim, claim);
    EXPECT_TRUE(std::ranges::equal(proof->signature, signature));
    EXPECT_TRUE(std::ranges::equal(proof->claimed, encode_claim(own(), claim)));
    EXPECT_EQ(ended_before(wire), claim.ended);
    EXPECT_EQ(is_over(wire), claim.over);
  }
}

TEST(Proof, LeavesThePropertiesReadable) {
  const auto all = moqt::decode_properties(block({5, std::nullopt}));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->all().size(), 1u);
  const auto inside = moqt::decode_properties(as_bytes(*all->bytes(moqt::property::immutable_properties)));
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->number(0x3800), 7u);
  EXPECT_EQ(inside->bytes(0x3801), "timing");
  EXPECT_TRUE(inside->bytes(proof_property));
}

TEST(Proof, CutShortAnywhereIsNone) {
  const Buffer wire = block({5, moqt::Location{4, 2}});
  for (std::size_t size = 0; size < wire.size(); ++size)
    EXPECT_FALSE(decode_proof(Bytes(wire).first(size))) << size;
}

TEST(Proof, StandsAlone) {
  const Buffer wire = block({5, std::nullopt});
  moqt::Writer after;  // another property behind it
  after.bytes(wire).vi64(0x3800 - 0x0B + 1).vi64(0);
  EXPECT_FALSE(decode_proof(after.view()));
  moqt::Writer before;  // in front of it
  before.vi64(2).vi64(1).vi64(9).bytes(Bytes(wire).subspan(1));
  ASSERT_TRUE(moqt::decode_properties(before.view()));
  EXPECT_FALSE(decode_proof(before.view()));
  moqt::Writer longer;  // its length in more bytes than it needs
  longer.vi64(0x0B).uint8(0x80).bytes(Bytes(wire).subspan(1));
  ASSERT_LT(wire[1], 0x80) << "the length has one byte";
  ASSERT_TRUE(moqt::decode_properties(longer.view()));
  EXPECT_FALSE(decode_proof(longer.view()));
  moqt::Writer behind;  // a property behind the proof, inside
  const Buffer claimed = encode_claim(own(), {5, std::nullopt});
  behind.vi64(0x0B).vi64(claimed.size() + signature_size + 2).bytes(claimed).bytes(signature).vi64(1).vi64(0);
  ASSERT_TRUE(moqt::decode_properties(behind.view()));
  EXPECT_FALSE(decode_proof(behind.view()));
}

TEST(Proof, PlainPropertiesAreNotSigned) {
  for (const Buffer &wire : {Buffer{}, own(), encode_claim(own(), {5, std::nullopt})}) {
    const auto proof = decode_proof(wire);
    ASSERT_FALSE(proof);
    EXPECT_EQ(proof.error().code, Code::not_found);
  }
}

TEST(Proof, IsBounded) {
  moqt::Properties large;
  large.add(0x3801, std::string(max_signed_properties, 'x'));
  const auto proof =
      decode_proof(encode_proof(encode_claim(moqt::encode(large), {5, std::nullopt}), signature));
  ASSERT_FALSE(proof);
  EXPECT_EQ(proof.error().code, Code::too_large);
}

TEST(Statement, DiffersInEveryField) {
  const Buffer key(32, 1), other_key(32, 2), hash(hash_size, 3), other_hash(hash_size, 4);
  const Buffer claimed = encode_claim(own(), {5, std::nullopt});
  const moqt::TrackName track{{"astral", "talk"}, "media"};
  std::set<Buffer> all;
  const auto add = [&](Bytes who, const moqt::TrackName &name, moqt::Location at, Bytes what, Bytes payload) {
    EXPECT_TRUE(all.insert(statement(who, name, at, what, payload)).second);
  };
  add(key, track, {5, 0}, claimed, hash);
  add(other_key, track, {5, 0}, claimed, hash);
  add(key, {{"astral", "talk"}, "catalog"}, {5, 0}, claimed, hash);
  add(key, {{"astral", "walk"}, "media"}, {5, 0}, claimed, hash);
  add(key, {{"astral", "talkm"}, "edia"}, {5, 0}, claimed, hash);  // the same letters
  add(key, {{"astra", "ltalk"}, "media"}, {5, 0}, claimed, hash);
  add(key, {{"astral"}, "talkmedia"}, {5, 0}, claimed, hash);
  add(key, {{"astral", "talk", "media"}, ""}, {5, 0}, claimed, hash);
  add(key, track, {6, 0}, claimed, hash);
  add(key, track, {5, 1}, claimed, hash);
  add(key, track, {0, 5}, claimed, hash);
  add(key, track, {5, 0}, encode_claim(own(), {4, std::nullopt}), hash);
  add(key, track, {5, 0}, encode_claim(own(), {5, moqt::Location{4, 9}}), hash);
  add(key, track, {5, 0}, encode_claim({}, {5, std::nullopt}), hash);
  add(key, track, {5, 0}, claimed, other_hash);
  EXPECT_EQ(as_text(Bytes(*all.begin()).first(16)), std::string_view("astral object 1\0", 16));
}

}  // namespace
}  // namespace astral::trust
