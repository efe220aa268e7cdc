// SPDX-License-Identifier: BSD-3-Clause
// Connects two sessions with exactly QUIC's guarantees: each stream is in order, streams overtake each other,
// bytes arrive in pieces, and a RESET may discard data that was not delivered. A seed makes each run
// repeatable.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "moqt/session.hpp"

namespace astral::moqt {

inline constexpr std::size_t client_end = 0, server_end = 1;

class Pipe {
 public:
  explicit Pipe(std::uint64_t seed, Limits limits = {}, Version version = Version::draft18)
      : random_(seed),
        ends_{Session(Role::client, limits, version), Session(Role::server, limits, version)} {}

  Session &client() { return ends_[client_end]; }
  Session &server() { return ends_[server_end]; }
  std::mt19937_64 &random() { return random_; }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool chance(unsigned percent) { return below(100) < percent; }
  const std::optional<Close> &closed(std::size_t end) const { return closed_[end]; }
  std::uint64_t trace() const { return trace_; }  // a hash of everything that was delivered

  // What was delivered to one end, for tests that replay it.
  struct Delivery {
    StreamId stream{};
    std::vector<std::uint8_t> bytes;
    bool fin = false;
  };
  std::array<std::vector<Delivery>, 2> recorded;

  void start() {
    client().start();
    server().start();
    flush();
  }

  // Takes the sessions' actions and sends them. Call it after each call of a session.
  void flush() {
    for (const std::size_t end : {client_end, server_end}) {
      ends_[end].check_invariants();
      for (Action &action : ends_[end].take_actions())
        std::visit([&](auto &one) { apply(end, one); }, action);
    }
  }

  // Delivers one piece. False: nothing is in transit.
  bool step() {
    flush();
    std::vector<std::pair<std::size_t, StreamId>> ready;
    for (const std::size_t end : {client_end, server_end}) {
      if (closed_[0] || closed_[1]) return false;
      for (auto &[stream, flow] : toward_[end])
        if (flow.ready()) ready.emplace_back(end, stream);
    }
    const std::size_t all = ready.size() + stops_.size();
    if (all == 0) return false;
    const std::size_t chosen = below(all);
    if (chosen >= ready.size())
      deliver_stop(chosen - ready.size());
    else
      deliver(ready[chosen].first, ready[chosen].second);
    flush();
    return true;
  }

  void settle() {
    while (step()) {
    }
  }

 private:
  struct Flow {  // one direction of one stream
    std::vector<std::uint8_t> bytes;
    std::size_t delivered = 0;
    bool fin = false;
    std::optional<ResetCode> reset;
    bool ended = false;  // FIN or RESET was delivered
    bool ready() const { return !ended && (delivered < bytes.size() || fin || reset); }
  };
  struct Stop {
    std::size_t end;
    StreamId stream;
    ResetCode code;
  };

  void note(std::uint64_t value) { trace_ = (trace_ ^ value) * 0x100000001B3; }

  void apply(std::size_t end, const OpenStream &open) {
    std::uint64_t &next = next_[end][open.bidi ? 0 : 1];
    EXPECT_EQ(raw(open.stream), 4 * next + (open.bidi ? 0 : 2) + end) << "not QUIC's numbering";
    ++next;
    toward_[1 - end].try_emplace(open.stream);
    if (open.bidi) toward_[end].try_emplace(open.stream);
  }

  void apply(std::size_t end, const Send &send) {
    ASSERT_TRUE(toward_[1 - end].contains(send.stream));
    Flow &flow = toward_[1 - end][send.stream];
    ASSERT_FALSE(flow.fin || flow.reset) << "data after the end of stream " << raw(send.stream);
    flow.bytes.insert(flow.bytes.end(), send.bytes.bytes().begin(), send.bytes.bytes().end());
    flow.fin = send.fin;
  }

  void apply(std::size_t end, const Reset &reset) {
    ASSERT_TRUE(toward_[1 - end].contains(reset.stream));
    Flow &flow = toward_[1 - end][reset.stream];
    ASSERT_FALSE(flow.fin || flow.reset) << "reset after the end of stream " << raw(reset.stream);
    flow.reset = reset.code;
    flow.bytes.resize(flow.delivered + below(flow.bytes.size() - flow.delivered + 1));
  }

  void apply(std::size_t end, const StopSending &stop) {
    ASSERT_TRUE(toward_[end].contains(stop.stream));
    stops_.push_back({1 - end, stop.stream, stop.code});
  }

  void apply(std::size_t end, const Close &close) {
    EXPECT_FALSE(closed_[end]);
    closed_[end] = close;
  }

  void deliver_stop(std::size_t index) {
    const Stop stop = stops_[index];
    stops_.erase(stops_.begin() + static_cast<std::ptrdiff_t>(index));
    const Flow &flow = toward_[1 - stop.end][stop.stream];
    if (flow.ended) return;  // QUIC knows that the stream has ended
    note(1000 + raw(stop.stream));
    ends_[stop.end].stop_sending(stop.stream, static_cast<std::uint64_t>(stop.code));
  }

  void deliver(std::size_t end, StreamId stream) {
    Flow &flow = toward_[end][stream];
    const std::size_t left = flow.bytes.size() - flow.delivered;
    note(raw(stream) * 7 + left);
    if (left == 0 && flow.reset) {
      flow.ended = true;
      return ends_[end].reset(stream, static_cast<std::uint64_t>(*flow.reset));
    }
    const std::size_t size = left == 0 || chance(30) ? left : 1 + below(left);
    const bool fin = flow.fin && size == left && (left == 0 || chance(50));
    const std::vector<std::uint8_t> piece(
        flow.bytes.begin() + static_cast<std::ptrdiff_t>(flow.delivered),
        flow.bytes.begin() + static_cast<std::ptrdiff_t>(flow.delivered + size));
    flow.delivered += size;
    flow.ended = fin;
    recorded[end].push_back({stream, piece, fin});
    ends_[end].receive(stream, piece, fin);  // a copy, so that sanitizers see a read past its end
  }

  std::mt19937_64 random_;
  std::array<Session, 2> ends_;
  std::array<std::map<StreamId, Flow>, 2> toward_;
  std::array<std::array<std::uint64_t, 2>, 2> next_{};
  std::vector<Stop> stops_;
  std::array<std::optional<Close>, 2> closed_;
  std::uint64_t trace_ = 0xCBF29CE484222325;
};

// The events of one kind, in order.
template <typename T>
std::vector<T> only(const std::vector<Event> &events) {
  std::vector<T> some;
  for (const Event &event : events)
    if (const T *one = std::get_if<T>(&event)) some.push_back(*one);
  return some;
}

}  // namespace astral::moqt
