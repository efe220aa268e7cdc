// SPDX-License-Identifier: BSD-3-Clause
// The keys of this node's streams, as its settings hand them in. The core signs nothing itself, and what it
// hears of other streams has been checked before (StreamInfo::is_signed).
#pragma once

#include <string>

#include "core/types.hpp"
#include "glue/error.hpp"

namespace astral::core {

// Like the seed it is given, and deterministic: the same input, the same result.
class StreamKeys {
 public:
  virtual ~StreamKeys() = default;
  // Sets fingerprint, key and signature. A slug without a key gets one. failed: it cannot be kept; never
  // after a first success.
  virtual Expected<void> sign(StreamInfo &stream) = 0;
  // Whether the slug has a key, and that one.
  virtual bool has(const Slug &slug, const std::string &fingerprint) = 0;
  // What this node shows to get this stream, as its owner or as a guest; empty: it is neither, or the stream
  // is public.
  virtual Pass pass(const Slug &, std::int64_t /*unix_ms*/) { return {}; }
};

}  // namespace astral::core
