// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/message_fields.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace astral::protocol::codec {
namespace {

constexpr std::array<std::pair<RefusalCode, const char *>, 6> refusal_codes{{
    {RefusalCode::no_stream, "no-stream"},
    {RefusalCode::no_room, "no-room"},
    {RefusalCode::loop, "loop"},
    {RefusalCode::timeout, "timeout"},
    {RefusalCode::bad_request, "bad-request"},
    {RefusalCode::conflict, "conflict"},
}};

}  // namespace
}  // namespace astral::protocol::codec

namespace astral::protocol {

const char *name_of(RefusalCode code) {
  const auto known = std::find_if(codec::refusal_codes.begin(), codec::refusal_codes.end(),
                                  [&](const auto &entry) { return entry.first == code; });
  assert(known != codec::refusal_codes.end());  // every code has its row
  return known->second;
}

std::optional<RefusalCode> refusal_code(std::string_view name) {
  const auto known = std::find_if(codec::refusal_codes.begin(), codec::refusal_codes.end(),
                                  [&](const auto &entry) { return name == entry.second; });
  return known == codec::refusal_codes.end() ? std::nullopt : std::optional(known->first);
}

}  // namespace astral::protocol

namespace astral::protocol::codec {

Message read(json::Reader &in, Tag<Request>) {
  return read_request(in);
}
json::Builder write(const Request &request) {
  return request_json(request);
}

Message read(json::Reader &in, Tag<Offer>) {
  Offer offer;
  offer.ticket = in.text("ticket", uuid_rule);
  offer.slug = in.text("slug", slug_rule);
  offer.source = in.text("source", uuid_rule);
  offer.hops = static_cast<std::uint32_t>(in.number("hops", 0, max_hops));
  offer.path = in.texts("path", max_path, uuid_rule);
  offer.fingerprint = in.text("fingerprint", fingerprint_rule);
  offer.ice = read_ice(in.object("ice"));
  offer.search = in.text_if("search", uuid_rule).value_or("");
  offer.stream = read_streams(in, "stream", 1);
  return offer;
}
json::Builder write(const Offer &offer) {
  json::Builder out;
  out.set("ticket", offer.ticket).set("slug", offer.slug).set("source", offer.source).set("hops", offer.hops);
  if (!offer.search.empty()) out.set("search", offer.search);
  if (!offer.stream.empty()) out.set("stream", streams_json(offer.stream));
  return out.set("path", offer.path).set("fingerprint", offer.fingerprint).set("ice", ice_json(offer.ice));
}

Message read(json::Reader &in, Tag<Refusal>) {
  Refusal refusal;
  refusal.ticket = in.text_if("ticket", uuid_rule).value_or("");
  refusal.slug = in.text_if("slug", slug_rule).value_or("");
  if (refusal.ticket.empty() && refusal.slug.empty()) in.complain("ticket", "is missing");
  const auto code = refusal_code(in.text("code", code_rule));
  if (!code) in.complain("code", "must be a refusal's code");
  refusal.code = code.value_or(RefusalCode::bad_request);
  refusal.message = in.text_if("message", explanation_rule).value_or("");
  refusal.search = in.text_if("search", uuid_rule).value_or("");
  refusal.asked = static_cast<std::uint32_t>(in.number_if("asked", 0, max_asked).value_or(0));
  return refusal;
}
json::Builder write(const Refusal &refusal) {
  json::Builder out;
  if (!refusal.ticket.empty()) out.set("ticket", refusal.ticket);
  if (!refusal.slug.empty()) out.set("slug", refusal.slug);
  out.set("code", name_of(refusal.code)).set("message", cut(refusal.message));
  if (!refusal.search.empty()) out.set("search", refusal.search);
  if (refusal.asked > 0) out.set("asked", refusal.asked);
  return out;
}

Message read(json::Reader &in, Tag<Hold>) {
  return Hold{in.text("ticket", uuid_rule)};
}
json::Builder write(const Hold &message) {
  json::Builder out;
  return out.set("ticket", message.ticket);
}

Message read(json::Reader &in, Tag<Confirm>) {
  Confirm confirm;
  confirm.ticket = in.text("ticket", uuid_rule);
  confirm.fingerprint = in.text("fingerprint", fingerprint_rule);
  confirm.ice = read_ice(in.object("ice"));
  return confirm;
}
json::Builder write(const Confirm &confirm) {
  json::Builder out;
  return out.set("ticket", confirm.ticket)
      .set("fingerprint", confirm.fingerprint)
      .set("ice", ice_json(confirm.ice));
}

Message read(json::Reader &in, Tag<Candidates>) {
  return Candidates{in.text("ticket", uuid_rule), in.texts("candidates", max_candidates, candidate_rule)};
}
json::Builder write(const Candidates &candidates) {
  json::Builder out;
  return out.set("ticket", candidates.ticket).set("candidates", candidates.candidates);
}

Message read(json::Reader &in, Tag<Cancel>) {
  return Cancel{in.text("ticket", uuid_rule), in.text("code", code_rule),
                in.text_if("message", explanation_rule).value_or("")};
}
json::Builder write(const Cancel &cancel) {
  json::Builder out;
  return out.set("ticket", cancel.ticket).set("code", cancel.code).set("message", cut(cancel.message));
}

Message read(json::Reader &in, Tag<Path>) {
  Path path;
  path.ticket = in.text("ticket", uuid_rule);
  path.hops = static_cast<std::uint32_t>(in.number("hops", 0, max_hops));
  path.path = in.texts("path", max_path, uuid_rule);
  path.granted = in.flag_if("granted").value_or(false);
  path.cut = in.flag_if("cut").value_or(false);
  return path;
}
json::Builder write(const Path &path) {
  json::Builder out;
  out.set("ticket", path.ticket).set("hops", path.hops).set("path", path.path);
  if (path.granted) out.set("granted", true);
  if (path.cut) out.set("cut", true);
  return out;
}

Message read(json::Reader &in, Tag<LoopCheck>) {
  LoopCheck check;
  check.ticket = in.text("ticket", uuid_rule);
  check.slug = in.text("slug", slug_rule);
  check.mover = in.text("mover", uuid_rule);
  check.provider = read_place(in.object("provider"));
  check.hops = static_cast<std::uint32_t>(in.number("hops", 0, max_hops));
  return check;
}
json::Builder write(const LoopCheck &check) {
  json::Builder out;
  out.set("ticket", check.ticket).set("slug", check.slug).set("mover", check.mover);
  return out.set("provider", place_json(check.provider)).set("hops", check.hops);
}

Message read(json::Reader &in, Tag<LoopChecked>) {
  return LoopChecked{in.text("ticket", uuid_rule), in.flag("clear")};
}
json::Builder write(const LoopChecked &checked) {
  json::Builder out;
  return out.set("ticket", checked.ticket).set("clear", checked.clear);
}

Message read(json::Reader &in, Tag<Leaving>) {
  return Leaving{in.text("ticket", uuid_rule)};
}
json::Builder write(const Leaving &message) {
  json::Builder out;
  return out.set("ticket", message.ticket);
}

}  // namespace astral::protocol::codec
