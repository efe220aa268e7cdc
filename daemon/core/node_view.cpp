// SPDX-License-Identifier: BSD-3-Clause
// What a node shows of itself, and its invariants.
#include <cassert>

#include "core/limits.hpp"
#include "core/node.hpp"
#include "core/silence.hpp"

namespace astral::core {

std::vector<NodeInfo> Node::remembered() const {
  std::vector<NodeInfo> list;
  for (const bool supernode : {true, false})
    for (const NodeInfo &node : context_.directory.nodes(max_nodes)) {
      if (list.size() == max_told_supernodes) return list;
      if (node.supernode == supernode && !context_.directory.doubtful(node.uuid)) list.push_back(node);
    }
  return list;
}

std::uint32_t Node::places(const Slug &slug) const {
  const auto found = context_.streams.all.find(slug);
  if (found == context_.streams.all.end() || !context_.streams.offers_places(found->second)) return 0;
  return found->second.position.path.size() + 1 >= max_path ? 0 : context_.budget.places(slug);
}

bool Node::cut_off(const Slug &slug) const {
  const auto found = context_.streams.all.find(slug);
  return found != context_.streams.all.end() && found->second.upstream_lost;
}

bool Node::resting() const {
  if (!context_.sessions.settled()) return false;
  for (const auto &[slug, stream] : context_.streams.all)
    if (stream.own ? roles(stream).parent == nullptr && feeder(stream) != nullptr : moving(stream))
      return false;
  return true;
}

std::vector<NodeInfo> Node::nodes() const {
  std::vector<NodeInfo> list = context_.directory.nodes(max_nodes);
  list.insert(list.begin(), context_.node.settings.self);
  return list;
}

std::vector<StreamInfo> Node::streams() const {
  return context_.directory.streams(max_streams);
}

std::optional<NodeInfo> Node::find_node(const Uuid &uuid) const {
  if (uuid == context_.node.self()) return context_.node.settings.self;
  const NodeInfo *node = context_.directory.node(uuid);
  return node == nullptr ? std::nullopt : std::optional(*node);
}

std::optional<StreamInfo> Node::find_stream(const Slug &slug) const {
  const StreamInfo *stream = context_.directory.stream(slug);
  return stream == nullptr ? std::nullopt : std::optional(*stream);
}

// A next parent is not active yet.
std::string Node::role_of(const Ticket &ticket) const {
  if (ticket.state == TicketState::standing_by) return "standby";
  if (ticket.side == Side::given) return "active";
  const Link *feeds = feeder(context_.streams.all.at(ticket.slug));
  return feeds != nullptr && feeds->id == ticket.id ? "active" : "next";
}

TicketView Node::view(const Ticket &ticket) const {
  const auto port_of = [this](const Uuid &uuid) -> std::uint16_t {
    const std::optional<NodeInfo> node = find_node(uuid);
    return node ? node->port : std::uint16_t{0};
  };
  TicketView view{.id = ticket.id,
                  .stream = ticket.slug,
                  .source = ticket.source,
                  .source_port = port_of(ticket.source),
                  .destination = ticket.destination,
                  .destination_port = port_of(ticket.destination),
                  .hops = ticket.side == Side::given
                              ? ticket.hops
                              : context_.streams.all.at(ticket.slug).links.at(ticket.id).hops,
                  .confirmed = ticket.state == TicketState::confirmed,
                  .held = ticket.side == Side::held,
                  .element = ticket.kind == PeerKind::element,
                  .role = role_of(ticket),
                  .state = std::string(name(ticket.state)),
                  .created = context_.node.unix_ms(ticket.created) / 1000,
                  .refreshed = context_.node.unix_ms(ticket.refreshed) / 1000};
  if (view.held && !view.element) {
    const StreamState &stream = context_.streams.all.at(ticket.slug);
    const bool dry = view.confirmed && !stream.links.at(ticket.id).media;
    if (dry) view.state = "linking";
    view.confirmed = view.confirmed && !dry;
    const StreamInfo *info = context_.directory.stream(ticket.slug);
    if (!view.confirmed) view.reason = stream.trouble;
    if (!view.confirmed && info != nullptr && !info->streaming) view.reason = why_silent(*info);
  }
  const Timeouts &timeouts = context_.node.settings.timeouts;
  if (ticket.state < TicketState::confirmed)
    view.expires = context_.node.unix_ms(ticket.refreshed + timeouts.unconfirmed) / 1000;
  else if (!view.element)
    view.expires = context_.node.unix_ms(ticket.refreshed + context_.sessions.silence_of(ticket)) / 1000;
  return view;
}

std::vector<TicketView> Node::tickets() const {
  std::vector<TicketView> list;
  for (const TicketId &id : context_.tickets.all()) list.push_back(view(*context_.tickets.find(id)));
  return list;
}

std::vector<TicketView> Node::tickets(const Slug &slug) const {
  std::vector<TicketView> list;
  for (const TicketId &id : context_.tickets.of_stream(slug))
    list.push_back(view(*context_.tickets.find(id)));
  return list;
}

std::optional<TicketView> Node::find_ticket(const TicketId &id) const {
  const Ticket *ticket = context_.tickets.find(id);
  return ticket == nullptr ? std::nullopt : std::optional(view(*ticket));
}

const Ticket *Node::ticket_to(const Slug &slug, const Uuid &destination) const {
  const bool ours = destination.empty() || destination == context_.node.self();
  if (ours) {
    const auto stream = context_.streams.all.find(slug);
    const Link *feeds = stream == context_.streams.all.end() ? nullptr : feeder(stream->second);
    return feeds == nullptr ? nullptr : context_.tickets.find(feeds->id);
  }
  const Ticket *found = nullptr;
  for (const TicketId &id : context_.tickets.of_stream(slug)) {
    const Ticket *ticket = context_.tickets.find(id);
    if (ticket->side != Side::given || ticket->destination != destination) continue;
    if (found == nullptr || ticket->state == TicketState::confirmed) found = ticket;
  }
  return found;
}

std::optional<TicketView> Node::find_ticket(const Slug &slug, const Uuid &destination) const {
  const Ticket *ticket = ticket_to(slug, destination);
  return ticket == nullptr ? std::nullopt : std::optional(view(*ticket));
}

bool Node::has_media(const Slug &slug) const {
  const auto found = context_.streams.all.find(slug);
  return found != context_.streams.all.end() && found->second.media;
}

// Asserts what must hold after any input. Called by tests, the simulator and the fuzzer.
void Node::check_invariants() const {
  context_.sessions.peers.check_invariants();
  context_.tickets.check_invariants();
  routes_.check_invariants();
  assert(context_.outbox.events.empty() && context_.streams.all.size() <= max_carried);
  assert(context_.directory.node_count() <= max_nodes && context_.directory.stream_count() <= max_streams);
  assert(context_.directory.node(context_.node.self()) == nullptr);
  assert(context_.sessions.overlay.known() <=
         context_.sessions.peers.size() + 64 * Overlay::known_per_distance);
  assert(seeds_.size() <= max_waiting_calls);
  if (self().origin) assert(context_.streams.all.empty() && context_.tickets.all().empty());
  assert(relaying_.waiting() <= max_relayed && context_.failed_paths.size() <= max_failed_paths &&
         context_.forgers.size() <= max_forgers);

  consumer_.check_invariants();
  std::uint32_t children = 0;
  std::uint32_t overcommitted = 0;
  for (const TicketId &id : context_.tickets.all()) {
    const Ticket &ticket = *context_.tickets.find(id);
    const Peer *peer = context_.sessions.peers.find(ticket.peer);
    assert(peer != nullptr && peer->state == PeerState::ready && peer->kind == ticket.kind);
    const auto stream = context_.streams.all.find(ticket.slug);
    assert(stream != context_.streams.all.end());
    if (ticket.side == Side::held) continue;
    if (ticket.kind == PeerKind::node && Tickets::counts(ticket)) ++children;
    const ChildState state = ticket.child.state;
    const bool over = ticket.child.claim == Claim::overcommitted;
    if (over) ++overcommitted;
    const bool ends = over && ticket.state == TicketState::confirmed;
    assert(context_.timers.has({.kind = TimerKind::overcommitted, .name = id}) == ends);
    assert(context_.timers.has({.kind = TimerKind::slow, .name = id}) == (state == ChildState::slow));
    assert(stream->second.media || ticket.state == TicketState::waiting);
    const bool timed = context_.timers.has({.kind = TimerKind::unconfirmed, .name = id});
    assert(timed == (ticket.state == TicketState::requested || ticket.state == TicketState::offered));
    assert(context_.timers.has({.kind = TimerKind::loop_check, .name = id}) == checks_loop(state));
    assert(ticket.kind == PeerKind::node ? ticket.destination == peer->uuid : true);
  }
  assert(children == context_.budget.children() && overcommitted == context_.budget.overcommitted());
  const bool placed = role() == RoleState::child || role() == RoleState::supernode;
  const bool looks =
      context_.timers.has({.kind = TimerKind::seek}) || context_.timers.has({.kind = TimerKind::choose}) ||
      context_.timers.has({.kind = TimerKind::promote}) || context_.timers.has({.kind = TimerKind::start});
  assert(placed || looks || context_.node.leaving);
  const Peer *primary = context_.sessions.peers.find(context_.sessions.primary);
  assert(context_.sessions.primary == 0 ||
         (primary != nullptr && primary->state == PeerState::ready && !context_.node.supernode()));
}

}  // namespace astral::core
