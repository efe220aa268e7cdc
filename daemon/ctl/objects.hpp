// SPDX-License-Identifier: BSD-3-Clause
// The fields of nodes, streams and tickets that astralctl shows. Pure. In an answer any field may be missing
// but the lists themselves; a missing field is empty here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glue/json.hpp"

namespace astral::ctl {

using Figure = std::optional<std::uint64_t>;

struct NodeObject {
  std::string uuid = {};
  std::string name = {};     // its label, or its uuid
  std::string address = {};  // host:port, or the host alone
  std::string version = {};
  std::string primary = {};       // the uuid of its supernode
  std::string primary_name = {};  // its label, or its uuid
  bool supernode = false;
  std::optional<double> rtt_ms = {};
  Figure upstream_kbps = {};
  Figure downstream_kbps = {};
  Figure children = {};
  Figure capacity = {};
};

struct StreamObject {
  std::string slug = {};
  std::string name = {};
  std::string source = {};
  std::string source_name = {};
  bool streaming = false;
  std::string state = {};
  Figure bitrate_kbps = {};
  Figure viewers = {};  // at the node and below it
};

struct TicketObject {
  std::string stream = {};
  std::string source = {};
  std::string source_name = {};
  std::string destination = {};
  std::string destination_name = {};
  std::string role = {};
  std::string state = {};
  bool element = false;  // the other end is an element at the node: a publisher or a player
  std::optional<bool> confirmed = {};
  std::string reason = {};  // why no media comes
  Figure hops = {};
  Figure bitrate_kbps = {};
};

struct DeviceObject {
  std::string id = {};
  std::string name = {};
  std::string paired = {}, seen = {};  // as times of UTC
};

struct PairingObject {
  std::string code = {};
  std::string url = {};  // empty: other machines cannot reach the node
  std::uint64_t minutes = 0;
};

// **Errors** stick to the reader.
NodeObject read_node(json::Reader in);
TicketObject read_ticket(json::Reader in);
std::vector<NodeObject> read_nodes(json::Reader &in);
std::vector<StreamObject> read_streams(json::Reader &in);
std::vector<TicketObject> read_tickets(json::Reader &in);
std::vector<DeviceObject> read_devices(json::Reader &in);
PairingObject read_pairing(json::Reader in);

// As text for a table; empty if unknown.
std::string shown(const Figure &figure);
std::string shown_date(std::uint64_t unix_ms);
std::string shown_ms(const std::optional<double> &ms);

}  // namespace astral::ctl
