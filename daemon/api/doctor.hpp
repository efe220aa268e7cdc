// SPDX-License-Identifier: BSD-3-Clause
// GET /doctor: all that this node has found out about its line, its NAT and its router. `astralctl doctor`
// says what to do about it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "http/routes.hpp"
#include "runtime/driver.hpp"

namespace astral::api {

// What core::Node does not know. An empty text and a zero: not known.
struct Surroundings {
  struct StunServer {
    std::string address;
    bool answered;
  };
  struct PortMapping {
    bool allowed = false;  // by the settings, and this build can
    std::string state = "off";
    std::string protocol = {};
    std::string address = {};  // of the router's outside
    std::uint16_t udp_port = 0, tcp_port = 0;
    std::string error = {};
  };
  struct TurnServer {
    std::string address;  // "HOST:PORT", as --turn names it
    bool over_tcp = false;
    std::string state;        // "asking", "unresolved", "allocated", "wrong-credentials", "refused", "silent"
    std::uint16_t error = 0;  // the server's error code
  };

  std::string address = {};  // of the UDP port, as others see it
  std::string local_address = {};
  std::string router = {};
  PortMapping port_mapping = {};
  std::vector<StunServer> stun_servers = {};  // that were asked
  std::optional<TurnServer> turn_server = {};
};

void add_doctor_call(std::vector<http::Route> &routes, runtime::Driver &driver,
                     std::function<Surroundings()> surroundings);

}  // namespace astral::api
