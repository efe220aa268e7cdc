// SPDX-License-Identifier: BSD-3-Clause
// Datagrams between endpoints, and what they know of their NAT and their addresses.
#include "udp/endpoint.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <set>

#include "loopback.hpp"
#include "udp/local_addresses.hpp"

namespace astral::udp {
namespace {

struct TwoEndpoints : testing::Test {
  std::shared_ptr<Endpoint> a = open_endpoint(), b = open_endpoint();
  Listener at_a, at_b;
  std::unique_ptr<Route> from_a = a->open_route(nullptr, at_a), from_b = b->open_route(nullptr, at_b);
  Flow to_a{loopback(1, a->port()), {}}, to_b{loopback(1, b->port()), {}};
};

TEST_F(TwoEndpoints, APacketWithTheSecretReachesTheRouteAndTheAnswerComesBack) {
  EXPECT_TRUE(from_a->send(initial_to(from_b->secret()), 1200, to_b));
  ASSERT_TRUE(pump_until([&] { return at_b.drained > 0; }));
  EXPECT_EQ(at_b.received, std::vector<Octets>(1, initial_to(from_b->secret())));
  EXPECT_EQ(at_b.flow.remote, to_a.remote);
  EXPECT_TRUE(from_b->send(packet_to(from_a->id(), 60, 3), 60, at_b.flow));
  ASSERT_TRUE(pump_until([&] { return at_a.drained > 0; }));
  EXPECT_EQ(at_a.received, std::vector<Octets>(1, packet_to(from_a->id(), 60, 3)));
}

TEST_F(TwoEndpoints, ABurstArrivesWholeAndInOrder) {
  Octets burst;
  for (std::uint8_t i = 0; i < 40; ++i) {
    const Octets one = packet_to(from_b->id(), 1200, i);
    burst.insert(burst.end(), one.begin(), one.end());
  }
  EXPECT_TRUE(from_a->send(burst, 1200, to_b));
  ASSERT_TRUE(pump_until([&] { return at_b.received.size() == 40; }));
  for (std::uint8_t i = 0; i < 40; ++i) EXPECT_EQ(at_b.received[i], packet_to(from_b->id(), 1200, i));
  EXPECT_EQ(from_a->segmented(), 1u);
}

TEST_F(TwoEndpoints, WhatIsForNobodyIsDroppedWithoutAnAnswer) {
  const Octets stray = initial_to(from_a->secret());  // not b's
  EXPECT_TRUE(from_a->send(stray, stray.size(), to_b));
  EXPECT_TRUE(from_a->send(packet_to(from_b->id(), 50, 1), 50, to_b));
  ASSERT_TRUE(pump_until([&] { return !at_b.received.empty(); }));
  ASSERT_TRUE(pump_until([&] { return b->counts().datagrams == 2; }));
  EXPECT_EQ(b->counts().stray, 1u);
  EXPECT_EQ(a->counts().datagrams, 0u);
}

TEST_F(TwoEndpoints, ARouteMayEndInItsHandler) {
  at_b.when_datagram = [&] { from_b.reset(); };
  Octets burst = packet_to(from_b->id(), 100, 1);
  burst.insert(burst.end(), burst.begin(), burst.begin() + 100);
  EXPECT_TRUE(from_a->send(burst, 100, to_b));
  ASSERT_TRUE(pump_until([&] { return !at_b.received.empty(); }));
  EXPECT_EQ(at_b.received.size(), 1u);
  EXPECT_EQ(at_b.drained, 0);
  EXPECT_EQ(b->routes(), 0u);
}

TEST_F(TwoEndpoints, AnAnswerComesFromTheAddressThatWasAsked) {
  EXPECT_TRUE(from_a->send(initial_to(from_b->secret()), 1200, {loopback(7, b->port()), {}}));
  ASSERT_TRUE(pump_until([&] { return at_b.drained > 0; }));
  EXPECT_EQ(at_b.flow.local, loopback(7, b->port()));
  EXPECT_TRUE(from_b->send(packet_to(from_a->id(), 60, 3), 60, at_b.flow));
  ASSERT_TRUE(pump_until([&] { return at_a.drained > 0; }));
  EXPECT_EQ(at_a.flow.remote, loopback(7, b->port()));
}

TEST_F(TwoEndpoints, AThreadWithLinksHasASocketThatThePacketsOfItsLinksComeTo) {
  EXPECT_NE(from_b->id()[0], 0);
  EXPECT_TRUE(from_a->send(packet_to(from_b->id(), 60, 3), 60, to_b));
  ASSERT_TRUE(pump_until([&] { return at_b.drained > 0; }));
  EXPECT_EQ(b->counts().datagrams, 1u);
  EXPECT_EQ(b->counts().handed_on, 0u);
  EXPECT_TRUE(from_a->send(initial_to(from_b->secret()), 1200, to_b));
  ASSERT_TRUE(pump_until([&] { return at_b.drained > 1; }));
  EXPECT_EQ(b->counts().handed_on, 1u);
}

// RFC 9287. The first byte of some looks like STUN's.
TEST_F(TwoEndpoints, APacketWithoutTheQuicBitReachesItsLink) {
  std::size_t sent = 0;
  const auto send = [&](std::uint8_t first) {
    EXPECT_TRUE(from_a->send(packet_to(from_b->id(), 60, 3, first), 60, to_b));
    ++sent;
    return pump_until([&] { return at_b.received.size() == sent; });
  };
  for (const std::uint8_t first : Octets{0x04, 0x15, 0x3f}) ASSERT_TRUE(send(first));
  EXPECT_EQ(b->counts().handed_on, 0u);
  for (const std::uint8_t first : Octets{0x00, 0x01, 0x02, 0x03}) ASSERT_TRUE(send(first));
  EXPECT_EQ(b->counts().handed_on, 4u);
  EXPECT_EQ(b->counts().stray, 0u);
}

// Links of two threads of the same peer share its address, and the kernel may join their packets to one run.
TEST_F(TwoEndpoints, APacketThatComesToTheSocketOfAnotherThreadIsHandedOn) {
  LoopThread other("other");
  struct Counting : RouteHandler {
    void on_route_datagram(Bytes, const Flow &) override { ++received; }
    void on_route_drained() override {}
    void on_route_stream(const Flow &, bool) override {}
    std::atomic<int> received = 0;
  } counting;
  std::unique_ptr<Route> elsewhere;
  other.run([&] { elsewhere = b->open_route(other.context(), counting); });
  EXPECT_NE(elsewhere->id()[0], from_b->id()[0]);
  Octets burst;
  for (int i = 0; i < 20; ++i) {
    const Octets one = packet_to(i % 2 == 0 ? from_b->id() : elsewhere->id(), 1200, 1);
    burst.insert(burst.end(), one.begin(), one.end());
  }
  EXPECT_TRUE(from_a->send(burst, 1200, to_b));
  EXPECT_TRUE(pump_until([&] { return at_b.received.size() == 10 && counting.received == 10; }));
  other.run([&] { elsewhere.reset(); });
}

TEST_F(TwoEndpoints, ManyThreadsShareTheSocketsThatThereAre) {
  constexpr std::size_t many = SocketGroup::max_sockets + 3;
  std::vector<std::unique_ptr<LoopThread>> threads;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::unique_ptr<Route>> routes;
  std::set<std::uint8_t> numbers;
  for (std::size_t i = 0; i < many; ++i) {
    threads.push_back(std::make_unique<LoopThread>("many"));
    listeners.push_back(std::make_unique<Listener>());
    threads.back()->run(
        [&] { routes.push_back(b->open_route(threads.back()->context(), *listeners.back())); });
    numbers.insert(routes.back()->id()[0]);
  }
  EXPECT_EQ(numbers.size(), SocketGroup::max_sockets - 1);  // and 0, without from_b's
  for (std::size_t i = 0; i < many; ++i) {
    EXPECT_TRUE(from_a->send(packet_to(routes[i]->id(), 60, 3), 60, to_b));
    EXPECT_TRUE(pump_until([&] {
      bool is_there = false;
      threads[i]->run([&] { is_there = listeners[i]->received.size() == 1; });
      return is_there;
    }));
    threads[i]->run([&] { routes[i].reset(); });
  }
  EXPECT_EQ(b->routes(), 1u);
}

TEST(Endpoint, APortIsTakenOnceAlsoWhenItHasSeveralSockets) {
  const auto first = open_endpoint();
  Listener listener;
  const auto route = first->open_route(nullptr, listener);
  EXPECT_NE(route->id()[0], 0);
  const auto second = Endpoint::open({.port = first->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
}

TEST(Endpoint, APortIsTakenOnce) {
  const auto first = open_endpoint();
  const auto second = Endpoint::open({.port = first->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
}

// An endpoint that asks two servers on loopback, and waits until it knows what its NAT filters.
struct Asker {
  std::shared_ptr<Endpoint> first = open_endpoint(), second = open_endpoint(), third, asker;
  std::atomic<bool> is_known = false;
  std::atomic<int> asked = 0;

  // `third`: nullptr: the second.
  explicit Asker(std::shared_ptr<Endpoint> other = nullptr) : third(other ? other : second) {
    asker = open_endpoint(
        {.nat_changed =
             [this](const stun::Nat &nat) { is_known = nat.filtering != stun::Filtering::unknown; },
         .ask_third =
             [this](const stun::TransactionId &id, std::uint16_t port) {
               ++asked;
               third->send_response(id, loopback(1, port));
             }});
  }
};

TEST(Endpoint, KnowsItsNatFromTwoServersAndAThird) {
  Asker world(open_endpoint());
  world.asker->ask_servers({loopback(2, world.first->port()), loopback(3, world.second->port())},
                           loopback(1, world.third->port()));
  ASSERT_TRUE(pump_until([&] { return world.is_known.load(); }));
  EXPECT_EQ(world.asker->nat().mapped, loopback(1, world.asker->port()));
  EXPECT_TRUE(world.asker->nat().reachable());
  EXPECT_EQ(world.first->counts().stun_answered, 1u);
  const auto addresses = world.asker->addresses();
  EXPECT_NE(std::ranges::find(addresses, loopback(1, world.asker->port())), addresses.end());
}

// The first is asked from two ports, and the response comes to the port from which the second got nothing.
TEST(Endpoint, KnowsItsNatFromTwoServersAlone) {
  Asker world;
  world.asker->ask_servers({loopback(2, world.first->port()), loopback(1, world.second->port())},
                           loopback(1, world.second->port()));
  ASSERT_TRUE(pump_until([&] { return world.is_known.load(); }));
  EXPECT_EQ(world.asker->nat().mapped, loopback(1, world.asker->port()));
  EXPECT_EQ(world.asker->nat().mapping, stun::Mapping::none);
  EXPECT_TRUE(world.asker->nat().reachable());
  EXPECT_EQ(world.first->counts().stun_answered, 2u);
  EXPECT_EQ(world.second->counts().stun_answered, 1u);
  EXPECT_EQ(world.asked, 1);
}

// The server answers the first request when the endpoint believes already that UDP is blocked.
TEST(Endpoint, GuessesThatUdpIsBlockedUntilSomebodyAnswers) {
  std::atomic<int> blocked = 0, works = 0;
  const auto asker = open_endpoint(
      {.nat_changed = [&](const stun::Nat &nat) { ++(nat.udp ? works : blocked); }, .ask_third = {}});
  const int server = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  ::getsockname(server, reinterpret_cast<sockaddr *>(&address), &size);
  asker->ask_servers({loopback(1, ntohs(address.sin_port))}, {});
  ASSERT_TRUE(pump_until([&] { return blocked > 0; }));
  EXPECT_TRUE(asker->udp_blocked());
  std::array<std::uint8_t, 100> request;
  const ssize_t got =
      ::recvfrom(server, request.data(), request.size(), 0, reinterpret_cast<sockaddr *>(&address), &size);
  ASSERT_GT(got, 0);
  const auto read = stun::parse(Bytes(request).first(static_cast<std::size_t>(got)));
  ASSERT_TRUE(read);
  const auto answer = stun::write_success(read->id, loopback(1, asker->port()));
  EXPECT_GT(::sendto(server, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr *>(&address), size),
            0);
  ASSERT_TRUE(pump_until([&] { return works > 0; }));
  EXPECT_FALSE(asker->udp_blocked());
  EXPECT_EQ(blocked, 1);
  ::close(server);
}

TEST(Endpoint, HasTheAddressFamiliesOfThisMachineWithoutLoopback) {
  const auto of = [](const std::vector<const char *> &texts, const Address &mapped = {}) {
    std::vector<Address> local;
    for (const char *text : texts) local.push_back(*stun::parse_address(text));
    const Families found = families(local, mapped);
    return std::pair(found.ipv4, found.ipv6);
  };
  EXPECT_EQ(of({"127.0.0.1:1", "[::1]:1"}), std::pair(false, false));
  EXPECT_EQ(of({"127.0.0.1:1", "192.168.1.2:1", "[fd00::1]:1"}), std::pair(true, false));
  EXPECT_EQ(of({"127.0.0.1:1", "[2001:db8::1]:1"}), std::pair(false, true));
  EXPECT_EQ(of({"10.0.0.1:1", "[2001:db8::1]:1"}), std::pair(true, true));
  EXPECT_EQ(of({"[fd00::1]:1"}, *stun::parse_address("[2001:db8::2]:1")), std::pair(false, true));
}

TEST(Endpoint, KnowsWhichAddressesEverybodyCanReach) {
  for (const char *text : {"8.8.8.8:1", "172.32.0.1:1", "100.128.0.1:1", "[2001:db8::1]:1"})
    EXPECT_TRUE(is_global(*stun::parse_address(text))) << text;
  for (const char *text : {"10.0.0.1:1", "172.16.0.1:1", "192.168.1.1:1", "100.64.0.1:1", "127.0.0.1:1",
                           "169.254.1.1:1", "[fe80::1]:1", "[fd00::1]:1", "[::1]:1"})
    EXPECT_FALSE(is_global(*stun::parse_address(text))) << text;
}

}  // namespace
}  // namespace astral::udp
