// SPDX-License-Identifier: BSD-3-Clause
// What the HTTP API and the gateways see of a node. core::Node implements it. This header is cheap to
// compile; core/node.hpp is not, because it has all parts of a node as members.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.hpp"

namespace astral::core {

// A ticket as the API shows it. Times are unix seconds; expires 0: lives as long as its peer.
struct TicketView {
  TicketId id;
  Slug stream;
  Uuid source;  // who forwards: a node, or the publisher's element
  std::uint16_t source_port = 0;
  Uuid destination;
  std::uint16_t destination_port = 0;
  std::uint32_t hops = 0;  // links between the publisher's node and the destination
  bool confirmed = false;  // a held one: and its media has come
  bool held = false;     // by this node; otherwise it was given by this node
  bool element = false;  // the other end is an element of this machine, not a node
  std::string role;      // "active", "standby", "next": about to be active
  // "waiting", "requested", "offered", "linking": agreed, but no media has come; "confirmed", "standby"
  std::string state;
  // Why no media comes to this node, for people. Empty: nothing is known to be wrong.
  std::string reason = {};
  std::int64_t created = 0;
  std::int64_t refreshed = 0;
  std::int64_t expires = 0;
};

// **Thread**: the node's. No function changes anything.
class NodeView {
 public:
  virtual const NodeInfo &self() const = 0;
  virtual std::vector<NodeInfo> nodes() const = 0;      // known ones, this one first
  virtual std::vector<StreamInfo> streams() const = 0;  // known ones, our own first
  virtual std::vector<TicketView> tickets() const = 0;
  virtual std::vector<TicketView> tickets(const Slug &slug) const = 0;
  virtual std::optional<NodeInfo> find_node(const Uuid &uuid) const = 0;
  virtual std::optional<StreamInfo> find_stream(const Slug &slug) const = 0;
  // Streams of this slug with other keys than the one of find_stream().
  virtual std::vector<StreamInfo> rivals(const Slug &slug) const = 0;
  virtual std::optional<TicketView> find_ticket(const TicketId &id) const = 0;
  // An empty destination means this node.
  virtual std::optional<TicketView> find_ticket(const Slug &slug, const Uuid &destination) const = 0;
  virtual std::uint32_t fed_children() const = 0;              // nodes that have a ticket from this node
  virtual std::uint64_t slow_children() const = 0;             // asked to leave since the start
  virtual std::uint64_t viewers(const Slug &slug) const = 0;   // people who watch at this node
  virtual std::uint64_t audience(const Slug &slug) const = 0;  // and at all nodes that get it from here
  virtual std::uint64_t promised_bps() const = 0;              // of the upstream, to all children together
  virtual std::size_t peers() const = 0;
  virtual std::vector<Uuid> unreachable(Time now) const = 0;  // no link to them came up lately
  virtual std::vector<Uuid> forgers(Time now) const = 0;      // they have brought forged media
  virtual void check_invariants() const = 0;

 protected:
  ~NodeView() = default;
};

}  // namespace astral::core
