// SPDX-License-Identifier: BSD-3-Clause
// Two connections and a simulated network between them: a virtual clock, and links that delay, lose,
// duplicate, reorder, corrupt and block datagrams. A seed makes each run repeatable.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "quic/connection.hpp"

namespace astral::quic {

struct LinkModel {
  Time delay = 10ms;
  double loss = 0;  // probabilities per datagram
  double duplicate = 0;
  double reorder = 0;          // arrives 5 ms late
  double corrupt = 0;          // one bit flipped, or truncated
  std::uint64_t rate_bps = 0;  // 0: no bottleneck
  Time max_queue = 100ms;      // of the bottleneck; drops what would wait longer
  std::size_t mtu = 65536;
  bool cut = false;      // accepts datagrams and loses them
  bool blocked = false;  // refuses datagrams
};

class World;

// One end: the connection, its outgoing link, and a record of its handler's calls.
class End final : public Handler, public Path {
 public:
  explicit End(World &world) : world_(world) {}

  Connection &operator*() { return *connection; }
  Connection *operator->() { return connection.get(); }

  void on_established() override {
    ++established;
    if (when_established) when_established();
  }
  void on_stream_data(StreamId id, Bytes data, bool fin) override {
    EXPECT_EQ(established, 1);
    EXPECT_FALSE(finished.contains(id));
    bytes += data.size();
    if (keep) received[id].insert(received[id].end(), data.begin(), data.end());
    if (fin) finished.insert(id);
    if (when_data) when_data(id, data, fin);
  }
  void on_stream_reset(StreamId id, std::uint64_t code) override {
    EXPECT_TRUE(resets.emplace(id, code).second);
  }
  void on_stop_sending(StreamId id, std::uint64_t code) override {
    EXPECT_TRUE(stops.emplace(id, code).second);
  }
  void on_stream_credit() override {
    ++credits;
    if (when_credit) when_credit();
  }
  void on_closed(const CloseReason &reason) override {
    EXPECT_FALSE(closed);
    closed = reason;
  }
  bool send(Bytes packets, std::size_t segment) override;

  std::unique_ptr<Connection> connection;
  End *peer = nullptr;
  LinkModel out;
  bool keep = true;
  std::function<void()> when_established;
  std::function<void(StreamId, Bytes, bool)> when_data;
  std::function<void()> when_credit;
  std::function<void(Bytes)> when_sent;  // each datagram
  int established = 0;
  int credits = 0;
  std::uint64_t bytes = 0;
  std::map<StreamId, std::vector<std::uint8_t>> received;
  std::set<StreamId> finished;
  std::map<StreamId, std::uint64_t> resets;
  std::map<StreamId, std::uint64_t> stops;
  std::optional<CloseReason> closed;
  std::size_t largest = 0;  // size of a datagram, bytes
  std::uint64_t dropped = 0;

 private:
  World &world_;
  Time free_at_{};  // when the bottleneck is free again
};

class World {
 public:
  explicit World(std::uint64_t seed = 1) : random_(seed), client(*this), server(*this) {
    client.peer = &server;
    server.peer = &client;
  }

  static const Key &client_key() {
    static const Key key = *Key::generate();
    return key;
  }
  static const Key &server_key() {
    static const Key key = *Key::generate();
    return key;
  }
  static Config client_config() {
    return {.key = client_key(), .peer_fingerprint = server_key().fingerprint()};
  }
  static Config server_config() {
    return {.key = server_key(), .peer_fingerprint = client_key().fingerprint(), .server = true};
  }

  void open(const Config &a = client_config(), const Config &b = server_config()) {
    auto made = Connection::open(b, server, server, now);
    ASSERT_TRUE(made) << made.error().detail;
    server.connection = std::move(*made);
    made = Connection::open(a, client, client, now);
    ASSERT_TRUE(made) << made.error().detail;
    client.connection = std::move(*made);
    client->flush(now);
  }

  bool establish(const Config &a = client_config(), const Config &b = server_config()) {
    open(a, b);
    return run([&] { return client.established && server.established; });
  }

