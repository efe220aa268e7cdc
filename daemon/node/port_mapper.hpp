// SPDX-License-Identifier: BSD-3-Clause
// Performs what PortMapping decides: runs astral-portmap, which asks the router, and tells the log what came
// of it.
#pragma once

#include <gio/gio.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "node/port_mapping.hpp"

namespace astral::node {

// **Thread**: the default main context. **Owns** at most one running astral-portmap.
class PortMapper {
 public:
  // `on_change`: PortMapping::mapped() is another one.
  PortMapper(bool allowed, std::uint16_t tcp_port, std::function<void()> on_change);
  ~PortMapper();
  PortMapper(const PortMapper &) = delete;
  PortMapper &operator=(const PortMapper &) = delete;

  void use_udp_port(std::uint16_t port);
  void nat_known(core::Udp udp);
  void look_at_network();  // the routes or the addresses of this machine may have changed
  void leave();            // the node ends: the router is told, and nobody waits for it

  const PortMapping &mapping() const { return mapping_; }

 private:
  struct Run;
  void observe();
  void perform(std::vector<PortMapping::Effect> effects);
  void ask(const PortMapping::Ask &ask);
  void answered(std::uint32_t number, const RouterAnswer &answer);

  const std::string program_;  // empty: not in this build
  const std::function<void()> on_change_;
  PortMapping::Surroundings surroundings_;
  PortMapping mapping_;
  std::string said_;  // the last line for the log
  std::shared_ptr<Run> run_;
  Timer timer_, overdue_;
};

}  // namespace astral::node
