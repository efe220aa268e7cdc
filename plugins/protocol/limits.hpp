// SPDX-License-Identifier: BSD-3-Clause
// Maxima of messages and objects. The codec refuses what exceeds one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace astral::protocol {

inline constexpr std::size_t max_name = 200;              // bytes
inline constexpr std::size_t max_description = 1'000;     // bytes
inline constexpr std::size_t max_media = 4'096;           // bytes of caps as text
inline constexpr std::size_t max_except = 16;             // nodes that must not make an offer
inline constexpr std::size_t max_path = 64;               // nodes between a publisher and a viewer
inline constexpr std::uint32_t max_room = 1'000;          // places in one message
inline constexpr std::uint32_t max_asked = 8;             // supernodes that one search asks at once
inline constexpr std::size_t max_offers = 4;              // of one search
inline constexpr std::size_t max_unreachable = 16;        // nodes that one search names as not reached
inline constexpr std::size_t max_told_supernodes = 16;    // in a welcome
inline constexpr std::size_t max_tickets_per_peer = 256;  // a heartbeat fits into one message of 64 KiB
inline constexpr std::uint64_t max_audience = 10'000'000;  // people who watch one stream
inline constexpr std::size_t max_others = 8;              // supernodes named to a child at once

}  // namespace astral::protocol
