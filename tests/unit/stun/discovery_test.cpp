// SPDX-License-Identifier: BSD-3-Clause
// Discovery against simulated NATs and servers.
#include "stun/discovery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace astral::stun {
namespace {

Address address(const char *text) {
  return parse_address(text).value();
}

const Address inside = address("192.168.0.2:8000"), inside_probe = address("192.168.0.2:9000");
const Address first = address("198.51.100.1:8000"), second = address("198.51.100.2:8000"),
              third = address("198.51.100.3:8000");

struct World {
  enum class Map { none, independent, dependent } map = Map::independent;
  bool filters = true;
  bool blocked = false;
  std::vector<Address> dead{};
  int lost = 0;  // so many of the first requests are lost
  Address responds = third;  // unset: nobody
  std::vector<Address> servers{first, second};
  const char *forwarded = nullptr;  // what the NAT says it forwards
  std::uint16_t forwards = 0;       // the port that it does
  std::uint16_t other_port = 0;     // of the first server; 0: it has none
  bool knows_filter = false;

  struct Outcome {
    Nat nat;
    Time took{};
    int sent = 0;
    int asks = 0;
    Time silent_for{};  // when it was silent for the first time; 0: never
  };
  Outcome run() {
    Outcome outcome;
    std::array<TransactionId, 4> ids;
    for (std::uint8_t i = 0; i < 4; ++i) ids[i] = id_with_cookie({i, 9});
    Discovery discovery(servers, {inside, inside_probe}, responds, ids,
                        forwarded ? address(forwarded) : Address{}, knows_filter);
    bool has_probe = false;
    Address at_other = first;
    at_other.port = other_port;
    Time now = 100s;
    std::vector<Discovery::Effect> effects;
    std::multimap<Time, std::pair<Address, std::vector<std::uint8_t>>> arriving;
    discovery.start(now, effects);
    while (true) {
      for (const auto &effect : std::exchange(effects, {})) {
        if (const auto *send = std::get_if<Discovery::Send>(&effect)) {
          ++outcome.sent;
          has_probe |= send->from_probe;
          if (lost-- > 0 || blocked || std::ranges::find(dead, send->to) != dead.end()) continue;
          Address seen = send->from_probe ? inside_probe : inside;
          if (map != Map::none) seen = address(send->from_probe ? "203.0.113.7:2000" : "203.0.113.7:1000");
          if (map == Map::dependent)
            seen.port = static_cast<std::uint16_t>(1000 + send->to.bytes[3] + send->to.port);
          const Message request = parse(send->datagram).value();
          const bool says_other = other_port != 0 && send->datagram.size() >= 44;
          if (request.changes_port && filters) continue;
          arriving.emplace(now + 20ms,
                           std::pair(request.changes_port ? at_other : send->to,
                                     write_success(request.id, seen, says_other ? at_other : Address{})));
        } else {
          ++outcome.asks;
          const std::uint16_t port = std::get<Discovery::AskThird>(effect).port;
          const std::uint16_t own =
              has_probe ? (map == Map::none ? 9000 : 2000) : (map == Map::none ? 8000 : 1000);
          EXPECT_TRUE(port == own || (forwarded && port == 4444)) << port;
          if (port == forwards || (port != 4444 && !filters))
            arriving.emplace(now + 40ms,
                             std::pair(responds, write_success(std::get<Discovery::AskThird>(effect).id,
                                                               address("203.0.113.7:1000"))));
        }
      }
      if (discovery.done()) break;
      if (outcome.silent_for == Time{} && discovery.is_silent()) outcome.silent_for = now - 100s;
      const Time next = arriving.empty() ? never : arriving.begin()->first;
      EXPECT_LT(std::min(next, discovery.deadline()), never);
      if (next <= discovery.deadline()) {
        now = next;
        const auto [from, bytes] = arriving.begin()->second;
        arriving.erase(arriving.begin());
        EXPECT_TRUE(discovery.handle(parse(bytes).value(), from, now, effects));
      } else {
        now = discovery.deadline();
        discovery.tick(now, effects);
      }
    }
    EXPECT_EQ(discovery.deadline(), never);
    outcome.nat = discovery.nat();
    outcome.took = now - 100s;
    return outcome;
  }
};

TEST(StunDiscovery, KnowsEachKindOfNat) {
  struct Row {
    World world;
    Mapping mapping;
    Filtering filtering;
    bool reachable;
  };
  for (const Row &row : std::vector<Row>{
           {{.map = World::Map::none, .filters = false},
            Mapping::none,
            Filtering::endpoint_independent,
            true},
           {{.map = World::Map::none}, Mapping::none, Filtering::dependent, false},  // a firewall
           {{.filters = false}, Mapping::endpoint_independent, Filtering::endpoint_independent, true},
           {{}, Mapping::endpoint_independent, Filtering::dependent, false},
           {{.map = World::Map::dependent}, Mapping::dependent, Filtering::dependent, false},
           {{.map = World::Map::dependent, .filters = false},
            Mapping::dependent,
            Filtering::dependent,
            false},
           // The third is the second.
           {{.map = World::Map::none, .filters = false, .responds = second},
            Mapping::none,
            Filtering::endpoint_independent,
            true},
           {{.map = World::Map::none, .responds = second}, Mapping::none, Filtering::dependent, false},
           {{.filters = false, .responds = second},
            Mapping::endpoint_independent,
            Filtering::endpoint_independent,
            true},
           {{.responds = second}, Mapping::endpoint_independent, Filtering::dependent, false},
           {{.map = World::Map::dependent, .responds = second},
            Mapping::dependent,
            Filtering::dependent,
            false},
           {{.dead = {first}, .responds = second}, Mapping::unknown, Filtering::unknown, false},
           {{.responds = {}}, Mapping::endpoint_independent, Filtering::unknown, false},
           {{.servers = {first}}, Mapping::unknown, Filtering::dependent, false},
           {{.filters = false, .servers = {first}}, Mapping::unknown, Filtering::endpoint_independent, true},
           {{.dead = {first}}, Mapping::unknown, Filtering::dependent, false},
       }) {
    World world = row.world;
    const auto outcome = world.run();
    SCOPED_TRACE(testing::Message() << to_text(row.mapping) << ", " << to_text(row.filtering));
    EXPECT_TRUE(outcome.nat.udp);
    EXPECT_EQ(outcome.nat.mapping, row.mapping);
    EXPECT_EQ(outcome.nat.filtering, row.filtering);
    EXPECT_EQ(outcome.nat.reachable(), row.reachable);
  }
}

TEST(StunDiscovery, OneServerWithTwoPortsShowsWhatTheNatDoes) {
  struct Row {
    World world;
    Mapping mapping;
    Filtering filtering;
    int sent;
  };
  for (const Row &row : std::vector<Row>{
           {{}, Mapping::endpoint_independent, Filtering::dependent, 4},
           {{.filters = false}, Mapping::endpoint_independent, Filtering::address_dependent, 3},
           {{.map = World::Map::dependent}, Mapping::dependent, Filtering::dependent, 2},
           {{.map = World::Map::none, .filters = false}, Mapping::none, Filtering::unknown, 3},
           {{.map = World::Map::none}, Mapping::none, Filtering::dependent, 4},  // a firewall
           {{.knows_filter = true}, Mapping::endpoint_independent, Filtering::unknown, 2},
           // A firewall before the server lets nothing in at its other port.
           {{.dead = {address("198.51.100.1:9999")}}, Mapping::unknown, Filtering::dependent, 7},
           {{.filters = false, .dead = {address("198.51.100.1:9999")}},
            Mapping::unknown,
            Filtering::address_dependent,
            6},
       }) {
    World world = row.world;
    world.servers = {first};
    world.responds = {};
    world.other_port = 9999;
    const auto outcome = world.run();
    SCOPED_TRACE(testing::Message() << to_text(row.mapping) << ", " << to_text(row.filtering));
    EXPECT_EQ(outcome.nat.mapping, row.mapping);
    EXPECT_EQ(outcome.nat.filtering, row.filtering);
    EXPECT_EQ(outcome.sent, row.sent);
    EXPECT_EQ(outcome.asks, 0);
    EXPECT_FALSE(outcome.nat.reachable());
  }
}

TEST(StunDiscovery, AServerNamesOnlyAPortOfItsOwnHost) {
  Discovery discovery({first}, {}, {}, {id_with_cookie({1}), id_with_cookie({2}), {}, {}});
  std::vector<Discovery::Effect> effects;
  discovery.start(1s, effects);
  effects.clear();
  const auto answer = write_success(id_with_cookie({1}), inside, address("203.0.113.99:53"));
  EXPECT_TRUE(discovery.handle(parse(answer).value(), first, 2s, effects));
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<Discovery::Send>(effects[0]).to, address("198.51.100.1:53"));
}

