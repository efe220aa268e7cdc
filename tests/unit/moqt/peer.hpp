// SPDX-License-Identifier: BSD-3-Clause
// One session that a test feeds with bytes: its actions, its events and the bytes that it sent.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "hex.hpp"
#include "moqt/session.hpp"
#include "pipe.hpp"

namespace astral::moqt {

inline constexpr StreamId client_control{2}, server_control{3}, first_request{0};

// One session and everything that it has returned so far.
class Peer {
 public:
  explicit Peer(Role role, Limits limits = {}, Version version = Version::draft18)
      : session(role, limits, version) {
    session.start();
    take();
  }

  void get(StreamId stream, Bytes bytes, bool fin = false) {
    session.receive(stream, bytes, fin);
    session.check_invariants();
    take();
  }
  void get(StreamId stream, std::string_view text, bool fin = false) { get(stream, Bytes(hex(text)), fin); }
  void get(StreamId stream, const Message &message, bool fin = false) {
    get(stream, Bytes(encode(message)), fin);
  }

  void take() {
    session.check_invariants();
    for (Action &action : session.take_actions()) actions.push_back(std::move(action));
    for (Event &event : session.take_events()) events.push_back(std::move(event));
  }

  // The actions and events since the last call.
  template <typename T>
  std::vector<T> acted() {
    take();
    std::vector<T> some;
    for (const Action &action : actions)
      if (const T *one = std::get_if<T>(&action)) some.push_back(*one);
    return some;
  }
  std::vector<Event> told() {
    take();
    return std::exchange(events, {});
  }
  std::string sent(StreamId stream) {
    std::string all;
    for (const Send &send : acted<Send>())
      if (send.stream == stream) all += to_hex(send.bytes.bytes());
    return all;
  }
  std::optional<CloseCode> closed() {
    const auto closes = acted<Close>();
    EXPECT_LE(closes.size(), 1u);
    EXPECT_EQ(!closes.empty(), session.closed());
    return closes.empty() ? std::nullopt : std::optional(closes[0].code);
  }
  std::string reason() { return closed() ? acted<Close>()[0].reason : std::string(); }

  Session session;
  std::vector<Action> actions;
  std::vector<Event> events;
};

inline Subscribe subscribe_to(std::string name, std::uint64_t id = 0) {
  return Subscribe{RequestId{id}, {{"astral", "s1"}, std::move(name)}, {}};
}

// A consumer with one established subscription, request 0, alias 7.
inline Peer watching(Limits limits = {}) {
  Peer peer(Role::client, limits);
  peer.session.subscribe(subscribe_to("media"));
  peer.get(first_request, SubscribeOk{TrackAlias{7}, {}, {}});
  peer.told();
  peer.actions.clear();
  return peer;
}

// A provider with one established subscription, request 0, alias 7.
inline Peer serving(Limits limits = {}) {
  Peer peer(Role::server, limits);
  peer.get(first_request, subscribe_to("media"));
  EXPECT_TRUE(peer.session.accept(RequestId{0}, TrackAlias{7}, Location{5, 2}));
  peer.told();
  peer.actions.clear();
  return peer;
}

}  // namespace astral::moqt
