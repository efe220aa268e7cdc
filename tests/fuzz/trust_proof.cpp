// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: the properties of signed objects. What is read has one coding and stays within its bounds; no bytes
// prove anything that the key has not signed.
#include <algorithm>
#include <cassert>

#include "moqt/properties.hpp"
#include "trust/signer.hpp"
#include "trust/verifier.hpp"

using namespace astral;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const moqt::TrackName track{{"astral", "talk"}, "media"};
  static const Key key = *Key::generate();
  const Bytes properties(data, size);

  const auto proof = trust::decode_proof(properties);
  assert(trust::ended_before(properties) == (proof ? proof->claim.ended : std::nullopt));
  if (!proof) {
    assert(!proof.error().detail.empty());
  } else {
    assert(size <= trust::max_signed_properties && moqt::check_properties(properties));
    assert(std::ranges::equal(trust::encode_proof(proof->claimed, proof->signature), properties));
  }
  trust::Verifier verifier(*PublicKey::from_raw(key.public_key_raw()), track);
  assert(!verifier.check({5, 0}, properties, as_bytes("payload")));

  // Whatever well-formed properties a publisher has, their proof can be read and holds.
  const auto own = moqt::decode_properties(properties);
  if (!own || (!own->empty() && own->all().back().type >= trust::proof_property)) return 0;
  const std::vector<std::uint8_t> plain = moqt::encode(*own);
  if (plain.size() > trust::max_signed_properties / 2) return 0;
  const auto proven =
      trust::Signer(key, track).prove({5, 0}, {5, moqt::Location{4, 7}}, plain, as_bytes("payload"));
  assert(verifier.check({5, 0}, proven, as_bytes("payload")));
  assert(trust::ended_before(proven) == (moqt::Location{4, 7}));
  return 0;
}
