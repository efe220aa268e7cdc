// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/show.hpp"

#include <cmath>

#include "ctl/table.hpp"
#include "glue/json.hpp"

namespace astral::ctl {
namespace {

constexpr std::size_t max_entries = 1'000'000;
constexpr std::uint64_t max_number = 1'000'000'000'000'000;
constexpr json::Text any{0, 65536};

std::string text(json::Reader &in, const char *name) {
  return in.text_if(name, any).value_or("");
}

std::string number(json::Reader &in, const char *name) {
  const auto value = in.number_if(name, 0, max_number);
  return value ? std::to_string(*value) : "";
}

std::string milliseconds(json::Reader &in, const char *name) {
  const auto value = in.real_if(name);
  return value ? std::to_string(std::lround(*value)) : "";
}

std::string yes_no(json::Reader &in, const char *name) {
  const auto value = in.flag_if(name);
  return value ? (*value ? "yes" : "no") : "";
}

std::string host_and_port(json::Reader &in, const char *host_name, const char *port_name) {
  const std::string host = text(in, host_name);
  const std::string port = number(in, port_name);
  if (host.empty() || port.empty()) return host;
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

std::string nodes(std::vector<json::Reader> entries) {
  Table table({"UUID", "ADDRESS", "ROLE", "RTT ms", "UP kbit/s", "CHILDREN", "VERSION"});
  for (json::Reader &in : entries) {
    table.add({text(in, "uuid"), host_and_port(in, "ip_address", "port"),
               in.flag_if("supernode").value_or(false) ? "supernode" : "node", milliseconds(in, "rtt_ms"),
               number(in, "upstream_kbps"), number(in, "children"), text(in, "version")});
  }
  return table.text();
}

std::string streams(std::vector<json::Reader> entries) {
  Table table({"SLUG", "NAME", "STATE", "kbit/s", "VIEWERS", "SOURCE"});
  for (json::Reader &in : entries) {
    table.add({text(in, "slug"), text(in, "name"),
               in.flag_if("streaming").value_or(false) ? "live" : "waiting", number(in, "bitrate_kbps"),
               number(in, "viewers"), text(in, "source")});
  }
  return table.text();
}

std::string tickets(std::vector<json::Reader> entries) {
  Table table({"STREAM", "SOURCE", "DESTINATION", "HOPS", "ROLE", "STATE", "CONFIRMED"});
  for (json::Reader &in : entries) {
    table.add({text(in, "stream"), text(in, "source"), text(in, "destination"), number(in, "hops"),
               text(in, "role"), text(in, "state"), yes_no(in, "confirmed")});
  }
  return table.text();
}

std::string authority(const std::string &node) {
  return node.substr(node.find("://") + 3);
}

std::string created_stream(json::Reader in, const std::string &node) {
  const std::string slug = text(in, "slug");
  return "stream " + printable(slug) + " created; publish into it with\n  … ! astralsink uri=astral://" +
         authority(node) + "/" + printable(slug) + "\n";
}

}  // namespace

Expected<std::string> show(const Plan &plan, std::string_view answer, const std::string &node) {
  if (plan.show == Show::done) return plan.subject + "\n";
  if (plan.show == Show::url) return node + "/stream/" + plan.subject + "/hls/index.m3u8\n";
  auto in = json::Reader::parse(answer, {.max_bytes = max_answer});
  if (!in) return fail(in.error().code, "the node's answer: " + in.error().detail);
  std::string shown;
  switch (plan.show) {
    case Show::nodes:
      shown = nodes(in->objects("nodes", max_entries));
      break;
    case Show::streams:
      shown = streams(in->objects("streams", max_entries));
      break;
    case Show::tickets:
      shown = tickets(in->objects("tickets", max_entries));
      break;
    case Show::ticket:
      shown = tickets({in->object("ticket")});
      break;
    case Show::created_stream:
      shown = created_stream(in->object("stream"), node);
      break;
    case Show::url:
    case Show::done:
      break;
  }
  if (!in->good()) return fail(Code::invalid, "the node's answer: " + in->error().detail);
  return shown;
}

std::string show_error(unsigned status, std::string_view answer) {
  auto in = json::Reader::parse(answer);
  if (in) {
    json::Reader error = in->object("error");
    const std::string message = text(error, "message");
    if (in->good() && !message.empty()) return printable(message) + " (" + std::to_string(status) + ")";
  }
  return "the node answered " + std::to_string(status);
}

}  // namespace astral::ctl
