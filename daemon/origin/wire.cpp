// SPDX-License-Identifier: BSD-3-Clause
#include "origin/wire.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "core/limits.hpp"
#include "core/slug.hpp"
#include "origin/address.hpp"
#include "protocol/object_codec.hpp"
#include "protocol/statement.hpp"
#include "protocol/title.hpp"

namespace astral::origin {
namespace {

using protocol::max_count;
using protocol::uuid_rule;

constexpr std::size_t max_who = 64;  // a fingerprint; an address with its bits is shorter
constexpr std::size_t max_reason = 200;
constexpr std::size_t max_address = 45;  // ::ffff: and an IPv4 address, all written out

bool is_address(std::string_view text) {
  return Address::parse(text).has_value();
}

constexpr json::Text address_rule{1, max_address, is_address, "an IPv4 or IPv6 address"};

json::Builder builder_of(const Node &node) {
  json::Builder out = protocol::node_json(node);
  out.set("rtt_ms", node.reported_rtt_ms).set("reachable", node.reachable);
  if (node.is_public) out.set("public", true);
  if (!node.owner.empty()) out.set("key", node.owner);
  return out;
}

json::Builder builder_of(const Stream &stream, UnixTime now) {
  Stream shown = stream;
  shown.streaming = is_live(stream, now);
  if (shown.streaming != stream.streaming) protocol::strip(shown);  // its key has signed that it is live
  json::Builder out = protocol::stream_json(shown);
  if (!stream.owner.empty()) out.set("owner", stream.owner);
  return out.set("state", state_of(stream, now)).set("viewers", stream.viewers);
}

bool is_proven(const Stream &stream, UnixTime now) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  const auto ms =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, milliseconds(now.time_since_epoch()).count()));
  const auto ahead = static_cast<std::uint64_t>(ceil<milliseconds>(core::max_ahead).count());
  return stream.expires > ms && stream.updated <= ms + ahead && protocol::check(stream);
}

// Reads the fields that the body has into `stream`.
void change(json::Reader &in, Stream &stream) {
  protocol::change_stream(in, stream);
  if (const auto viewers = in.number_if("viewers", 0, max_count)) stream.viewers = viewers;
}

// The stream belongs to the key that has signed what the call says of it, else to the key of the call.
void attribute(Stream &stream, const Author &author, UnixTime now) {
  if (!is_proven(stream, now)) protocol::strip(stream);
  stream.reporter = author.address;
  stream.caller = author.key;
  stream.owner = author.key.empty() || !stream.is_signed() ? author.key : stream.fingerprint;
  stream.removed = false;
  stream.heard = now;
}

}  // namespace

Expected<Node> read_node(std::string_view body, const Author &author, UnixTime now) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  Node node;
  // First, because its rule is stricter than the codec's, which also takes host names.
  const auto address = in->text_if("ip_address", address_rule);
  static_cast<protocol::NodeInfo &>(node) = protocol::read_node(*in);
  // A stranger speaks for the address from which it calls, and for no other.
  const auto from = Address::parse(author.address);
  node.ip_address = from && from->is_local() ? address.value_or(author.address) : author.address;
  node.updated = 0;
  node.origin = false;  // origins do not report to each other
  node.reported_rtt_ms = in->real_if("rtt_ms");
  if (node.reported_rtt_ms && !(*node.reported_rtt_ms >= 0 && *node.reported_rtt_ms <= max_rtt_ms))
    in->complain("rtt_ms", "must be from 0 to 3600000");
  node.is_public = in->flag_if("public").value_or(false);
  node.reporter = author.address;
  node.owner = author.key;
  node.heard = now;
  return in->result(std::move(node));
}

Expected<Stream> read_stream(std::string_view body, const Author &author, UnixTime now) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  Stream stream;
  change(*in, stream);
  if (!in->has("slug") && !in->has("name")) in->complain("name", "is missing");
  if (!in->has("slug")) stream.slug = protocol::slug_of_title(stream.name);
  if (!in->has("name")) stream.name = stream.slug;
  if (stream.slug.empty()) in->complain("name", "needs a letter or a digit");
  if (!in->has("source")) in->complain("source", "is missing");
  stream.created = now.time_since_epoch().count();
  attribute(stream, author, now);
  return in->result(std::move(stream));
}

Expected<Stream> read_changes(std::string_view body, const Stream &stream, const Author &author,
                              UnixTime now) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  Stream changed = stream;
  change(*in, changed);
  changed.slug = stream.slug;
  changed.name = stream.name;
  changed.source = stream.source;
  changed.created = stream.created;
  attribute(changed, author, now);
  return in->result(std::move(changed));
}

Expected<bool> read_hidden(std::string_view body) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  const auto hidden = in->flag_if("hidden");
  if (!hidden) in->complain("hidden", "is missing");
  return in->result(hidden.value_or(false));
}

Expected<WantedBan> read_ban(std::string_view body) {
  auto in = json::Reader::parse(body);
  if (!in) return tl::unexpected(in.error());
  const auto who = in->text_if("who", {.min = 1, .max = max_who});
  if (!who) in->complain("who", "is missing");
  const auto name = Bans::name_of(who.value_or(""));
  if (who && !name) in->complain("who", name.error().detail.c_str());
  const auto reason = in->text_if("reason", {.min = 0, .max = max_reason});
  return in->result(WantedBan{name.value_or(""), reason.value_or("")});
}

json::Builder moderation_json(const Bans &bans, const std::vector<std::string> &hidden) {
  std::vector<json::Builder> list;
  for (const auto &[name, ban] : bans.all()) {
    json::Builder out;
    list.push_back(
        out.set("who", name).set("reason", ban.reason).set("since", ban.since.time_since_epoch().count()));
  }
  return json::Builder().set("bans", list).set("hidden", hidden);
}

Expected<std::string> read_uuid(std::string_view body) {
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
    if (!node.label.empty()) out.set("label", node.label);
    shown_nodes.push_back(out.set("uuid", node.uuid)
                              .set("supernode", node.supernode)
                              .set("primary_supernode_uuid",
                                   node.primary.empty() ? std::nullopt : std::optional(node.primary))
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
                                .set("state", state_of(stream, now))
                                .set("viewers", stream.viewers));
  }
  return json::Builder()
      .set("nodes", shown_nodes)
      .set("streams", shown_streams)
      .set("known_nodes", totals.nodes)
      .set("known_streams", totals.streams);
}

}  // namespace astral::origin
