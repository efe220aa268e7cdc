// SPDX-License-Identifier: BSD-3-Clause
// What a publisher signs of an object, and how its proof travels with the object: as properties (MOQT draft
// 18, 2.5 and 12.8). Pure; does not sign and does not check.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "moqt/types.hpp"

namespace astral::trust {

// Object property, private to Astral, the last one in IMMUTABLE_PROPERTIES: flags (8), epoch vi64, with flag
// 0x01 the group and the object (vi64) of the End of Group before this object, then the signature. Flag 0x02:
// the track ends with this object, which is empty.
inline constexpr std::uint64_t proof_property = 0x3809;
// Track property, private to Astral: the stream's public key, raw.
inline constexpr std::uint64_t key_property = 0x3807;

inline constexpr std::size_t signature_size = 64;  // RFC 8032, 5.1.6
inline constexpr std::size_t hash_size = 32;
// Maximum size of a signed object's properties. Ours have 100 to 150 bytes.
inline constexpr std::size_t max_signed_properties = 4096;

// What an object says besides its own properties and its payload.
struct Claim {
  std::uint64_t epoch = 0;  // the first group of the publisher's run
  // The place of the End of Group object of the group before; only in the first object of a group.
  std::optional<moqt::Location> ended;
  bool over = false;  // the run ends here; only in an empty first object of a group
  friend bool operator==(const Claim &, const Claim &) = default;
};

// The immutable properties without the signature: `own` are encoded properties whose types are below
// proof_property.
std::vector<std::uint8_t> encode_claim(Bytes own, const Claim &claim);

// The bytes that are signed. `claimed` is from encode_claim() or Proof::claimed.
std::vector<std::uint8_t> statement(Bytes public_key, const moqt::TrackName &track, moqt::Location at,
                                    Bytes claimed, Bytes payload_sha256);

// An object's whole properties block. Precondition: the signature has signature_size bytes.
std::vector<std::uint8_t> encode_proof(Bytes claimed, Bytes signature);

struct Proof {
  Claim claim;
  Bytes claimed, signature;  // point into the properties
};
// Reads an object's properties block, which is all of `properties`. Errors: not_found: not signed; too_large;
// invalid: not as encode_proof() writes it.
Expected<Proof> decode_proof(Bytes properties);

// Whether an object with these properties, if they can be read, is the last of its run.
bool is_over(Bytes properties);

// The End of Group that these properties tell of, if they can be read.
std::optional<moqt::Location> ended_before(Bytes properties);

}  // namespace astral::trust
