// SPDX-License-Identifier: BSD-3-Clause
// The media of the virtual network: links that come up, stand by, flow and end; which node has which objects,
// and which node is silent.
#include <algorithm>
#include <set>

#include "world.hpp"

namespace astral::core {
namespace {

constexpr Time link_patience = 4s;
constexpr Time object_every = 100ms;
constexpr std::uint64_t kept_objects = 100;  // by a relay: the last ten seconds

}  // namespace

void World::on_source(std::size_t index, const AddSource &source) {
  const TicketId ticket = source.offer.ticket;
  const Slug slug = source.slug;
  const std::uint64_t life = machines_[index].life;
  if (links_fail) {
    later(delay, [=, this] {
      if (machines_[index].life == life)
        step(index, SourceEnded{.slug = slug, .ticket = ticket, .error = {Code::unreachable, "no path"}});
    });
    return;
  }
  Link &link = links_[ticket];
  link.consumer = index;
  link.slug = slug;
  link.sink = source.offer.source == "sink";
  link.tcp = link.tcp || !source.offer.tcp.empty();
  link.wanted = link.on = link.awaited = !source.standby;
  links_to_[{index, slug}].insert(ticket);
  later(delay, [=, this] {
    if (machines_[index].life == life)
      step(index, SourceSaid{.slug = slug,
                             .ticket = ticket,
                             .message = Confirm{.ticket = ticket, .fingerprint = "ff", .ice = {}}});
    flow(ticket);
  });
  if (link.sink) return;
  later(link_patience, [=, this] {
    const auto found = links_.find(ticket);
    if (found != links_.end() && !found->second.up) give_up(ticket);
  });
}

void World::flow(const TicketId &ticket) {
  const auto found = links_.find(ticket);
  if (found == links_.end() || !found->second.consumer || found->second.up) return;
  Link &link = found->second;
  if (!link.sink && (!link.provider || !hear(*link.provider, *link.consumer))) return;
  link.up = true;
  link.on = link.wanted;
  if (impossible(link)) return later(ice_patience, [=, this] { give_up(ticket); });
  const Time handshake = link.sink ? Time{} : 3 * way(*link.provider, *link.consumer);
  later(handshake, [=, this] {
    const auto there = links_.find(ticket);
    if (there == links_.end()) return;
    there->second.open = true;
    const std::size_t consumer = *there->second.consumer;
    step(consumer, SourceLinked{.slug = there->second.slug, .ticket = ticket});
    if (links_.contains(ticket)) refresh(ticket);
  });
}

bool World::impossible(const Link &link) const {
  if (link.sink) return false;
  const Machine &consumer = machines_[*link.consumer], &provider = machines_[*link.provider];
  const Families &theirs = consumer.settings.self.families, &ours = provider.settings.self.families;
  if (!may_meet(theirs, ours)) return true;
  if (link.tcp) return false;
  if (turn_helps(consumer.nat, consumer.settings.self.turn, provider.nat, provider.settings.self.turn))
    return false;
  return obstacle(consumer.nat, theirs, provider.nat, ours) != Obstacle::none;
}

// ICE has failed at both ends.
void World::give_up(const TicketId &ticket) {
  if (links_.contains(ticket)) unlink(ticket, machines_.size(), Time{});
}

void World::on_switch(std::size_t index, const SwitchSource &change) {
  const auto found = links_.find(change.ticket);
  if (found == links_.end()) return;
  ++media_.switches;
  found->second.wanted = !change.standby;
  found->second.awaited = !change.standby;
  if (!found->second.up) return;
  later(way(index, *found->second.provider), [=, this, ticket = change.ticket] {
    const auto there = links_.find(ticket);
    if (there == links_.end()) return;
    there->second.on = there->second.wanted;
    refresh(ticket);
  });
}

bool World::delivers(const Link &link) const {
  if (!link.open || !link.on || !link.consumer) return false;
  if (link.sink) return true;
  if (!link.provider || !hear(*link.provider, *link.consumer)) return false;
  const auto there = receptions_.find({*link.provider, link.slug});
  return there != receptions_.end() && there->second.live;
}

std::uint64_t World::made(const Slug &slug) const {
  const auto found = made_.find(slug);
  if (found == made_.end()) return 0;
  const Made &made = found->second;
  return made.before + (made.since ? static_cast<std::uint64_t>((now_ - *made.since) / object_every) : 0);
}

void World::refresh(const TicketId &ticket) {
  const Link &link = links_.at(ticket);
  if (!link.consumer) return;
  const Here here{*link.consumer, link.slug};
  if (delivers(link)) return gain(ticket);
  const bool forged = hostile != nullptr && link.provider && hostile->forges(*link.provider);
  if (forged && link.open && link.on) return forge(ticket);
  const auto there = receptions_.find(here);
  if (there != receptions_.end() && there->second.live && there->second.through == ticket) lack(here);
}

// What comes is not signed by the publisher.
void World::forge(const TicketId &ticket) {
  if (media_is_proved) return unlink(ticket, machines_.size(), Time{});
  ++media_.forged;
  tell_flow(ticket);
}

// Objects that the node lacks come at once, if the other end has them.
void World::catch_up(Reception &reception, const Here &here, const Reception *from) {
  const std::uint64_t now = made(here.second);
  if (!std::exchange(reception.began, true)) {
    reception.last = now;
    return;
  }
  std::vector<std::pair<std::uint64_t, std::uint64_t>> lacks = std::exchange(reception.holes, {});
  if (!reception.live && reception.last < now) lacks.emplace_back(reception.last + 1, now);
  const std::uint64_t kept = now > kept_objects ? now - kept_objects : 0;
  for (const auto &[first, last] : lacks) {
    if (last <= kept) {
      media_.lost += last - first + 1;
      if (on_lost) on_lost(here.first, here.second, last - first + 1);
      continue;
    }
    if (first <= kept) reception.holes.emplace_back(first, kept);
    if (from == nullptr) continue;
    for (const auto &[begin, end] : from->holes)
      if (std::max(begin, first) <= std::min(end, last))
        reception.holes.emplace_back(std::max({begin, first, kept + 1}), std::min(end, last));
  }
}

void World::gain(const TicketId &ticket) {
  std::vector<TicketId> next{ticket};
  while (!next.empty()) {
    const TicketId through = next.back();
    next.pop_back();
    const Link &link = links_.at(through);
    if (!delivers(link)) continue;
    const Here here{*link.consumer, link.slug};
    Reception &reception = receptions_[here];
    catch_up(reception, here, link.sink ? nullptr : &receptions_.at({*link.provider, link.slug}));
    tell_flow(through);
    if (std::exchange(reception.live, true)) continue;
    if (on_flow) on_flow(here.first, here.second);
    if (reception.outage > 0) {
      media_.outages.push_back(now_ - reception.since);
      if (on_outage) on_outage(here.first, here.second, now_ - reception.since);
    }
    reception.through = through;
    if (link.sink) made_[link.slug].since = now_;
    for (const TicketId &child : links_from_[here])
      if (delivers(links_.at(child))) next.push_back(child);
  }
}

// The node gets no more media through its link, and neither do its children. Perhaps another link brings it.
void World::lack(const Here &begin) {
  std::vector<Here> all{begin};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Here here = all[i];
    Reception &reception = receptions_[here];
    reception.live = false;
    reception.last = made(here.second);
    reception.since = now_;
    for (const TicketId &child : links_from_[here]) {
      const Link &link = links_.at(child);
      if (!link.consumer) continue;
      const auto there = receptions_.find({*link.consumer, link.slug});
      if (there != receptions_.end() && there->second.live && there->second.through == child)
        all.push_back(there->first);
    }
  }
  for (const Here &here : all) {
    if (receptions_[here].live) continue;
    for (const TicketId &other : links_to_[here])
      if (delivers(links_.at(other))) {
        gain(other);
        break;
      }
    if (!receptions_[here].live) tell_silence(here, silence, ++receptions_[here].outage);
  }
}

