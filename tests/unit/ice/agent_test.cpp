// SPDX-License-Identifier: BSD-3-Clause
// Agents connect on loopback, refuse invalid input, and can be destroyed at any moment.
#include "ice/agent.hpp"

#include <gio/gio.h>

#include "two_agents.hpp"

namespace astral::ice {
namespace {

TEST_F(TwoAgents, GatherCandidatesAndDescribeThem) {
  open_both();
  ASSERT_TRUE(gather_both());
  const Description local = a_.agent->local();
  EXPECT_TRUE(check(local)) << check(local).error().detail;
  ASSERT_FALSE(local.candidates.empty());
  EXPECT_EQ(local.candidates, a_.candidates);
  EXPECT_NE(local.candidates.back().find(" 127.0.0.1 "), std::string::npos);
  EXPECT_NE(local.ufrag, b_.agent->local().ufrag);
  EXPECT_EQ(a_.gathered, 1);
}

TEST_F(TwoAgents, OfferLoopbackOnlyWhenAsked) {
  open(a_, true, false);
  ASSERT_TRUE(run([&] { return a_.gathered > 0; }));
  const auto lines = a_.agent->local().candidates;
  ASSERT_FALSE(lines.empty());
  if (lines.size() > 1) {  // a machine with only lo offers only 127.0.0.1
    for (const auto &line : lines) EXPECT_EQ(line.find(" 127.0.0.1 "), std::string::npos);
  }
}

TEST_F(TwoAgents, ConnectAndExchangeBursts) {
  ASSERT_TRUE(connect());
  EXPECT_TRUE(a_.agent->connected());
  std::vector<std::uint8_t> burst(10 * 1200 + 5);
  for (std::size_t i = 0; i < burst.size(); ++i) burst[i] = static_cast<std::uint8_t>(0x40 | (i / 1200));
  ASSERT_TRUE(a_.agent->send(burst, 1200));
  ASSERT_TRUE(b_.agent->send(as_bytes("hello"), 5));
  ASSERT_TRUE(run([&] { return b_.received.size() == 11 && a_.received.size() == 1 && b_.drained > 0; }));
  for (std::size_t i = 0; i < 11; ++i) {
    EXPECT_EQ(b_.received[i].size(), i < 10 ? 1200u : 5u);
    EXPECT_EQ(b_.received[i][0], 0x40 | i);
  }
  EXPECT_LE(b_.drained, 11);
  const auto stats = a_.agent->stats();
  EXPECT_EQ(stats.segmented, 1u);
  EXPECT_EQ(stats.single, 0u);
  EXPECT_FALSE(stats.local.empty());
  EXPECT_EQ(a_.connected, 1);
}

TEST_F(TwoAgents, ConnectByTrickledCandidates) {
  a_.when_candidate = [&](const std::string &line) {
    static_cast<void>(b_.agent->add_remote_candidate(line));
  };
  b_.when_candidate = [&](const std::string &line) {
    static_cast<void>(a_.agent->add_remote_candidate(line));
  };
  open_both();
  auto description = b_.agent->local();
  description.candidates.clear();
  ASSERT_TRUE(a_.agent->set_remote(description));
  description = a_.agent->local();
  description.candidates.clear();
  ASSERT_TRUE(b_.agent->set_remote(description));
  EXPECT_TRUE(run([&] { return a_.connected && b_.connected; }));
}

TEST_F(TwoAgents, RefuseInvalidDescriptionsAndCandidates) {
  open_both();
  ASSERT_TRUE(gather_both());
  EXPECT_EQ(a_.agent->add_remote_candidate(b_.candidates[0]).error().code, Code::invalid);  // too early
  auto description = b_.agent->local();
  description.pwd = "short";
  EXPECT_EQ(a_.agent->set_remote(description).error().code, Code::invalid);
  description = b_.agent->local();
  description.candidates.push_back("candidate:1 1 TCP 1 127.0.0.1 9 typ host tcptype active");
  EXPECT_EQ(a_.agent->set_remote(description).error().code, Code::invalid);
  description = b_.agent->local();
  ASSERT_TRUE(a_.agent->set_remote(description));
  EXPECT_EQ(a_.agent->set_remote(description).error().code, Code::conflict);
  EXPECT_EQ(a_.agent->add_remote_candidate("candidate:1").error().code, Code::invalid);
  std::size_t taken = description.candidates.size();
  while (a_.agent->add_remote_candidate("candidate:1 1 UDP 1 127.0.0.1 9 typ host")) ++taken;
  EXPECT_EQ(taken, max_candidates);
  EXPECT_EQ(a_.agent->add_remote_candidate(b_.candidates[0]).error().code, Code::too_large);
  ASSERT_TRUE(b_.agent->set_remote(a_.agent->local()));  // the agent still works
  EXPECT_TRUE(run([&] { return a_.connected && b_.connected; }));
}

TEST_F(TwoAgents, RefuseABadStunServer) {
  Config config;
  config.context = context_.get();
  config.stun_host = "no address";
  EXPECT_EQ(Agent::open(config, a_).error().code, Code::invalid);
  config.stun_host = "127.0.0.1";
  config.stun_port = 0;
  EXPECT_EQ(Agent::open(config, a_).error().code, Code::invalid);
}

TEST_F(TwoAgents, RefuseATurnServerWithoutAnAddress) {
  Config config;
  config.context = context_.get();
  config.turn = {.host = "turn.example", .user = "me", .password = "pass"};
  EXPECT_EQ(Agent::open(config, a_).error().code, Code::invalid);
  config.turn.host = "127.0.0.1";
  config.turn.port = 0;
  EXPECT_EQ(Agent::open(config, a_).error().code, Code::invalid);
}

TEST_F(TwoAgents, AskTheTurnServerForARelay) {
  const auto server = Ref<GSocket>::adopt(
      g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, nullptr));
  const auto loopback = Ref<GInetAddress>::adopt(g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4));
  const auto any_port = Ref<GSocketAddress>::adopt(g_inet_socket_address_new(loopback.get(), 0));
  ASSERT_TRUE(g_socket_bind(server.get(), any_port.get(), FALSE, nullptr));
  g_socket_set_blocking(server.get(), FALSE);
  const auto bound = Ref<GSocketAddress>::adopt(g_socket_get_local_address(server.get(), nullptr));
  Config config{.context = context_.get(), .loopback = true};
  config.turn = {.host = "127.0.0.1",
                 .port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound.get())),
                 .user = "me",
                 .password = "pass"};
  auto opened = Agent::open(config, a_);
  ASSERT_TRUE(opened) << opened.error().detail;
  char request[1500] = {};
  ASSERT_TRUE(
      run([&] { return g_socket_receive(server.get(), request, sizeof request, nullptr, nullptr) >= 20; }));
  EXPECT_EQ(std::string_view(request, 8),
            std::string_view("\x00\x03\x00\x14\x21\x12\xa4\x42", 8));  // Allocate
}

