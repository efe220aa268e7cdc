// SPDX-License-Identifier: BSD-3-Clause
// `doctor`: what a node has found out about its connection, and what a person can do about it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctl/objects.hpp"
#include "glue/json.hpp"

namespace astral::ctl {

// The answer of GET /doctor. An empty text: not known.
struct Examination {
  struct PortMapping {
    bool allowed = false;
    std::string state = {};
    std::string protocol = {};
    std::string address = {};  // of the router's outside
    Figure udp_port = {}, tcp_port = {};
    std::string error = {};
  };
  struct StunServer {
    std::string address = {};
    bool answered = false;
  };
  struct TurnServer {
    std::string address = {};
    std::string transport = {};
    std::string state = {};  // empty: no server is set
    Figure error = {};
  };

  NodeObject node = {};
  Figure port = {}, udp_port = {};
  std::string udp = {};  // "open", "behind-nat", "blocked"
  std::string nat_mapping = {}, nat_filtering = {};
  std::optional<bool> reachable = {};
  std::string address = {};  // of the UDP port, as others see it
  std::string local_address = {};
  std::string router = {};
  PortMapping port_mapping = {};
  std::vector<StunServer> stun_servers = {};
  TurnServer turn_server = {};
  std::uint64_t known_nodes = 0;
  std::vector<std::string> unreachable = {};
};

// **Errors** stick to the reader.
Examination read_examination(json::Reader &in);

// The most important first; each is one line. Never empty.
std::vector<std::string> advice(const Examination &found);

// What was found, and the advice, as lines for people.
std::string show_examination(const Examination &found);

}  // namespace astral::ctl
