// SPDX-License-Identifier: BSD-3-Clause
// The content of the elements' `stats` property.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "elements/line_meter.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"

namespace astral::elements {

struct LinkStatistics {
  std::string ticket;
  std::string peer;  // fingerprint
  double rtt_ms = 0;
  std::uint64_t bytes_sent = 0;  // UDP payloads
  std::uint64_t bytes_received = 0;
  std::uint64_t kept_streams = 0;  // of the peer, see quic::Stats
  std::uint64_t skipped = 0;       // how often this child skipped to newer objects
  std::string way;                 // "direct", "ice" or "tcp"; empty: not decided yet
  std::uint64_t unanswered_ms = 0;  // how long data has been in flight and nothing has come
};

// The loop thread writes these every 100 ms; any thread that reads `stats` gets the last copy.
struct Statistics {
  std::uint64_t bytes = 0;  // payload of the media's objects
  std::uint64_t objects = 0;
  std::uint64_t groups = 0;
  std::uint64_t largest_group = 0;
  std::uint64_t skipped = 0;        // how often objects were given up to stay live
  std::uint64_t dropped_bytes = 0;  // dropped before the first possible decoder start
  std::uint64_t rate_bps = 0;
  std::uint64_t lag_ms = 0;  // source only: how late the last object was
  LineMeter::Rates thin;     // source only: 0 while the line carries the stream
  // Objects and catalogs that the stream's key has not signed, that were replayed, or that differ from what
  // has arrived before.
  std::uint64_t refused = 0;
  std::uint64_t forged = 0;  // of these, those that did not come as the stream's key has signed them
  std::string stream_key;  // fingerprint; empty: not known yet
  std::vector<LinkStatistics> links;

  // "application/x-astral-stats". `rtt-ms` is the mean of the links.
  GstStructure *to_structure() const;
};

// The bit rate over the last seconds.
class Rate {
 public:
  static constexpr Time window = 2s;
  void add(std::uint64_t bytes, Time now);
  std::uint64_t bps(Time now) const;  // 0 in the first second, which is too short to measure

 private:
  static constexpr int slots = 8;
  std::uint64_t bytes_[slots] = {};
  std::int64_t slot_ = -1;  // the newest; a slot is `window` / slots long
  std::int64_t first_slot_ = -1;
};

}  // namespace astral::elements
