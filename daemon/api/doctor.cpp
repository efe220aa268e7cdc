// SPDX-License-Identifier: BSD-3-Clause
#include "api/doctor.hpp"

#include <optional>
#include <utility>

#include "api/calls.hpp"

namespace astral::api {
namespace {

std::optional<std::string> known(const std::string &text) {
  return text.empty() ? std::nullopt : std::optional(text);
}
std::optional<std::uint16_t> known(std::uint16_t port) {
  return port == 0 ? std::nullopt : std::optional(port);
}

// Whether strangers' datagrams reach the node. nullopt: it has not been found out.
std::optional<bool> reachable(const core::NodeInfo &self) {
  using core::NatRule;
  using core::Udp;
  if (self.nat.udp == Udp::open) return true;
  // `address_dependent` is what a server's second port shows: others may be let in too.
  const bool filters = self.nat.filtering == NatRule::address_and_port_dependent ||
                       self.nat.mapping == NatRule::address_dependent ||
                       self.nat.mapping == NatRule::address_and_port_dependent;
  if (self.nat.udp == Udp::blocked || (self.nat.udp == Udp::behind_nat && filters)) return false;
  return std::nullopt;
}

void examine(const runtime::Driver &driver, const Surroundings &around, const http::Call &call,
             const http::Answer &answer) {
  const core::NodeView &node = driver.node();
  std::vector<json::Builder> servers;
  for (const Surroundings::StunServer &server : around.stun_servers)
    servers.push_back(json::Builder().set("address", server.address).set("answered", server.answered));
  const Surroundings::PortMapping &mapping = around.port_mapping;
  json::Builder mapped;
  mapped.set("allowed", mapping.allowed).set("state", mapping.state);
  mapped.set("protocol", known(mapping.protocol)).set("address", known(mapping.address));
  mapped.set("udp_port", known(mapping.udp_port)).set("tcp_port", known(mapping.tcp_port));
  mapped.set("error", known(mapping.error));
  json::Builder body;
  body.set("node", shown_node(node, node.self(), call)).set("reachable", reachable(node.self()));
  body.set("address", known(around.address)).set("local_address", known(around.local_address));
  body.set("router", known(around.router)).set("port_mapping", mapped).set("stun_servers", servers);
  if (const auto &turn = around.turn_server)
    body.set("turn_server", json::Builder()
                                .set("address", turn->address)
                                .set("transport", turn->over_tcp ? "tcp" : "udp")
                                .set("state", turn->state)
                                .set("error", known(turn->error)));
  body.set("known_nodes", node.nodes().size() - 1).set("unreachable_nodes", node.unreachable(now()));
  body.set("forging_nodes", node.forgers(now()));
  answer(http::reply(body));
}

}  // namespace

void add_doctor_call(std::vector<http::Route> &routes, runtime::Driver &driver,
                     std::function<Surroundings()> surroundings) {
  routes.push_back({.method = "GET",
                    .pattern = "/doctor",
                    .handle = [d = &driver, around = std::move(surroundings)](
                                  const http::Call &call,
                                  const http::Answer &answer) { examine(*d, around(), call, answer); },
                    .who = http::Who::owner});
}

}  // namespace astral::api
