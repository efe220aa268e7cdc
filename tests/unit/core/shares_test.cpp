// SPDX-License-Identifier: BSD-3-Clause
// Nobody gets more than a share of what a node has, and no node connects to an address because a stranger
// named it: one node, and peers that lie.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/limits.hpp"
#include "core/node.hpp"

namespace astral::core {
namespace {

struct Supernode {
  explicit Supernode(std::uint32_t capacity = 100) : node(settings(capacity)) { say(Tick{}); }

  static Settings settings(std::uint32_t capacity) {
    Settings settings;
    settings.self = {.uuid = "us", .ip_address = "192.0.2.1", .port = 8000};
    settings.role = Role::supernode;
    settings.capacity = capacity;
    return settings;
  }
  void say(const Input &input) {
    effects.clear();
    node.handle(input, now, effects);
    for (const Effect &effect : effects)
      if (const auto *connect = std::get_if<Connect>(&effect)) dialled.insert(connect->ip_address);
  }
  void hears(PeerId peer, const Message &message) { say(PeerSaid{.peer = peer, .message = message}); }
  void connect(PeerId peer, const std::string &address) {
    say(PeerConnected{.peer = peer, .address = address});
  }
  void greet(PeerId peer, const std::string &address, bool supernode = false) {
    const Uuid uuid = "n" + std::to_string(peer);
    connect(peer, address);
    say(PeerProved{.peer = peer, .fingerprint = uuid});
    hears(peer, Hello{.node = {.uuid = uuid, .ip_address = address, .port = 8000, .supernode = supernode}});
  }
  bool registers(PeerId peer, const std::string &address) {
    greet(peer, address);
    hears(peer, Register{});
    return std::any_of(effects.begin(), effects.end(), [&](const Effect &effect) {
      const auto *send = std::get_if<Send>(&effect);
      return send != nullptr && send->peer == peer && std::holds_alternative<Registered>(send->message);
    });
  }
  bool closes(PeerId peer) const {
    return std::any_of(effects.begin(), effects.end(), [&](const Effect &effect) {
      const auto *end = std::get_if<Disconnect>(&effect);
      return end != nullptr && end->peer == peer && end->reason == slow_down;
    });
  }
  void wait(Time time) {
    for (const Time until = now + time; now < until;) {
      now = std::min(until, now + 500ms);
      say(Tick{});
    }
  }

