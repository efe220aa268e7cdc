// SPDX-License-Identifier: BSD-3-Clause
// Decrypts what a source pad gives of a private stream, for one guest. What is public passes as it is.
#pragma once

#include <memory>
#include <optional>

#include "elements/object_meta.hpp"
#include "trust/guest_list.hpp"

namespace astral::elements {

// **Thread**: one.
class Opener {
 public:
  // Nullopt: no guest; then nothing private is opened.
  explicit Opener(std::optional<trust::Guest> guest = std::nullopt) : guest_(std::move(guest)) {}

  // Whether open() has something to do.
  static bool is_sealed(const Taken &taken);
  // The object as it was published. Errors: refused: this guest is not invited (any more), or there is none;
  // forged, invalid: it cannot be decrypted. A later object may be readable again.
  Expected<SharedTaken> open(const SharedTaken &taken);
  // Of the catalog that was opened last; null: none.
  const std::shared_ptr<const Catalog> &catalog() const { return opened_; }

 private:
  Expected<void> change_catalog(const Taken &taken);

  std::optional<trust::Guest> guest_;
  std::shared_ptr<const Catalog> sealed_, opened_;  // opened_ is sealed_, decrypted
  std::optional<trust::EpochKey> key_;
  std::optional<Error> refusal_;  // of sealed_
};

}  // namespace astral::elements
