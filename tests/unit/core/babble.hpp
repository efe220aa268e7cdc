// SPDX-License-Identifier: BSD-3-Clause
// One node that gets any message at any time from children, supernodes, strangers and elements, directly or
// routed: half of the messages fit what went before, half do not. The node must keep its invariants after
// each step and answer each call once. A step is one Input.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "babble_words.hpp"
#include "choices.hpp"
#include "core/node.hpp"

namespace astral::core {

class Babble {
 public:
  Babble(Choices &choices, std::uint64_t seed) : choices_(choices), words_(choices), node_(settings(seed)) {
    take(Tick{});
  }

  void step() {
    Input input = Tick{};
    if (!fitting_.empty() && choices_.below(3) != 0) {
      input = fitting_.front();
      fitting_.pop_front();
      if (choices_.below(8) == 0) input = Tick{};  // the input never comes
    } else {
      input = anything();
    }
    take(input);
    now_ += pause();
    if (now_ >= node_.deadline()) take(Tick{});
    words_.trim();
    while (peers_.size() > 14) peers_.erase(peers_.begin());
    while (questions_.size() > 12) questions_.erase(questions_.begin());
  }

  void shut_down() { take(Shutdown{}); }

  // Whatever was under way ends in time, and no call is left without an answer.
  void end() {
    shut_down();
    now_ += 1800ms;
    take(Tick{});
    assert(stopped_ && node_.tickets().empty() && node_.peers() == 0 && node_.promised_bps() == 0);
    for (int i = 0; i < 4; ++i) take(anything());
    assert(calls_.empty());
  }
  std::uint64_t steps() const { return steps_; }
  std::size_t confirmed() const { return confirmed_; }
  const std::set<std::size_t> &did() const { return did_; }

 private:
  static Settings settings(std::uint64_t seed) {
    Settings settings;
    settings.self = {.uuid = "us", .ip_address = "10.0.0.1", .port = 8000};
    settings.upstream_bps = 14'000'000;  // three streams whose rate is not known
    settings.has_origin = seed % 2 == 0;
    settings.role = seed % 3 == 0 ? Role::supernode : seed % 3 == 1 ? Role::automatic : Role::child;
    settings.capacity = 3;
    settings.seed = seed;
    settings.bootstrap = {{"10.0.0.8", 8}, {"10.0.0.9", 9}};
    settings.max_children = seed % 5 == 0 ? 2 : 100;
    settings.renew_streams = 99;
    settings.timeouts.needless = 20s;
    return settings;
  }
  bool rarely() { return choices_.below(10) == 0; }
  CallId call() {
    calls_.insert(++last_call_);
    return last_call_;
  }
  Time pause() {
    static constexpr Time long_ones[] = {1s, 5s, 15s, 46s, 5min, 6h, 48h};
    if (choices_.below(200) == 0) return long_ones[choices_.below(std::size(long_ones))];
    return 1ms * static_cast<Time::rep>(choices_.below(120));
  }

  Input arrive() {
    const PeerId peer = ++last_peer_;
    peers_.push_back(peer);
    const bool element = choices_.below(4) == 0;
    uuids_[peer] = element && !rarely() ? "e" + std::to_string(peer) : words_.uuid();
    Hello hello{.node = words_.node(), .kind = element ? PeerKind::element : PeerKind::node};
    hello.node.uuid = uuids_[peer];
    if (!element && !hello.node.supernode) fitting_.emplace_front(PeerSaid{.peer = peer, .message = Register{}});
    fitting_.emplace_front(PeerSaid{.peer = peer, .message = hello});
    if (!rarely())
      fitting_.emplace_front(
          PeerProved{.peer = peer, .fingerprint = rarely() ? words_.uuid() : hello.node.uuid});
    return PeerConnected{.peer = peer, .address = "10.0.0.3"};
  }

  // From a peer, or routed through it from any node.
  Input said(PeerId peer) {
    if (choices_.below(4) != 0) return PeerSaid{.peer = peer, .message = words_.any(uuids_[peer])};
    const Uuid from = choices_.below(2) == 0 ? words_.uuid() : uuids_[peer];
    Routed routed{.to = words_.place(rarely() ? words_.uuid() : "us"),
                  .from = words_.place(from),
                  .hops = words_.count(30),
                  .sought = rarely()};
    if (!rarely()) routed.what = std::make_shared<const Enclosed>(Enclosed{words_.any(from)});
    return PeerSaid{.peer = peer, .message = routed};
  }

