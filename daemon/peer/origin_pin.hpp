// SPDX-License-Identifier: BSD-3-Clause
// The key of an origin, pinned at first use: from then on only what that key has signed is believed. Kept in
// origin-keys.json of the state directory.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "glue/error.hpp"
#include "http/signature.hpp"

namespace astral::peer {

class OriginPin {
 public:
  // `state_dir` empty: keeps it in memory only.
  OriginPin(const std::string &state_dir, std::string url);

  // Of an answer's signature; nobody: it has none. **Errors** refused: it is not the origin's, or is older
  // than what came before.
  Expected<void> check(const std::optional<http::Signer> &signer);

 private:
  // The origin's answers may overtake each other.
  static constexpr std::chrono::seconds order{60};

  void keep() const;

  const std::string file_;  // empty: none
  const std::string url_;
  Fingerprint key_;  // empty: none is pinned
  std::chrono::sys_seconds newest_{};
};

}  // namespace astral::peer
