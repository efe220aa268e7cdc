// SPDX-License-Identifier: BSD-3-Clause
// The publisher's end: signs the objects of one track with the stream's key.
#pragma once

#include <optional>
#include <vector>

#include "glue/key.hpp"
#include "trust/proof.hpp"

namespace astral::trust {

// **Thread**: any.
class Signer {
 public:
  Signer(Key key, moqt::TrackName track) : key_(std::move(key)), track_(std::move(track)) {}

  // The properties block of the object at `at`: `own` and the proof. `own` are encoded properties whose types
  // are below proof_property.
  std::vector<std::uint8_t> prove(moqt::Location at, const Claim &claim, Bytes own, Bytes payload) const;
  // Signs what another key has signed: the same properties, with our signature. Nullopt: they are not signed.
  std::optional<std::vector<std::uint8_t>> countersign(moqt::Location at, Bytes properties,
                                                       Bytes payload) const;
  const Key &key() const { return key_; }

 private:
  const Key key_;
  const moqt::TrackName track_;
};

}  // namespace astral::trust
