// SPDX-License-Identifier: BSD-3-Clause
#include "liars.hpp"

#include <algorithm>
#include <utility>

namespace astral::sim {

using namespace core;

namespace {

constexpr const char *names[kinds_of_lies] = {"room",    "sinkhole", "forger", "sybil",
                                              "eclipse", "replayer", "loris"};
constexpr std::uint32_t much_room = 1'000;
constexpr std::size_t streams_a_beat = 400;  // that a Sybil invents
constexpr Time soon = 200ms;                 // a forged message comes after what it belongs to
constexpr Time replay_after = 4s;
constexpr std::size_t sockets_at_once = 2'000;  // of one loris, to one supernode

std::shared_ptr<const Enclosed> enclosed(Message message) {
  return std::make_shared<const Enclosed>(Enclosed{std::move(message)});
}

}  // namespace

std::vector<std::string> liar_scenarios() {
  std::vector<std::string> all{"liars"};
  for (const char *name : names) all.push_back(std::string("liars-") + name);
  return all;
}

Settings Liars::next(Settings settings, const std::string &scenario) {
  Liar liar;
  const std::size_t ordinal = made_++;
  liar.lie = static_cast<Lie>(ordinal % kinds_of_lies);
  for (std::size_t i = 0; i < kinds_of_lies; ++i)
    if (scenario == std::string("liars-") + names[i]) liar.lie = static_cast<Lie>(i);
  // A quarter of the liars push themselves forward as supernodes, with more room than others: about half of
  // all supernodes are hostile. Sybils are children.
  liar.supernode = liar.lie != Lie::sybil && rng_.below(liar.lie == Lie::eclipse ? 2 : 4) == 0;
  settings.role = liar.supernode ? Role::supernode : Role::child;
  if (liar.supernode) settings.capacity *= 3;
  if (liar.lie == Lie::sybil) settings.self.ip_address = "203.0.113." + std::to_string(1 + ordinal % 250);
  next_.push_back(liar);
  return settings;
}

void Liars::came(std::size_t index) {
  who_[index] = next_.front();
  next_.erase(next_.begin());
  if (who_[index].supernode) world_.reachable(index, true);
  if (who_[index].lie == Lie::loris) world_.later(1s, [this, index] { knock(index); });
}

bool Liars::is(std::size_t index, Lie lie) const {
  const auto found = who_.find(index);
  return found != who_.end() && found->second.lie == lie;
}

bool Liars::forges(std::size_t provider) const {
  return is(provider, Lie::forger);
}

Place Liars::place(std::size_t index) {
  const NodeInfo &self = world_.node(index).self();
  if (self.supernode) return {.uuid = self.uuid, .via = self.uuid, .at = {self.ip_address, self.port}};
  const auto primary = world_.index_of(world_.node(index).primary());
  if (!primary) return {.uuid = self.uuid, .via = {}, .at = {}};
  const NodeInfo &via = world_.node(*primary).self();
  return {.uuid = self.uuid, .via = via.uuid, .at = {via.ip_address, via.port}};
}

// The scenario names its streams and their publishers by the same numbers.
Uuid Liars::source(const Slug &slug) const {
  return "n" + slug.substr(1);
}

bool Liars::says(std::size_t from, Send &send) {
  const auto found = who_.find(from);
  if (found == who_.end()) return true;
  Liar &liar = found->second;
  const bool offers = liar.lie == Lie::room || liar.lie == Lie::sinkhole || liar.lie == Lie::forger;
  const auto *carrying = std::get_if<Carrying>(&send.message);
  if (carrying != nullptr && offers) return false;
  if (const auto *cancel = std::get_if<Cancel>(&send.message); cancel != nullptr && offers) return false;
  if (std::holds_alternative<Heartbeat>(send.message)) lie_with_beat(from, send.peer);
  if (liar.lie != Lie::eclipse) return true;
  if (auto *welcome = std::get_if<Welcome>(&send.message)) only_liars(welcome->nodes);
  if (auto *registered = std::get_if<Registered>(&send.message)) only_liars(registered->others);
  if (auto *beat = std::get_if<Heartbeat>(&send.message)) only_liars(beat->nodes);
  return true;
}

void Liars::only_liars(std::vector<NodeInfo> &nodes) {
  nodes.clear();
  for (const auto &[index, liar] : who_)
    if (liar.lie == Lie::eclipse && nodes.size() < max_told_supernodes && world_.alive(index))
      nodes.push_back(world_.node(index).self());
}

void Liars::lie_with_beat(std::size_t index, PeerId peer) {
  Liar &liar = who_.at(index);
  ++liar.beats;
  if (liar.lie == Lie::room || liar.lie == Lie::sinkhole || liar.lie == Lie::forger) lie_of_room(index, peer);
  if (liar.lie == Lie::sybil) flood(index, peer);
  if (liar.lie == Lie::forger && !statements_are_proved)
    world_.inject(index, peer, Gone{.slug = slugs_[rng_.below(slugs_.size())], .updated = ~0ULL >> 20});
}

void Liars::lie_of_room(std::size_t index, PeerId peer) {
  const auto other = world_.other_end(index, peer);
  const bool to_primary = other && *other == world_.node(index).primary();
  const std::uint32_t hops = index % 2 == 0 ? 1 : 2;
  for (const Slug &slug : slugs_) {
    if (to_primary)
      world_.inject(index, peer, Carrying{.slug = slug, .hops = hops, .room = much_room});
    else if (world_.node(index).self().supernode)
      world_.inject(index, peer,
                    Advert{.slug = slug, .supernode = place(index), .hops = hops, .room = much_room});
  }
}

// Streams that nobody publishes, which it says to carry.
void Liars::flood(std::size_t index, PeerId peer) {
  const auto other = world_.other_end(index, peer);
  if (!other || *other != world_.node(index).primary()) return;
  const NodeInfo &self = world_.node(index).self();
  const std::uint64_t first = who_.at(index).beats * streams_a_beat;
  for (std::size_t i = 0; i < streams_a_beat; ++i) {
    const Slug slug = self.uuid + "-" + std::to_string(first + i);
    const StreamInfo stream{.slug = slug, .name = slug, .source = self.uuid, .streaming = true, .updated = 1};
    world_.inject(index, peer, Streams{.streams = {stream}});
    world_.inject(index, peer, Carrying{.slug = slug, .hops = 1, .room = much_room});
  }
}

bool Liars::hears(std::size_t to, PeerId peer, const Message &message) {
  const auto found = who_.find(to);
  if (found == who_.end()) return true;
  const Liar &liar = found->second;
  const auto *routed = std::get_if<Routed>(&message);
  const bool for_it = routed == nullptr || routed->to.uuid == world_.node(to).self().uuid;
  if (!for_it) {
    if (liar.lie == Lie::sinkhole || liar.lie == Lie::eclipse) return false;
    pass_by(to, *routed);
    return true;
  }
  if (routed != nullptr && !routed->what) return true;
  const auto other = world_.other_end(to, peer);
  Place from{.uuid = other.value_or("")};
  if (routed != nullptr) from = routed->from;
  return told(to, routed == nullptr ? message : routed->what->message, from);
}

// A message for the liar itself. False: it has dealt with it.
bool Liars::told(std::size_t to, const Message &message, const Place &from) {
  const Liar &liar = who_.at(to);
  const bool offers = liar.lie == Lie::room || liar.lie == Lie::sinkhole || liar.lie == Lie::forger;
  if (const auto *find = std::get_if<Find>(&message)) {
    if (liar.lie == Lie::eclipse) return false;
    if (!offers || find->request.asker.uuid == world_.node(to).self().uuid) return true;
    offer(to, find->request);
    return false;
  }
  if (!offers) return true;
  if (const auto *request = std::get_if<Request>(&message)) {
    if (!request->search.empty()) {
      offer(to, *request);
      return false;
    }
    const auto ours = forged_.find(request->ticket);
    if (ours == forged_.end()) return true;
    answer(
        to, from,
        Path{.ticket = request->ticket, .hops = 1, .path = {world_.node(to).self().uuid}, .granted = true});
    return false;
  }
  if (const auto *confirm = std::get_if<Confirm>(&message)) {
    const auto ours = forged_.find(confirm->ticket);
    if (ours == forged_.end()) return true;
    if (liar.lie != Lie::sinkhole) world_.provide(to, ours->second, ours->first);
    return false;
  }
  if (const auto *beat = std::get_if<Heartbeat>(&message)) {
    Heartbeat same;
    for (const TicketId &ticket : beat->tickets)
      if (forged_.contains(ticket)) same.tickets.push_back(ticket);
    for (const TicketId &ticket : beat->standby)
      if (forged_.contains(ticket)) same.tickets.push_back(ticket);
    if (same.tickets.empty()) return true;
    same.sent_ms = 1;
    answer(to, from, std::move(same));
    return true;
  }
  const auto *hold = std::get_if<Hold>(&message);
  return hold == nullptr || !forged_.contains(hold->ticket);
}

// Looks as good as an offer can: of the publisher's node itself, or of a child of it.
void Liars::offer(std::size_t index, const Request &request) {
  const Uuid &self = world_.node(index).self().uuid;
  Offer offer{.ticket = "lie-" + std::to_string(++tickets_),
              .search = request.search,
              .slug = request.slug,
              .source = self,
              .hops = 1,
              .path = {self},
              .fingerprint = "cc"};
  if (index % 2 == 0) {
    offer.hops = 2;
    offer.path.insert(offer.path.begin(), source(request.slug));
  }
  forged_[offer.ticket] = request.slug;
  answer(index, request.asker, std::move(offer));
}

void Liars::answer(std::size_t index, const Place &to, Message message) {
  std::optional<PeerId> way;
  for (const PeerId peer : world_.peers(index)) {
    const auto other = world_.other_end(index, peer);
    if (!other) continue;
    if (*other == to.uuid) return world_.inject(index, peer, std::move(message));
    const auto there = world_.index_of(*other);
    if (!there || !world_.node(*there).self().supernode || (is_liar(*there) && way)) continue;
    if (!way || *other == to.via) way = peer;
  }
  if (way)
    world_.inject(index, *way, Routed{.to = to, .from = place(index), .what = enclosed(std::move(message))});
}

// It is a supernode, and a message between two others passes.
void Liars::pass_by(std::size_t index, const Routed &routed) {
  if (!routed.what) return;
  if (is(index, Lie::forger) && !statements_are_proved) forge(index, routed);
  if (!is(index, Lie::replayer) || statements_are_proved) return;
  world_.later(replay_after, [this, index, routed] { pass_on(index, routed); });
}

void Liars::pass_on(std::size_t index, const Routed &routed) {
  if (!world_.alive(index)) return;
  for (const PeerId peer : world_.peers(index)) {
    const auto other = world_.other_end(index, peer);
    if (other && (*other == routed.to.uuid || *other == routed.to.via)) world_.inject(index, peer, routed);
  }
}

// Ends what the two have just agreed on, in the name of each.
void Liars::forge(std::size_t index, const Routed &heard) {
  const auto *confirm = std::get_if<Confirm>(&heard.what->message);
  if (confirm == nullptr) return;
  const TicketId ticket = confirm->ticket;
  for (const auto &[to, from] : {std::pair(heard.to, heard.from), std::pair(heard.from, heard.to)}) {
    for (const Message &message : {Message(Leaving{.ticket = ticket}),
                                   Message(Cancel{.ticket = ticket, .code = "closed", .message = "gone"})}) {
      const Routed routed{.to = to, .from = from, .what = enclosed(message)};
      world_.later(soon, [this, index, routed] { pass_on(index, routed); });
    }
  }
}

// Keeps as many silent sockets to each supernode as it gets.
void Liars::knock(std::size_t index) {
  if (!world_.alive(index)) return;
  for (const std::size_t target : std::set<std::size_t>(world_.supernodes())) {
    if (is_liar(target)) continue;
    std::set<PeerId> &sockets = who_.at(index).sockets[target];
    std::erase_if(sockets, [&](PeerId socket) { return !world_.knocks(target, socket); });
    while (sockets.size() < sockets_at_once) {
      const PeerId socket = world_.knock(index, target);
      if (!world_.knocks(target, socket)) break;
      sockets.insert(socket);
    }
  }
  world_.later(1s, [this, index] { knock(index); });
}

}  // namespace astral::sim
