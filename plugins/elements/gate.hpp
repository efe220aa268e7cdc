// SPDX-License-Identifier: BSD-3-Clause
// Decides what of a link is let in: only what the stream's key has signed. Knows no link.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "elements/catalog.hpp"
#include "moqt/object.hpp"
#include "trust/verifier.hpp"

namespace astral::elements {

// **Thread**: the element's loop. **Errors**: forged: it is not this stream's; then the link has to end.
class Gate {
 public:
  // `fingerprint`: of the stream's key. Empty: the first key that the link shows is believed.
  Gate(std::string slug, Fingerprint fingerprint)
      : slug_(std::move(slug)), fingerprint_(std::move(fingerprint)) {}

  // The raw key that an answer to a subscription shows. Nothing can be checked before.
  Expected<void> learn_key(Bytes raw);
  // Others know the stream by this key; empty: they know none.
  Expected<void> pin(const Fingerprint &fingerprint);
  bool has_key() const { return media_.has_value(); }
  const Slice &key() const { return key_; }                        // raw; empty: not known yet
  const Fingerprint &fingerprint() const { return fingerprint_; }  // empty: not known yet

  // Precondition of both: has_key(). check() returns what the object claims besides.
  Expected<void> check_catalog(moqt::Location at, Bytes properties, Bytes text);
  Expected<trust::Claim> check(const moqt::Object &object);
  std::uint64_t refused() const { return refused_; }  // objects and catalogs

 private:
  Expected<trust::Claim> judge(trust::Verifier &verifier, moqt::Location at, Bytes properties, Bytes payload);
  Expected<void> compare(const Fingerprint &fingerprint) const;

  const std::string slug_;
  Fingerprint fingerprint_;
  Slice key_;
  std::optional<trust::Verifier> media_, catalog_;
  std::uint64_t refused_ = 0;
};

}  // namespace astral::elements
