// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/doctor.hpp"

#include <algorithm>

#include "ctl/text.hpp"

namespace astral::ctl {
namespace {

constexpr json::Text any_words{0, 65536};
constexpr std::size_t max_listed = 1000;
constexpr std::uint64_t max_port = 65535;
constexpr std::uint64_t max_error = 999;
constexpr std::uint64_t thin_kbps = 1500;  // less than a small picture needs to be passed on once

std::string words(json::Reader &in, const char *name) {
  return in.text_if(name, any_words).value_or("");
}

std::string host_of(const std::string &address) {
  return address.substr(0, address.rfind(':'));
}

bool is_symmetric(const Examination &found) {
  return found.nat_mapping == "address-dependent" || found.nat_mapping == "address-and-port-dependent";
}

bool is_mapped(const Examination &found) {
  return found.port_mapping.state == "mapped";
}

bool has_firewall_only(const Examination &found) {
  return found.udp == "behind-nat" && !found.local_address.empty() &&
         host_of(found.address) == found.local_address;
}

// The router's outside is not what others see: another NAT is before it.
bool is_behind_two(const Examination &found) {
  return is_mapped(found) && !found.port_mapping.address.empty() && !found.address.empty() &&
         found.port_mapping.address != host_of(found.address);
}

std::string ports(const Figure &udp, const Figure &tcp) {
  std::string text = udp ? "UDP port " + shown(udp) : "";
  if (tcp) text += (text.empty() ? "" : " and ") + ("TCP port " + shown(tcp));
  return text;
}

std::string own_ports(const Examination &found) {
  return ports(found.udp_port, found.port);
}

std::string this_machine(const Examination &found) {
  return "this machine" + (found.local_address.empty() ? "" : " (" + found.local_address + ")");
}

std::string joined(const std::vector<std::string> &list) {
  std::string text;
  for (const std::string &one : list) text += (text.empty() ? "" : ", ") + one;
  return text;
}

// ---- what was found ----

std::string kind_of_nat(const Examination &found) {
  if (found.udp == "blocked") return "UDP does not pass";
  if (has_firewall_only(found)) return "none, but a firewall";
  if (is_symmetric(found)) return "symmetric: another port for each peer";
  if (found.nat_filtering == "address-and-port-dependent") return "port-restricted";
  if (found.nat_filtering == "address-dependent") return "restricted, or full cone";
  if (found.nat_filtering == "endpoint-independent") return "full cone: it lets everybody in";
  if (found.udp == "open") return "none, or one that lets everybody in";
  if (found.udp == "behind-nat") return "not symmetric; whom it lets in is not known";
  return "not known";
}

std::string reachability(const Examination &found) {
  if (!found.udp_port) return "no: this node has no UDP port";
  if (found.reachable.value_or(false)) return "yes, at " + found.address;
  if (!found.reachable) return "not known";
  if (found.udp == "blocked") return "no: UDP is blocked";
  return has_firewall_only(found) ? "no: a firewall is before it" : "no: a NAT is before it";
}

std::string mapping(const Examination &found) {
  const Examination::PortMapping &said = found.port_mapping;
  const std::string router = "the router " + found.router;
  if (!said.allowed) return "switched off";
  if (is_mapped(found))
    return router + " forwards " + ports(said.udp_port, said.tcp_port) +
           (said.address.empty() ? "" : " of " + said.address) + " to this node (" + said.protocol + ")" +
           (said.error.empty() ? "" : "; " + said.error);
  if (said.state == "refused") return router + " forwards nothing: " + said.error;
  if (said.state == "waiting" || said.state == "asking") return router + " is being asked";
  if (found.reachable.value_or(false)) return "not needed";
  return found.router.empty() ? "there is no router" : router + " is not one of a home";
}

std::string speed(const Figure &kbps) {
  return kbps ? shown(kbps) + " kbit/s" : "not measured yet";
}

std::string supernode(const Examination &found) {
  if (found.node.supernode) return "this node is one";
  return found.node.primary.empty() ? "none" : found.node.primary_name;
}

std::string stun(const Examination &found) {
  std::vector<std::string> list;
  for (const Examination::StunServer &server : found.stun_servers)
    list.push_back(server.address + (server.answered ? " answered" : " is silent"));
  return list.empty() ? "no server is known" : joined(list);
}

std::string turn(const Examination &found) {
  const Examination::TurnServer &server = found.turn_server;
  if (server.state.empty()) return "none is set";
  const std::string name = server.address + (server.transport == "tcp" ? " over TCP" : "");
  const std::string code = server.error ? " (error " + shown(server.error) + ")" : "";
  if (server.state == "allocated") return name + " gives addresses";
  if (server.state == "wrong-credentials") return name + " does not accept the user or the password" + code;
  if (server.state == "refused") return name + " gives no address" + code;
  if (server.state == "silent") return name + " does not answer";
  if (server.state == "unresolved") return name + " has an unknown name";
  return name + " is being asked";
}

// ---- the advice ----

void advise_on_silence(const Examination &found, std::vector<std::string> &list) {
  if (!found.reachable && found.udp != "blocked" && found.udp_port && found.known_nodes > 0) {
    if (found.udp == "behind-nat")
      list.push_back(
          "Whether strangers reach this node is found out with a third STUN server: another supernode.");
    else if (std::ranges::none_of(found.stun_servers, [](const auto &one) { return one.answered; }))
      list.push_back(
          found.stun_servers.empty()
              ? "No supernode or origin can tell this node its address: connect to one that is outside "
                "your network, with --bootstrap or --origin."
              : "No STUN server has answered yet: look again in ten seconds.");
  }
}

void advise_on_router(const Examination &found, std::vector<std::string> &list) {
  const Examination::PortMapping &said = found.port_mapping;
  if (is_behind_two(found)) {
    list.push_back(
        "Your router is behind another NAT itself: its address is " + said.address + ", others see " +
        host_of(found.address) +
        ". Forward the ports there too, put your router into bridge mode, or ask your provider for a "
        "public address.");
    return;
  }
  if (is_mapped(found) && said.udp_port && found.udp_port) {
    list.push_back("Your router says that it forwards UDP port " + shown(said.udp_port) +
                   ", but nothing comes through: look for a firewall on " + this_machine(found) + ".");
    return;
  }
  if (said.state == "waiting" || said.state == "asking") {
    list.push_back("Your router is being asked to forward the ports: look again in ten seconds.");
    return;
  }
  if (has_firewall_only(found)) {
    list.push_back("Let " + own_ports(found) + " through the firewall to " + this_machine(found) + ".");
    return;
  }
  std::string text = "Forward " + own_ports(found) + " to " + this_machine(found) + " on your router";
  if (!said.allowed)
    text += ", or start astralnode with --port-mapping yes";
  else if (said.state == "refused")
    text += ", or switch on UPnP or NAT-PMP there";
  list.push_back(text + ".");
}

void advise_on_turn(const Examination &found, std::vector<std::string> &list) {
  const std::string &state = found.turn_server.state;
  if (state == "wrong-credentials") list.push_back("Correct the user and the password in --turn.");
  if (state == "silent" || state == "unresolved")
    list.push_back(
        "Correct the host, the port and the transport in --turn, or ask who runs the TURN server.");
  if (state == "refused") list.push_back("Ask who runs the TURN server why it gives no address.");
}

void advise_on_udp(const Examination &found, std::vector<std::string> &list) {
  if (!found.udp_port) {
    list.push_back(
        "This node has no UDP port, so every link needs ICE: start astralnode with --udp-port and a free "
        "port.");
    return;
  }
  if (found.udp == "blocked") {
    const std::string detour =
        found.node.supernode ? "" : " to and from supernodes, and other streams make a detour through one";
    list.push_back("UDP is blocked, so links go over TCP" + detour +
                   ". Have your firewall or router let UDP out.");
    return;
  }
  if (found.reachable.value_or(false)) {
    if (!is_mapped(found))
      list.push_back("Other nodes reach this one: nothing to do.");
    else if (found.port_mapping.tcp_port)
      list.push_back("Your router maps the ports by " + found.port_mapping.protocol + ": nothing to do.");
    else
      list.push_back("Your router maps UDP by " + found.port_mapping.protocol + ". Forward TCP port " +
                     shown(found.port) + " to " + this_machine(found) +
                     " too, for nodes whose UDP is blocked.");
    return;
  }
  if (found.udp != "behind-nat") return;
  advise_on_router(found, list);
  if (is_symmetric(found))
    list.push_back(
        "A symmetric NAT (mobile network, company) is before this node: until a port is forwarded, a node "
        "with an "
        "open port relays for it, which costs a detour.");
}

}  // namespace

Examination read_examination(json::Reader &in) {
  Examination found;
  json::Reader node = in.object("node");
  found.node = read_node(node);
  found.port = node.number_if("port", 1, max_port);
  found.udp_port = node.number_if("udp_port", 1, max_port);
  found.udp = words(node, "udp");
  found.nat_mapping = words(node, "nat_mapping");
  found.nat_filtering = words(node, "nat_filtering");
  found.reachable = in.flag_if("reachable");
  found.address = words(in, "address");
  found.local_address = words(in, "local_address");
  found.router = words(in, "router");
  json::Reader mapped = in.object("port_mapping");
  found.port_mapping = {.allowed = mapped.flag_if("allowed").value_or(false),
                        .state = words(mapped, "state"),
                        .protocol = words(mapped, "protocol"),
                        .address = words(mapped, "address"),
                        .udp_port = mapped.number_if("udp_port", 1, max_port),
                        .tcp_port = mapped.number_if("tcp_port", 1, max_port),
                        .error = words(mapped, "error")};
  for (json::Reader &server : in.objects("stun_servers", max_listed))
    found.stun_servers.push_back({words(server, "address"), server.flag_if("answered").value_or(false)});
  if (in.has("turn_server")) {
    json::Reader server = in.object("turn_server");
    found.turn_server = {.address = words(server, "address"),
                         .transport = words(server, "transport"),
                         .state = words(server, "state"),
                         .error = server.number_if("error", 1, max_error)};
  }
  found.known_nodes = in.number_if("known_nodes", 0, UINT32_MAX).value_or(0);
  found.unreachable = in.texts("unreachable_nodes", max_listed, any_words);
  return found;
}

std::vector<std::string> advice(const Examination &found) {
  std::vector<std::string> list;
  if (found.known_nodes == 0)
    list.push_back(
        "No other node is known: start astralnode with --bootstrap http://NODE:8000 or --origin URL, or "
        "have another node connect to this one.");
  else if (!found.node.supernode && found.node.primary.empty())
    list.push_back("No supernode has taken this node yet: see astralctl listnodes.");
  advise_on_udp(found, list);
  advise_on_silence(found, list);
  advise_on_turn(found, list);
  if (found.node.upstream_kbps && *found.node.upstream_kbps < thin_kbps)
    list.push_back(
        "Your line sends too little to pass a stream on: other nodes feed this one, and it feeds nobody.");
  if (!found.unreachable.empty())
    list.push_back("No link came up to " + joined(found.unreachable) +
                   ": they are tried again in some minutes, and other nodes until then.");
  if (list.empty()) list.push_back("Nothing to do.");
  return list;
}

std::string show_examination(const Examination &found) {
  const std::pair<const char *, std::string> rows[] = {
      {"node", found.node.name + (found.local_address.empty() ? "" : " at " + found.local_address) + ", " +
                   own_ports(found)},
      {"reachable", reachability(found)},
      {"NAT", kind_of_nat(found)},
      {"port mapping", mapping(found)},
      {"upstream", speed(found.node.upstream_kbps)},
      {"downstream", speed(found.node.downstream_kbps)},
      {"supernode", supernode(found)},
      {"other nodes", std::to_string(found.known_nodes) + " known" +
                          (found.unreachable.empty() ? "" : "; no link to " + joined(found.unreachable))},
      {"STUN servers", stun(found)},
      {"TURN server", turn(found)}};
  std::string text;
  for (const auto &[name, value] : rows) {
    std::string line = std::string(name) + ":";
    line.resize(15, ' ');
    text += line + printable(value) + "\n";
  }
  text += "\n";
  for (const std::string &line : advice(found)) text += "- " + printable(line) + "\n";
  return text;
}

}  // namespace astral::ctl
