// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/objects.hpp"

#include <algorithm>
#include <cmath>

namespace astral::ctl {
namespace {

constexpr std::size_t max_entries = 1'000'000;
constexpr std::uint64_t max_number = 1'000'000'000'000'000;
constexpr std::uint64_t last_ms = 253'402'300'799'000;  // of the year 9999
constexpr json::Text any{0, 65536};

std::string text(json::Reader &in, const char *name) {
  return in.text_if(name, any).value_or("");
}

Figure figure(json::Reader &in, const char *name) {
  return in.number_if(name, 0, max_number);
}

// What people call the node whose uuid is in one field: its label, which is in another, if it has one.
std::string name(json::Reader &in, const char *uuid, const char *label) {
  const std::string given = text(in, label);
  return given.empty() ? text(in, uuid) : given;
}

std::string host_and_port(json::Reader &in) {
  const std::string host = text(in, "ip_address");
  const Figure port = figure(in, "port");
  if (host.empty() || !port) return host;
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(*port);
}

// A node of an older version says less.
StreamObject read_stream(json::Reader in) {
  const bool streaming = in.flag_if("streaming").value_or(false);
  const std::string state = text(in, "state");
  return {.slug = text(in, "slug"),
          .name = text(in, "name"),
          .source = text(in, "source"),
          .source_name = name(in, "source", "source_label"),
          .streaming = streaming,
          .state = !state.empty() ? state
                   : streaming    ? "live"
                                  : "waiting",
          .bitrate_kbps = figure(in, "bitrate_kbps"),
          .viewers = figure(in, in.has("audience") ? "audience" : "viewers")};
}

std::string time_text(json::Reader &in, const char *name) {
  const auto ms = in.number_if(name, 0, last_ms);
  return ms ? shown_date(*ms) : "";
}

DeviceObject read_device(json::Reader in) {
  return {.id = text(in, "id"),
          .name = text(in, "name"),
          .paired = time_text(in, "paired"),
          .seen = time_text(in, "seen")};
}

template <typename Object>
std::vector<Object> read_list(json::Reader &in, const char *name, Object (*read)(json::Reader)) {
  std::vector<Object> list;
  for (const json::Reader &entry : in.objects(name, max_entries)) list.push_back(read(entry));
  return list;
}

}  // namespace

std::string shown_date(std::uint64_t unix_ms) {
  GDateTime *time = g_date_time_new_from_unix_utc(static_cast<gint64>(std::min(unix_ms, last_ms) / 1000));
  const GString_ text(g_date_time_format(time, "%F %R UTC"));
  g_date_time_unref(time);
  return text.get();
}

NodeObject read_node(json::Reader in) {
  return {.uuid = text(in, "uuid"),
          .name = name(in, "uuid", "label"),
          .address = host_and_port(in),
          .version = text(in, "version"),
          .primary = text(in, "primary_supernode_uuid"),
          .primary_name = name(in, "primary_supernode_uuid", "primary_supernode_label"),
          .supernode = in.flag_if("supernode").value_or(false),
          .rtt_ms = in.real_if("rtt_ms"),
          .upstream_kbps = figure(in, "upstream_kbps"),
          .downstream_kbps = figure(in, "downstream_kbps"),
          .children = figure(in, "children"),
          .capacity = figure(in, "capacity")};
}

TicketObject read_ticket(json::Reader in) {
  return {.stream = text(in, "stream"),
          .source = text(in, "source"),
          .source_name = name(in, "source", "source_label"),
          .destination = text(in, "destination"),
          .destination_name = name(in, "destination", "destination_label"),
          .role = text(in, "role"),
          .state = text(in, "state"),
          .element = in.flag_if("element").value_or(false),
          .confirmed = in.flag_if("confirmed"),
          .reason = text(in, "reason"),
          .hops = figure(in, "hops"),
          .bitrate_kbps = figure(in, "bitrate_kbps")};
}

std::vector<NodeObject> read_nodes(json::Reader &in) {
  return read_list(in, "nodes", read_node);
}
std::vector<StreamObject> read_streams(json::Reader &in) {
  return read_list(in, "streams", read_stream);
}
std::vector<TicketObject> read_tickets(json::Reader &in) {
  return read_list(in, "tickets", read_ticket);
}

std::vector<DeviceObject> read_devices(json::Reader &in) {
  return read_list(in, "devices", read_device);
}

PairingObject read_pairing(json::Reader in) {
  return {.code = text(in, "code"),
          .url = text(in, "url"),
          .minutes = figure(in, "pairing_ms").value_or(0) / 60'000};
}

std::string shown(const Figure &figure) {
  return figure ? std::to_string(*figure) : "";
}

std::string shown_ms(const std::optional<double> &ms) {
  return ms ? std::to_string(std::lround(std::clamp(*ms, 0.0, 1e9))) : "";
}

}  // namespace astral::ctl
