// SPDX-License-Identifier: BSD-3-Clause
// The sockets of one UDP port: the first, and one for each thread that has links. The kernel hands a packet
// to the socket that its connection ID names (SO_REUSEPORT with a classic BPF program, socket(7)), so that no
// thread wakes another for it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "udp/socket.hpp"

namespace astral::udp {

// **Thread**: any. A socket is closed with the group only, because the kernel would renumber the others.
class SocketGroup {
 public:
  // What a node with many streams has beyond that is handed on by the thread of the first socket.
  static constexpr std::size_t max_sockets = 16;

  explicit SocketGroup(std::unique_ptr<Socket> first);
  SocketGroup(const SocketGroup &) = delete;
  SocketGroup &operator=(const SocketGroup &) = delete;

  Socket &first() const { return *first_; }

  // A socket for one thread. It gets the packets with a short header (RFC 9000, 17.3) whose connection ID
  // begins with `number`, which is never 0. All others come to the first socket.
  struct Member {
    Socket *socket;
    std::uint8_t number;
  };
  // nullopt: all are taken, or the kernel cannot do it.
  std::optional<Member> take();
  // The caller has stopped receiving from it.
  void give_back(std::uint8_t number);

 private:
  std::optional<Member> add();

  const std::unique_ptr<Socket> first_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Socket>> others_;  // by their number, from 1 on
  std::vector<std::uint8_t> free_;
};

}  // namespace astral::udp
