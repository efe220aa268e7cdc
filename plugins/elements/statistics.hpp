// SPDX-License-Identifier: BSD-3-Clause
// What the `stats` property of the three elements tells.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glue/ref.hpp"
#include "glue/time.hpp"

namespace astral::elements {

struct LinkStatistics {
  std::string ticket;
  std::string peer;  // fingerprint
  double rtt_ms = 0;
  std::uint64_t bytes_sent = 0;  // datagrams' payloads
  std::uint64_t bytes_received = 0;
  std::uint64_t kept_streams = 0;  // of the other end's, see quic::Stats
  std::uint64_t skipped = 0;       // times that this child was given something newer
};

// Written by the loop thread a few times a second, read by whoever asks for `stats`.
struct Statistics {
  std::uint64_t bytes = 0;  // media, in objects
  std::uint64_t objects = 0;
  std::uint64_t groups = 0;
  std::uint64_t largest_group = 0;
  std::uint64_t skipped = 0;        // times that something was given up to stay live
  std::uint64_t dropped_bytes = 0;  // before the first place where a decoder can start
  std::uint64_t rate_bps = 0;
  std::vector<LinkStatistics> links;

  // "application/x-astral-stats"; `rtt-ms` is the mean of the links'.
  GstStructure *to_structure() const;
};

// Bits a second over the last seconds.
class Rate {
 public:
  static constexpr Time window = 2s;
  void add(std::uint64_t bytes, Time now);
  std::uint64_t bps(Time now) const;  // 0 for the first second, too: what came until then tells little

 private:
  static constexpr int slots = 8;
  std::uint64_t bytes_[slots] = {};
  std::int64_t slot_ = -1;  // the newest; `window` / slots each
  std::int64_t first_slot_ = -1;
};

}  // namespace astral::elements
