// SPDX-License-Identifier: BSD-3-Clause
// The description that the two ends of an ICE component exchange through signalling, and the check of the
// peer's one. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"

namespace astral::ice {

struct Description {
  std::string ufrag;
  std::string pwd;
  std::vector<std::string> candidates;  // `candidate:…` as in SDP, without `a=`
};

inline constexpr std::size_t max_candidates = 32;
inline constexpr std::size_t max_candidate_size = 256;
// Minimum lengths, RFC 8445, 5.3.
inline constexpr std::size_t min_ufrag_size = 4;
inline constexpr std::size_t min_pwd_size = 22;
inline constexpr std::size_t max_credential_size = 256;

// Checks the grammar of RFC 8839, 5.1; allows only numeric addresses, UDP and component 1. Errors: invalid,
// too_large.
Expected<void> check_candidate(std::string_view candidate);
Expected<void> check(const Description &description);

}  // namespace astral::ice
