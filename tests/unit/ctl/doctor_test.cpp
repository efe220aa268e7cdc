// SPDX-License-Identifier: BSD-3-Clause
// What `doctor` advises, a row for each situation.
#include "ctl/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "ctl/command.hpp"
#include "ctl/show.hpp"

namespace astral::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A node at home that has found out everything, and whose router forwards nothing.
Examination at_home() {
  Examination found;
  found.node = {.uuid = "me",
                .name = "me",
                .primary = "s1",
                .primary_name = "s1",
                .upstream_kbps = 9000,
                .downstream_kbps = 48000};
  found.port = found.udp_port = 8000;
  found.udp = "behind-nat";
  found.nat_mapping = "endpoint-independent";
  found.nat_filtering = "address-and-port-dependent";
  found.reachable = false;
  found.address = "203.0.113.7:8000";
  found.local_address = "192.168.1.7";
  found.router = "192.168.1.1";
  found.port_mapping = {.allowed = true, .state = "refused", .error = "NAT-PMP: no answer; UPnP: no answer"};
  found.stun_servers = {{"198.51.100.1:8000", true}, {"198.51.100.2:8000", true}};
  found.known_nodes = 3;
  return found;
}

void make_mapped(Examination &found) {
  found.port_mapping = {.allowed = true,
                        .state = "mapped",
                        .protocol = "UPnP",
                        .address = "203.0.113.7",
                        .udp_port = 8000,
                        .tcp_port = 8000};
}

void make_open(Examination &found) {
  found.udp = "open";
  found.reachable = true;
}

struct Row {
  const char *name;
  std::function<void(Examination &)> change;
  std::vector<std::string> advice;
};

void PrintTo(const Row &row, std::ostream *out) {
  *out << row.name;
}

class Advice : public testing::TestWithParam<Row> {};

TEST_P(Advice, IsThis) {
  Examination found = at_home();
  GetParam().change(found);
  EXPECT_EQ(advice(found), GetParam().advice);
}

const std::string forward =
    "Forward UDP port 8000 and TCP port 8000 to this machine (192.168.1.7) on your router";
const std::string relays =
    "A symmetric NAT (mobile network, company) is before this node: until a port is forwarded, a node with "
    "an open "
    "port relays for it, which costs a detour.";

