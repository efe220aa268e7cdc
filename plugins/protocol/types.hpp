// SPDX-License-Identifier: BSD-3-Clause
// The words of the control plane: nodes, streams, tickets as API.md has them. Plain values, std only.
// Every field has an initializer, here and in messages, inputs and effects, so that one may name only some.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glue/time.hpp"

namespace astral::protocol {

using Uuid = std::string;      // 1-64 of letters, digits, hyphens
using Slug = std::string;      // protocol/slug.hpp
using TicketId = std::string;  // 1-64 of letters, digits, hyphens; made by who gives it, or by the element
using SearchId = std::string;  // as a TicketId; made by who searches
using PeerId = std::uint64_t;  // one WebSocket to a peer, from 1 on, never used again
using CallId = std::uint64_t;  // one HTTP call that waits for an Answer, or one question to the origin

// Who makes a PeerId or a CallId: the driver below this number (accepted sockets, HTTP calls), Node
// from it on (Connect, RegisterStream). So the two never meet, and neither has to ask the other.
inline constexpr std::uint64_t first_own_id = std::uint64_t{1} << 63;

struct Address {
  std::string host = {};  // a name or an IP address
  std::uint16_t port = 0;
  auto operator<=>(const Address &) const = default;
};

struct NodeInfo {
  Uuid uuid = {};
  std::string ip_address = {};
  std::uint16_t port = 0;
  bool supernode = false;
  std::string version = {};
  std::optional<std::uint64_t> upstream_kbps = {};
  std::optional<std::uint64_t> downstream_kbps = {};
  Uuid primary = {};                           // its primary supernode; empty: none
  std::optional<std::uint32_t> children = {};  // of a supernode: the nodes that registered with it
  std::optional<std::uint32_t> capacity = {};  // of a supernode: how many it takes
  std::optional<std::uint32_t> rtt_ms = {};    // from this node; known to nobody else
  std::uint64_t updated = 0;  // unix milliseconds when it started, by its own clock: the higher is the truth
  bool operator==(const NodeInfo &) const = default;
};

// Where messages for a node go: to the supernode `via`, which is at `at`. Of a supernode, `via` is itself.
struct Place {
  Uuid uuid = {};
  Uuid via = {};
  Address at = {};
  bool operator==(const Place &) const = default;
};

struct StreamInfo {
  Slug slug = {};
  std::string name = {};
  std::string description = {};
  Uuid source = {};              // the publishing node
  std::string fingerprint = {};  // of its key: whose it is, whoever says that uuid; empty: the origin told us
  bool streaming = false;        // false: paused, or its publisher is away
  std::string media = {};        // caps as text
  std::uint64_t bitrate_kbps = 0;
  std::int64_t created = 0;  // unix seconds
  std::uint64_t updated =
      0;  // unix milliseconds by the source's clock: of two versions the higher is the truth
  bool operator==(const StreamInfo &) const = default;
};

// One end's ICE description: candidates as SDP `candidate:` lines.
struct Ice {
  std::string ufrag = {};
  std::string pwd = {};
  std::vector<std::string> candidates = {};
};

}  // namespace astral::protocol
