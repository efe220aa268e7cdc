// SPDX-License-Identifier: BSD-3-Clause
// Why a stream brings nothing, in words for people.
#pragma once

#include "core/limits.hpp"
#include "core/types.hpp"

namespace astral::core {

// Empty: it should bring media.
constexpr const char *why_silent(const StreamInfo &stream) {
  if (stream.streaming) return "";
  if (stream.ended) return has_ended;
  return stream.paused ? "its publisher has paused the stream" : "its publisher is away";
}

}  // namespace astral::core
