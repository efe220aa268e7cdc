// SPDX-License-Identifier: BSD-3-Clause
// The keys of one key epoch of a private stream: encrypts and opens objects and catalogs. Does not decide who
// gets the epoch's secret.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "glue/aead.hpp"
#include "glue/error.hpp"
#include "moqt/types.hpp"

namespace astral::trust {

// **Thread**: one. What is sealed is bound to its place and to the stream's key.
class EpochKey {
 public:
  EpochKey(const Secret &secret, Bytes public_key)
      : secret_(secret), stream_(public_key.begin(), public_key.end()) {}

  const Secret &secret() const { return secret_; }

  // Each place is sealed once only, so no key meets a nonce twice: nullopt if `at` is not behind all places
  // before.
  std::optional<std::vector<std::uint8_t>> seal(moqt::Location at, Bytes payload);
  // Errors: forged: not sealed with this key for this place.
  Expected<std::vector<std::uint8_t>> open(moqt::Location at, Bytes sealed);

  // As seal() and open(), for the catalog of this group.
  std::optional<std::vector<std::uint8_t>> seal_catalog(std::uint64_t group, Bytes text);
  Expected<std::vector<std::uint8_t>> open_catalog(std::uint64_t group, Bytes sealed) const;

 private:
  Aead key_of(std::string_view label, std::uint64_t group) const;
  Aead &media_key(std::uint64_t group);

  Secret secret_;
  std::vector<std::uint8_t> stream_;
  std::optional<Aead> media_;  // of media_group_
  std::uint64_t media_group_ = 0;
  std::optional<moqt::Location> sealed_;         // the last object
  std::optional<std::uint64_t> sealed_catalog_;  // the last catalog
};

}  // namespace astral::trust
