// SPDX-License-Identifier: BSD-3-Clause
#include "node/stun_servers.hpp"

#include <gio/gio.h>

#include <algorithm>

#include "glue/ref.hpp"

namespace astral::node {
namespace {

constexpr std::size_t asked_servers = 2;

bool is_private(const StunServer &server) {
  const auto address = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(server.host.c_str()));
  return !address || g_inet_address_get_is_site_local(address.get()) ||
         g_inet_address_get_is_loopback(address.get()) || g_inet_address_get_is_link_local(address.get());
}

bool is_ipv6(const StunServer &server) {
  return server.host.find(':') != std::string::npos;
}

bool has_host(const std::vector<StunServer> &servers, const StunServer &one) {
  return std::ranges::any_of(servers, [&](const StunServer &server) { return server.host == one.host; });
}

// From `all`, in their order.
StunChoice choose(const std::vector<StunServer> &all, const std::vector<StunServer> &origin,
                  const std::vector<std::string> &contacted) {
  StunChoice choice;
  for (const StunServer &server : all) {
    if (has_host(choice.asked, server)) continue;
    if (choice.asked.size() < asked_servers) {
      choice.asked.push_back(server);
      if (std::ranges::find(origin, server) == origin.end()) choice.silence_means_blocked = true;
    } else if (!choice.third && server.http_port != 0 &&
               std::ranges::find(contacted, server.host) == contacted.end()) {
      choice.third = server;
    }
  }
  return choice;
}

}  // namespace

std::string StunServer::text() const {
  return (is_ipv6(*this) ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

StunChoice choose_stun_servers(const std::vector<StunServer> &given, const core::NodeInfo &self,
                               const std::vector<core::NodeInfo> &nodes,
                               const std::vector<StunServer> &origin,
                               const std::vector<std::string> &contacted) {
  std::vector<const core::NodeInfo *> supernodes;
  for (const core::NodeInfo &node : nodes)
    if (node.uuid != self.uuid && node.supernode && !node.ip_address.empty() && node.udp_port != 0)
      supernodes.push_back(&node);
  std::ranges::stable_sort(supernodes, {}, [&](const core::NodeInfo *node) {
    return std::pair(node->uuid != self.primary, node->rtt_ms.value_or(UINT32_MAX));
  });
  std::vector<StunServer> all = given;
  for (const core::NodeInfo *node : supernodes) all.push_back({node->ip_address, node->udp_port, node->port});
  all.insert(all.end(), origin.begin(), origin.end());
  std::erase_if(all, [&](const StunServer &server) { return !may_dial(self.families, server.host); });
  if (!std::ranges::all_of(all, is_private)) std::erase_if(all, is_private);
  // One family: an IPv4 and an IPv6 server would see two addresses of a host without any NAT.
  const bool six = !all.empty() && is_ipv6(all[0]);
  std::erase_if(all, [six](const StunServer &server) { return is_ipv6(server) != six; });

  StunChoice choice = choose(all, origin, contacted);
  if (choice.third) return choice;
  std::stable_partition(all.begin(), all.end(), [&](const StunServer &server) {
    return has_host(given, server) || std::ranges::find(contacted, server.host) != contacted.end();
  });
  StunChoice other = choose(all, origin, contacted);
  if (other.third) return other;
  const auto can_respond = [](const StunServer &server) { return server.http_port != 0; };
  const auto found = std::ranges::find_if(choice.asked, can_respond);
  if (choice.asked.size() == asked_servers && found != choice.asked.end()) choice.third = *found;
  return choice;
}

}  // namespace astral::node
