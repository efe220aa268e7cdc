// SPDX-License-Identifier: BSD-3-Clause
#include "peer/message_words.hpp"

namespace astral::peer::words {

core::Message read(json::Reader &in, Tag<core::Hello>) {
  core::Hello hello;
  const std::string kind = in.text_if("kind", {.max = 16}).value_or("node");
  if (kind == "element") {
    hello.kind = core::PeerKind::element;
  } else if (kind != "node") {
    in.complain("kind", "must be 'node' or 'element'");
  }
  hello.node = read_node(in, hello.kind == core::PeerKind::node ? Port::needed : Port::optional);
  return hello;
}
json::Builder write(const core::Hello &hello) {
  json::Builder out = node_json(hello.node);
  return out.set("kind", hello.kind == core::PeerKind::element ? "element" : "node");
}

core::Message read(json::Reader &in, Tag<core::Welcome>) {
  core::Welcome welcome;
  welcome.node = read_node(in);
  welcome.nodes = read_nodes(in, "nodes", core::max_told_supernodes);
  return welcome;
}
json::Builder write(const core::Welcome &welcome) {
  json::Builder out = node_json(welcome.node);
  return out.set("nodes", nodes_json(welcome.nodes));
}

core::Message read(json::Reader &, Tag<core::Register>) {
  return core::Register{};
}
json::Builder write(const core::Register &) {
  return {};
}

core::Message read(json::Reader &in, Tag<core::Registered>) {
  return core::Registered{read_nodes(in, "others", core::max_told_supernodes)};
}
json::Builder write(const core::Registered &message) {
  json::Builder out;
  return out.set("others", nodes_json(message.others));
}

core::Message read(json::Reader &in, Tag<core::Full>) {
  return core::Full{read_nodes(in, "others", core::max_told_supernodes)};
}
json::Builder write(const core::Full &message) {
  json::Builder out;
  return out.set("others", nodes_json(message.others));
}

core::Message read(json::Reader &, Tag<core::Unregister>) {
  return core::Unregister{};
}
json::Builder write(const core::Unregister &) {
  return {};
}

core::Message read(json::Reader &, Tag<core::Summon>) {
  return core::Summon{};
}
json::Builder write(const core::Summon &) {
  return {};
}

core::Message read(json::Reader &, Tag<core::Probe>) {
  return core::Probe{};
}
json::Builder write(const core::Probe &) {
  return {};
}

core::Message read(json::Reader &in, Tag<core::Probed>) {
  return core::Probed{in.flag("reached")};
}
json::Builder write(const core::Probed &probed) {
  json::Builder out;
  return out.set("reached", probed.reached);
}

core::Message read(json::Reader &in, Tag<core::Heartbeat>) {
  core::Heartbeat heartbeat;
  heartbeat.tickets = in.texts("tickets", core::max_tickets_per_peer, uuid_rule);
  if (in.has("standby")) heartbeat.standby = in.texts("standby", core::max_tickets_per_peer, uuid_rule);
  heartbeat.sent_ms = in.number_if("sent_ms", 0, max_updated).value_or(0);
  heartbeat.echo_ms = in.number_if("echo_ms", 0, max_updated).value_or(0);
  heartbeat.held_ms = in.number_if("held_ms", 0, max_updated).value_or(0);
  heartbeat.nodes = read_nodes(in, "nodes", core::max_others);
  return heartbeat;
}
json::Builder write(const core::Heartbeat &heartbeat) {
  json::Builder out;
  out.set("tickets", heartbeat.tickets).set("sent_ms", heartbeat.sent_ms);
  if (!heartbeat.standby.empty()) out.set("standby", heartbeat.standby);
  if (heartbeat.echo_ms > 0) out.set("echo_ms", heartbeat.echo_ms).set("held_ms", heartbeat.held_ms);
  if (!heartbeat.nodes.empty()) out.set("nodes", nodes_json(heartbeat.nodes));
  return out;
}

core::Message read(json::Reader &, Tag<core::Goodbye>) {
  return core::Goodbye{};
}
json::Builder write(const core::Goodbye &) {
  return {};
}

}  // namespace astral::peer::words