  Time now = 1s;
  Effects effects;
  std::set<std::string> dialled;
  Node node;
};

std::string of_network(int network, std::size_t host) {
  return "198.51." + std::to_string(network) + "." + std::to_string(host);
}

TEST(Places, AreSharedAmongNetworks) {
  Supernode us(100);
  PeerId peer = 0;
  for (std::size_t i = 1; i <= 97; ++i) EXPECT_TRUE(us.registers(++peer, of_network(0, i))) << i;
  for (int network = 1; network <= 60; ++network)
    EXPECT_TRUE(us.registers(++peer, of_network(network, 1))) << network;
  EXPECT_EQ(us.node.self().children, 100u);
  EXPECT_FALSE(us.registers(++peer, of_network(0, 200)));  // theirs is the largest network still
  us.node.check_invariants();
}

TEST(Places, OfOneNetworkAreAllTaken) {
  Supernode us(10);
  PeerId peer = 0;
  for (std::size_t i = 1; i <= 10; ++i) EXPECT_TRUE(us.registers(++peer, of_network(0, i)));
  EXPECT_FALSE(us.registers(++peer, of_network(0, 11)));
  EXPECT_FALSE(us.registers(++peer, "127.0.0.1"));  // a laboratory on one machine is no network
}

TEST(Sockets, ThatProveNothingAreFewOfOneNetwork) {
  Supernode us;
  PeerId peer = 0;
  for (std::size_t i = 0; i < max_unproved; ++i) {
    us.connect(++peer, "198.51.100.7");
    EXPECT_FALSE(us.closes(peer));
  }
  us.connect(++peer, "198.51.100.8");
  EXPECT_TRUE(us.closes(peer));
  us.connect(++peer, "203.0.113.1");
  EXPECT_FALSE(us.closes(peer));
  us.greet(1'000'000, "203.0.113.2");
  us.hears(1'000'000, Register{});
  EXPECT_EQ(us.node.self().children, 1u);
  us.node.check_invariants();
}

TEST(Sockets, ThatProveNothingGoFirst) {
  Supernode us;
  for (PeerId peer = 1; peer <= max_peers; ++peer) us.connect(peer, "127.0.0.1");
  us.connect(max_peers + 1, "203.0.113.1");
  EXPECT_TRUE(us.closes(1));
  EXPECT_FALSE(us.closes(max_peers + 1));
  us.node.check_invariants();
}

TEST(Messages, AreSoManyASecond) {
  Supernode us;
  us.greet(1, "203.0.113.1");
  for (std::uint32_t i = 0; i < messages_burst; ++i) us.hears(1, Viewers{.ticket = "t"});
  EXPECT_FALSE(us.closes(1));
  us.hears(1, Viewers{.ticket = "t"});
  EXPECT_TRUE(us.closes(1));
}

TEST(Searches, AreSoManyASecond) {
  Supernode us;
  us.greet(1, "203.0.113.1");
  const auto refusal = [&](std::uint32_t number) -> std::string {
    Find find;
    find.request = {.slug = "talk", .destination = "n1", .search = "s" + std::to_string(number)};
    us.hears(1, find);
    for (const Effect &effect : us.effects)
      if (const auto *send = std::get_if<Send>(&effect))
        if (const auto *told = std::get_if<Refusal>(&send->message)) return told->message;
    return "";
  };
  for (std::uint32_t i = 0; i < finds_burst; ++i) EXPECT_NE(refusal(i), slow_down) << i;
  EXPECT_EQ(refusal(finds_burst), slow_down);
}

TEST(Rows, OfOneChildDoNotFillASupernode) {
  Supernode us;
  us.registers(1, "203.0.113.1");
  for (std::size_t i = 0; i < 1'000; ++i) {
    const Slug slug = "s" + std::to_string(i);
    us.hears(1, Streams{.streams = {{.slug = slug, .name = slug, .source = "n1", .updated = 1}}});
    us.now += 10ms;
  }
  EXPECT_EQ(us.node.streams().size(), max_streams_of_source);
  for (std::size_t i = 0; i < 100; ++i) {  // in the name of others
    const Slug slug = "t" + std::to_string(i);
    us.hears(
        1,
        Streams{.streams = {{.slug = slug, .name = slug, .source = "x" + std::to_string(i), .updated = 1}}});
  }
  EXPECT_EQ(us.node.streams().size(), max_streams_of_source);
}

const std::vector<std::string> inside{"10.0.0.1",  "172.16.0.1",      "192.168.1.1", "100.64.0.1",
                                      "127.0.0.1", "169.254.169.254", "0.0.0.0",     "::1",
                                      "fd00::1",   "fe80::1"};

NodeInfo named(std::size_t number, const std::string &address) {
  return {.uuid = "named" + std::to_string(number),
          .ip_address = address,
          .port = 22,
          .supernode = true,
          .updated = 1};
}

TEST(Dialling, AStrangerMakesNoNodeConnectInside) {
  Supernode us;
  us.greet(1, "203.0.113.1", true);
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const NodeInfo node = named(i, inside[i]);
    const Place place{.uuid = node.uuid, .via = node.uuid, .at = {node.ip_address, node.port}};
    us.hears(1, Heartbeat{.nodes = {node}});
    us.hears(1, Advert{.slug = "talk", .supernode = place, .hops = 1, .room = 9});
    Find find{.stage = Stage::key_owner};
    find.request = {.slug = "talk", .destination = "n1", .search = "s" + std::to_string(i), .asker = place};
    us.hears(1, find);
    us.hears(1,
             Routed{.to = place, .from = place, .what = std::make_shared<const Enclosed>(Enclosed{Hold{}})});
  }
  us.wait(60s);
  for (const std::string &address : inside) EXPECT_FALSE(us.dialled.contains(address)) << address;
}

// Whoever connects to us may have any address; who names others must have been reached.
TEST(Dialling, WhoWasNotReachedNamesNobody) {
  Supernode us;
  us.greet(1, "203.0.113.1", true);
  us.hears(1, Heartbeat{.nodes = {named(1, "198.51.100.1")}});
  us.wait(60s);
  EXPECT_FALSE(us.dialled.contains("198.51.100.1"));
}

TEST(Dialling, APeerInTheSamePlaceMayNameItsNeighbours) {
  Supernode us;
  us.greet(1, "10.1.0.1", true);
  const Place place{.uuid = "near", .via = "near", .at = {"10.2.0.1", 8000}};
  us.hears(1, Routed{.to = place, .from = place, .what = std::make_shared<const Enclosed>(Enclosed{Hold{}})});
  EXPECT_TRUE(us.dialled.contains("10.2.0.1"));
  const Place far{.uuid = "far", .via = "far", .at = {"192.168.0.1", 8000}};
  us.hears(1, Routed{.to = far, .from = far, .what = std::make_shared<const Enclosed>(Enclosed{Hold{}})});
  EXPECT_FALSE(us.dialled.contains("192.168.0.1"));
}

TEST(Dialling, HasABudget) {
  Supernode us;
  us.greet(1, "203.0.113.1", true);
  for (std::size_t i = 0; i < 2 * dials_burst; ++i) {
    const std::string address = of_network(static_cast<int>(i % 250), 1 + i / 250);
    const Place place{.uuid = "v" + std::to_string(i), .via = "v" + std::to_string(i), .at = {address, 8000}};
    us.hears(1,
             Routed{.to = place, .from = place, .what = std::make_shared<const Enclosed>(Enclosed{Hold{}})});
  }
  EXPECT_EQ(us.dialled.size(), dials_burst);
}

}  // namespace
}  // namespace astral::core