  // Advances the virtual clock until `done`. Returns false after `limit`, or if nothing is left to happen.
  bool run(const std::function<bool()> &done, Time limit = 60s) {
    const Time end = now + limit;
    int idle_turns = 0;
    while (!done()) {
      Time next = std::min(deadline(client), deadline(server));
      if (!events_.empty()) next = std::min(next, events_.top().at);
      if (next > end) {
        now = end;
        return false;
      }
      idle_turns = next <= now ? idle_turns + 1 : 0;
      if (idle_turns > 100'000) {
        ADD_FAILURE() << "the deadlines do not advance";
        return false;
      }
      now = std::max(now, next);
      std::set<End *> touched;
      while (!events_.empty() && events_.top().at <= now) {
        const Event event = events_.top();
        events_.pop();
        if (event.to->connection) event.to->connection->receive(event.datagram, now);
        touched.insert(event.to);
      }
      for (End *end_point : {&client, &server}) {
        if (!end_point->connection) continue;
        if (deadline(*end_point) <= now) end_point->connection->tick(now);
        if (touched.contains(end_point)) end_point->connection->flush(now);
      }
    }
    return true;
  }
  void pass(Time time) {
    run([] { return false; }, time);
  }

  void deliver(End &to, std::vector<std::uint8_t> datagram, Time at) {
    events_.push({at, count_++, &to, std::move(datagram)});
  }
  bool chance(double probability) {
    return probability > 0 && std::uniform_real_distribution<double>()(random_) < probability;
  }
  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }
  std::vector<std::uint8_t> noise(std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    for (auto &byte : bytes) byte = static_cast<std::uint8_t>(pick(256));
    return bytes;
  }

 private:
  struct Event {
    Time at;
    std::uint64_t order;
    End *to;
    std::vector<std::uint8_t> datagram;
    bool operator<(const Event &other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);  // the earliest event is on top
    }
  };
  static Time deadline(const End &end) { return end.connection ? end.connection->deadline() : never; }

  std::mt19937_64 random_;
  std::priority_queue<Event> events_;
  std::uint64_t count_ = 0;

 public:
  Time now = 1s;
  End client;  // declared last, so destroyed first
  End server;
};

inline bool End::send(Bytes packets, std::size_t segment) {
  EXPECT_GT(segment, 0u);
  EXPECT_LE(packets.size(), max_burst);
  EXPECT_LE((packets.size() + segment - 1) / segment, max_segments);
  if (out.blocked) return false;
  for (; !packets.empty(); packets = packets.subspan(std::min(segment, packets.size()))) {
    const Bytes one = packets.first(std::min(segment, packets.size()));
    std::vector<std::uint8_t> datagram(one.begin(), one.end());
    largest = std::max(largest, datagram.size());
    if (when_sent) when_sent(one);
    if (out.cut || datagram.size() > out.mtu || world_.chance(out.loss)) {
      ++dropped;
      continue;
    }
    Time at = world_.now;
    if (out.rate_bps > 0) {
      free_at_ = std::max(free_at_, world_.now);
      if (free_at_ - world_.now > out.max_queue) {
        ++dropped;
        continue;
      }
      free_at_ += Time(datagram.size() * 8 * 1'000'000'000 / out.rate_bps);
      at = free_at_;
    }
    at += out.delay;
    if (world_.chance(out.reorder)) at += 5ms;
    if (world_.chance(out.duplicate)) world_.deliver(*peer, datagram, at + 1ms);
    if (world_.chance(out.corrupt)) {
      if (world_.chance(0.5))
        datagram.resize(world_.pick(datagram.size() + 1));
      else
        datagram[world_.pick(datagram.size())] ^= static_cast<std::uint8_t>(1u << world_.pick(8));
    }
    world_.deliver(*peer, std::move(datagram), at);
  }
  return true;
}

// `size` bytes that depend on `seed`, so that a test notices data in the wrong place.
inline std::vector<std::uint8_t> pattern(std::uint64_t seed, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (auto &byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<std::uint8_t>(state);
  }
  return bytes;
}

}  // namespace astral::quic
