// SPDX-License-Identifier: BSD-3-Clause
// The HTTP port of a node that a link is opened at over TCP, as a test plays it: blocking calls, one
// connection at a time.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "websocket/handshake.hpp"

namespace astral::udp {

// A TCP port on loopback that somebody listens on.
struct HttpPort {
  HttpPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listening, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listening, 4), 0);
    socklen_t size = sizeof address;
    ::getsockname(listening, reinterpret_cast<sockaddr *>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~HttpPort() { ::close(listening); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port); }

  // The next connection, after its request's head has been read into `head`. It is the caller's.
  int accept() {
    const int made = ::accept(listening, nullptr, nullptr);
    head.clear();
    while (!head.ends_with("\r\n\r\n")) {
      char byte;
      if (::recv(made, &byte, 1, 0) != 1) break;
      head += byte;
    }
    return made;
  }
  std::string value(const std::string &before) const {
    const std::size_t at = head.find(before) + before.size();
    return head.substr(at, head.find_first_of(" \r", at) - at);
  }
  void answer(int connection) const {
    say(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
                        websocket::accept_of(value("Sec-WebSocket-Key: ")) + "\r\n\r\n");
  }
  static void say(int connection, const std::string &bytes) {
    EXPECT_EQ(::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port = 0;
  std::string head;
};

}  // namespace astral::udp