TEST_F(TwoAgents, FailWithWrongCredentials) {
  open_both();
  ASSERT_TRUE(gather_both());
  auto description = b_.agent->local();
  description.pwd = "0123456789abcdefghijklmn";
  ASSERT_TRUE(a_.agent->set_remote(description));
  description = a_.agent->local();
  description.pwd = "0123456789abcdefghijklmn";
  ASSERT_TRUE(b_.agent->set_remote(description));
  ASSERT_TRUE(run([&] { return a_.failed && b_.failed; }));
  EXPECT_TRUE(a_.failed->code == Code::unreachable || a_.failed->code == Code::timeout);
  EXPECT_EQ(a_.connected, 0);
  EXPECT_FALSE(a_.agent->send(as_bytes("x"), 1));
}

TEST_F(TwoAgents, NothingIsSentBeforeSetRemote) {
  open_both();
  EXPECT_FALSE(a_.agent->send(as_bytes("x"), 1));
  EXPECT_FALSE(a_.agent->connected());
}

TEST_F(TwoAgents, DatagramsSentWhileConnectingArriveAfterwards) {
  open_both();
  ASSERT_TRUE(gather_both());
  exchange();
  EXPECT_TRUE(a_.agent->send(as_bytes("@early"), 6));
  const std::vector<std::uint8_t> burst(20'000, '@');
  EXPECT_TRUE(a_.agent->send(burst, 1000));
  EXPECT_FALSE(a_.agent->send(burst, 1000));  // the buffer is full
  ASSERT_TRUE(run([&] { return b_.received.size() == 21; }));
  EXPECT_EQ(as_text(b_.received[0]), "@early");
}

TEST_F(TwoAgents, CanBeDestroyedInAnyState) {
  open_both();  // before any signalling
  a_.agent.reset();
  b_.agent.reset();
  open_both();
  ASSERT_TRUE(gather_both());
  a_.agent.reset();  // after gathering
  open(a_, true);
  ASSERT_TRUE(run([&] { return a_.gathered >= 2; }));
  exchange();
  a_.agent.reset();  // while checking
  g_main_context_iteration(context_.get(), FALSE);
  b_.agent.reset();
  EXPECT_EQ(a_.connected + b_.connected, 0);
  ASSERT_TRUE(connect());
  const std::vector<std::uint8_t> burst(50'000, 'x');
  ASSERT_TRUE(a_.agent->send(burst, 1000));
  a_.agent.reset();  // connected, with datagrams in transit
  ASSERT_TRUE(run([&] { return !b_.received.empty(); }));
  b_.agent.reset();
  while (g_main_context_iteration(context_.get(), FALSE)) {
  }
}

TEST_F(TwoAgents, CanBeDestroyedInAnyCallback) {
  const auto go = [](Peer &peer) { return [&peer] { peer.agent.reset(); }; };
  a_.when_candidate = [&](const std::string &) { a_.agent.reset(); };
  open(a_, true);
  ASSERT_TRUE(run([&] { return !a_.agent; }));
  a_.when_candidate = nullptr;
  a_.when_gathered = go(a_);
  open(a_, true);
  ASSERT_TRUE(run([&] { return !a_.agent; }));
  a_.when_gathered = nullptr;
  a_.when_connected = go(a_);
  open_both();
  ASSERT_TRUE(run([&] { return a_.gathered >= 2 && b_.gathered >= 1; }));
  exchange();
  ASSERT_TRUE(run([&] { return !a_.agent; }));
  b_.agent.reset();
  a_.when_connected = nullptr;
  b_.connected = a_.connected = a_.gathered = b_.gathered = 0;
  for (const bool in_drained : {false, true}) {
    a_.connected = b_.connected = 0;
    a_.gathered = b_.gathered = 0;
    a_.when_datagram = nullptr;
    if (in_drained)
      a_.when_drained = go(a_);
    else
      a_.when_datagram = [&](Bytes) { a_.agent.reset(); };
    ASSERT_TRUE(connect());
    const std::vector<std::uint8_t> burst(20'000, 'x');
    ASSERT_TRUE(b_.agent->send(burst, 1000));
    ASSERT_TRUE(run([&] { return !a_.agent; }));
    b_.agent.reset();
  }
}

TEST_F(TwoAgents, CanBeDestroyedInOnFailed) {
  open_both();
  ASSERT_TRUE(gather_both());
  a_.when_failed = [&] { a_.agent.reset(); };
  auto description = b_.agent->local();
  description.candidates.resize(1);
  b_.agent.reset();  // nobody answers
  ASSERT_TRUE(a_.agent->set_remote(description));
  ASSERT_TRUE(run([&] { return !a_.agent; }));
}

}  // namespace
}  // namespace astral::ice
