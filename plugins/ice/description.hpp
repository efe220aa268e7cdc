// SPDX-License-Identifier: BSD-3-Clause
// What the two ends of an ICE component tell each other over the signalling, and what of it is believed.
// Pure.
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
// RFC 8445, 5.3
inline constexpr std::size_t min_ufrag_size = 4;
inline constexpr std::size_t min_pwd_size = 22;
inline constexpr std::size_t max_credential_size = 256;

// Errors: invalid, too_large. The grammar of RFC 8839, 5.1; numeric addresses only, UDP and component 1 only.
Expected<void> check_candidate(std::string_view candidate);
Expected<void> check(const Description &description);

}  // namespace astral::ice
