// SPDX-License-Identifier: BSD-3-Clause
// The named maxima and the times of the control plane. What goes above a maximum is refused; nothing grows
// without one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "glue/time.hpp"

namespace astral::core {

inline constexpr std::size_t max_peers = 512;
inline constexpr std::size_t max_nodes = 10'000;          // known ones
inline constexpr std::size_t max_streams = 10'000;        // known ones
inline constexpr std::size_t max_own_streams = 256;       // published by this node
inline constexpr std::size_t max_carried = 1'024;         // own ones and those that have a pipeline here
inline constexpr std::size_t max_tickets = 4'096;         // given and held together
inline constexpr std::size_t max_tickets_per_peer = 256;  // so that a heartbeat fits in one message of 64 KiB
inline constexpr std::size_t max_local_players = 64;      // elements that play one stream from this node
inline constexpr std::size_t max_waiting_calls = 64;      // API calls that wait for one search
inline constexpr std::size_t max_asked = 64;              // nodes that one search asks
inline constexpr std::size_t max_others = 8;              // nodes that a refusal names
inline constexpr std::size_t max_path = 64;               // nodes between a publisher and a viewer
inline constexpr std::size_t max_name = 200;              // bytes
inline constexpr std::size_t max_description = 1'000;     // bytes
inline constexpr std::size_t max_media = 4'096;           // bytes of caps as text
inline constexpr std::size_t nodes_per_message = 64;      // these two keep a message below 64 KiB
inline constexpr std::size_t streams_per_message = 4;
inline constexpr std::size_t nodes_told = 128;         // to a new peer
inline constexpr std::size_t streams_told = 512;       // to a new peer
inline constexpr std::size_t remembered_ends = 1'024;  // streams that are gone, so that old news stay old
inline constexpr std::uint64_t max_rate_kbps = 100'000'000;  // what is told of a stream may be nonsense
inline constexpr std::uint64_t max_version = 1'000'000'000'000'000;  // of `updated`, in unix milliseconds
inline constexpr std::uint64_t unmeasured_bps = 600'000;             // the first Astral's 75 KB/s

struct Timeouts {
  Time heartbeat = 5s;
  Time silence = 15s;        // of a peer, or of a ticket in its heartbeats: it is gone
  Time greeting = 5s;        // from connected to hello or welcome
  Time ask = 1500ms;         // one node, from Request to Offer; and to connect to it
  Time unconfirmed = 5s;     // what an offer is kept for
  Time search = 10s;         // all of one search
  Time origin = 3s;          // for an answer of the origin inside a search
  Time registration = 10s;   // for the origin to say whether a name is free
  Time first_retry = 200ms;  // a lost parent, then doubling up to
  Time last_retry = 5s;
  Time settled = 5s;    // a parent that lasted this long starts the doubling again
  Time unwanted = 30s;  // a stream that nobody wants is carried for this long
  Time reconnect = 1s;  // a bootstrap node, then doubling up to
  Time last_reconnect = 30s;
};

}  // namespace astral::core
