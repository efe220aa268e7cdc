// SPDX-License-Identifier: BSD-3-Clause
// core::Node decides everything a node decides: whom to ask for a stream, who gets a ticket, what is told to
// whom. It holds no clock, socket, thread or random source. The driver performs its effects after handle().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/effect.hpp"
#include "core/input.hpp"
#include "core/limits.hpp"
#include "core/message.hpp"
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
  bool confirmed = false;
  bool held = false;     // by this node; otherwise it was given by this node
  bool element = false;  // the other end is an element of this machine, not a node
  std::string role;      // "active"
  std::string state;     // "waiting", "requested", "offered", "confirmed"
  std::int64_t created = 0;
  std::int64_t refreshed = 0;
  std::int64_t expires = 0;
};

// **Thread**: none; one caller at a time. Advancing: handle(). All else only observes.
class Node {
 public:
  struct Settings {
    NodeInfo self;
    std::optional<std::uint64_t> upstream_bps =
        {};                            // what all children nodes together may take; none: no limit
    std::uint32_t max_children = 100;  // nodes; local players are not counted
    std::vector<Address> bootstrap = {};
    bool has_origin = false;  // it decides whose a name is, and knows streams that we do not
    std::uint64_t seed = 0;
    std::int64_t unix_ms_at_zero = 0;  // the wall clock at Time{0}, for `created` and `updated`
    Timeouts timeouts = {};
  };

  explicit Node(Settings settings);

  // Before the first Tick nothing is connected: the driver hands a Tick in at the start.
  void handle(const Input &input, Time now, Effects &out);
  Time deadline() const;  // the driver then calls handle(Tick{}, now)

  const NodeInfo &self() const { return settings_.self; }
  std::vector<NodeInfo> nodes() const;      // known ones, this one first
  std::vector<StreamInfo> streams() const;  // known ones
  std::vector<TicketView> tickets() const;
  std::optional<NodeInfo> find_node(const Uuid &uuid) const;
  std::optional<StreamInfo> find_stream(const Slug &slug) const;
  std::optional<TicketView> find_ticket(const TicketId &id) const;
  std::optional<TicketView> find_ticket(const Slug &slug,
                                        const Uuid &destination) const;  // empty: this node's
  std::vector<TicketView> tickets(const Slug &slug) const;
  std::uint32_t children() const;               // node tickets given
  std::size_t viewers(const Slug &slug) const;  // children nodes and local players of this node
  bool has_media(const Slug &slug) const;       // between OpenMedia and CloseMedia

  void check_invariants() const;

 private:
  Settings settings_;
};

}  // namespace astral::core
