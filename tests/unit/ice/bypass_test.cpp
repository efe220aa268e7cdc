// SPDX-License-Identifier: BSD-3-Clause
// STUN goes to the first socket. Everything else goes to the second, as the datagrams that were sent.
#include "ice/bypass.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <vector>

#include "two_agents.hpp"
#include "udp/udp_sender.hpp"

namespace astral::ice {
namespace {

class BesideLibnice : public ::testing::Test {
 protected:
  BesideLibnice() : context_(Ref<GMainContext>::adopt(g_main_context_new())) {
    first_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    from_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(first_, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    EXPECT_EQ(::getsockname(first_, reinterpret_cast<sockaddr *>(&bound), &size), 0);
    sender_.aim(from_, bound, size);
  }
  ~BesideLibnice() override {
    bypass_.reset();
    ::close(first_);
    ::close(from_);
  }
  void SetUp() override {
    bypass_ = Bypass::open(
        first_, context_.get(),
        [this](Bytes data) {
          got_.emplace_back(data.begin(), data.end());
          if (stop_) bypass_->stop();
        },
        [this] { ++drained_; });
    if (!bypass_) GTEST_SKIP() << "this kernel has no UDP_GRO or no SO_ATTACH_REUSEPORT_CBPF";
  }
  void send(std::initializer_list<int> bytes) {
    const std::vector<std::uint8_t> packet(bytes.begin(), bytes.end());
    ASSERT_EQ(sender_.send(packet, packet.size()), udp::UdpSender::Result::sent);
  }
  std::size_t at_first() {
    std::size_t count = 0;
    std::vector<std::uint8_t> buffer(65536);
    while (::recv(first_, buffer.data(), buffer.size(), MSG_DONTWAIT) >= 0) ++count;
    return count;
  }

  Ref<GMainContext> context_;
  int first_ = -1, from_ = -1;
  udp::UdpSender sender_;
  std::unique_ptr<Bypass> bypass_;
  std::vector<std::vector<std::uint8_t>> got_;
  int drained_ = 0;
  bool stop_ = false;
};

TEST_F(BesideLibnice, LeavesStunToTheFirstSocket) {
  send({0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9});  // a STUN binding request
  send({0x40, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42});
  send({0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43});
  send({0xc3});
  send({1, 2});  // too short to tell: goes to the first socket
  ASSERT_TRUE(pump(context_.get(), [&] { return got_.size() == 3; }));
  EXPECT_EQ(at_first(), 2u);
  EXPECT_EQ(got_[2].size(), 1u);
}

TEST_F(BesideLibnice, SplitsDatagramsThatTheKernelMerged) {
  std::vector<std::uint8_t> burst;
  for (int i = 0; i < 40; ++i) burst.insert(burst.end(), 1300, static_cast<std::uint8_t>(0x40 + i));
  burst.resize(burst.size() - 700);
  ASSERT_EQ(sender_.send(burst, 1300), udp::UdpSender::Result::sent);
  ASSERT_TRUE(pump(context_.get(), [&] { return got_.size() == 40; }));
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(got_[i].size(), i < 39 ? 1300u : 600u);
    EXPECT_EQ(got_[i][0], 0x40 + i);
  }
  EXPECT_GE(drained_, 1);
  EXPECT_LT(drained_, 40);
  EXPECT_EQ(bypass_->received(), 40u);
}

TEST_F(BesideLibnice, StopsInTheMiddleOfABurst) {
  stop_ = true;
  const std::vector<std::uint8_t> burst(13'000, 0x40);
  ASSERT_EQ(sender_.send(burst, 1300), udp::UdpSender::Result::sent);
  ASSERT_TRUE(pump(context_.get(), [&] { return !got_.empty(); }));
  EXPECT_EQ(got_.size(), 1u);
  EXPECT_EQ(drained_, 0);
}

TEST_F(BesideLibnice, TheFirstSocketReceivesEverythingAfterItIsClosed) {
  bypass_.reset();
  send({0x40, 1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(at_first(), 1u);
  bypass_ = Bypass::open(
      first_, context_.get(), [this](Bytes data) { got_.emplace_back(data.begin(), data.end()); }, [] {});
  ASSERT_TRUE(bypass_);
  send({0x40, 1, 2, 3, 4, 5, 6, 7, 8});
  ASSERT_TRUE(pump(context_.get(), [&] { return got_.size() == 1; }));
}

}  // namespace
}  // namespace astral::ice
