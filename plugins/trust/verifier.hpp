// SPDX-License-Identifier: BSD-3-Clause
// A receiver's end: checks the objects of one track as they come over one link.
#pragma once

#include <optional>

#include "glue/key.hpp"
#include "trust/epochs.hpp"
#include "trust/proof.hpp"

namespace astral::trust {

// Why an object is refused.
enum class Fault {
  unproven,  // not signed, or not as we sign
  forged,    // the stream's key has not signed this
  replayed,  // from a run that had ended
  jumped,    // its run cannot have that group
};
const char *text_of(Fault fault);

// **Thread**: one.
class Verifier {
 public:
  Verifier(PublicKey key, moqt::TrackName track) : key_(std::move(key)), track_(std::move(track)) {}

  // What the object claims, which is then proven; or the fault.
  tl::expected<Claim, Fault> check(moqt::Location at, Bytes properties, Bytes payload);
  const PublicKey &key() const { return key_; }

 private:
  const PublicKey key_;
  const moqt::TrackName track_;
  Epochs epochs_;
};

}  // namespace astral::trust
