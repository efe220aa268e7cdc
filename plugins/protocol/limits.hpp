// SPDX-License-Identifier: BSD-3-Clause
// The named maxima of what nodes say to each other: what is above one is refused where it is read.
#pragma once

#include <cstddef>
#include <cstdint>

namespace astral::protocol {

inline constexpr std::size_t max_name = 200;              // bytes
inline constexpr std::size_t max_description = 1'000;     // bytes
inline constexpr std::size_t max_media = 4'096;           // bytes of caps as text
inline constexpr std::size_t max_path = 64;               // nodes between a publisher and a viewer
inline constexpr std::uint32_t max_room = 1'000;          // places that are told of
inline constexpr std::uint32_t max_asked = 8;             // supernodes at once, in one search
inline constexpr std::size_t max_offers = 4;              // that one search takes
inline constexpr std::size_t max_told_supernodes = 16;    // in a welcome
inline constexpr std::size_t max_tickets_per_peer = 256;  // so that a heartbeat fits in one message of 64 KiB
inline constexpr std::size_t max_others = 8;              // supernodes that are named to a child

}  // namespace astral::protocol
