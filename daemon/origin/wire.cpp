// SPDX-License-Identifier: BSD-3-Clause
#include "origin/wire.hpp"

#include <limits>

#include "core/limits.hpp"
#include "core/slug.hpp"
#include "origin/address.hpp"
#include "protocol/object_codec.hpp"

namespace astral::origin {
namespace {

// What a node could not read is not kept: it would not read any other entry of the list either.
using protocol::description_rule;
using protocol::max_count;
using protocol::max_kbps;
using protocol::max_unix_ms;
using protocol::media_rule;
using protocol::name_rule;
using protocol::version_rule;

constexpr std::size_t max_address = 45;  // ::ffff: and an IPv4 address, all written out

bool is_address(std::string_view text) {
  return Address::parse(text).has_value();
}

constexpr json::Text uuid_rule{1, core::max_uuid, core::is_uuid, "1 to 64 letters, digits and hyphens"};
constexpr json::Text slug_rule{1, core::max_slug, core::is_slug,
                               "a slug (lower-case letters and digits with single hyphens between them)"};
constexpr json::Text address_rule{1, max_address, is_address, "an IPv4 or IPv6 address"};

json::Builder builder_of(const Node &node) {
  json::Builder out;
  out.set("uuid", node.uuid)
      .set("ip_address", node.ip_address)
      .set("port", node.port)
      .set("supernode", node.supernode)
      .set("primary_supernode_uuid", node.primary_supernode_uuid)
      .set("rtt_ms", node.rtt_ms)
      .set("upstream_kbps", node.upstream_kbps)
      .set("downstream_kbps", node.downstream_kbps)
      .set("children", node.children)
      .set("capacity", node.capacity)
      .set("version", node.version)
      .set("reachable", node.reachable);
  if (node.is_public) out.set("public", true);
  return out;
}

json::Builder builder_of(const Stream &stream, UnixTime now) {
  json::Builder out;
  out.set("name", stream.name)
      .set("slug", stream.slug)
      .set("description", stream.description)
      .set("source", stream.source)
      .set("streaming", is_live(stream, now))
      .set("bitrate_kbps", stream.bitrate_kbps)
      .set("viewers", stream.viewers)
      .set("created", stream.created.time_since_epoch().count())
      .set("updated", stream.updated)
      .set("media", stream.media);
  return out;
}

}  // namespace

Expected<Node> read_node(std::string_view body, const std::string &caller, UnixTime now) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  Node node;
  node.uuid = in->text("uuid", uuid_rule);
  node.ip_address = in->text_if("ip_address", address_rule).value_or(caller);
  node.port = static_cast<std::uint16_t>(in->number("port", 1, 65535));
  node.supernode = in->flag_if("supernode").value_or(false);
  node.primary_supernode_uuid = in->text_if("primary_supernode_uuid", uuid_rule);
  node.rtt_ms = in->real_if("rtt_ms");
  if (node.rtt_ms && !(*node.rtt_ms >= 0 && *node.rtt_ms <= max_rtt_ms))
    in->complain("rtt_ms", "must be from 0 to 3600000");
  node.upstream_kbps = in->number_if("upstream_kbps", 0, max_kbps);
  node.downstream_kbps = in->number_if("downstream_kbps", 0, max_kbps);
  node.children = in->number_if("children", 0, max_count);
  node.capacity = in->number_if("capacity", 0, max_count);
  node.version = in->text_if("version", version_rule).value_or("");
  node.is_public = in->flag_if("public").value_or(false);
  node.reporter = caller;
  node.heard = now;
  return in->result(std::move(node));
}

Expected<Stream> read_stream(std::string_view body, const std::string &caller, UnixTime now) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  Stream stream;
  const auto slug = in->text_if("slug", slug_rule);
  stream.name = slug ? in->text_if("name", name_rule).value_or(*slug) : in->text("name", name_rule);
  stream.slug = slug.value_or(core::slug_of(stream.name));
  if (in->good() && stream.slug.empty()) in->complain("name", "must have a letter a-z or a digit");
  stream.description = in->text_if("description", description_rule).value_or("");
  stream.source = in->text("source", uuid_rule);
  stream.streaming = in->flag_if("streaming").value_or(false);
  stream.bitrate_kbps = in->number_if("bitrate_kbps", 0, max_kbps);
  stream.viewers = in->number_if("viewers", 0, max_count);
  stream.media = in->text_if("media", media_rule).value_or("");
  stream.updated = in->number_if("updated", 0, max_unix_ms);
  stream.reporter = caller;
  stream.created = now;
  stream.heard = now;
  return in->result(std::move(stream));
}

Expected<Stream> read_changes(std::string_view body, Stream stream, const std::string &caller, UnixTime now) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  stream.description = in->text_if("description", description_rule).value_or(stream.description);
  stream.streaming = in->flag_if("streaming").value_or(stream.streaming);
  if (const auto kbps = in->number_if("bitrate_kbps", 0, max_kbps)) stream.bitrate_kbps = kbps;
  if (const auto viewers = in->number_if("viewers", 0, max_count)) stream.viewers = viewers;
  stream.media = in->text_if("media", media_rule).value_or(stream.media);
  if (const auto updated = in->number_if("updated", 0, max_unix_ms)) stream.updated = updated;
  stream.reporter = caller;
  stream.heard = now;
  return in->result(std::move(stream));
}

Expected<std::string> read_caller(std::string_view body) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  const auto uuid = in->text_if("uuid", uuid_rule);
  return in->result(uuid ? *uuid : in->text_if("source", uuid_rule).value_or(""));
}

json::Builder nodes_json(const std::vector<Node> &nodes) {
  std::vector<json::Builder> list;
  for (const Node &node : nodes) list.push_back(builder_of(node));
  return json::Builder().set("nodes", list);
}

json::Builder node_json(const Node &node) {
  return json::Builder().set("node", builder_of(node));
}

json::Builder report_json(const Node &node) {
  json::Builder out = node_json(node);
  if (node.reachable) return out.set("reachable", *node.reachable);
  return out.set("reachable", std::numeric_limits<double>::quiet_NaN());  // null
}

json::Builder streams_json(const std::vector<Stream> &streams, UnixTime now) {
  std::vector<json::Builder> list;
  for (const Stream &stream : streams) list.push_back(builder_of(stream, now));
  return json::Builder().set("streams", list);
}

json::Builder stream_json(const Stream &stream, UnixTime now) {
  return json::Builder().set("stream", builder_of(stream, now));
}

json::Builder map_json(const std::vector<Node> &nodes, const std::vector<Stream> &streams,
                       const Totals &totals, UnixTime now) {
  std::vector<json::Builder> shown_nodes;
  for (const Node &node : nodes) {
    json::Builder out;
    shown_nodes.push_back(out.set("uuid", node.uuid)
                              .set("supernode", node.supernode)
                              .set("primary_supernode_uuid", node.primary_supernode_uuid)
                              .set("children", node.children)
                              .set("capacity", node.capacity)
                              .set("reachable", node.reachable));
  }
  std::vector<json::Builder> shown_streams;
  for (const Stream &stream : streams) {
    json::Builder out;
    shown_streams.push_back(out.set("slug", stream.slug)
                                .set("name", stream.name)
                                .set("source", stream.source)
                                .set("streaming", is_live(stream, now))
                                .set("viewers", stream.viewers));
  }
  return json::Builder()
      .set("nodes", shown_nodes)
      .set("streams", shown_streams)
      .set("known_nodes", totals.nodes)
      .set("known_streams", totals.streams);
}

}  // namespace astral::origin