void World::tell_flow(const TicketId &ticket) {
  Link &link = links_.at(ticket);
  if (!std::exchange(link.awaited, false)) return;
  const std::uint64_t life = machines_[*link.consumer].life;
  const Time after = link.sink ? delay : way(*link.provider, *link.consumer);
  later(after, [=, this, index = *link.consumer, slug = link.slug] {
    if (links_.contains(ticket) && machines_[index].life == life)
      step(index, SourceFlows{.slug = slug, .ticket = ticket});
  });
}

void World::tell_silence(const Here &here, Time after, std::uint64_t outage) {
  const std::uint64_t life = machines_[here.first].life;
  later(after, [=, this] {
    const auto found = receptions_.find(here);
    if (found == receptions_.end() || found->second.live || found->second.outage != outage) return;
    if (machines_[here.first].life != life) return;
    tell_silence(here, 2 * after, outage);
    step(here.first, StreamSilent{.slug = here.second});
  });
}

// The relay passes the end on to its children, after all media.
void World::on_end(std::size_t index, const Slug &slug) {
  for (const TicketId &ticket : std::set<TicketId>(links_from_[{index, slug}])) {
    const Link &link = links_.at(ticket);
    if (!link.consumer || !link.open) continue;
    const std::uint64_t life = machines_[*link.consumer].life;
    later(way(index, *link.consumer), [=, this, consumer = *link.consumer] {
      if (machines_[consumer].life == life && links_.contains(ticket))
        step(consumer, SourceEnded{.slug = slug, .ticket = ticket, .error = {Code::not_found, "the end"}});
    });
  }
}

