// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <optional>

#include "api/calls.hpp"
#include "api/names.hpp"
#include "core/slug.hpp"
#include "http/access.hpp"
#include "protocol/object_codec.hpp"

namespace astral::api {
namespace {

void list_nodes(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const std::vector<core::NodeInfo> known = driver.node().nodes();
  std::vector<json::Builder> nodes;
  for (const core::NodeInfo &info : known) {
    if (call.may_see_peers || info.uuid == driver.node().self().uuid)
      nodes.push_back(shown_node(driver.node(), info, call));
  }
  answer(http::reply(json::Builder().set("nodes", nodes).set("count", known.size())));
}

void show(runtime::Driver &driver, const http::Call &call, const std::string &name,
          const http::Answer &answer) {
  const core::NodeInfo &self = driver.node().self();
  if (!call.may_see_peers && name != self.uuid && name != self.label)
    return answer(http::reply_error(http::not_one_who_sees_peers()));
  const auto uuid = call.may_see_peers ? meant(driver.node(), name) : Expected<core::Uuid>(self.uuid);
  if (!uuid) return answer(http::reply_error(uuid.error()));
  const auto info = driver.node().find_node(*uuid);
  if (!info) return answer(http::reply_error({Code::not_found, "no node '" + name + "' is known"}));
  answer(http::reply(json::Builder().set("node", shown_node(driver.node(), *info, call))));
}

constexpr std::ptrdiff_t max_nodes_per_address = 16;

// A stranger may register a node only at its own address, and only if that node is not known yet: a known
// node updates itself over /peer. Returns the reply, or nullopt if the node may be registered.
std::optional<http::Reply> answer_stranger(const runtime::Driver &driver, const http::Call &call,
                                           const core::NodeInfo &info) {
  if (info.ip_address != call.caller) {
    return http::reply_error(
        {Code::refused, "field 'ip_address': must be your own, " + call.caller + ", or left out"});
  }
  if (core::is_uuid_of_a_key(info.uuid) && !driver.node().find_node(info.uuid)) {
    return http::reply_error(
        {Code::refused, "field 'uuid': it may be that of a key: the node that has it connects to /peer"});
  }
  if (const auto known = driver.node().find_node(info.uuid)) {
    if (known->ip_address == info.ip_address && known->port == info.port) {
      return http::reply(json::Builder().set("node", shown_node(driver.node(), *known, call)));
    }
    return http::reply_error({Code::conflict,
                              "field 'uuid': that node is known at another address; only itself can "
                              "change that, by connecting to /peer"});
  }
  const std::vector<core::NodeInfo> nodes = driver.node().nodes();
  const auto theirs = std::count_if(
      nodes.begin(), nodes.end(), [&](const core::NodeInfo &node) { return node.ip_address == call.caller; });
  if (theirs < max_nodes_per_address) return std::nullopt;
  return http::reply_error({Code::no_room, "too many nodes at your address are known"}, 503);
}

void add(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  auto in = http::read_body(call);
  if (!in) return answer(http::reply_error(in.error()));
  core::NodeInfo info = protocol::read_node(*in);
  if (!in->good()) return answer(http::reply_error(in->error()));
  if (info.ip_address.empty()) info.ip_address = call.caller;
  if (!call.is_owner) {
    if (auto known = answer_stranger(driver, call, info)) return answer(std::move(*known));
    info.updated = 0;  // what the node says of itself over /peer replaces this
  }
  const core::Uuid uuid = info.uuid;
  driver.call(core::RegisterNode{.node = info},
              [&driver, call, uuid, answer](const Expected<core::Answered> &result) {
                if (!result) {
                  const bool full = result.error().code == Code::no_room;
                  return answer(http::reply_error(result.error(), full ? std::optional(503u) : std::nullopt));
                }
                const auto now_known = driver.node().find_node(uuid);
                json::Builder body;
                if (now_known) body.set("node", shown_node(driver.node(), *now_known, call));
                http::Reply out = http::reply(body, result->created ? 201 : 200);
                if (result->created) out.headers.emplace_back("Location", "/node/" + uuid);
                answer(std::move(out));
              });
}

void shut_down(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  answer(http::reply(json::Builder().set("node", shown_node(driver.node(), driver.node().self(), call))));
  driver.shut_down();
}

void forget(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const std::string &name = call.params.at("uuid");
  if (!core::is_uuid(name)) return answer(http::reply_error({Code::not_found, "no such node"}));
  const auto uuid = meant(driver.node(), name);
  if (!uuid) return answer(http::reply_error(uuid.error()));
  driver.call(core::ForgetNode{.uuid = *uuid},
              [uuid = *uuid, answer](const Expected<core::Answered> &result) {
                if (!result) return answer(http::reply_error(result.error()));
                answer(http::reply(json::Builder().set("forgotten", uuid)));
              });
}

}  // namespace

json::Builder shown_node(const core::NodeView &node, const core::NodeInfo &info, const http::Call &call) {
  const bool is_self = info.uuid == node.self().uuid;
  core::NodeInfo known = info;
  if (is_self && known.ip_address.empty()) known.ip_address = call.local;
  json::Builder out = protocol::node_json(known);
  set_label(out, "primary_supernode_label", node, known.primary);
  if (is_self)
    out.set("fed_children", node.fed_children())
        .set("promised_kbps", node.promised_bps() / 1000)
        .set("slow_children", node.slow_children());
  const std::vector<core::Uuid> forgers = node.forgers(now());
  if (std::find(forgers.begin(), forgers.end(), info.uuid) != forgers.end()) out.set("forged", true);
  return out;
}

void add_node_calls(std::vector<http::Route> &routes, runtime::Driver &driver) {
  runtime::Driver *d = &driver;
  routes.push_back(
      {.method = "GET",
       .pattern = "/nodes",
       .handle = [d](const http::Call &call, const http::Answer &answer) { list_nodes(*d, call, answer); }});
  routes.push_back(
      {.method = "POST",
       .pattern = "/nodes",
       .handle = [d](const http::Call &call, const http::Answer &answer) { add(*d, call, answer); }});
  routes.push_back({.method = "GET",
                    .pattern = "/node",
                    .handle = [d](const http::Call &call, const http::Answer &answer) {
                      show(*d, call, d->node().self().uuid, answer);
                    }});
  routes.push_back({.method = "GET",
                    .pattern = "/node/:uuid",
                    .handle = [d](const http::Call &call, const http::Answer &answer) {
                      show(*d, call, call.params.at("uuid"), answer);
                    }});
  routes.push_back(
      {.method = "DELETE",
       .pattern = "/node",
       .handle = [d](const http::Call &call, const http::Answer &answer) { shut_down(*d, call, answer); },
       .who = http::Who::owner});
  routes.push_back(
      {.method = "DELETE",
       .pattern = "/node/:uuid",
       .handle = [d](const http::Call &call, const http::Answer &answer) { forget(*d, call, answer); },
       .who = http::Who::owner});
}

}  // namespace astral::api