INSTANTIATE_TEST_SUITE_P(
    Situations, Advice,
    testing::Values(
        Row{"TheRouterRefuses", [](auto &) {}, {forward + ", or switch on UPnP or NAT-PMP there."}},
        Row{"MappingIsSwitchedOff",
            [](auto &found) { found.port_mapping = {.state = "off"}; },
            {forward + ", or start astralnode with --port-mapping yes."}},
        Row{"TheRouterIsNotAHomes",
            [](auto &found) { found.port_mapping = {.allowed = true, .state = "off"}; },
            {forward + "."}},
        Row{"TheRouterIsBeingAsked",
            [](auto &found) { found.port_mapping = {.allowed = true, .state = "asking"}; },
            {"Your router is being asked to forward the ports: look again in ten seconds."}},
        Row{"TheRouterForwards",
            [](auto &found) {
              make_mapped(found);
              make_open(found);
            },
            {"Your router maps the ports by UPnP: nothing to do."}},
        Row{"TheRouterForwardsUdpOnly",
            [](auto &found) {
              make_mapped(found);
              make_open(found);
              found.port_mapping.tcp_port.reset();
            },
            {"Your router maps UDP by UPnP. Forward TCP port 8000 to this machine (192.168.1.7) too, for "
             "nodes "
             "whose UDP is blocked."}},
        Row{"TheRouterForwardsTcpOnly",
            [](auto &found) {
              make_mapped(found);
              found.port_mapping.udp_port.reset();
            },
            {forward + "."}},
        Row{"TheRouterForwardsAndNothingComes",
            make_mapped,
            {"Your router says that it forwards UDP port 8000, but nothing comes through: look for a "
             "firewall on "
             "this machine (192.168.1.7)."}},
        Row{"TheRouterIsBehindACarriersNat",
            [](auto &found) {
              make_mapped(found);
              found.port_mapping.address = "100.64.0.9";
            },
            {"Your router is behind another NAT itself: its address is 100.64.0.9, others see 203.0.113.7. "
             "Forward "
             "the ports there too, put your router into bridge mode, or ask your provider for a public "
             "address."}},
        Row{"Public", make_open, {"Other nodes reach this one: nothing to do."}},
        Row{"AFirewall",
            [](auto &found) {
              found.local_address = "203.0.113.7";
              found.port_mapping = {.allowed = true, .state = "off"};
            },
            {"Let UDP port 8000 and TCP port 8000 through the firewall to this machine (203.0.113.7)."}},
        Row{"Symmetric",
            [](auto &found) { found.nat_mapping = "address-and-port-dependent"; },
            {forward + ", or switch on UPnP or NAT-PMP there.", relays}},
        Row{"Blocked",
            [](auto &found) {
              found.udp = "blocked";
              found.nat_mapping = found.nat_filtering = found.address = "";
            },
            {"UDP is blocked, so links go over TCP to and from supernodes, and other streams make a detour "
             "through one. Have your firewall or router let UDP out."}},
        Row{"BlockedAtASupernode",
            [](auto &found) {
              found.udp = "blocked";
              found.nat_mapping = found.nat_filtering = found.address = "";
              found.node.primary = "";
              found.node.supernode = true;
            },
            {"UDP is blocked, so links go over TCP. Have your firewall or router let UDP out."}},
        Row{"NoUdpPort",
            [](auto &found) {
              found.udp_port.reset();
              found.udp = "";
              found.reachable.reset();
            },
            {"This node has no UDP port, so every link needs ICE: start astralnode with --udp-port and a "
             "free "
             "port."}},
        Row{"Alone",
            [](auto &found) {
              found.known_nodes = 0;
              found.node.primary = found.udp = "";
              found.reachable.reset();
              found.stun_servers.clear();
            },
            {"No other node is known: start astralnode with --bootstrap http://NODE:8000 or --origin URL, or "
             "have "
             "another node connect to this one."}},
        Row{"NoSupernodeTakesIt",
            [](auto &found) {
              make_open(found);
              found.node.primary = "";
            },
            {"No supernode has taken this node yet: see astralctl listnodes.",
             "Other nodes reach this one: nothing to do."}},
        Row{"ASupernodeNeedsNone",
            [](auto &found) {
              make_open(found);
              found.node.primary = "";
              found.node.supernode = true;
            },
            {"Other nodes reach this one: nothing to do."}},
        Row{"TwoServersOnly",
            [](auto &found) {
              found.nat_filtering = "";
              found.reachable.reset();
            },
            {forward + ", or switch on UPnP or NAT-PMP there.",
             "Whether strangers reach this node is found out with a third STUN server: another supernode."}},
        Row{"NoServerIsKnown",
            [](auto &found) {
              found.udp = found.nat_mapping = found.nat_filtering = "";
              found.reachable.reset();
              found.stun_servers.clear();
            },
            {"No supernode or origin can tell this node its address: connect to one that is outside your "
             "network, "
             "with --bootstrap or --origin."}},
        Row{"NoServerHasAnswered",
            [](auto &found) {
              found.udp = found.nat_mapping = found.nat_filtering = "";
              found.reachable.reset();
              for (auto &server : found.stun_servers) server.answered = false;
            },
            {"No STUN server has answered yet: look again in ten seconds."}},
        Row{"AThinLine",
            [](auto &found) {
              make_open(found);
              found.node.upstream_kbps = 800;
            },
            {"Other nodes reach this one: nothing to do.",
             "Your line sends too little to pass a stream on: other nodes feed this one, and it feeds "
             "nobody."}},
        Row{"ANodeThatNoLinkReaches",
            [](auto &found) {
              make_open(found);
              found.unreachable = {"a", "b"};
            },
            {"Other nodes reach this one: nothing to do.",
             "No link came up to a, b: they are tried again in some minutes, and other nodes until then."}}),
    [](const auto &row) { return row.param.name; });

std::string shown(const Examination &found) {
  return show_examination(found);
}

TEST(ShowExamination, SaysWhatWasFound) {
  Examination found = at_home();
  make_mapped(found);
  make_open(found);
  EXPECT_EQ(
      shown(found),
      "node:          me at 192.168.1.7, UDP port 8000 and TCP port 8000\n"
      "reachable:     yes, at 203.0.113.7:8000\n"
      "NAT:           port-restricted\n"
      "port mapping:  the router 192.168.1.1 forwards UDP port 8000 and TCP port 8000 of 203.0.113.7 to this "
      "node (UPnP)\n"
      "upstream:      9000 kbit/s\n"
      "downstream:    48000 kbit/s\n"
      "supernode:     s1\n"
      "other nodes:   3 known\n"
      "STUN servers:  198.51.100.1:8000 answered, 198.51.100.2:8000 answered\n"
      "TURN server:   none is set\n"
      "\n"
      "- Your router maps the ports by UPnP: nothing to do.\n");
}

