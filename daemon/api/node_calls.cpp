// SPDX-License-Identifier: BSD-3-Clause
#include "api/calls.hpp"
#include "api/object_json.hpp"
#include "core/slug.hpp"

namespace astral::api {
namespace {

void list(Driver &driver, const Call &call, const Answer &answer) {
  std::vector<json::Builder> nodes;
  for (const core::NodeInfo &info : driver.node().nodes())
    nodes.push_back(shown_node(driver.node(), info, call));
  answer(reply(json::Builder().set("nodes", nodes)));
}

void show(Driver &driver, const Call &call, const core::Uuid &uuid, const Answer &answer) {
  const auto info = driver.node().find_node(uuid);
  if (!info) return answer(reply_error({Code::not_found, "no node '" + uuid + "' is known"}));
  answer(reply(json::Builder().set("node", shown_node(driver.node(), *info, call))));
}

void add(Driver &driver, const Call &call, const Answer &answer) {
  auto in = read_body(call);
  if (!in) return answer(reply_error(in.error()));
  core::NodeInfo info = read_node(*in);
  if (!in->good()) return answer(reply_error(in->error()));
  if (info.ip_address.empty()) info.ip_address = call.caller;
  const core::Uuid uuid = info.uuid;
  driver.call(core::RegisterNode{.node = info},
              [&driver, call, uuid, answer](const Expected<core::Answered> &result) {
                if (!result) {
                  // API.md: a supernode without room for one more child.
                  const bool full = result.error().code == Code::no_room;
                  return answer(reply_error(result.error(), full ? std::optional(503u) : std::nullopt));
                }
                const auto now_known = driver.node().find_node(uuid);
                json::Builder body;
                if (now_known) body.set("node", shown_node(driver.node(), *now_known, call));
                Reply out = reply(body, result->created ? 201 : 200);
                if (result->created) out.headers.emplace_back("Location", "/node/" + uuid);
                answer(std::move(out));
              });
}

void shut_down(Driver &driver, const Call &call, const Answer &answer) {
  answer(reply(json::Builder().set("node", shown_node(driver.node(), driver.node().self(), call))));
  driver.handle(core::Shutdown{});
}

void forget(Driver &driver, const Call &call, const Answer &answer) {
  const core::Uuid uuid = call.params.at("uuid");
  if (!core::is_uuid(uuid)) return answer(reply_error({Code::not_found, "no node is called that"}));
  driver.call(core::ForgetNode{.uuid = uuid}, [uuid, answer](const Expected<core::Answered> &result) {
    if (!result) return answer(reply_error(result.error()));
    answer(reply(json::Builder().set("forgotten", uuid)));
  });
}

}  // namespace

json::Builder shown_node(const core::Node &node, const core::NodeInfo &info, const Call &call) {
  const bool is_self = info.uuid == node.self().uuid;
  core::NodeInfo known = info;
  if (is_self && known.ip_address.empty()) known.ip_address = call.local;
  json::Builder out = node_json(known);
  if (is_self) out.set("children", node.children()).set("promised_kbps", node.promised_bps() / 1000);
  return out;
}

void add_node_calls(std::vector<Route> &routes, Driver &driver) {
  Driver *d = &driver;
  routes.push_back({.method = "GET",
                    .pattern = "/nodes",
                    .handle = [d](const Call &call, const Answer &answer) { list(*d, call, answer); }});
  routes.push_back({.method = "POST",
                    .pattern = "/nodes",
                    .handle = [d](const Call &call, const Answer &answer) { add(*d, call, answer); }});
  routes.push_back(
      {.method = "GET", .pattern = "/node", .handle = [d](const Call &call, const Answer &answer) {
         show(*d, call, d->node().self().uuid, answer);
       }});
  routes.push_back(
      {.method = "GET", .pattern = "/node/:uuid", .handle = [d](const Call &call, const Answer &answer) {
         show(*d, call, call.params.at("uuid"), answer);
       }});
  routes.push_back({.method = "DELETE",
                    .pattern = "/node",
                    .handle = [d](const Call &call, const Answer &answer) { shut_down(*d, call, answer); },
                    .who = Who::owner});
  routes.push_back({.method = "DELETE",
                    .pattern = "/node/:uuid",
                    .handle = [d](const Call &call, const Answer &answer) { forget(*d, call, answer); },
                    .who = Who::owner});
}

}  // namespace astral::api
