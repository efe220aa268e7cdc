// SPDX-License-Identifier: BSD-3-Clause
#include "trust/verifier.hpp"

namespace astral::trust {

const char *text_of(Fault fault) {
  switch (fault) {
    case Fault::unproven:
      return "an object is not signed as it must be";
    case Fault::forged:
      return "an object is not signed by the stream's key";
    case Fault::replayed:
      return "an object is from a run of the publisher that had ended";
    case Fault::jumped:
      return "an object is far beyond its run of the publisher";
  }
  return "";
}

tl::expected<Claim, Fault> Verifier::check(moqt::Location at, Bytes properties, Bytes payload) {
  const auto proof = decode_proof(properties);
  if (!proof) return tl::unexpected(Fault::unproven);
  const auto &ended = proof->claim.ended;
  if (ended && (at.object > 0 || ended->group >= at.group)) return tl::unexpected(Fault::unproven);
  if (proof->claim.over && (at.object > 0 || !payload.empty())) return tl::unexpected(Fault::unproven);
  if (!key_.verify(statement(key_.raw(), track_, at, proof->claimed, sha256(payload)), proof->signature))
    return tl::unexpected(Fault::forged);
  switch (epochs_.judge(proof->claim.epoch, at.group)) {
    case Epochs::Verdict::replayed:
      return tl::unexpected(Fault::replayed);
    case Epochs::Verdict::jumped:
      return tl::unexpected(Fault::jumped);
    case Epochs::Verdict::good:
      break;
  }
  return proof->claim;
}

}  // namespace astral::trust
