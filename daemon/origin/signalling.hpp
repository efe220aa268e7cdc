// SPDX-License-Identifier: BSD-3-Clause
// The origin as a supernode of last resort: it carries the signalling of nodes that nobody can reach, and no
// media. The same core::Node as in a node decides; it is told to give nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "origin/callees.hpp"
#include "origin/no_media.hpp"
#include "origin/records.hpp"
#include "runtime/driver.hpp"

namespace astral::origin {

// **Thread**: the default main context. Its key and uuid are new at each start: nodes find it by its address.
class Signalling {
 public:
  // `capacity`: how many nodes may register here. `listen`: the address that the origin listens on.
  Signalling(std::uint32_t capacity, const std::string &listen);
  Signalling(const Signalling &) = delete;
  Signalling &operator=(const Signalling &) = delete;

  http::SocketRoute route();        // /peer
  void start(std::uint16_t port);   // the HTTP port. Call it once, before any node can connect
  void met(const Node &supernode);  // a supernode that the origin has reached: the two link
  std::uint32_t children() const;

 private:
  NoMedia media_;
  Callees callees_;
  runtime::Driver driver_;
};

}  // namespace astral::origin
