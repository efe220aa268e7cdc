// SPDX-License-Identifier: BSD-3-Clause
#include "world.hpp"

#include <algorithm>
#include <cassert>

#include "trace.hpp"

namespace astral::core {

std::size_t World::add(const Uuid &uuid, Settings settings) {
  const std::size_t index = machines_.size();
  settings.self.uuid = uuid;
  settings.self.ip_address = address_of(index).host;
  settings.self.port = address_of(index).port;
  settings.seed = settings.seed * 1000 + index + 1;
  settings.unix_ms_at_zero = 1'700'000'000'000;
  machines_.push_back({.node = std::make_unique<Node>(settings)});
  step(index, Tick{});
  return index;
}

Address World::address_of(std::size_t index) {
  return {.host = "10.0.0." + std::to_string(index), .port = 8000};
}

void World::later(Time after, std::function<void()> what) {
  events_.emplace(std::pair{now_ + after, order_++}, std::move(what));
}

void World::run(Time time) {
  run_until([] { return false; }, time);
}

bool World::run_until(const std::function<bool()> &condition, Time limit) {
  const Time end = now_ + limit;
  while (!condition()) {
    Time next = events_.empty() ? never : events_.begin()->first.first;
    std::optional<std::size_t> ticking;
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      if (!machines_[i].alive || machines_[i].node->deadline() >= next) continue;
      next = machines_[i].node->deadline();
      ticking = i;
    }
    if (next > end) {
      now_ = end;
      return condition();
    }
    now_ = std::max(now_, next);
    if (ticking) {
      step(*ticking, Tick{});
    } else {
      const std::function<void()> what = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      what();
    }
  }
  return true;
}

void World::step(std::size_t index, const Input &input) {
  Machine &machine = machines_[index];
  if (!machine.alive) return;
  Effects effects;
  machine.node->handle(input, now_, effects);
  if (!machine.quit && std::none_of(effects.begin(), effects.end(),
                                    [](const Effect &e) { return std::holds_alternative<Quit>(e); }))
    machine.node->check_invariants();
  for (const Effect &effect : effects) {
    std::string line = machine.node->self().uuid + " " + text(effect);
    for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
    hash_ = (hash_ ^ static_cast<std::uint64_t>(now_.count())) * 1099511628211u;
    trace_.push_back(std::move(line));
    perform(index, effect);
  }
}

void World::perform(std::size_t index, const Effect &effect) {
  Machine &machine = machines_[index];
  if (const auto *connect = std::get_if<Connect>(&effect)) {
    on_connect(index, *connect);
  } else if (const auto *send = std::get_if<Send>(&effect)) {
    on_send(index, *send);
  } else if (const auto *off = std::get_if<Disconnect>(&effect)) {
    cut({index, off->peer}, off->reason);
  } else if (const auto *relay = std::get_if<TellRelay>(&effect)) {
    on_relay(index, *relay);
  } else if (const auto *source = std::get_if<AddSource>(&effect)) {
    const TicketId ticket = source->offer.ticket;
    const Slug slug = source->slug;
    if (links_fail)
      later(delay, [=, this] {
        step(index, SourceEnded{.slug = slug, .ticket = ticket, .error = {Code::unreachable, "no path"}});
      });
    else
      later(delay, [=, this] {
        step(index, SourceSaid{.slug = slug,
                               .ticket = ticket,
                               .message = Confirm{.ticket = ticket, .fingerprint = "ff", .ice = {}}});
      });
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
    if (origin_silent) return;
    OriginKnows knows;
    for (const auto &[slug, stream] : origin_) knows.streams.push_back(stream);
    for (const Machine &other : machines_)
      if (other.alive) knows.nodes.push_back(other.node->self());
    later(delay, [=, this] { step(index, knows); });
  } else if (std::holds_alternative<Quit>(effect)) {
    machine.quit = true;
  }
}

