// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/object_codec.hpp"

#include <algorithm>

#include "glue/key.hpp"
#include "protocol/limits.hpp"
#include "protocol/slug.hpp"

namespace astral::protocol {
namespace {

constexpr std::uint64_t max_unix_seconds = 1'000'000'000'000;

// A name or an IP address. It becomes part of a URI, so nothing else may be in it.
bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == ':' || c == '-';
  });
}

bool is_plain(std::string_view text) {
  return is_text(text, text.size());
}

constexpr const char *plain = "text without control characters";

}  // namespace

const json::Text host_rule{.min = 1, .max = 255, .good = is_host, .wanted = "an address"};
const json::Text uuid_rule{
    .min = 1, .max = max_uuid, .good = is_uuid, .wanted = "letters, digits and hyphens"};
const json::Text slug_rule{
    .min = 1, .max = max_slug, .good = is_slug, .wanted = "lower-case letters, digits and single hyphens"};
const json::Text fingerprint_rule{
    .min = 64, .max = 64, .good = is_fingerprint, .wanted = "64 lower-case hex digits"};
const json::Text name_rule{.min = 1, .max = max_name, .good = is_plain, .wanted = plain};
const json::Text description_rule{.min = 0, .max = max_description, .good = is_plain, .wanted = plain};
const json::Text media_rule{.min = 0, .max = max_media, .good = is_plain, .wanted = plain};
const json::Text version_rule{.min = 0, .max = 64};

NodeInfo read_node(json::Reader &in, Port port) {
  NodeInfo node;
  node.uuid = in.text("uuid", uuid_rule);
  node.ip_address = in.has("ip_address") ? in.text("ip_address", host_rule) : "";
  node.port = static_cast<std::uint16_t>(port == Port::needed ? in.number("port", 1, 65535)
                                                              : in.number_if("port", 0, 65535).value_or(0));
  node.supernode = in.flag_if("supernode").value_or(false);
  node.version = in.text_if("version", version_rule).value_or("");
  node.upstream_kbps = in.number_if("upstream_kbps", 0, max_kbps);
  node.downstream_kbps = in.number_if("downstream_kbps", 0, max_kbps);
  node.primary = in.text_if("primary_supernode_uuid", uuid_rule).value_or("");
  const auto count = [&](const char *name) -> std::optional<std::uint32_t> {
    const auto number = in.number_if(name, 0, max_count);
    return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
  };
  node.children = count("children");
  node.capacity = count("capacity");
  node.updated = in.number_if("updated", 0, max_unix_ms).value_or(0);
  return node;
}

StreamInfo read_stream(json::Reader &in) {
  StreamInfo stream;
  stream.slug = in.text("slug", slug_rule);
  stream.name = in.text("name", name_rule);
  stream.description = in.text_if("description", description_rule).value_or("");
  stream.source = in.text("source", uuid_rule);
  stream.fingerprint = in.text_if("fingerprint", fingerprint_rule).value_or("");
  stream.streaming = in.flag_if("streaming").value_or(false);
  stream.media = in.text_if("media", media_rule).value_or("");
  stream.bitrate_kbps = in.number_if("bitrate_kbps", 0, max_kbps).value_or(0);
  stream.created = static_cast<std::int64_t>(in.number_if("created", 0, max_unix_seconds).value_or(0));
  stream.updated = in.number_if("updated", 0, max_unix_ms).value_or(0);
  return stream;
}

json::Builder node_json(const NodeInfo &node) {
  json::Builder out;
  out.set("uuid", node.uuid);
  if (!node.ip_address.empty()) out.set("ip_address", node.ip_address);
  out.set("port", node.port).set("supernode", node.supernode).set("version", node.version);
  out.set("upstream_kbps", node.upstream_kbps).set("downstream_kbps", node.downstream_kbps);
  if (!node.primary.empty()) out.set("primary_supernode_uuid", node.primary);
  out.set("children", node.children).set("capacity", node.capacity).set("rtt_ms", node.rtt_ms);
  if (node.updated > 0) out.set("updated", node.updated);
  return out;
}

json::Builder stream_json(const StreamInfo &stream) {
  json::Builder out;
  out.set("slug", stream.slug).set("name", stream.name).set("description", stream.description);
  out.set("source", stream.source);
  if (!stream.fingerprint.empty()) out.set("fingerprint", stream.fingerprint);
  out.set("streaming", stream.streaming).set("media", stream.media);
  out.set("bitrate_kbps", stream.bitrate_kbps).set("created", stream.created).set("updated", stream.updated);
  return out;
}

}  // namespace astral::protocol
