// SPDX-License-Identifier: BSD-3-Clause
#include "elements/gate.hpp"

#include <algorithm>

namespace astral::elements {

Expected<void> Gate::compare(const Fingerprint &fingerprint) const {
  if (fingerprint_.empty() || fingerprint.empty() || fingerprint == fingerprint_) return {};
  return fail(Code::forged,
              "'" + slug_ + "' here has another key than the stream that is known by this name");
}

Expected<void> Gate::pin(const Fingerprint &fingerprint) {
  if (auto same = compare(fingerprint); !same) return same;
  if (fingerprint_.empty()) fingerprint_ = fingerprint;
  return {};
}

Expected<void> Gate::learn_key(Bytes raw) {
  if (has_key() && std::ranges::equal(raw, key_.bytes())) return {};
  if (has_key()) return fail(Code::forged, "the tracks of '" + slug_ + "' have different keys");
  const auto key = PublicKey::from_raw(raw);
  if (!key) return fail(Code::forged, "the stream '" + slug_ + "' is not signed");
  if (auto pinned = pin(key->fingerprint()); !pinned) return pinned;
  key_ = Slice::copy(raw);
  media_.emplace(*key, track_name(slug_, media_track));
  catalog_.emplace(*key, track_name(slug_, catalog_track));
  return {};
}

Expected<void> Gate::check_catalog(moqt::Location at, Bytes properties, Bytes text) {
  if (auto claim = judge(*catalog_, at, properties, text); !claim)
    return tl::unexpected<Error>(claim.error());
  return {};
}

Expected<trust::Claim> Gate::check(const moqt::Object &object) {
  return judge(*media_, object.id, object.properties(), object.payload().bytes());
}

Expected<trust::Claim> Gate::judge(trust::Verifier &verifier, moqt::Location at, Bytes properties,
                                   Bytes payload) {
  const auto claim = verifier.check(at, properties, payload);
  if (claim) return *claim;
  ++refused_;
  return fail(Code::forged, "'" + slug_ + "': " + trust::text_of(claim.error()));
}

}  // namespace astral::elements