void World::on_connect(std::size_t index, const Connect &connect) {
  std::optional<std::size_t> target;
  for (std::size_t i = 0; i < machines_.size(); ++i)
    if (address_of(i).host == connect.ip_address && address_of(i).port == connect.port) target = i;
  const PeerId peer = connect.peer;
  if (target && machines_[*target].muted) return;  // no answer at all
  if (!target || !machines_[*target].alive || machines_[*target].quit) {
    later(delay, [=, this] { step(index, PeerLost{.peer = peer, .reason = "refused"}); });
    return;
  }
  later(delay, [=, this] {
    const End here{index, peer};
    const End there{*target, ++machines_[*target].last_peer};
    if (!machines_[index].alive || !machines_[*target].alive) {
      step(index, PeerLost{.peer = peer, .reason = "refused"});
      return;
    }
    links_[here] = there;
    links_[there] = here;
    step(*target, PeerConnected{.peer = there.peer, .outbound = false, .address = address_of(index).host});
    later(delay, [=, this] {
      if (!links_.contains(here)) return;
      step(index, PeerConnected{.peer = peer, .outbound = true, .address = address_of(*target).host});
    });
  });
}

void World::on_send(std::size_t index, const Send &send) {
  ++sends_;
  const End from{index, send.peer};
  const auto element = element_at_.find(from);
  if (element != element_at_.end()) {
    const std::size_t which = element->second;
    Element &to = elements_[which];
    to.heard.push_back(send.message);
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
  const auto link = links_.find(from);
  if (link == links_.end()) return;
  const End to = link->second;
  if (machines_[index].muted || machines_[to.machine].muted) {
    stalled_.emplace_back(from, send);
    return;
  }
  later(delay, [=, this, message = send.message] {
    if (links_.contains(to)) step(to.machine, PeerSaid{.peer = to.peer, .message = message});
  });
}

void World::on_relay(std::size_t index, const TellRelay &tell) {
  const auto *request = std::get_if<Request>(&tell.message);
  if (request == nullptr) return;
  const Offer offer{.ticket = request->ticket,
                    .slug = tell.slug,
                    .source = {},
                    .hops = 0,
                    .path = {},
                    .fingerprint = "cc",
                    .ice = {}};
  later(delay, [=, this, slug = tell.slug] { step(index, RelaySaid{.slug = slug, .message = offer}); });
}

void World::cut(End end, const std::string &reason) {
  const auto element = element_at_.find(end);
  if (element != element_at_.end()) {
    elements_[element->second].connected = false;
    element_at_.erase(element);
    return;
  }
  const auto link = links_.find(end);
  if (link == links_.end()) return;
  const End other = link->second;
  links_.erase(link);
  // What was sent before still arrives, then the end.
  later(delay, [=, this] {
    if (links_.erase(other) > 0) step(other.machine, PeerLost{.peer = other.peer, .reason = reason});
  });
}

void World::kill(std::size_t index) {
  machines_[index].alive = false;
  std::vector<End> ends;
  for (const auto &[end, other] : links_)
    if (end.machine == index) ends.push_back(end);
  for (const End &end : ends) cut(end, "connection reset");
}

void World::mute(std::size_t index, bool muted) {
  machines_[index].muted = muted;
  // A connection that stalled goes on where it was.
  for (const auto &[from, send] : std::exchange(stalled_, {})) on_send(from.machine, send);
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
  say(which, Publish{.slug = slug, .name = "", .description = "", .media = "video/mpegts"});
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
  if (!machines_[index].alive || machines_[index].quit) return false;
  const auto ticket = node(index).find_ticket(slug, {});
  return ticket && ticket->confirmed;
}

std::optional<std::size_t> World::index_of(const Uuid &uuid) const {
  for (std::size_t i = 0; i < machines_.size(); ++i)
    if (machines_[i].node->self().uuid == uuid) return i;
  return std::nullopt;
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

bool World::circle(const Slug &slug) {
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    std::set<std::size_t> seen;
    std::optional<std::size_t> at = i;
    while (at && fed(*at, slug)) {
      if (!seen.insert(*at).second) return true;
      at = index_of(node(*at).find_ticket(slug, {})->source);
    }
  }
  return false;
}

std::size_t World::count(const std::string &part) const {
  return static_cast<std::size_t>(std::count_if(trace_.begin(), trace_.end(), [&](const std::string &line) {
    return line.find(part) != std::string::npos;
  }));
}

}  // namespace astral::core
