// SPDX-License-Identifier: BSD-3-Clause
#include "trust/signer.hpp"

namespace astral::trust {

std::vector<std::uint8_t> Signer::prove(moqt::Location at, const Claim &claim, Bytes own,
                                        Bytes payload) const {
  const std::vector<std::uint8_t> claimed = encode_claim(own, claim);
  return encode_proof(claimed,
                      key_.sign(statement(key_.public_key_raw(), track_, at, claimed, sha256(payload))));
}

std::optional<std::vector<std::uint8_t>> Signer::countersign(moqt::Location at, Bytes properties,
                                                             Bytes payload) const {
  const auto proof = decode_proof(properties);
  if (!proof) return std::nullopt;
  return encode_proof(proof->claimed, key_.sign(statement(key_.public_key_raw(), track_, at, proof->claimed,
                                                          sha256(payload))));
}

}  // namespace astral::trust
