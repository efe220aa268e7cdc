// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/snapshot.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "ctl/show.hpp"
#include "ctl/text.hpp"

namespace astral::ctl {
namespace {

Expected<json::Reader> parsed(const std::string &body) {
  return json::Reader::parse(body, {.max_bytes = max_answer});
}

tl::unexpected<Error> not_ours(const Error &error) {
  return fail(error.code, "the node's answer: " + error.detail);
}

template <typename List, typename Key>
void sort_by(List &list, Key key) {
  std::stable_sort(list.begin(), list.end(), [&](const auto &a, const auto &b) { return key(a) < key(b); });
}

// The members of a JSON object as text on one line, without its braces; empty if there are none.
// Precondition: `json` was parsed as an object.
std::string members(std::string_view json) {
  const std::string text = one_line(json);
  const std::size_t open = text.find('{');
  const std::size_t close = text.rfind('}');
  const std::string_view inner = std::string_view(text).substr(open + 1, close - open - 1);
  const std::size_t first = inner.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(inner.substr(first, inner.find_last_not_of(" \t") - first + 1));
}

}  // namespace

Expected<Snapshot> read_snapshot(const Bodies &bodies) {
  auto node = parsed(bodies.node);
  if (!node) return not_ours(node.error());
  auto streams = parsed(bodies.streams);
  if (!streams) return not_ours(streams.error());
  auto tickets = parsed(bodies.tickets);
  if (!tickets) return not_ours(tickets.error());
  auto nodes = parsed(bodies.nodes);
  if (!nodes) return not_ours(nodes.error());

  Snapshot snapshot{.self = read_node(node->object("node")),
                    .streams = read_streams(*streams),
                    .tickets = read_tickets(*tickets),
                    .neighbours = read_nodes(*nodes)};
  for (const json::Reader *reader : {&*node, &*streams, &*tickets, &*nodes}) {
    if (!reader->good()) return not_ours(reader->error());
  }
  std::erase_if(snapshot.neighbours, [&](const NodeObject &one) { return one.uuid == snapshot.self.uuid; });
  sort_by(snapshot.streams, [](const StreamObject &one) { return std::tuple(!one.streaming, one.slug); });
  sort_by(snapshot.tickets, [](const TicketObject &one) {
    return std::tuple(one.stream, one.role == "standby", one.destination, one.source);
  });
  sort_by(snapshot.neighbours, [&](const NodeObject &one) {
    return std::tuple(one.uuid != snapshot.self.primary, !one.supernode, one.uuid);
  });
  return snapshot;
}

Expected<std::string> snapshot_line(const Bodies &bodies, std::int64_t unix_ms) {
  std::string line = "{\"time_ms\":" + std::to_string(unix_ms);
  for (const std::string *body : {&bodies.node, &bodies.streams, &bodies.tickets, &bodies.nodes}) {
    const auto object = parsed(*body);
    if (!object) return not_ours(object.error());
    const std::string inner = members(*body);
    if (!inner.empty()) line += "," + inner;
  }
  return line + "}";
}

std::string trouble_line(const Error &error, std::int64_t unix_ms) {
  const char *code = error.code == Code::timeout       ? "timeout"
                     : error.code == Code::unreachable ? "unreachable"
                                                       : "failed";
  const json::Builder why = json::Builder().set("code", code).set("message", error.detail);
  return json::Builder().set("time_ms", unix_ms).set("error", why).text();
}

}  // namespace astral::ctl
