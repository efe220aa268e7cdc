// SPDX-License-Identifier: BSD-3-Clause
// Every maximum of the codec and the session. The code checks an announced size against it before it
// allocates.
#pragma once

#include <cstddef>
#include <cstdint>

namespace astral::moqt {

// Maxima of the draft.
inline constexpr std::size_t max_namespace_fields = 32;    // §2.4.1
inline constexpr std::size_t max_full_track_name = 4096;   // §2.4.1: all fields and the name together
inline constexpr std::size_t max_reason_phrase = 1024;     // §1.4.4
inline constexpr std::size_t max_goaway_uri = 8192;        // §10.4; also kept for a redirect's URI
inline constexpr std::size_t max_key_value_bytes = 65535;  // §1.4.3
inline constexpr std::size_t max_control_body = 65535;     // §10: Length is a uint16
// Our maximum for the properties of one object or track, in bytes; the draft bounds only each value.
inline constexpr std::size_t max_properties = 64 * 1024;
// Our maximum of decoded key-value pairs; a decoded pair is much larger than its 2 bytes on the wire.
inline constexpr std::size_t max_property_count = 1024;
// Our maximum of tokens: AUTHORIZATION_TOKEN is the only parameter that may repeat.
inline constexpr std::size_t max_tokens = 16;

// How much a peer can make one session hold. Byte counts are of memory, for each session.
struct Limits {
  std::uint64_t max_object = 8 * 1024 * 1024;        // payload of one object
  std::size_t max_requests = 64;                     // request streams that the peer has open at a time
  std::size_t max_data_streams = 64;                 // data streams of the peer that are being read
  std::size_t max_refused_streams = 256;             // streams that we refused and the peer has not ended
  std::size_t max_partial_bytes = 32 * 1024 * 1024;  // objects whose payload is incomplete
  std::size_t max_early_streams = 16;                // data streams that arrived before their SUBSCRIBE_OK
  std::size_t max_early_bytes = 4 * 1024 * 1024;     // objects of these streams
  std::size_t max_pending_updates = 16;              // unanswered REQUEST_UPDATEs of one subscription
};

}  // namespace astral::moqt