  // The clock is wrong by some minutes, or right again; rarely it is wrong by ages.
  Input set_clock() {
    constexpr std::int64_t age = 1'000'000'000'000;
    const auto wrong = static_cast<std::int64_t>(choices_.below(1'200'000)) - 600'000;
    zero_ms_ = zero_ms_ != 0 ? 0 : choices_.below(8) == 0 ? wrong * age : wrong;
    return ClockSet{zero_ms_};
  }

  Input anything() {
    const PeerId peer = peers_.empty() ? 999'999 : peers_[choices_.below(peers_.size())];
    const TicketId ticket = words_.ticket();
    const Slug slug = words_.slug();
    switch (choices_.below(34)) {
      case 0:
        return arrive();
      case 1:
        return PeerConnected{.peer = peer, .outbound = peer >= first_own_id};
      case 2:
        return rarely() ? Input{PeerLost{.peer = peer}} : Input{Tick{}};
      case 3:
        return CreateStream{.call = call(), .stream = {.name = slug}};
      case 4:
        return SetStreaming{.call = call(), .slug = slug, .streaming = choices_.below(2) == 0};
      case 5:
        return rarely() ? Input{DeleteStream{.call = call(), .slug = slug}} : Input{Tick{}};
      case 6:
      case 7:
        return AskTicket{.call = call(),
                         .slug = slug,
                         .destination = rarely() ? words_.uuid() : "",
                         .until_media = choices_.below(2) == 0,
                         .player = slug == "talk"};
      case 8:
        return RefreshTicket{.call = call(), .slug = slug, .destination = words_.uuid()};
      case 9:
        if (!rarely()) return ConfirmTicket{.call = call(), .slug = slug, .destination = words_.uuid()};
        return RevokeTicket{.call = call(), .slug = slug, .destination = words_.uuid()};
      case 10:
        return RegisterNode{.call = call(), .node = words_.node()};
      case 11:
        return rarely() ? Input{ForgetNode{.call = call(), .uuid = words_.uuid()}} : Input{Tick{}};
      case 12:
        return RelaySaid{.slug = slug, .message = words_.any("")};
      case 13:
        return SourceSaid{.slug = slug, .ticket = ticket, .message = words_.any("")};
      case 14:
        return rarely() ? Input{SourceEnded{.slug = slug, .ticket = ticket}} : Input{Tick{}};
      case 15:
        return MediaMeasured{.slug = slug,
                             .rate_bps = words_.number(900'000),
                             .largest_group = words_.number(99),
                             .caps = "c",
                             .kept_streams = words_.number(99)};
      case 16:
        return OriginKnows{.nodes = {words_.node()}, .streams = {words_.stream(), words_.stream()}};
      case 17:
        if (questions_.empty()) return Tick{};
        return OriginAnswered{.call = questions_[choices_.below(questions_.size())], .result = fail(Code::conflict, "")};
      case 18:
        if (rarely()) return SourceLinked{.slug = slug, .ticket = ticket};
        return choices_.below(2) == 0 ? Input{SourceFlows{.slug = slug, .ticket = ticket}} : Input{StreamSilent{.slug = slug}};
      case 19:
        if (!rarely()) return Tick{};
        if (rarely()) return set_clock();
        if (rarely()) return NatKnown{.udp_port = 9, .nat = words_.nat(), .families = words_.families()};
        if (rarely()) return MeasuringBegun{};
        if (rarely())
          return rarely() ? Input{StreamReworded{.slug = slug}}
                          : PublisherAway{.slug = slug, .away = rarely()};
        if (rarely()) return PlayersSeen{.slug = slug, .any = rarely(), .count = static_cast<std::uint32_t>(choices_.below(9))};
        if (rarely())
          return LinksSeen{.links = {{.ticket = ticket,
                                      .bytes_sent = words_.number(9'000'000),
                                      .rtt = Time{1ms} * static_cast<Time::rep>(choices_.below(900))}}};
        return BandwidthMeasured{.upstream_bps = words_.number(3'000'000),
                                 .downstream_bps = words_.number(3),
                                 .rough = rarely(),
                                 .near = rarely(),
                                 .by_other = rarely()};
      case 20:
        return rarely() ? Input{ChildSlow{.slug = slug, .ticket = ticket}} : Input{Tick{}};
      default:
        return said(peer);
    }
  }

  void take(const Input &input) {
    ++steps_;
    words_.now_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, zero_ms_ + now_ / 1ms));
    const bool was_stopped = stopped_;
    Effects effects;
    node_.handle(input, now_, effects);
    for (const Effect &effect : effects) {
      assert(!was_stopped || std::holds_alternative<Answer>(effect));
      stopped_ = stopped_ || std::holds_alternative<Quit>(effect);
    }
    if (!stopped_) node_.check_invariants();
    for (const Effect &effect : effects) react(effect);
  }

