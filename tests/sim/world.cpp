// SPDX-License-Identifier: BSD-3-Clause
#include "world.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <string_view>

#include "stream_rate.hpp"
#include "trace.hpp"

namespace astral::core {
namespace {

constexpr Time connect_patience = 3s;
constexpr std::int64_t unix_ms_at_zero = 1'700'000'000'000;

struct SentLine {
  std::string_view from;
  std::string_view to;  // the sender's number of the peer
  std::string_view message;
};
// "<from> Send <to> <message>", or "<from> Send <to> routed to <uuid> from <uuid>: <message>"
std::optional<SentLine> sent_line(std::string_view line) {
  constexpr std::string_view send = " Send ";
  const std::size_t from = line.find(' ');
  if (!line.substr(from).starts_with(send)) return std::nullopt;
  const std::size_t to = from + send.size();
  const std::size_t end = line.find(' ', to);
  std::string_view message = line.substr(end + 1);
  if (message.starts_with("routed to ")) message.remove_prefix(message.find(": ") + 2);
  return SentLine{line.substr(0, from), line.substr(to, end - to), message};
}

}  // namespace

std::uint64_t World::Traffic::count() const {
  return std::accumulate(messages.begin(), messages.end(), std::uint64_t{0});
}

std::size_t World::add(const Uuid &uuid, Settings settings) {
  const std::size_t index = machines_.size();
  settings.self.uuid = uuid;
  settings.fingerprint = uuid;
  if (settings.self.ip_address.empty()) settings.self.ip_address = address_of(index).host;
  settings.self.port = address_of(index).port;
  hosts_[settings.self.ip_address] = index;
  settings.seed = settings.seed * 1'000'003 + index + 1;
  settings.unix_ms_at_zero = unix_ms_at_zero;
  settings.self.updated = static_cast<std::uint64_t>(unix_ms_at_zero + now_ / 1ms);
  Machine machine;
  machine.node = std::make_unique<Node>(settings);
  machine.settings = std::move(settings);
  machine.x = static_cast<double>(rng_.below(1000)) / 1000;
  machine.y = static_cast<double>(rng_.below(1000)) / 1000;
  machines_.push_back(std::move(machine));
  names_[uuid] = index;
  step(index, Tick{});
  return index;
}

Address World::address_of(std::size_t index) {
  return {.host = "10." + std::to_string(index >> 16) + "." + std::to_string((index >> 8) & 255) + "." +
                  std::to_string(index & 255),
          .port = 8000};
}

Time World::way(std::size_t from, std::size_t to) {
  if (!geography || from == to) return delay;
  const double distance =
      std::hypot(machines_[from].x - machines_[to].x, machines_[from].y - machines_[to].y);
  const Time there = delay + Time{static_cast<Time::rep>(distance * 42.0 * 1'000'000)};
  return there + Time{static_cast<Time::rep>(rng_.below(static_cast<std::uint64_t>(there.count() / 10) + 1))};
}

bool World::hear(std::size_t a, std::size_t b) const {
  const Machine &one = machines_[a];
  const Machine &other = machines_[b];
  return !one.muted && !other.muted && one.side == other.side;
}

void World::later(Time after, std::function<void()> what) {
  events_.push({now_ + after, order_++, std::move(what)});
}

void World::run(Time time) {
  run_until([] { return false; }, time);
}

bool World::run_until(const std::function<bool()> &condition, Time limit) {
  const Time end = now_ + limit;
  while (!condition()) {
    const Time event = events_.empty() ? never : events_.top().when;
    const Time tick = ticks_.empty() ? never : ticks_.begin()->first;
    if (std::min(event, tick) > end) {
      now_ = end;
      return condition();
    }
    now_ = std::max(now_, std::min(event, tick));
    if (tick < event) {
      step(ticks_.begin()->second, Tick{});
    } else {
      const std::function<void()> what = std::move(const_cast<Event &>(events_.top()).what);
      events_.pop();
      what();
    }
  }
  return true;
}

void World::deadline(std::size_t index) {
  Machine &machine = machines_[index];
  const Time due = machine.alive && !machine.quit ? machine.node->deadline() : never;
  if (due == machine.deadline) return;
  ticks_.erase({machine.deadline, index});
  machine.deadline = due;
  if (due != never) ticks_.emplace(due, index);
}

void World::step(std::size_t index, const Input &input) {
  if (!machines_[index].alive) return;
  Effects effects;
  machines_[index].node->handle(input, now_, effects);
  ++steps_;
  mix(index);
  mix(static_cast<std::uint64_t>(now_.count()));
  for (const Effect &effect : effects)
    if (std::holds_alternative<Quit>(effect)) machines_[index].quit = true;
  Machine &machine = machines_[index];
  if (machine.node->self().supernode && !machine.quit)
    supernodes_.insert(index);
  else
    supernodes_.erase(index);
  if (!machine.quit && ++machine.unchecked >= check_every) {
    machine.node->check_invariants();
    machine.unchecked = 0;
  }
  for (const Effect &effect : effects) {
    mix(effect.index());
    if (const auto *send = std::get_if<Send>(&effect)) mix(send->message.index() * 131 + send->peer);
    if (tracing) {
      std::string line = machines_[index].node->self().uuid + " " + text(effect);
      for (const char c : line) mix(static_cast<unsigned char>(c));
      trace_.push_back(std::move(line));
    }
    perform(index, effect);
  }
  deadline(index);
  if (watch) watch(index, effects);
}

void World::perform(std::size_t index, const Effect &effect) {
  if (const auto *connect = std::get_if<Connect>(&effect)) {
    on_connect(index, *connect);
  } else if (const auto *send = std::get_if<Send>(&effect)) {
    on_send(index, *send);
  } else if (const auto *off = std::get_if<Disconnect>(&effect)) {
    cut({index, off->peer}, off->reason);
  } else if (const auto *relay = std::get_if<TellRelay>(&effect)) {
    on_relay(index, *relay);
  } else if (const auto *source = std::get_if<AddSource>(&effect)) {
    on_source(index, *source);
  } else if (const auto *change = std::get_if<SwitchSource>(&effect)) {
    on_switch(index, *change);
  } else if (const auto *closed = std::get_if<CloseMedia>(&effect)) {
    forget({index, closed->slug});
  } else if (const auto *ended = std::get_if<EndMedia>(&effect)) {
    on_end(index, ended->slug);
  } else if (const auto *gone = std::get_if<RemoveSource>(&effect)) {
    unlink(gone->ticket, index, delay);
  } else if (const auto *answer = std::get_if<Answer>(&effect)) {
    assert(!answers_.contains(answer->call));  // exactly one answer a call
    answers_.emplace(answer->call, answer->result);
  } else if (const auto *claim = std::get_if<RegisterStream>(&effect)) {
    if (origin_silent) return;
    const auto found = origin_.find(claim->stream.slug);
    const bool taken = found != origin_.end() && found->second.source != claim->stream.source;
    if (!taken) origin_[claim->stream.slug] = claim->stream;
    Expected<StreamInfo> result = claim->stream;
    if (taken) result = fail(Code::conflict, "taken");
    later(delay,
          [=, this, call = claim->call] { step(index, OriginAnswered{.call = call, .result = result}); });
  } else if (const auto *end = std::get_if<UnregisterStream>(&effect)) {
    origin_.erase(end->slug);
  } else if (std::holds_alternative<AskOrigin>(effect)) {
    on_origin(index);
  }
}

// Answers as the real origin does: all streams, a sample of the supernodes.
void World::on_origin(std::size_t index) {
  if (origin_silent) return;
  OriginKnows knows;
  for (const auto &[slug, stream] : origin_) knows.streams.push_back(stream);
  std::vector<std::size_t> supernodes;
  for (const std::size_t i : supernodes_)
    if (i != index && alive(i) && machines_[i].side == machines_[index].side &&
        !machines_[i].node->self().origin)
      supernodes.push_back(i);
  for (std::size_t i = supernodes.size(); i > 1; --i) std::swap(supernodes[i - 1], supernodes[rng_.below(i)]);
  if (supernodes.size() > max_told_supernodes) supernodes.resize(max_told_supernodes);
  for (const std::size_t i : supernodes) knows.nodes.push_back(machines_[i].node->self());
  later(delay, [=, this] { step(index, knows); });
}

void World::on_connect(std::size_t index, const Connect &connect) {
  const auto host = hosts_.find(connect.ip_address);
  const bool ours = host != hosts_.end() && connect.port == address_of(0).port;
  const std::size_t target = ours ? host->second : 0;
  const PeerId peer = connect.peer;
  const std::uint64_t life = machines_[index].life;
  const auto refused = [=, this](Time after) {
    later(after, [=, this] {
      if (machines_[index].life == life) step(index, PeerLost{.peer = peer, .reason = "refused"});
    });
  };
  if (!ours || target >= machines_.size() || !alive(target) || target == index) {
    if (ours && target == index) {  // through its own address
      refused(delay);
      return;
    }
    return refused(2 * delay);
  }
  if (!may_meet(machines_[index].settings.self.families, machines_[target].settings.self.families))
    return refused(Time{});
  if (!machines_[target].reachable || !hear(index, target)) return refused(connect_patience);
  const Time there = way(index, target);
  const Time back = way(target, index);
  const std::uint64_t other_life = machines_[target].life;
  later(there, [=, this] {
    if (!alive(index) || machines_[index].life != life) return;
    if (!alive(target) || machines_[target].life != other_life) return refused(back);
    const PeerId there_peer = ++machines_[target].last_peer;
    machines_[index].connections[peer] = {target, there_peer, now_ + back};
    machines_[target].connections[there_peer] = {index, peer, now_};
    step(target, PeerConnected{.peer = there_peer, .outbound = false, .address = host_of(index)});
    later(back, [=, this] {
      if (machines_[index].life != life || !machines_[index].connections.contains(peer)) return;
      step(index, PeerConnected{.peer = peer, .outbound = true, .address = host_of(target)});
      const Uuid &their_uuid = machines_[target].settings.self.uuid;
      step(index, PeerProved{.peer = peer, .fingerprint = their_uuid});
    });
    const Uuid &our_uuid = machines_[index].settings.self.uuid;
    step(target, PeerProved{.peer = there_peer, .fingerprint = our_uuid});
  });
}

void World::on_send(std::size_t index, const Send &send) {
  const End from{index, send.peer};
  const auto element = element_at_.find(from);
  if (element != element_at_.end()) {
    const std::size_t which = element->second;
    Element &to = elements_[which];
    if (keep_elements_words) to.heard.push_back(send.message);
    const auto *request = std::get_if<Request>(&send.message);
    if (request != nullptr && to.offers)
      say(which, Offer{.ticket = request->ticket,
                       .slug = request->slug,
                       .source = "sink",
                       .hops = 0,
                       .path = {},
                       .fingerprint = "aa",
                       .ice = {}});
    if (const auto *offer = std::get_if<Offer>(&send.message))
      say(which, Confirm{.ticket = offer->ticket, .fingerprint = "bb", .ice = {}});
    return;
  }
  if (hostile == nullptr) return inject(index, send.peer, send.message);
  Send told = send;
  if (hostile->says(index, told)) inject(index, told.peer, std::move(told.message));
}

void World::inject(std::size_t index, PeerId peer, Message message) {
  if (!machines_[index].connections.contains(peer)) return;
  ++traffic_.messages[message.index()];
  if (const auto *routed = std::get_if<Routed>(&message); routed != nullptr && routed->what)
    ++traffic_.enclosed[routed->what->message.index()];
  if (weigh && traffic_.count() % weigh_every == 0) traffic_.bytes += weigh(message) * weigh_every;
  deliver({index, peer}, std::move(message));
}

std::vector<PeerId> World::peers(std::size_t index) const {
  std::vector<PeerId> ids;
  for (const auto &[peer, connection] : machines_[index].connections) ids.push_back(peer);
  return ids;
}

PeerId World::knock(std::size_t index, std::size_t target) {
  const PeerId socket = ++machines_[target].last_peer;
  knocking_.insert({target, socket});
  step(target, PeerConnected{.peer = socket, .outbound = false, .address = host_of(index)});
  return socket;
}

void World::deliver(End from, Message message) {
  const auto connection = machines_[from.machine].connections.find(from.peer);
  if (connection == machines_[from.machine].connections.end()) return;
  const std::size_t to = connection->second.machine;
  const PeerId peer = connection->second.peer;
  if (!hear(from.machine, to)) {
    stalled_.emplace_back(from, std::move(message));
    return;
  }
  const auto there = machines_[to].connections.find(peer);
  if (there == machines_[to].connections.end()) return;
  Time arrives = now_ + way(from.machine, to);
  while (loss > 0 && rng_.below(1'000'000) < static_cast<std::uint64_t>(loss * 1'000'000)) arrives += 200ms;
  arrives = std::max(arrives, there->second.arrived);
  there->second.arrived = arrives;
  const std::uint64_t life = machines_[to].life;
  later(arrives - now_, [=, this, message = std::move(message)] {
    if (machines_[to].life != life || !machines_[to].connections.contains(peer)) return;
    if (hostile == nullptr || hostile->hears(to, peer, message))
      step(to, PeerSaid{.peer = peer, .message = message});
  });
}

void World::cut(End end, const std::string &reason) {
  const auto element = element_at_.find(end);
  if (element != element_at_.end()) {
    elements_[element->second].connected = false;
    element_at_.erase(element);
    return;
  }
  knocking_.erase(end);
  const auto connection = machines_[end.machine].connections.find(end.peer);
  if (connection == machines_[end.machine].connections.end()) return;
  const Connection other = connection->second;
  machines_[end.machine].connections.erase(connection);
  const auto there = machines_[other.machine].connections.find(other.peer);
  if (there == machines_[other.machine].connections.end()) return;
  if (!hear(end.machine, other.machine)) return;  // the other end will notice the silence
  // Messages that were sent before still arrive, then the end.
  const Time arrives = std::max(now_ + way(end.machine, other.machine), there->second.arrived);
  const std::uint64_t life = machines_[other.machine].life;
  later(arrives - now_, [=, this] {
    if (machines_[other.machine].life == life && machines_[other.machine].connections.erase(other.peer) > 0)
      step(other.machine, PeerLost{.peer = other.peer, .reason = reason});
  });
}

void World::kill(std::size_t index) {
  Machine &machine = machines_[index];
  machine.alive = false;
  ++machine.life;
  supernodes_.erase(index);
  deadline(index);
  std::vector<PeerId> peers;
  for (const auto &[peer, connection] : machine.connections) peers.push_back(peer);
  for (const PeerId peer : peers) cut({index, peer}, "connection reset");
  for (Element &element : elements_) {
    if (element.node != index || !element.connected) continue;
    element.connected = false;
    element_at_.erase({index, element.peer});
  }
  std::vector<TicketId> tickets;
  for (const auto &[ticket, link] : links_)
    if (link.provider == index || link.consumer == index) tickets.push_back(ticket);
  std::set<Slug> slugs;
  for (const TicketId &ticket : tickets) {
    slugs.insert(links_.at(ticket).slug);
    unlink(ticket, index, link_silence);
  }
  for (const Slug &slug : slugs) receptions_.erase({index, slug});
}

void World::restart(std::size_t index) {
  if (machines_[index].alive) kill(index);
  Machine &machine = machines_[index];
  Settings settings = machine.settings;
  settings.remembered = machine.node->remembered();
  settings.seed = rng_.next();
  settings.self.updated = static_cast<std::uint64_t>(unix_ms_at_zero + now_ / 1ms);
  machine.node = std::make_unique<Node>(settings);
  machine.alive = true;
  machine.quit = false;
  machine.connections.clear();
  step(index, Tick{});
}

void World::mute(std::size_t index, bool muted) {
  machines_[index].muted = muted;
  hear_anew();
  if (!muted) heal();
}

void World::part(std::size_t index, int side) {
  machines_[index].side = side;
  hear_anew();
}

void World::heal() {
  for (auto &[from, message] : std::exchange(stalled_, {})) deliver(from, std::move(message));
}

void World::connect(std::size_t from, std::size_t to) {
  call(from, RegisterNode{.call = 0, .node = node(to).self()});
}

CallId World::ask(std::size_t index, const Slug &slug) {
  return call(index, AskTicket{.call = 0, .slug = slug, .destination = {}});
}

const Expected<Answered> *World::answer(CallId call) const {
  const auto found = answers_.find(call);
  return found == answers_.end() ? nullptr : &found->second;
}

std::size_t World::element(std::size_t index) {
  const std::size_t which = elements_.size();
  const PeerId peer = ++machines_[index].last_peer;
  elements_.push_back({.node = index, .peer = peer});
  element_at_[{index, peer}] = which;
  step(index, PeerConnected{.peer = peer, .outbound = false, .address = "127.0.0.1"});
  Hello hello{.node = {}, .kind = PeerKind::element};
  hello.node.uuid = "element-" + std::to_string(which);
  step(index, PeerSaid{.peer = peer, .message = hello});
  return which;
}

void World::say(std::size_t element, Message message) {
  later(delay, [=, this] {
    const Element &from = elements_[element];
    if (from.connected) step(from.node, PeerSaid{.peer = from.peer, .message = message});
  });
}

void World::hang_up(std::size_t element) {
  Element &from = elements_[element];
  if (!from.connected) return;
  from.connected = false;
  element_at_.erase({from.node, from.peer});
  step(from.node, PeerLost{.peer = from.peer, .reason = "closed"});
}

std::size_t World::publish(std::size_t index, const Slug &slug) {
  const std::size_t which = element(index);
  say(which,
      Publish{
          .slug = slug, .name = "", .description = "", .media = "video/mpegts", .bitrate_kbps = stream_kbps});
  return which;
}

std::size_t World::play(std::size_t index, const Slug &slug) {
  const std::size_t which = element(index);
  asked_[which] = "play-" + std::to_string(which);
  say(which, Request{.ticket = asked_[which], .slug = slug, .destination = {}});
  return which;
}

TicketId World::ticket_of(std::size_t element) const {
  return asked_.at(element);
}

std::optional<std::string> World::last_of(std::size_t element, const std::string &kind) const {
  const std::vector<Message> &heard = elements_[element].heard;
  for (auto message = heard.rbegin(); message != heard.rend(); ++message)
    if (const std::string line = text(*message); line.starts_with(kind + " ")) return line;
  return std::nullopt;
}

bool World::fed(std::size_t index, const Slug &slug) {
  if (!alive(index)) return false;
  const auto ticket = node(index).find_ticket(slug, {});
  return ticket && (ticket->confirmed || ticket->state == "linking");
}

std::optional<std::size_t> World::index_of(const Uuid &uuid) const {
  const auto found = names_.find(uuid);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Uuid> World::other_end(std::size_t index, PeerId peer) const {
  if (const auto element = element_at_.find({index, peer}); element != element_at_.end())
    return "element-" + std::to_string(element->second);
  const auto connection = machines_[index].connections.find(peer);
  if (connection == machines_[index].connections.end()) return std::nullopt;
  return machines_[connection->second.machine].settings.self.uuid;
}

std::optional<std::size_t> World::parent(std::size_t index, const Slug &slug) {
  if (!fed(index, slug)) return std::nullopt;
  const auto held = node(index).find_ticket(slug, {});
  if (held->element) return std::nullopt;
  const auto at = index_of(held->source);
  if (!at || !alive(*at)) return std::nullopt;
  const auto given = node(*at).find_ticket(held->id);
  if (!given || !given->confirmed || given->held) return std::nullopt;
  return at;
}

std::vector<Uuid> World::chain(std::size_t index, const Slug &slug) {
  std::vector<Uuid> nodes;
  std::optional<std::size_t> at = index;
  while (at) {
    if (!fed(*at, slug) || nodes.size() > machines_.size()) return {};
    nodes.insert(nodes.begin(), node(*at).self().uuid);
    const auto ticket = node(*at).find_ticket(slug, {});
    if (ticket->element) return nodes;
    at = index_of(ticket->source);
  }
  return {};
}

bool World::circle_through(std::size_t index, const Slug &slug) {
  std::optional<std::size_t> at = parent(index, slug);
  for (std::size_t steps = 0; at && steps <= machines_.size(); ++steps) {
    if (*at == index) return true;
    at = parent(*at, slug);
  }
  return false;
}

bool World::circle(const Slug &slug) {
  for (std::size_t i = 0; i < machines_.size(); ++i)
    if (circle_through(i, slug)) return true;
  return false;
}

std::size_t World::effects_of(const Uuid &node, const std::string &effect) const {
  return static_cast<std::size_t>(std::count_if(trace_.begin(), trace_.end(), [&](const std::string &line) {
    return line.starts_with(node + ' ' + effect);
  }));
}

std::size_t World::sent(const Uuid &node, const std::string &message, std::optional<PeerId> to) const {
  return static_cast<std::size_t>(std::count_if(trace_.begin(), trace_.end(), [&](const std::string &line) {
    const std::optional<SentLine> sent = sent_line(line);
    return sent && sent->from == node && sent->message.starts_with(message) &&
           (!to || sent->to == std::to_string(*to));
  }));
}

std::size_t World::sent_by_any(const std::string &message) const {
  return static_cast<std::size_t>(std::count_if(trace_.begin(), trace_.end(), [&](const std::string &line) {
    const std::optional<SentLine> sent = sent_line(line);
    return sent && sent->message.starts_with(message);
  }));
}

}  // namespace astral::core