TEST(ShowExamination, SaysWhyANodeIsNotReachable) {
  Examination found = at_home();
  EXPECT_THAT(shown(found), HasSubstr("reachable:     no: a NAT is before it\n"));
  EXPECT_THAT(shown(found), HasSubstr("forwards nothing: NAT-PMP: no answer; UPnP: no answer\n"));
  found.address = "192.168.1.7:8000";
  EXPECT_THAT(shown(found), HasSubstr("reachable:     no: a firewall is before it\n"));
  found.udp = "blocked";
  EXPECT_THAT(shown(found), HasSubstr("reachable:     no: UDP is blocked\n"));
  found.udp_port.reset();
  EXPECT_THAT(shown(found), HasSubstr("reachable:     no: this node has no UDP port\n"));
}

TEST(ShowExamination, SaysWhatTheTurnServerAnswered) {
  const auto said = [](const char *state, Figure error = {}) {
    Examination found = at_home();
    found.turn_server = {.address = "turn.example:3478", .transport = "tcp", .state = state, .error = error};
    return show_examination(found);
  };
  const std::string begin = "TURN server:   turn.example:3478 over TCP ";
  EXPECT_THAT(said("allocated"), HasSubstr(begin + "gives addresses\n"));
  EXPECT_THAT(said("asking"), HasSubstr(begin + "is being asked\n"));
  EXPECT_THAT(said("wrong-credentials", 401),
              HasSubstr(begin + "does not accept the user or the password (error 401)\n"));
  EXPECT_THAT(said("wrong-credentials", 401), HasSubstr("- Correct the user and the password in --turn.\n"));
  EXPECT_THAT(said("refused", 486), HasSubstr(begin + "gives no address (error 486)\n"));
  EXPECT_THAT(said("silent"), HasSubstr(begin + "does not answer\n"));
  EXPECT_THAT(said("silent"), HasSubstr("- Correct the host, the port and the transport in --turn"));
  EXPECT_THAT(said("unresolved"), HasSubstr(begin + "has an unknown name\n"));
}

TEST(ShowExamination, ARoutersTextControlsNoTerminal) {
  Examination found = at_home();
  found.port_mapping.error = "\x1b[2J";
  EXPECT_THAT(shown(found), Not(HasSubstr("\x1b")));
}

TEST(ShowExamination, ReadsTheNodesAnswer) {
  const auto text = show(
      {{}, Show::doctor, {}},
      R"({"node":{"uuid":"me","port":8000,"udp_port":8001,"udp":"behind-nat","nat_mapping":"endpoint-independent",)"
      R"("nat_filtering":"address-dependent","supernode":false,"version":"0.1.0"},"reachable":false,)"
      R"("address":"203.0.113.7:8001","local_address":"10.0.0.7","router":"10.0.0.1",)"
      R"("port_mapping":{"allowed":true,"state":"refused","error":"nothing"},)"
      R"("stun_servers":[{"address":"198.51.100.1:8000","answered":false}],)"
      R"("turn_server":{"address":"192.0.2.5:3478","transport":"udp","state":"refused","error":486},"known_nodes":1,"unreachable_nodes":["x"]})",
      "");
  ASSERT_TRUE(text) << text.error().detail;
  for (const char *part :
       {"me at 10.0.0.7, UDP port 8001 and TCP port 8000", "restricted", "no: a NAT",
        "the router 10.0.0.1 forwards nothing: nothing", "not measured yet", "1 known; no link to x",
        "198.51.100.1:8000 is silent", "192.0.2.5:3478 gives no address (error 486)",
        "Forward UDP port 8001 and TCP port 8000 to this machine (10.0.0.7) on your router"})
    EXPECT_THAT(*text, HasSubstr(part));
  EXPECT_FALSE(show({{}, Show::doctor, {}}, R"({"node":{}})", ""));
}

}  // namespace
}  // namespace astral::ctl