TEST(StunDiscovery, WhoIsHeardAtAForwardedPortIsReachableThere) {
  for (const World::Map map : {World::Map::independent, World::Map::dependent}) {
    World world{.map = map, .forwarded = "192.0.2.9:4444", .forwards = 4444};
    const auto outcome = world.run();
    EXPECT_TRUE(outcome.nat.reachable());
    EXPECT_EQ(outcome.nat.mapped, address("203.0.113.7:4444"));
    EXPECT_EQ(outcome.nat.mapping,
              map == World::Map::dependent ? Mapping::dependent : Mapping::endpoint_independent);
  }
}

TEST(StunDiscovery, AForwardedPortWhereNobodyIsHeardChangesNothing) {
  for (const World::Map map : {World::Map::none, World::Map::independent, World::Map::dependent})
    for (const bool filters : {false, true}) {
      World world{.map = map, .filters = filters};
      const Nat without = world.run().nat;
      world.forwarded = "203.0.113.7:4444";
      EXPECT_EQ(world.run().nat, without);
    }
}

TEST(StunDiscovery, WithoutAThirdTheNatIsBelievedIfItsAddressIsTheOneThatOthersSee) {
  for (const World::Map map : {World::Map::independent, World::Map::dependent}) {
    World world{.map = map, .responds = {}, .forwarded = "203.0.113.7:4444"};
    EXPECT_TRUE(world.run().nat.reachable());
    EXPECT_EQ(world.run().nat.mapped, address("203.0.113.7:4444"));
    world.forwarded = "100.64.0.9:4444";  // it is behind another NAT
    EXPECT_FALSE(world.run().nat.reachable());
  }
}

