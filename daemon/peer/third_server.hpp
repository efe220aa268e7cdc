// SPDX-License-Identifier: BSD-3-Clause
// Asks another node, or the origin, to send one STUN response to this machine (POST /stun). If the response
// comes through, the NAT lets strangers in.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <cstdint>
#include <string>

#include "glue/ref.hpp"

namespace astral::peer {

// **Thread**: the default main context.
class ThirdServer {
 public:
  ThirdServer();
  ~ThirdServer();
  ThirdServer(const ThirdServer &) = delete;
  ThirdServer &operator=(const ThirdServer &) = delete;

  // `url`: http://HOST:PORT of a server to which our UDP port sends nothing else. Whether it answers is seen
  // at that port only.
  void ask(const std::string &url, const std::string &id, std::uint16_t port);

 private:
  Ref<SoupSession> session_;
  Ref<GCancellable> cancellable_;
};

}  // namespace astral::peer
