// SPDX-License-Identifier: BSD-3-Clause
// The values of the control plane: nodes, streams, places. Pure. object_codec.hpp writes them as JSON.
// Every field here, in messages, inputs and effects has an initializer, so designated initializers may name
// only some fields.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glue/time.hpp"
#include "protocol/families.hpp"
#include "protocol/nat.hpp"

namespace astral::protocol {

using Uuid = std::string;      // 1-64 of letters, digits, hyphens; of a node that has a key: uuid_of()
using Slug = std::string;      // protocol/slug.hpp
using TicketId = std::string;  // as a Uuid; made by the node that gives the ticket, or by an element
using SearchId = std::string;  // as a Uuid; made by the node that searches
using PeerId = std::uint64_t;  // one WebSocket to a peer; from 1 up, never used twice
using CallId = std::uint64_t;  // one HTTP call that waits for an Answer, or one request to the origin

// The driver makes PeerIds and CallIds below this number (accepted sockets, HTTP calls); core::Node makes
// those from it on (Connect, RegisterStream). So their numbers never collide, and neither has to ask the
// other.
inline constexpr std::uint64_t first_own_id = std::uint64_t{1} << 63;

struct Address {
  std::string host = {};  // a name or an IP address
  std::uint16_t port = 0;
  auto operator<=>(const Address &) const = default;
};

struct NodeInfo {
  Uuid uuid = {};
  std::string label = {};  // for people, as a Uuid; several nodes may have the same; empty: none
  std::string ip_address = {};
  std::uint16_t port = 0;
  bool supernode = false;
  bool origin = false;  // a supernode that carries signalling and no media: the last one to turn to
  std::string version = {};
  std::optional<std::uint64_t> upstream_kbps = {};
  std::optional<std::uint64_t> downstream_kbps = {};
  Uuid primary = {};                           // its primary supernode; empty: none
  std::optional<std::uint32_t> children = {};  // of a supernode: how many nodes are registered with it
  std::optional<std::uint32_t> capacity = {};  // of a supernode: how many it takes
  std::uint16_t udp_port = 0;                  // at its address, where it answers STUN; 0: none
  Nat nat = {};                                // before its UDP port, as far as it knows
  Families families = {};                      // that it has, as far as it knows
  bool turn = false;                           // it has a TURN server, so links to it have one
  std::optional<std::uint32_t> rtt_ms = {};    // measured by this node; written for people, never read
  std::uint64_t updated = 0;  // Unix ms of its start by its own clock; the higher value is newer
  bool operator==(const NodeInfo &) const = default;
};

// As people read it.
inline const std::string &name_of(const NodeInfo &node) {
  return node.label.empty() ? node.uuid : node.label;
}

// Where messages for a node go: to the supernode `via` at the address `at`. A supernode's `via` is itself.
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
  std::string fingerprint = {};  // of the stream's key, which owns the name; empty: not known
  bool streaming = false;        // false: paused, ended, or its publisher is away
  bool paused = false;           // by its owner
  bool ended = false;            // by its publisher, or it was away for too long; it may begin again
  bool deleted = false;          // by its owner: this is the last word about it
  std::string media = {};        // caps as text
  std::uint64_t bitrate_kbps = 0;
  std::int64_t created = 0;      // Unix seconds
  std::uint64_t updated = 0;     // Unix ms by the source's clock; the higher value is newer
  // The stream's key has signed all this but `created` (statement.hpp). Empty: nobody has signed it.
  std::uint64_t expires = 0;   // Unix ms; then it says nothing any more
  std::string key = {};        // the public key, raw, in hexadecimal
  std::string signature = {};  // in hexadecimal
  bool is_signed() const { return !signature.empty(); }
  // Its media is encrypted. It has no description and no caps here, and its name is its slug.
  bool is_private = false;
  std::vector<std::string> revoked = {};  // ids of invitations that would still be good
  bool operator==(const StreamInfo &) const = default;
};

// What a guest's node shows to get a private stream (invitation.hpp): the stream's key has signed the first
// four fields, the guest's key the rest. All hexadecimal.
struct Pass {
  std::string id = {};        // of the invitation
  std::uint64_t expires = 0;  // Unix seconds
  std::string key = {};       // the guest's public key, raw
  std::string signature = {};
  std::uint64_t shown = 0;  // Unix ms, by the guest's clock
  std::string proof = {};
  bool empty() const { return id.empty(); }
  bool operator==(const Pass &) const = default;
};

// For people and programs: "live", "paused", "ended", or "waiting" for a publisher.
constexpr const char *state_of(const StreamInfo &stream) {
  if (stream.streaming) return "live";
  if (stream.ended) return "ended";
  return stream.paused ? "paused" : "waiting";
}

inline constexpr std::size_t max_revoked = 32;     // in what is said of a stream: the newest
inline constexpr std::size_t max_candidates = 32;  // of one end of a link
inline constexpr std::size_t max_direct = 6;       // addresses of a UDP port in an offer

// One end's ICE description: candidates as SDP `candidate:` lines.
struct Ice {
  std::string ufrag = {};
  std::string pwd = {};
  std::vector<std::string> candidates = {};
};

}  // namespace astral::protocol
