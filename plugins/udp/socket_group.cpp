// SPDX-License-Identifier: BSD-3-Clause
#include "udp/socket_group.hpp"

#include <linux/filter.h>

#include <array>

namespace astral::udp {
namespace {

// The first byte (RFC 9000, 17; RFC 8489, 5). A packet with a short header mostly has the fixed bit set.
// ngtcp2 0.12 always says that it need not be (RFC 9287), so half of the links clear it, and a sixteenth of
// their packets begin like STUN.
constexpr std::uint8_t long_form = 0x80;  // and above
constexpr std::uint8_t after_stun = 4;

bool steer(int descriptor, std::uint32_t sockets) {
  // The program sees the payload. It returns the number of a socket.
  std::array<sock_filter, 7> program{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, long_form, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, after_stun, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, sockets, 1, 0),
      BPF_STMT(BPF_RET | BPF_A, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof attached) == 0;
}

}  // namespace

SocketGroup::SocketGroup(std::unique_ptr<Socket> first) : first_(std::move(first)) {}

std::optional<SocketGroup::Member> SocketGroup::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return add();
  const std::uint8_t number = free_.back();
  free_.pop_back();
  return Member{others_[number - 1u].get(), number};
}

// Until the kernel knows the program, it spreads packets over all sockets by their addresses. What comes to
// the wrong one then is handed on by its thread.
std::optional<SocketGroup::Member> SocketGroup::add() {
  const std::size_t number = others_.size() + 1;
  if (number == max_sockets) return std::nullopt;
  auto opened = first().share_port();
  if (!opened) return std::nullopt;
  if (!steer(first().descriptor(), static_cast<std::uint32_t>(number + 1))) return std::nullopt;
  others_.push_back(std::move(*opened));
  return Member{others_.back().get(), static_cast<std::uint8_t>(number)};
}

void SocketGroup::give_back(std::uint8_t number) {
  const std::lock_guard lock(mutex_);
  free_.push_back(number);
}

}  // namespace astral::udp
