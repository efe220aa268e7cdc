// SPDX-License-Identifier: BSD-3-Clause
// Every maximum of the codec and of the session. What is announced above one of these is refused before
// anything is allocated for it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace astral::moqt {

// Fixed by the draft.
inline constexpr std::size_t max_namespace_fields = 32;    // §2.4.1
inline constexpr std::size_t max_full_track_name = 4096;   // §2.4.1: all fields and the name together
inline constexpr std::size_t max_reason_phrase = 1024;     // §1.4.4
inline constexpr std::size_t max_goaway_uri = 8192;        // §10.4; also kept for a redirect's URI
inline constexpr std::size_t max_key_value_bytes = 65535;  // §1.4.3
inline constexpr std::size_t max_control_body = 65535;     // §10: Length is a uint16
// Ours: one object's (or track's) properties; the draft only bounds each value.
inline constexpr std::size_t max_properties = 64 * 1024;
// Ours: pairs that are decoded into Properties; a decoded pair is much larger than its 2 bytes on the wire.
inline constexpr std::size_t max_property_count = 1024;
// Ours: AUTHORIZATION_TOKEN is the one parameter that may repeat.
inline constexpr std::size_t max_tokens = 16;

// What one session lets its peer make it hold. All byte counts are of memory, per session.
struct Limits {
  std::uint64_t max_object = 8 * 1024 * 1024;        // payload of one object
  std::size_t max_requests = 64;                     // request streams of the peer open at a time
  std::size_t max_data_streams = 64;                 // its data streams that are being read
  std::size_t max_refused_streams = 256;             // streams that we refused and it has not ended
  std::size_t max_partial_bytes = 32 * 1024 * 1024;  // objects that have not arrived completely
  std::size_t max_early_streams = 16;                // data streams before their SUBSCRIBE_OK
  std::size_t max_early_bytes = 4 * 1024 * 1024;     // what these may hold together
  std::size_t max_pending_updates = 16;              // REQUEST_UPDATEs of one subscription not answered yet
};

}  // namespace astral::moqt
