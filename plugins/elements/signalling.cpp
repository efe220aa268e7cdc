// SPDX-License-Identifier: BSD-3-Clause
#include "elements/signalling.hpp"

#include "glue/json.hpp"
#include "glue/key.hpp"

namespace astral::elements::signalling {

namespace {

bool is_name(std::string_view text) {
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
      return false;
  return true;
}

constexpr json::Text name_rule{1, 64, &is_name, "letters, digits and hyphens"};
constexpr json::Text fingerprint_rule{64, 64, &is_fingerprint, "64 lower-case hexadecimal digits"};
constexpr json::Text credential_rule{ice::min_ufrag_size, ice::max_credential_size, nullptr, nullptr};
constexpr json::Text candidate_rule{1, ice::max_candidate_size, nullptr, nullptr};
constexpr json::Text words_rule{0, 1024, nullptr, nullptr};

ice::Description read_ice(json::Reader in) {
  ice::Description description;
  description.ufrag = in.text("ufrag", credential_rule);
  description.pwd = in.text("pwd", credential_rule);
  description.candidates = in.texts("candidates", ice::max_candidates, candidate_rule);
  return description;
}

json::Builder write_ice(const ice::Description &description) {
  json::Builder out;
  out.set("ufrag", description.ufrag).set("pwd", description.pwd).set("candidates", description.candidates);
  return out;
}

json::Builder start(const char *type) {
  json::Builder out;
  out.set("type", type);
  return out;
}

Message read(const std::string &type, json::Reader &in) {
  if (type == "welcome") return Welcome{in.text("uuid", name_rule)};
  if (type == "published") return Published{in.number_if("largest_group", 0, INT64_MAX).value_or(0)};
  if (type == "refusal")
    return Refusal{in.text_if("ticket", {0, 64, &is_name, "letters, digits and hyphens"}).value_or(""),
                   in.text("code", name_rule), in.text_if("message", words_rule).value_or("")};
  const std::string ticket = in.text("ticket", name_rule);
  if (type == "request") return Request{ticket, in.text("slug", name_rule)};
  if (type == "offer")
    return Offer{ticket, in.text("fingerprint", fingerprint_rule), read_ice(in.object("ice")), {}, {}};
  if (type == "confirm")
    return Confirm{ticket, in.text("fingerprint", fingerprint_rule), read_ice(in.object("ice"))};
  if (type == "candidates")
    return Candidates{ticket, in.texts("candidates", ice::max_candidates, candidate_rule)};
  return Cancel{ticket, in.text_if("code", words_rule).value_or(""),
                in.text_if("message", words_rule).value_or("")};
}

bool is_ours(std::string_view type) {
  for (const char *known :
       {"welcome", "published", "request", "offer", "refusal", "confirm", "candidates", "cancel"})
    if (type == known) return true;
  return false;
}

}  // namespace

Expected<std::optional<Message>> parse(std::string_view text) {
  auto in = json::Reader::parse(text, {.max_bytes = max_message});
  if (!in) return tl::unexpected<Error>(in.error());
  const std::string type = in->text("type", {1, 64, nullptr, nullptr});
  if (in->good() && !is_ours(type)) return std::optional<Message>{};
  std::optional<Message> message;
  if (in->good()) message = read(type, *in);
  return in->result(std::move(message));
}

std::string hello(const std::string &uuid) {
  return start("hello")
      .set("uuid", uuid)
      .set("kind", "element")
      .set("version", ASTRAL_VERSION)
      .set("port", 0)
      .set("supernode", false)
      .text();
}

std::string publish(const std::string &slug, const std::string &name, const std::string &description,
                    const std::string &media) {
  json::Builder out = start("publish").set("slug", slug).set("media", media);
  if (!name.empty()) out.set("name", name);
  if (!description.empty()) out.set("description", description);
  return out.text();
}

std::string media(const std::string &slug, const std::string &media) {
  return start("media").set("slug", slug).set("media", media).text();
}

std::string ended(const std::string &slug) {
  return start("ended").set("slug", slug).text();
}

std::string request(const std::string &ticket, const std::string &slug, const std::string &destination) {
  return start("request").set("ticket", ticket).set("slug", slug).set("destination", destination).text();
}

std::string heartbeat() {
  return start("heartbeat").set("tickets", std::vector<std::string>{}).text();
}

std::string goodbye() {
  return start("goodbye").text();
}

std::string to_text(const Offer &offer) {
  return start("offer")
      .set("ticket", offer.ticket)
      .set("slug", offer.slug)
      .set("source", offer.source)
      .set("hops", 0)
      .set("path", std::vector<std::string>{})
      .set("fingerprint", offer.fingerprint)
      .set("ice", write_ice(offer.ice))
      .text();
}

std::string to_text(const Refusal &refusal) {
  return start("refusal")
      .set("ticket", refusal.ticket)
      .set("code", refusal.code)
      .set("message", refusal.message)
      .text();
}

std::string to_text(const Confirm &confirm) {
  return start("confirm")
      .set("ticket", confirm.ticket)
      .set("fingerprint", confirm.fingerprint)
      .set("ice", write_ice(confirm.ice))
      .text();
}

std::string to_text(const Candidates &candidates) {
  return start("candidates").set("ticket", candidates.ticket).set("candidates", candidates.candidates).text();
}

std::string to_text(const Cancel &cancel) {
  return start("cancel")
      .set("ticket", cancel.ticket)
      .set("code", cancel.code)
      .set("message", cancel.message)
      .text();
}

Error error_of(const std::string &code, const std::string &message) {
  if (code == "no-stream") return {Code::not_found, message};
  if (code == "no-room") return {Code::no_room, message};
  if (code == "conflict") return {Code::conflict, message};
  if (code == "timeout") return {Code::timeout, message};
  if (code == "bad-request") return {Code::invalid, message};
  return {Code::unreachable, message};
}

}  // namespace astral::elements::signalling
