// SPDX-License-Identifier: BSD-3-Clause
#include "stun/discovery.hpp"

#include <algorithm>
#include <utility>

namespace astral::stun {
namespace {

bool is_same_host(const Address &one, const Address &other) {
  return std::ranges::equal(one.host(), other.host());
}

}  // namespace

const char *to_text(Mapping mapping) {
  switch (mapping) {
    case Mapping::none:
      return "none";
    case Mapping::endpoint_independent:
      return "endpoint-independent";
    case Mapping::dependent:
      return "dependent";
    case Mapping::unknown:
      break;
  }
  return "unknown";
}

const char *to_text(Filtering filtering) {
  switch (filtering) {
    case Filtering::endpoint_independent:
      return "endpoint-independent";
    case Filtering::address_dependent:
      return "address-dependent";
    case Filtering::dependent:
      return "dependent";
    case Filtering::unknown:
      break;
  }
  return "unknown";
}

Nat with_filter_of(const Nat &before, Nat found) {
  if (found.filtering != Filtering::unknown || !found.udp || !before.udp ||
      !is_same_host(before.mapped, found.mapped))
    return found;
  found.filtering = before.filtering;
  if (found.reachable()) found.mapped.port = before.mapped.port;
  return found;
}

Discovery::Discovery(std::vector<Address> servers, std::vector<Address> local, const Address &third,
                     const std::array<TransactionId, 4> &ids, const Address &forwarded, bool knows_filter)
    : local_(std::move(local)),
      third_(third),
      third_id_(ids[2]),
      other_id_(ids[1]),
      knows_filter_(knows_filter),
      is_alone_(servers.size() == 1 && !third.is_set()),
      forwarded_(forwarded) {
  for (std::size_t i = 0; i < std::min<std::size_t>(servers.size(), 2); ++i)
    asked_.push_back({servers[i], ids[i], 0, never, {}});
  const auto is_third = [&](const Asked &asked) { return is_same_host(asked.server, third_); };
  if (!third_.is_set() || std::ranges::none_of(asked_, is_third)) return;
  const auto other = std::ranges::find_if_not(asked_, is_third);
  if (other != asked_.end()) probe_ = Asked{other->server, ids[3], 0, never, {}};
}

template <typename Call>
void Discovery::for_each_asked(const Call &call) {
  for (Asked &asked : asked_) call(asked);
  if (probe_) call(*probe_);
}

void Discovery::start(Time now, std::vector<Effect> &out) {
  for_each_asked([&](Asked &asked) { ask(asked, now, out); });
  conclude(now, out);
}

void Discovery::ask(Asked &asked, Time now, std::vector<Effect> &out) {
  out.emplace_back(Send{asked.server,
                        write_request(asked.id, is_alone_ ? Ask::other_port : Ask::nothing_else),
                        probe_ && &asked == &*probe_});
  asked.next = now + first_timeout * (1 << asked.requests++);
}

// Only the port is believed: nobody can have us send to another host.
void Discovery::ask_other(std::uint16_t port, Time now, std::vector<Effect> &out) {
  if (port == 0 || port == asked_[0].server.port) return;
  other_ = asked_[0].server;
  other_.port = port;
  asked_.push_back({other_, other_id_, 0, never, {}});
  ask(asked_.back(), now, out);
}

bool Discovery::handle(const Message &message, const Address &from, Time now, std::vector<Effect> &out) {
  if (message.kind != Message::Kind::success) return false;
  if (message.id == third_id_ && asks_ > 0) {
    if (state_ != State::listening || (other_.is_set() ? from != other_ : !is_same_host(from, third_)))
      return true;
    state_ = State::done;
    if (!other_.is_set()) {
      nat_.filtering = Filtering::endpoint_independent;
      if (!probe_) nat_.mapped.port = third_port_;
    } else if (nat_.mapping !=
               Mapping::none) {  // without a NAT and with no sign of a firewall it stays unknown
      nat_.filtering = Filtering::address_dependent;
    }
    return true;
  }
  bool is_ours = false;
  for_each_asked([&](Asked &asked) {
    if (message.id != asked.id || from != asked.server) return;
    is_ours = true;
    if (state_ == State::asking && !asked.seen) asked.seen = message.mapped;
  });
  if (is_ours && is_alone_ && state_ == State::asking && message.other && !other_.is_set())
    ask_other(message.other->port, now, out);
  if (is_ours) conclude(now, out);
  return is_ours;
}

bool Discovery::is_silent() const {
  return state_ == State::asking && !asked_.empty() &&
         std::ranges::all_of(asked_, [](const Asked &asked) { return !asked.seen && asked.requests > 2; });
}

void Discovery::tick(Time now, std::vector<Effect> &out) {
  if (state_ == State::asking) {
    for_each_asked([&](Asked &asked) {
      if (!asked.is_open() || now < asked.next) return;
      if (asked.requests == max_requests)
        asked.next = never;
      else
        ask(asked, now, out);
    });
    conclude(now, out);
  } else if (state_ == State::listening && now >= third_next_) {
    if (asks_ < max_asks) return ask_third(now, out);
    if (std::exchange(forwarded_, {}).is_set() && can_guess_port() && third_port_ != nat_.mapped.port) {
      third_port_ = nat_.mapped.port;
      asks_ = 0;
      return ask_third(now, out);
    }
    nat_.filtering = Filtering::dependent;
    state_ = State::done;
  }
}

// A server that has not answered gets three requests, not all: a dead server must not
// hold up what the living one knows.
void Discovery::conclude(Time now, std::vector<Effect> &out) {
  if (state_ != State::asking) return;
  const auto answered =
      std::ranges::find_if(asked_, [](const Asked &asked) { return asked.seen.has_value(); });
  bool waits = false;
  for_each_asked([&](const Asked &asked) {
    waits |= asked.is_open() && (answered == asked_.end() || asked.requests <= 3);
  });
  if (waits) return;
  state_ = State::done;
  if (answered == asked_.end()) return;
  judge_mapping(*answered);
  if ((!third_.is_set() || probe_) && forwarded_.is_set()) {
    const Address forwarded = std::exchange(forwarded_, {});
    if (is_same_host(forwarded, nat_.mapped)) {
      nat_.mapped.port = forwarded.port;
      nat_.filtering = Filtering::endpoint_independent;
      return;
    }
  }
  if (other_.is_set() && !knows_filter_ && can_guess_port()) {
    state_ = State::listening;
    return ask_third(now, out);
  }
  if (!third_.is_set() || (!can_guess_port() && !forwarded_.is_set()) || (probe_ && !probe_->seen)) return;
  third_port_ = probe_ ? probe_->seen->port : forwarded_.is_set() ? forwarded_.port : nat_.mapped.port;
  state_ = State::listening;
  ask_third(now, out);
}

void Discovery::judge_mapping(const Asked &answered) {
  for (std::size_t i = 0; i < asked_.size(); ++i) nat_.answered[i] = asked_[i].seen.has_value();
  nat_.udp = true;
  nat_.mapped = *answered.seen;
  const bool is_own = std::ranges::find(local_, nat_.mapped) != local_.end();
  const bool is_two =
      std::ranges::all_of(asked_, [](const Asked &asked) { return asked.seen.has_value(); }) &&
      asked_.size() == 2;
  if (is_own)
    nat_.mapping = Mapping::none;
  else if (is_two)
    nat_.mapping = asked_[0].seen == asked_[1].seen ? Mapping::endpoint_independent : Mapping::dependent;
  // Behind a NAT that maps anew for each peer, the third would have to guess the port.
  if (!can_guess_port()) nat_.filtering = Filtering::dependent;
  if (is_own) forwarded_ = {};
}

void Discovery::ask_third(Time now, std::vector<Effect> &out) {
  ++asks_;
  third_next_ = now + third_interval;
  if (other_.is_set())
    out.emplace_back(Send{asked_[0].server, write_request(third_id_, Ask::answer_from_other_port), true});
  else
    out.emplace_back(AskThird{third_id_, third_port_});
}

Time Discovery::deadline() const {
  if (state_ == State::done) return never;
  if (state_ == State::listening) return third_next_;
  Time next = never;
  for (const Asked &asked : asked_)
    if (asked.is_open()) next = std::min(next, asked.next);
  return next;
}

}  // namespace astral::stun
