// SPDX-License-Identifier: BSD-3-Clause
#include "peer/message_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace astral::peer::words {
namespace {

constexpr std::array<std::pair<core::RefusalCode, const char *>, 6> refusal_codes{{
    {core::RefusalCode::no_stream, "no-stream"},
    {core::RefusalCode::no_room, "no-room"},
    {core::RefusalCode::loop, "loop"},
    {core::RefusalCode::timeout, "timeout"},
    {core::RefusalCode::bad_request, "bad-request"},
    {core::RefusalCode::conflict, "conflict"},
}};

}  // namespace

core::Message read(json::Reader &in, Tag<core::Request>) {
  return read_request(in);
}
json::Builder write(const core::Request &request) {
  return request_json(request);
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
  offer.search = in.text_if("search", uuid_rule).value_or("");
  offer.stream = read_streams(in, "stream", 1);
  return offer;
}
json::Builder write(const core::Offer &offer) {
  json::Builder out;
  out.set("ticket", offer.ticket).set("slug", offer.slug).set("source", offer.source).set("hops", offer.hops);
  if (!offer.search.empty()) out.set("search", offer.search);
  if (!offer.stream.empty()) out.set("stream", streams_json(offer.stream));
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
  refusal.search = in.text_if("search", uuid_rule).value_or("");
  refusal.asked = static_cast<std::uint32_t>(in.number_if("asked", 0, core::max_asked).value_or(0));
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
  if (!refusal.search.empty()) out.set("search", refusal.search);
  if (refusal.asked > 0) out.set("asked", refusal.asked);
  return out;
}

core::Message read(json::Reader &in, Tag<core::Hold>) {
  return core::Hold{in.text("ticket", uuid_rule)};
}
json::Builder write(const core::Hold &message) {
  json::Builder out;
  return out.set("ticket", message.ticket);
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
  path.granted = in.flag_if("granted").value_or(false);
  path.cut = in.flag_if("cut").value_or(false);
  return path;
}
json::Builder write(const core::Path &path) {
  json::Builder out;
  out.set("ticket", path.ticket).set("hops", path.hops).set("path", path.path);
  if (path.granted) out.set("granted", true);
  if (path.cut) out.set("cut", true);
  return out;
}

core::Message read(json::Reader &in, Tag<core::Climb>) {
  core::Climb climb;
  climb.ticket = in.text("ticket", uuid_rule);
  climb.slug = in.text("slug", slug_rule);
  climb.mover = in.text("mover", uuid_rule);
  climb.provider = read_place(in.object("provider"));
  climb.climbed = static_cast<std::uint32_t>(in.number("climbed", 0, max_hops));
  return climb;
}
json::Builder write(const core::Climb &climb) {
  json::Builder out;
  out.set("ticket", climb.ticket).set("slug", climb.slug).set("mover", climb.mover);
  return out.set("provider", place_json(climb.provider)).set("climbed", climb.climbed);
}

core::Message read(json::Reader &in, Tag<core::Climbed>) {
  return core::Climbed{in.text("ticket", uuid_rule), in.flag("clear")};
}
json::Builder write(const core::Climbed &climbed) {
  json::Builder out;
  return out.set("ticket", climbed.ticket).set("clear", climbed.clear);
}

core::Message read(json::Reader &in, Tag<core::Leaving>) {
  return core::Leaving{in.text("ticket", uuid_rule)};
}
json::Builder write(const core::Leaving &message) {
  json::Builder out;
  return out.set("ticket", message.ticket);
}

}  // namespace astral::peer::words
