// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/message_fields.hpp"

namespace astral::protocol::codec {

Message read(json::Reader &in, Tag<Hello>) {
  Hello hello;
  const std::string kind = in.text_if("kind", {.max = 16}).value_or("node");
  if (kind == "element") {
    hello.kind = PeerKind::element;
  } else if (kind != "node") {
    in.complain("kind", "must be 'node' or 'element'");
  }
  hello.node = read_node(in, hello.kind == PeerKind::node ? Port::needed : Port::optional);
  return hello;
}
json::Builder write(const Hello &hello) {
  json::Builder out = node_json(hello.node);
  return out.set("kind", hello.kind == PeerKind::element ? "element" : "node");
}

Message read(json::Reader &in, Tag<Welcome>) {
  Welcome welcome;
  welcome.node = read_node(in);
  welcome.nodes = read_nodes(in, "nodes", max_told_supernodes);
  return welcome;
}
json::Builder write(const Welcome &welcome) {
  json::Builder out = node_json(welcome.node);
  return out.set("nodes", nodes_json(welcome.nodes));
}

Message read(json::Reader &, Tag<Register>) {
  return Register{};
}
json::Builder write(const Register &) {
  return {};
}

Message read(json::Reader &in, Tag<Registered>) {
  return Registered{read_nodes(in, "others", max_told_supernodes)};
}
json::Builder write(const Registered &message) {
  json::Builder out;
  return out.set("others", nodes_json(message.others));
}

Message read(json::Reader &in, Tag<Full>) {
  return Full{read_nodes(in, "others", max_told_supernodes)};
}
json::Builder write(const Full &message) {
  json::Builder out;
  return out.set("others", nodes_json(message.others));
}

Message read(json::Reader &, Tag<Unregister>) {
  return Unregister{};
}
json::Builder write(const Unregister &) {
  return {};
}

Message read(json::Reader &, Tag<Summon>) {
  return Summon{};
}
json::Builder write(const Summon &) {
  return {};
}

Message read(json::Reader &, Tag<Probe>) {
  return Probe{};
}
json::Builder write(const Probe &) {
  return {};
}

Message read(json::Reader &in, Tag<Probed>) {
  return Probed{in.flag("reached")};
}
json::Builder write(const Probed &probed) {
  json::Builder out;
  return out.set("reached", probed.reached);
}

Message read(json::Reader &in, Tag<Heartbeat>) {
  Heartbeat heartbeat;
  heartbeat.tickets = in.texts("tickets", max_tickets_per_peer, uuid_rule);
  if (in.has("standby")) heartbeat.standby = in.texts("standby", max_tickets_per_peer, uuid_rule);
  heartbeat.sent_ms = in.number_if("sent_ms", 0, max_updated).value_or(0);
  heartbeat.echo_ms = in.number_if("echo_ms", 0, max_updated).value_or(0);
  heartbeat.held_ms = in.number_if("held_ms", 0, max_updated).value_or(0);
  heartbeat.nodes = read_nodes(in, "nodes", max_others);
  return heartbeat;
}
json::Builder write(const Heartbeat &heartbeat) {
  json::Builder out;
  out.set("tickets", heartbeat.tickets).set("sent_ms", heartbeat.sent_ms);
  if (!heartbeat.standby.empty()) out.set("standby", heartbeat.standby);
  if (heartbeat.echo_ms > 0) out.set("echo_ms", heartbeat.echo_ms).set("held_ms", heartbeat.held_ms);
  if (!heartbeat.nodes.empty()) out.set("nodes", nodes_json(heartbeat.nodes));
  return out;
}

Message read(json::Reader &, Tag<Goodbye>) {
  return Goodbye{};
}
json::Builder write(const Goodbye &) {
  return {};
}

}  // namespace astral::protocol::codec