TEST(StunDiscovery, OnlyTheProbeAsksTheFirstTwice) {
  World world{.responds = second};
  EXPECT_EQ(world.run().sent, 3);
  EXPECT_EQ(world.run().nat.mapped, address("203.0.113.7:1000"));
}

TEST(StunDiscovery, AFilterStaysKnownWhileOthersSeeTheSameHost) {
  for (const bool filters : {false, true}) {
    const Nat before = World{.filters = filters}.run().nat;
    World without{.filters = filters, .responds = {}};
    const Nat found = without.run().nat;
    EXPECT_EQ(with_filter_of(before, found), before);
    Nat elsewhere = found;
    elsewhere.mapped = address("203.0.113.8:1000");
    EXPECT_EQ(with_filter_of(before, elsewhere), elsewhere);
    EXPECT_EQ(with_filter_of(Nat{}, found), found);
    EXPECT_EQ(with_filter_of(before, Nat{}), Nat{});
  }
  World forwarded{.forwarded = "192.0.2.9:4444", .forwards = 4444};
  World after{.responds = {}};
  EXPECT_EQ(with_filter_of(forwarded.run().nat, after.run().nat).mapped, address("203.0.113.7:4444"));
}

TEST(StunDiscovery, WhereUdpIsBlockedItSaysSoAfterItsRequests) {
  World world{.blocked = true};
  const auto outcome = world.run();
  EXPECT_EQ(outcome.nat, Nat{});
  EXPECT_EQ(outcome.sent, 2 * Discovery::max_requests);
  EXPECT_EQ(outcome.took, Discovery::first_timeout * 31);
  EXPECT_EQ(outcome.silent_for, Discovery::first_timeout * 3);
}

TEST(StunDiscovery, IsSilentIfNobodyHasAnsweredTwoRequests) {
  World living;
  EXPECT_EQ(living.run().silent_for, Time{});
  World one_is_dead{.dead = {first}};
  EXPECT_EQ(one_is_dead.run().silent_for, Time{});
  World two_are_lost{.lost = 5};
  const auto outcome = two_are_lost.run();
  EXPECT_EQ(outcome.silent_for, Discovery::first_timeout * 3);
  EXPECT_TRUE(outcome.nat.udp);
}

TEST(StunDiscovery, OneThatIsLostIsSentAgain) {
  World world{.lost = 3};
  EXPECT_EQ(world.run().nat.mapping, Mapping::endpoint_independent);
}

TEST(StunDiscovery, ADeadServerDoesNotHoldUpWhatTheOtherKnows) {
  World world{.filters = false, .dead = {second}};
  const auto outcome = world.run();
  EXPECT_EQ(outcome.nat.mapped, address("203.0.113.7:1000"));
  EXPECT_EQ(outcome.nat.answered, (std::array{true, false}));
  EXPECT_LT(outcome.took, 2s);
}

TEST(StunDiscovery, WithoutAnyServerItIsDoneAtOnce) {
  World world{.servers = {}};
  const auto outcome = world.run();
  EXPECT_EQ(outcome.nat, Nat{});
  EXPECT_EQ(outcome.sent, 0);
}

TEST(StunDiscovery, BelievesOnlyTheServerThatWasAsked) {
  Discovery discovery({first, second}, {}, third,
                      {id_with_cookie({1}), id_with_cookie({2}), id_with_cookie({3}), id_with_cookie({4})});
  std::vector<Discovery::Effect> effects;
  discovery.start(1s, effects);
  const auto success = [](std::uint8_t id) {
    return parse(write_success(id_with_cookie({id}), address("203.0.113.7:1000"))).value();
  };
  EXPECT_FALSE(discovery.handle(success(1), second, 1s, effects));  // another's id
  EXPECT_FALSE(discovery.handle(success(9), first, 1s, effects));   // no id of ours
  EXPECT_FALSE(discovery.handle(success(3), third, 1s, effects));   // the third was not asked yet
  EXPECT_TRUE(discovery.handle(success(1), first, 1s, effects));
  EXPECT_TRUE(discovery.handle(success(2), second, 1s, effects));
  EXPECT_TRUE(discovery.handle(success(3), first, 1s, effects));  // not an address that is new to the NAT
  EXPECT_FALSE(discovery.done());
  EXPECT_TRUE(discovery.handle(success(3), third, 1s, effects));
  EXPECT_TRUE(discovery.done());
  EXPECT_TRUE(discovery.nat().reachable());
}

}  // namespace
}  // namespace astral::stun
