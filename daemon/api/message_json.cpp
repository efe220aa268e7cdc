// SPDX-License-Identifier: BSD-3-Clause
#include "api/message_json.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "api/object_json.hpp"
#include "core/limits.hpp"
#include "glue/key.hpp"

namespace astral::api {
namespace {

constexpr std::uint64_t max_hops = 1'000;
constexpr std::uint64_t max_group = 1'000'000'000'000'000;  // unix milliseconds and a long way on
constexpr std::uint64_t max_updated = 1'000'000'000'000'000;

bool is_ice_text(std::string_view text) {  // ice-char of RFC 8839
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return g_ascii_isalnum(c) || c == '+' || c == '/'; });
}
bool is_candidate(std::string_view text) {
  return text.starts_with("candidate:") &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}
bool is_code(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

constexpr json::Text ufrag_rule{.min = 4, .max = 256, .good = is_ice_text, .wanted = "ICE characters"};
constexpr json::Text pwd_rule{.min = 22, .max = 256, .good = is_ice_text, .wanted = "ICE characters"};
constexpr json::Text candidate_rule{
    .min = 1, .max = max_candidate_bytes, .good = is_candidate, .wanted = "an SDP candidate line"};
constexpr json::Text fingerprint_rule{
    .min = 64, .max = 64, .good = is_fingerprint, .wanted = "64 lower-case hex digits"};
constexpr json::Text code_rule{
    .min = 1, .max = 32, .good = is_code, .wanted = "lower-case letters and hyphens"};
constexpr json::Text explanation_rule{.min = 0, .max = max_explanation};

constexpr std::array<std::pair<core::RefusalCode, const char *>, 6> refusal_codes{{
    {core::RefusalCode::no_stream, "no-stream"},
    {core::RefusalCode::no_room, "no-room"},
    {core::RefusalCode::loop, "loop"},
    {core::RefusalCode::timeout, "timeout"},
    {core::RefusalCode::bad_request, "bad-request"},
    {core::RefusalCode::conflict, "conflict"},
}};

// At most max_explanation bytes, cut between characters.
std::string_view cut(std::string_view text) {
  if (text.size() <= max_explanation) return text;
  std::size_t end = max_explanation;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

core::Ice read_ice(json::Reader in) {
  core::Ice ice;
  ice.ufrag = in.text("ufrag", ufrag_rule);
  ice.pwd = in.text("pwd", pwd_rule);
  ice.candidates = in.texts("candidates", max_candidates, candidate_rule);
  return ice;
}
json::Builder ice_json(const core::Ice &ice) {
  json::Builder out;
  return out.set("ufrag", ice.ufrag).set("pwd", ice.pwd).set("candidates", ice.candidates);
}

std::vector<core::NodeInfo> read_nodes(json::Reader &in, const char *name = "nodes",
                                       std::size_t max = max_list) {
  std::vector<core::NodeInfo> nodes;
  for (json::Reader &item : in.objects(name, max)) nodes.push_back(read_node(item));
  return nodes;
}
std::vector<core::StreamInfo> read_streams(json::Reader &in) {
  std::vector<core::StreamInfo> streams;
  for (json::Reader &item : in.objects("streams", max_list)) streams.push_back(read_stream(item));
  return streams;
}
std::vector<json::Builder> nodes_json(const std::vector<core::NodeInfo> &nodes) {
  std::vector<json::Builder> out;
  for (const core::NodeInfo &node : nodes) out.push_back(node_json(node));
  return out;
}
std::vector<json::Builder> streams_json(const std::vector<core::StreamInfo> &streams) {
  std::vector<json::Builder> out;
  for (const core::StreamInfo &stream : streams) out.push_back(stream_json(stream));
  return out;
}

// One pair of functions a message: read and written side by side.
// `Tag` picks the overload.
template <typename T>
struct Tag {};

core::Message read(json::Reader &in, Tag<core::Hello>) {
  core::Hello hello;
  const std::string kind = in.text_if("kind", {.max = 16}).value_or("node");
  if (kind == "element") {
    hello.kind = core::PeerKind::element;
  } else if (kind != "node") {
    in.complain("kind", "must be 'node' or 'element'");
  }
  hello.node = read_node(in, hello.kind == core::PeerKind::node ? Port::needed : Port::optional);
  hello.nodes = read_nodes(in);
  hello.streams = read_streams(in);
  return hello;
}
json::Builder write(const core::Hello &hello) {
  json::Builder out = node_json(hello.node);
  out.set("kind", hello.kind == core::PeerKind::element ? "element" : "node");
  return out.set("nodes", nodes_json(hello.nodes)).set("streams", streams_json(hello.streams));
}

core::Message read(json::Reader &in, Tag<core::Welcome>) {
  core::Welcome welcome;
  welcome.node = read_node(in);
  welcome.nodes = read_nodes(in);
  welcome.streams = read_streams(in);
  return welcome;
}
json::Builder write(const core::Welcome &welcome) {
  json::Builder out = node_json(welcome.node);
  return out.set("nodes", nodes_json(welcome.nodes)).set("streams", streams_json(welcome.streams));
}

core::Message read(json::Reader &in, Tag<core::Request>) {
  return core::Request{in.text("ticket", uuid_rule), in.text("slug", slug_rule),
                       in.text("destination", uuid_rule)};
}
json::Builder write(const core::Request &request) {
  json::Builder out;
  return out.set("ticket", request.ticket).set("slug", request.slug).set("destination", request.destination);
}

core::Message read(json::Reader &in, Tag<core::Offer>) {
  core::Offer offer;
  offer.ticket = in.text("ticket", uuid_rule);
  offer.slug = in.text("slug", slug_rule);
  offer.source = in.text("source", uuid_rule);
  offer.hops = static_cast<std::uint32_t>(in.number("hops", 0, max_hops));
  offer.path = in.texts("path", core::max_path, uuid_rule);
  offer.fingerprint = in.text("fingerprint", fingerprint_rule);
  offer.ice = read_ice(in.object("ice"));
  return offer;
}
json::Builder write(const core::Offer &offer) {
  json::Builder out;
  out.set("ticket", offer.ticket).set("slug", offer.slug).set("source", offer.source).set("hops", offer.hops);
  return out.set("path", offer.path).set("fingerprint", offer.fingerprint).set("ice", ice_json(offer.ice));
}

core::Message read(json::Reader &in, Tag<core::Refusal>) {
  core::Refusal refusal;
  refusal.ticket = in.text_if("ticket", uuid_rule).value_or("");
  refusal.slug = in.text_if("slug", slug_rule).value_or("");
  if (refusal.ticket.empty() && refusal.slug.empty()) in.complain("ticket", "is missing");
  const std::string code = in.text("code", code_rule);
  const auto known = std::find_if(refusal_codes.begin(), refusal_codes.end(),
                                  [&](const auto &entry) { return code == entry.second; });
  if (known == refusal_codes.end()) {
    in.complain("code", "must be a refusal's code");
  } else {
    refusal.code = known->first;
  }
  refusal.message = in.text_if("message", explanation_rule).value_or("");
  refusal.others = read_nodes(in, "others", core::max_others);
  return refusal;
}
json::Builder write(const core::Refusal &refusal) {
  json::Builder out;
  if (!refusal.ticket.empty()) out.set("ticket", refusal.ticket);
  if (!refusal.slug.empty()) out.set("slug", refusal.slug);
  for (const auto &[code, name] : refusal_codes) {
    if (code == refusal.code) out.set("code", name);
  }
  out.set("message", cut(refusal.message));
  if (!refusal.others.empty()) out.set("others", nodes_json(refusal.others));
  return out;
}

core::Message read(json::Reader &in, Tag<core::Confirm>) {
  core::Confirm confirm;
  confirm.ticket = in.text("ticket", uuid_rule);
  confirm.fingerprint = in.text("fingerprint", fingerprint_rule);
  confirm.ice = read_ice(in.object("ice"));
  return confirm;
}
json::Builder write(const core::Confirm &confirm) {
  json::Builder out;
  return out.set("ticket", confirm.ticket)
      .set("fingerprint", confirm.fingerprint)
      .set("ice", ice_json(confirm.ice));
}

core::Message read(json::Reader &in, Tag<core::Candidates>) {
  return core::Candidates{in.text("ticket", uuid_rule),
                          in.texts("candidates", max_candidates, candidate_rule)};
}
json::Builder write(const core::Candidates &candidates) {
  json::Builder out;
  return out.set("ticket", candidates.ticket).set("candidates", candidates.candidates);
}

core::Message read(json::Reader &in, Tag<core::Cancel>) {
  return core::Cancel{in.text("ticket", uuid_rule), in.text("code", code_rule),
                      in.text_if("message", explanation_rule).value_or("")};
}
json::Builder write(const core::Cancel &cancel) {
  json::Builder out;
  return out.set("ticket", cancel.ticket).set("code", cancel.code).set("message", cut(cancel.message));
}

core::Message read(json::Reader &in, Tag<core::Path>) {
  core::Path path;
  path.ticket = in.text("ticket", uuid_rule);
  path.hops = static_cast<std::uint32_t>(in.number("hops", 0, max_hops));
  path.path = in.texts("path", core::max_path, uuid_rule);
  return path;
}
json::Builder write(const core::Path &path) {
  json::Builder out;
  return out.set("ticket", path.ticket).set("hops", path.hops).set("path", path.path);
}

core::Message read(json::Reader &in, Tag<core::Nodes>) {
  return core::Nodes{read_nodes(in)};
}
json::Builder write(const core::Nodes &nodes) {
  json::Builder out;
  return out.set("nodes", nodes_json(nodes.nodes));
}

core::Message read(json::Reader &in, Tag<core::Streams>) {
  return core::Streams{read_streams(in)};
}
json::Builder write(const core::Streams &streams) {
  json::Builder out;
  return out.set("streams", streams_json(streams.streams));
}

core::Message read(json::Reader &in, Tag<core::Gone>) {
  return core::Gone{in.text("slug", slug_rule), in.number_if("updated", 0, max_updated).value_or(0)};
}
json::Builder write(const core::Gone &gone) {
  json::Builder out;
  return out.set("slug", gone.slug).set("updated", gone.updated);
}

core::Message read(json::Reader &in, Tag<core::Heartbeat>) {
  return core::Heartbeat{in.texts("tickets", core::max_tickets_per_peer, uuid_rule)};
}
json::Builder write(const core::Heartbeat &heartbeat) {
  json::Builder out;
  return out.set("tickets", heartbeat.tickets);
}

core::Message read(json::Reader &, Tag<core::Goodbye>) {
  return core::Goodbye{};
}
json::Builder write(const core::Goodbye &) {
  return {};
}

core::Message read(json::Reader &in, Tag<core::Publish>) {
  core::Publish publish;
  publish.slug = in.text("slug", slug_rule);
  json::Text name = name_rule;
  name.min = 0;
  publish.name = in.text_if("name", name).value_or("");
  publish.description = in.text_if("description", description_rule).value_or("");
  publish.media = in.text_if("media", media_rule).value_or("");
  return publish;
}
json::Builder write(const core::Publish &publish) {
  json::Builder out;
  out.set("slug", publish.slug).set("name", publish.name).set("description", publish.description);
  return out.set("media", publish.media);
}

core::Message read(json::Reader &in, Tag<core::Published>) {
  return core::Published{in.text("slug", slug_rule), in.number_if("largest_group", 0, max_group).value_or(0)};
}
json::Builder write(const core::Published &published) {
  json::Builder out;
  return out.set("slug", published.slug).set("largest_group", published.largest_group);
}

core::Message read(json::Reader &in, Tag<core::Media>) {
  return core::Media{in.text("slug", slug_rule), in.text("media", media_rule)};
}
json::Builder write(const core::Media &media) {
  json::Builder out;
  return out.set("slug", media.slug).set("media", media.media);
}

core::Message read(json::Reader &in, Tag<core::Ended>) {
  return core::Ended{in.text("slug", slug_rule)};
}
json::Builder write(const core::Ended &ended) {
  json::Builder out;
  return out.set("slug", ended.slug);
}

struct Type {
  const char *name;
  core::Message (*read)(json::Reader &);
};

template <typename T>
constexpr Type type(const char *name) {
  return {name, [](json::Reader &in) { return read(in, Tag<T>{}); }};
}

// In the order of core::Message.
constexpr std::array<Type, std::variant_size_v<core::Message>> types{
    type<core::Hello>("hello"),           type<core::Welcome>("welcome"), type<core::Request>("request"),
    type<core::Offer>("offer"),           type<core::Refusal>("refusal"), type<core::Confirm>("confirm"),
    type<core::Candidates>("candidates"), type<core::Cancel>("cancel"),   type<core::Path>("path"),
    type<core::Nodes>("nodes"),           type<core::Streams>("streams"), type<core::Gone>("gone"),
    type<core::Heartbeat>("heartbeat"),   type<core::Goodbye>("goodbye"), type<core::Publish>("publish"),
    type<core::Published>("published"),   type<core::Media>("media"),     type<core::Ended>("ended"),
};

}  // namespace

Expected<std::optional<core::Message>> read_message(std::string_view text) {
  auto in = json::Reader::parse(text, {.max_bytes = max_message_bytes});
  if (!in) return tl::unexpected<Error>(in.error());
  const std::string name = in->text("type", {.min = 1, .max = 64});
  if (!in->good()) return tl::unexpected<Error>(in->error());
  const auto found =
      std::find_if(types.begin(), types.end(), [&](const Type &known) { return name == known.name; });
  if (found == types.end()) return std::nullopt;
  core::Message message = found->read(*in);
  return in->result(std::optional(std::move(message)));
}

std::string write_message(const core::Message &message) {
  json::Builder out = std::visit([](const auto &content) { return write(content); }, message);
  return out.set("type", types[message.index()].name).text();
}

}  // namespace astral::api
