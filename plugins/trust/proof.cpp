// SPDX-License-Identifier: BSD-3-Clause
#include "trust/proof.hpp"

#include <cassert>
#include <string_view>

#include "moqt/properties.hpp"
#include "moqt/wire.hpp"

namespace astral::trust {

namespace {

constexpr std::string_view context{"astral object 1\0", 16};  // no other text of ours is signed like this
constexpr std::uint8_t has_end = 0x01;
constexpr std::uint8_t is_last = 0x02;

// The type of the last property; 0: there is none.
std::uint64_t last_type(Bytes own) {
  moqt::Reader in(own);
  std::uint64_t type = 0;
  while (in.ok() && in.left() > 0) {
    type += in.vi64();
    if (type % 2 == 0)
      in.vi64();
    else
      in.take_prefixed();
  }
  assert(in.ok() && type < proof_property);  // precondition: our own properties
  return type;
}

// The value of the proof property, without the signature.
std::vector<std::uint8_t> value_of(const Claim &claim) {
  moqt::Writer value;
  value.uint8(static_cast<std::uint8_t>((claim.ended ? has_end : 0) | (claim.over ? is_last : 0)))
      .vi64(claim.epoch);
  if (claim.ended) value.location(*claim.ended);
  return value.take();
}

// The value of the last property inside, if that is a proof.
std::optional<Bytes> find_proof(Bytes inside) {
  moqt::Reader in(inside);
  std::uint64_t type = 0;
  Bytes value;
  while (in.ok() && in.left() > 0) {
    const std::uint64_t step = in.vi64();
    if (step > proof_property - type) return std::nullopt;
    type += step;
    if (type % 2 == 0)
      in.vi64();
    else
      value = in.take_prefixed();
    if (in.ok() && type == proof_property) return in.done() ? std::optional(value) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::uint8_t> encode_claim(Bytes own, const Claim &claim) {
  const std::vector<std::uint8_t> value = value_of(claim);
  moqt::Writer out;
  out.bytes(own)
      .vi64(proof_property - last_type(own))
      .vi64(value.size() + signature_size)
      .bytes(Bytes(value));
  return out.take();
}

std::vector<std::uint8_t> statement(Bytes public_key, const moqt::TrackName &track, moqt::Location at,
                                    Bytes claimed, Bytes payload_sha256) {
  moqt::Writer out;
  out.bytes(context).prefixed(public_key).vi64(track.space.size());
  for (const std::string &field : track.space) out.prefixed(field);
  out.prefixed(track.name).location(at).prefixed(claimed).bytes(payload_sha256);
  return out.take();
}

std::vector<std::uint8_t> encode_proof(Bytes claimed, Bytes signature) {
  assert(signature.size() == signature_size);
  moqt::Writer out;
  out.vi64(moqt::property::immutable_properties).vi64(claimed.size() + signature_size);
  out.bytes(claimed).bytes(signature);
  return out.take();
}

Expected<Proof> decode_proof(Bytes properties) {
  if (properties.size() > max_signed_properties)
    return fail(Code::too_large, "a signed object's properties exceed their maximum");
  moqt::Reader block(properties);
  const bool immutable = block.vi64() == moqt::property::immutable_properties;
  const Bytes inside = immutable ? block.take_prefixed() : Bytes();
  if (!immutable || !block.ok()) return fail(Code::not_found, "the object is not signed");
  const auto value = find_proof(inside);
  if (!value) return fail(Code::not_found, "the object is not signed");
  if (value->size() < signature_size) return fail(Code::invalid, "the signature is cut short");

  Proof proof;
  proof.claimed = inside.first(inside.size() - signature_size);
  proof.signature = inside.last(signature_size);
  moqt::Reader in(value->first(value->size() - signature_size));
  const std::uint8_t flags = in.uint8();
  proof.claim.epoch = in.vi64();
  if ((flags & has_end) != 0) proof.claim.ended = in.location();
  proof.claim.over = (flags & is_last) != 0;
  if (!in.done() || (flags & ~(has_end | is_last)) != 0)
    return fail(Code::invalid, "the proof cannot be read");
  // One coding only. What is inside is signed as it is.
  const std::vector<std::uint8_t> same = encode_proof(proof.claimed, proof.signature);
  if (!std::ranges::equal(same, properties))
    return fail(Code::invalid, "a signed object has other properties");
  return proof;
}

bool is_over(Bytes properties) {
  const auto proof = decode_proof(properties);
  return proof && proof->claim.over;
}

std::optional<moqt::Location> ended_before(Bytes properties) {
  const auto proof = decode_proof(properties);
  return proof ? proof->claim.ended : std::nullopt;
}

}  // namespace astral::trust
