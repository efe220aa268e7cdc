// SPDX-License-Identifier: BSD-3-Clause
#include "invariants.hpp"

#include <algorithm>
#include <set>

#include "stream_rate.hpp"

namespace astral::sim {

using namespace core;

namespace {

constexpr std::size_t enough = 20;  // messages about broken invariants; more are dropped

bool is_ticket_news(const Effect &effect) {
  const auto *news = std::get_if<Announce>(&effect);
  return news != nullptr && news->what == Change::ticket;
}

// What both ends know of it: only the holder knows whether media comes.
std::string agreed(const TicketView &ticket) {
  return ticket.state == "linking" ? "confirmed" : ticket.state;
}

}  // namespace

Invariants::Invariants(World &world, std::vector<Slug> slugs) : world_(world), slugs_(std::move(slugs)) {}

void Invariants::say(const std::string &what) {
  if (broken_.size() < enough) broken_.push_back(std::to_string(world_.now() / 1ms) + " ms: " + what);
}

void Invariants::after(std::size_t index, const Effects &effects) {
  if (std::none_of(effects.begin(), effects.end(), is_ticket_news) || !world_.alive(index)) return;
  Node &node = world_.node(index);
  const Uuid name = node.self().uuid;
  if (node.upstream_bps()) {
    if (node.promised_bps() - node.overcommitted_bps() > *node.upstream_bps())
      say(name + " promised more than its upstream");
    if (node.promised_bps() >
        *node.upstream_bps() + std::max(stream_cost_bps, *node.upstream_bps() / overcommit_part))
      say(name + " promised more than it may");
  }
  std::map<Slug, int> active;
  for (const TicketView &ticket : node.tickets())
    if (ticket.held && agreed(ticket) == "confirmed" && ticket.role == "active") ++active[ticket.stream];
  for (const auto &[slug, count] : active) {
    if (count > 1) say(name + " has " + std::to_string(count) + " active parents for " + slug);
    if (world_.circle_through(index, slug)) say(name + " is in a circle of " + slug);
  }
}

void Invariants::tickets_agree() {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (!world_.alive(i)) continue;
    for (const TicketView &ticket : world_.node(i).tickets()) {
      if (ticket.element || ticket.state == "requested" || ticket.state == "offered") continue;
      const Uuid &other = ticket.held ? ticket.source : ticket.destination;
      const auto at = world_.index_of(other);
      const std::string name = world_.node(i).self().uuid + (ticket.held ? " holds" : " gave") +
                               " a ticket (" + ticket.state + ") of " + ticket.stream + " with " + other;
      if (!at || !world_.alive(*at)) {
        say(name + ", which is dead");
        continue;
      }
      const auto there = world_.node(*at).find_ticket(ticket.id);
      if (!there || there->held == ticket.held || agreed(*there) != agreed(ticket))
        say(name + ", which has it " + (there ? there->state : "not"));
    }
  }
}

// An orphan cannot use the room of its own descendants.
Uuid Invariants::with_room(const Slug &slug) {
  for (std::size_t i = 0; i < world_.size(); ++i)
    if (world_.alive(i) && world_.fed(i, slug) && world_.node(i).places(slug) > 0 &&
        !world_.chain(i, slug).empty())
      return world_.node(i).self().uuid;
  return {};
}

void Invariants::at_rest(const std::vector<std::pair<std::size_t, Slug>> &viewers) {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (!world_.alive(i)) continue;
    Node &node = world_.node(i);
    if (node.role() != RoleState::child && node.role() != RoleState::supernode)
      say(node.self().uuid + " has no place in the network");
    if (node.role() == RoleState::child) {
      const auto primary = world_.index_of(node.primary());
      if (!primary || !world_.alive(*primary)) say(node.self().uuid + " has a dead primary");
    }
  }
  tickets_agree();
  for (const auto &[index, slug] : viewers)
    if (world_.alive(index) && !world_.chain(index, slug).empty() && world_.node(index).cut_off(slug))
      say(world_.node(index).self().uuid + " thinks that it is cut off from " + slug);
  // Room that a viewer without a parent could have used.
  std::map<Slug, std::vector<std::size_t>> hungry;
  for (const auto &[index, slug] : viewers)
    if (world_.alive(index) && world_.chain(index, slug).empty()) hungry[slug].push_back(index);
  for (const auto &[slug, unfed] : hungry) {
    const Uuid room = with_room(slug);
    if (!room.empty())
      say(std::to_string(unfed.size()) + " viewers of " + slug + " (" + world_.node(unfed[0]).self().uuid +
          ") go hungry, and " + room + " has room");
  }
  for (const Slug &slug : slugs_)
    if (world_.circle(slug)) say("there is a circle of " + slug);
}

void Invariants::media_flows(const std::vector<std::pair<std::size_t, Slug>> &viewers) {
  for (const auto &[index, slug] : viewers)
    if (world_.alive(index) && !world_.flows(index, slug) && !with_room(slug).empty())
      say(world_.node(index).self().uuid + " gets nothing of " + slug);
}

void Invariants::tickets_stay(const std::map<std::pair<std::size_t, Slug>, TicketId> &tickets) {
  for (const auto &[viewer, id] : tickets) {
    const auto ticket = world_.node(viewer.first).find_ticket(viewer.second, {});
    if (!ticket || ticket->id != id)
      say(world_.node(viewer.first).self().uuid + " lost its ticket of " + viewer.second);
  }
}

std::size_t Invariants::without_standby() {
  std::size_t count = 0;
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (!world_.alive(i)) continue;
    for (const Slug &slug : slugs_) {
      bool parent = false;
      bool standby = false;
      for (const TicketView &ticket : world_.node(i).tickets(slug)) {
        if (!ticket.held || ticket.element) continue;
        (ticket.role == "standby" ? standby : parent) = true;
      }
      if (parent && !standby) ++count;
    }
  }
  return count;
}

void Invariants::only_heartbeats(const World::Traffic &before, const World::Traffic &after) {
  // Supernodes keep records for others; these are repeated at intervals, like heartbeats.
  const std::set<std::size_t> quiet{Message(Heartbeat{}).index(), Message(Advert{}).index(),
                                    Message(Here{}).index()};
  const std::size_t routed = Message(Routed{}).index();
  // A viewer without a standby searches for one twice a minute. Each of those that are asked answers, over several
  // supernodes.
  const std::set<std::size_t> searching{Message(Find{}).index(), Message(Request{}).index(),
                                        Message(Refusal{}).index(), Message(Carrying{}).index()};
  const std::size_t searched = 120 * without_standby();
  for (std::size_t kind = 0; kind < before.messages.size(); ++kind) {
    if (quiet.contains(kind)) continue;
    // Supernodes still learn of others that complete a distance of the ring, and link them.
    const bool greeting = kind == Message(Hello{}).index() || kind == Message(Welcome{}).index();
    if (greeting && after.messages[kind] - before.messages[kind] <= 4 + world_.supernodes().size() / 4)
      continue;
    if (searching.contains(kind) && after.messages[kind] - before.messages[kind] <= searched &&
        after.enclosed[kind] - before.enclosed[kind] <= searched)
      continue;
    if (kind != routed && after.messages[kind] != before.messages[kind])
      say("at rest, yet " + std::to_string(after.messages[kind] - before.messages[kind]) +
          " messages of kind " + std::to_string(kind));
    if (after.enclosed[kind] != before.enclosed[kind])
      say("at rest, yet " + std::to_string(after.enclosed[kind] - before.enclosed[kind]) +
          " routed messages of kind " + std::to_string(kind));
  }
}

}  // namespace astral::sim
