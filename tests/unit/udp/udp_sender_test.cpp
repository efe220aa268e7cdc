// SPDX-License-Identifier: BSD-3-Clause
// A burst arrives as its separate datagrams.
#include "udp/udp_sender.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <vector>

namespace astral::udp {
namespace {

class Sender : public ::testing::Test {
 protected:
  Sender() {
    from_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    to_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(to_, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
    socklen_t size = sizeof bound_;
    EXPECT_EQ(::getsockname(to_, reinterpret_cast<sockaddr *>(&bound_), &size), 0);
    sender_.aim(from_, bound_, size);
  }
  ~Sender() override {
    ::close(from_);
    ::close(to_);
  }
  std::vector<std::size_t> sizes() {
    std::vector<std::size_t> all;
    std::vector<std::uint8_t> buffer(65536);
    while (true) {
      const ssize_t size = ::recv(to_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0) return all;
      for (ssize_t i = 0; i < size; ++i) EXPECT_EQ(buffer[static_cast<std::size_t>(i)], 'x');
      all.push_back(static_cast<std::size_t>(size));
    }
  }
  int from_ = -1, to_ = -1;
  sockaddr_storage bound_{};
  UdpSender sender_;
};

TEST_F(Sender, ABurstArrivesAsDatagrams) {
  const std::vector<std::uint8_t> packets(3 * 1200 + 77, 'x');
  EXPECT_EQ(sender_.send(packets, 1200), UdpSender::Result::sent);
  EXPECT_EQ(sizes(), (std::vector<std::size_t>{1200, 1200, 1200, 77}));
  EXPECT_EQ(sender_.segmented(), 1u);
}

TEST_F(Sender, SendsASingleDatagramUnchanged) {
  const std::vector<std::uint8_t> packet(500, 'x');
  EXPECT_EQ(sender_.send(packet, 500), UdpSender::Result::sent);
  EXPECT_EQ(sender_.send(packet, 1200), UdpSender::Result::sent);
  EXPECT_EQ(sizes(), (std::vector<std::size_t>{500, 500}));
  EXPECT_EQ(sender_.segmented(), 0u);
}

TEST_F(Sender, AnAddressThatTheMachineHasLostIsGivenUp) {
  sockaddr_storage lost{};
  auto &four = reinterpret_cast<sockaddr_in &>(lost);
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(0xc0000201);  // 192.0.2.1
  sender_.leave_from(lost);
  const std::vector<std::uint8_t> packets(3 * 1200, 'x');
  EXPECT_EQ(sender_.send(packets, 1200), UdpSender::Result::sent);
  EXPECT_EQ(sizes(), (std::vector<std::size_t>{1200, 1200, 1200}));
  EXPECT_EQ(sender_.send(packets, 1200), UdpSender::Result::sent);
  EXPECT_EQ(sizes().size(), 3u);
  EXPECT_GE(sender_.segmented(), 1u);
}

TEST_F(Sender, SendsOneByOneIfTheKernelRefusesTheBurst) {
  // More segments than any kernel's UDP_MAX_SEGMENTS: EINVAL or EMSGSIZE.
  const std::vector<std::uint8_t> packets(130 * 100, 'x');
  EXPECT_EQ(sender_.send(packets, 100), UdpSender::Result::sent);
  std::size_t total = 0;
  for (const std::size_t size : sizes()) {
    EXPECT_EQ(size, 100u);
    total += size;
  }
  EXPECT_EQ(total, packets.size());
  EXPECT_EQ(sender_.send(packets, 1200), UdpSender::Result::sent);
  EXPECT_EQ(sender_.segmented(), 1u);  // one refusal concerns the burst, not the device
}

TEST_F(Sender, ADatagramAboveTheMtuIsLost) {
  const std::vector<std::uint8_t> packet(70'000, 'x');
  EXPECT_EQ(sender_.send(packet, packet.size()), UdpSender::Result::sent);
  EXPECT_TRUE(sizes().empty());
}

TEST_F(Sender, ReportsAFailure) {
  sender_.aim(9999, bound_, sizeof(sockaddr_in));
  const std::vector<std::uint8_t> packets(3000, 'x');
  EXPECT_EQ(sender_.send(packets, 1000), UdpSender::Result::failed);
}

}  // namespace
}  // namespace astral::udp