void World::forget(const Here &here) {
  const auto found = receptions_.find(here);
  if (found == receptions_.end()) return;
  if (found->second.live) lack(here);
  receptions_.erase(here);
}

// The media backend of `by` closed its end. The other end notices, at once or by silence.
void World::unlink(const TicketId &ticket, std::size_t by, Time after) {
  const auto found = links_.find(ticket);
  if (found == links_.end()) return;
  const Link link = found->second;
  links_.erase(found);
  if (link.provider) links_from_[{*link.provider, link.slug}].erase(ticket);
  if (link.consumer) links_to_[{*link.consumer, link.slug}].erase(ticket);
  if (link.consumer) {
    const Here here{*link.consumer, link.slug};
    const std::set<TicketId> &others = links_to_[here];  // a second one of the publisher: a renewal
    if (link.sink && others.empty() && made_[link.slug].since) made_[link.slug] = {.before = made(link.slug)};
    const auto there = receptions_.find(here);
    if (there != receptions_.end() && there->second.live && there->second.through == ticket) lack(here);
  }
  if (link.consumer && *link.consumer != by) {
    const std::uint64_t life = machines_[*link.consumer].life;
    later(after, [=, this] {
      if (machines_[*link.consumer].life == life)
        step(
            *link.consumer,
            SourceEnded{.slug = link.slug, .ticket = ticket, .error = {Code::unreachable, "the link ended"}});
    });
  }
  if (link.provider && *link.provider != by) {
    const std::uint64_t life = machines_[*link.provider].life;
    later(after, [=, this] {
      if (machines_[*link.provider].life == life)
        step(*link.provider,
             RelaySaid{
                 .slug = link.slug,
                 .message = Cancel{.ticket = ticket, .code = "link-ended", .message = "the link ended"}});
    });
  }
}

void World::on_relay(std::size_t index, const TellRelay &tell) {
  if (const auto *confirm = std::get_if<Confirm>(&tell.message)) {
    Link &link = links_[confirm->ticket];
    link.tcp = link.tcp || !confirm->tcp.empty();
    return provide(index, tell.slug, confirm->ticket);
  }
  if (const auto *cancel = std::get_if<Cancel>(&tell.message)) return unlink(cancel->ticket, index, delay);
  const auto *request = std::get_if<Request>(&tell.message);
  if (request == nullptr) return;
  const Offer offer{.ticket = request->ticket,
                    .slug = tell.slug,
                    .source = {},
                    .hops = 0,
                    .path = {},
                    .fingerprint = "cc",
                    .ice = {}};
  const std::uint64_t life = machines_[index].life;
  later(delay, [=, this, slug = tell.slug] {
    if (machines_[index].life == life) step(index, RelaySaid{.slug = slug, .message = offer});
  });
}

void World::provide(std::size_t index, const Slug &slug, const TicketId &ticket) {
  Link &link = links_[ticket];
  link.provider = index;
  link.slug = slug;
  links_from_[{index, slug}].insert(ticket);
  flow(ticket);
}

bool World::flows(std::size_t index, const Slug &slug) const {
  const auto found = receptions_.find({index, slug});
  return found != receptions_.end() && found->second.live;
}

void World::hear_anew() {
  std::vector<TicketId> tickets;
  for (const auto &[ticket, link] : links_) tickets.push_back(ticket);
  for (const TicketId &ticket : tickets) refresh(ticket);
}

}  // namespace astral::core
