// SPDX-License-Identifier: BSD-3-Clause
// All limits of an SDP offer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace astral::webrtc {

inline constexpr std::size_t max_offer = 64 << 10;  // bytes; Chromium's has 6 to 8 KiB
inline constexpr std::size_t max_lines = 2000;
inline constexpr std::size_t max_line = 1024;  // bytes
inline constexpr std::size_t max_media = 8;
inline constexpr std::size_t max_payloads = 128;  // of one m= line: the number of payload types
inline constexpr std::size_t max_extensions = 32;
inline constexpr std::size_t max_sources = 8;      // SSRCs of one m= line
inline constexpr std::size_t max_candidates = 16;  // more are ignored
// RFC 8445, 5.3
inline constexpr std::size_t min_ufrag = 4;
inline constexpr std::size_t min_pwd = 22;
inline constexpr std::size_t max_credential = 256;
inline constexpr std::size_t max_mid = 32;
// What is kept for one viewer, to be sent again: the newest group, which a viewer that joins gets at once,
// and then so much of what is live. Sequence numbers have 16 bits, so it must be less than 32,768 packets.
inline constexpr unsigned max_kept_packets = 8192;             // of 1,200 bytes at most
inline constexpr unsigned max_kept_ms = 2000;                  // by the media's time
inline constexpr unsigned max_retransmissions = 1000;          // in a second
inline constexpr std::uint32_t max_bandwidth = 1'000'000'000;  // of b=

}  // namespace astral::webrtc
