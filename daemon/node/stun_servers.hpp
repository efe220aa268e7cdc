// SPDX-License-Identifier: BSD-3-Clause
// Which STUN servers a node uses. Pure: names and addresses that are known go in, a choice comes out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/types.hpp"

namespace astral::node {

// A server, by its numeric address.
struct StunServer {
  std::string host;
  std::uint16_t port = 0;
  std::uint16_t http_port = 0;  // 0: it cannot be asked over HTTP
  bool operator==(const StunServer &) const = default;

  std::string text() const;  // "192.0.2.1:8000", "[2001:db8::1]:8000"
};

struct StunChoice {
  std::vector<StunServer> asked;    // at most two
  std::optional<StunServer>
      third;  // asked over HTTP for one response; one of `asked` only if there is no other
  // If none of the asked answers, UDP is blocked. An origin may be behind a web server that passes no UDP on.
  bool silence_means_blocked = false;
  bool operator==(const StunChoice &) const = default;
};

// `given`: what --stun names. `self`, `nodes`: of core::NodeView; a node that has a UDP port answers STUN
// there. `origin`: its address. Prefers, in this order: what was given, our primary, near supernodes, the
// origin. Servers in private networks count only if there is no other: they see another address of ours.
// Servers of an address family that this node does not have do not count.
// `contacted`: hosts that our UDP port has sent to lately. A NAT that lets in nobody else lets them in, so
// none of them can be the third; they are asked themselves if a third is found only then.
StunChoice choose_stun_servers(const std::vector<StunServer> &given, const core::NodeInfo &self,
                               const std::vector<core::NodeInfo> &nodes,
                               const std::vector<StunServer> &origin,
                               const std::vector<std::string> &contacted = {});

}  // namespace astral::node