  // Queues the inputs that would follow from this effect.
  void react(const Effect &effect) {
    if (const auto *connect = std::get_if<Connect>(&effect)) {
      peers_.push_back(connect->peer);
      if (rarely()) return fitting_.emplace_back(PeerLost{.peer = connect->peer}), void();
      Welcome welcome{.node = words_.node(), .nodes = {words_.node()}};
      welcome.node.supernode = choices_.below(4) != 0;
      uuids_[connect->peer] = welcome.node.uuid;
      fitting_.emplace_back(PeerConnected{.peer = connect->peer, .outbound = true, .address = "10.0.0.9"});
      fitting_.emplace_back(
          PeerProved{.peer = connect->peer, .fingerprint = rarely() ? words_.uuid() : welcome.node.uuid});
      fitting_.emplace_back(PeerSaid{.peer = connect->peer, .message = welcome});
    } else if (const auto *claim = std::get_if<RegisterStream>(&effect)) {
      questions_.push_back(claim->call);
      fitting_.emplace_back(OriginAnswered{.call = claim->call, .result = claim->stream});
    } else if (const auto *relay = std::get_if<TellRelay>(&effect)) {
      if (const auto *request = std::get_if<Request>(&relay->message))
        fitting_.emplace_back(RelaySaid{.slug = relay->slug, .message = Offer{.ticket = request->ticket}});
    } else if (const auto *source = std::get_if<AddSource>(&effect)) {
      for (const Message &message : {Message{Candidates{}}, Message{Confirm{}}})
        fitting_.emplace_back(SourceSaid{.slug = source->slug, .ticket = source->offer.ticket, .message = message});
      if (!rarely()) fitting_.emplace_back(SourceFlows{.slug = source->slug, .ticket = source->offer.ticket});
    } else if (const auto *change = std::get_if<SwitchSource>(&effect)) {
      if (!change->standby && !rarely())
        fitting_.emplace_back(SourceFlows{.slug = change->slug, .ticket = change->ticket});
    } else if (const auto *send = std::get_if<Send>(&effect)) {
      if (std::holds_alternative<Confirm>(send->message)) ++confirmed_;
      did_.insert(send->message.index());
      hear(*send);
    } else if (const auto *answer = std::get_if<Answer>(&effect)) {
      const bool waited = calls_.erase(answer->call) == 1;
      assert(waited);  // each call is answered once
    }
  }

  void hear(const Send &send) {
    const auto *routed = std::get_if<Routed>(&send.message);
    for (const auto &[from, answer] : words_.answers(send.message, uuids_[send.peer])) {
      Message message = answer;
      PeerId by = send.peer;
      // A node with a session answers there, the others through any session.
      if (routed != nullptr || from != uuids_[send.peer]) {
        by = 0;
        for (const PeerId peer : peers_)
          if (uuids_[peer] == from && choices_.below(2) == 0) by = peer;
        if (by == 0) {
          by = send.peer;
          message = Routed{.to = words_.place("us"),
                           .from = words_.place(from),
                           .what = std::make_shared<const Enclosed>(Enclosed{answer})};
        }
      }
      fitting_.emplace_back(PeerSaid{.peer = by, .message = std::move(message)});
    }
  }

  Choices &choices_;
  BabbleWords words_;
  Node node_;
  Time now_ = 1s;
  std::int64_t zero_ms_ = 0;  // the wall-clock time that the node was given
  std::deque<Input> fitting_;
  std::vector<PeerId> peers_;
  std::map<PeerId, Uuid> uuids_;
  std::vector<CallId> questions_;
  PeerId last_peer_ = 0;
  CallId last_call_ = 0;
  std::set<CallId> calls_;  // that wait for their answers
  std::uint64_t steps_ = 0;
  std::size_t confirmed_ = 0;
  std::set<std::size_t> did_;  // kinds of messages that the node sent: their index in Message
  bool stopped_ = false;
};

}  // namespace astral::core
