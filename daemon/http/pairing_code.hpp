// SPDX-License-Identifier: BSD-3-Clause
// The short code by which the owner lets one more device control the program: who types it is believed.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "glue/error.hpp"
#include "glue/time.hpp"

namespace astral::http {

// **Why** so short a code is enough: it lives for minutes, is good for one device, and guessing is slowed
// down and ends it. Five guesses at 32^6 codes find one in 200 million times.
class PairingCode {
 public:
  static constexpr std::size_t letters = 6;
  static constexpr Time lifetime = 5min;
  static constexpr unsigned max_wrong = 5;
  static constexpr Time pause = 1s;  // after a wrong code

  // Makes a new code, "ABC-DEF"; the former one is void.
  const std::string &make(const std::array<std::uint8_t, letters> &random, Time now);
  void close() { text_.clear(); }
  Time left(Time now) const;  // 0: there is no code

  // Uses up the code. Case, hyphens and spaces do not matter. **Errors**: refused: it is wrong, or there is
  // none; timeout: too soon after a wrong one, it has not been looked at.
  Expected<void> use(std::string_view given, Time now);

 private:
  std::string text_;  // empty: no code
  Time until_{}, not_before_{};
  unsigned wrong_ = 0;
};

}  // namespace astral::http
