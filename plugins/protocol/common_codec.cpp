// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/message_fields.hpp"

#include <algorithm>

namespace astral::protocol::codec {
namespace {

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
}  // namespace

const json::Text candidate_rule{
    .min = 1, .max = max_candidate_bytes, .good = is_candidate, .wanted = "an SDP candidate line"};
const json::Text code_rule{.min = 1, .max = 32, .good = is_code, .wanted = "lower-case letters and hyphens"};
const json::Text explanation_rule{.min = 0, .max = max_explanation};

std::string_view cut(std::string_view text) {
  if (text.size() <= max_explanation) return text;
  std::size_t end = max_explanation;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

Ice read_ice(json::Reader in) {
  Ice ice;
  ice.ufrag = in.text("ufrag", ufrag_rule);
  ice.pwd = in.text("pwd", pwd_rule);
  ice.candidates = in.texts("candidates", max_candidates, candidate_rule);
  return ice;
}
json::Builder ice_json(const Ice &ice) {
  json::Builder out;
  return out.set("ufrag", ice.ufrag).set("pwd", ice.pwd).set("candidates", ice.candidates);
}

std::vector<NodeInfo> read_nodes(json::Reader &in, const char *name, std::size_t max) {
  std::vector<NodeInfo> nodes;
  for (json::Reader &item : in.objects(name, max)) nodes.push_back(read_node(item));
  return nodes;
}
std::vector<StreamInfo> read_streams(json::Reader &in, const char *name, std::size_t max) {
  std::vector<StreamInfo> streams;
  for (json::Reader &item : in.objects(name, max)) streams.push_back(read_stream(item));
  return streams;
}
std::vector<json::Builder> nodes_json(const std::vector<NodeInfo> &nodes) {
  std::vector<json::Builder> out;
  for (const NodeInfo &node : nodes) out.push_back(node_json(node));
  return out;
}
std::vector<json::Builder> streams_json(const std::vector<StreamInfo> &streams) {
  std::vector<json::Builder> out;
  for (const StreamInfo &stream : streams) out.push_back(stream_json(stream));
  return out;
}

Place read_place(json::Reader in) {
  Place place;
  place.uuid = in.text("uuid", uuid_rule);
  place.via = in.text_if("via", uuid_rule).value_or("");
  place.at.host = in.text_if("ip_address", host_rule).value_or("");
  place.at.port = static_cast<std::uint16_t>(in.number_if("port", 0, 65535).value_or(0));
  return place;
}
json::Builder place_json(const Place &place) {
  json::Builder out;
  out.set("uuid", place.uuid);
  if (!place.via.empty()) out.set("via", place.via);
  if (!place.at.host.empty()) out.set("ip_address", place.at.host).set("port", place.at.port);
  return out;
}
Request read_request(json::Reader &in) {
  Request request;
  request.search = in.text_if("search", uuid_rule).value_or("");
  request.ticket = request.search.empty() ? in.text("ticket", uuid_rule) : "";
  request.slug = in.text("slug", slug_rule);
  request.destination = in.text("destination", uuid_rule);
  if (!request.search.empty()) request.asker = read_place(in.object("asker"));
  request.parent = in.flag_if("parent").value_or(false);
  request.room = static_cast<std::uint32_t>(in.number_if("room", 0, max_room).value_or(0));
  request.standby = in.flag_if("standby").value_or(false);
  request.except = in.text_if("except", uuid_rule).value_or("");
  request.asked = static_cast<std::uint32_t>(in.number_if("asked", 0, max_asked).value_or(0));
  return request;
}
json::Builder request_json(const Request &request) {
  json::Builder out;
  if (!request.ticket.empty()) out.set("ticket", request.ticket);
  out.set("slug", request.slug).set("destination", request.destination);
  if (!request.search.empty()) out.set("search", request.search).set("asker", place_json(request.asker));
  if (request.parent) out.set("parent", true);
  if (request.room > 0) out.set("room", request.room);
  if (request.standby) out.set("standby", true);
  if (!request.except.empty()) out.set("except", request.except);
  if (request.asked > 0) out.set("asked", request.asked);
  return out;
}

}  // namespace astral::protocol::codec
