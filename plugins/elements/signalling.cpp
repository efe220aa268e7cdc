// SPDX-License-Identifier: BSD-3-Clause
#include "elements/signalling.hpp"

#include "glue/json.hpp"
#include "glue/key.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/object_codec.hpp"

namespace astral::elements::signalling {

namespace {

using protocol::fingerprint_rule;
using protocol::uuid_rule;  // of tickets, and also of slugs and codes, which elements only compare and print

constexpr json::Text credential_rule{ice::min_ufrag_size, ice::max_credential_size, nullptr, nullptr};
constexpr json::Text candidate_rule{1, ice::max_candidate_size, nullptr, nullptr};
constexpr json::Text words_rule{0, 1024, nullptr, nullptr};  // codes and texts of any version

ice::Description read_ice(json::Reader in) {
  ice::Description description;
  description.ufrag = in.text("ufrag", credential_rule);
  description.pwd = in.text("pwd", credential_rule);
  description.candidates = in.texts("candidates", ice::max_candidates, candidate_rule);
  return description;
}

// What cannot be used is left out: the message still has its ICE description.
Direct read_direct(json::Reader &in) {
  Direct direct;
  const auto id = secret_of(in.text_if("direct_id", words_rule).value_or(""));
  if (!id) return direct;
  direct.secret = *id;
  const auto sendable = [](const std::string &text) {
    const auto address = stun::parse_address(text);
    return address && is_sendable(*address) ? address : std::nullopt;
  };
  for (const std::string &text : in.texts("direct", protocol::max_direct, words_rule))
    if (const auto address = sendable(text)) direct.addresses.push_back(*address);
  direct.tcp = sendable(in.text_if("tcp", words_rule).value_or(""));
  return direct;
}

std::string id_of(const Direct &direct) {
  return direct.secret == udp::Secret{} ? "" : to_hex(direct.secret);
}

protocol::Ice ice_of(const ice::Description &description) {
  return {description.ufrag, description.pwd, description.candidates};
}

Message read(const std::string &type, json::Reader &in) {
  if (type == "welcome") return Welcome{in.text("uuid", uuid_rule)};
  if (type == "published") return Published{in.number_if("largest_group", 0, INT64_MAX).value_or(0)};
  if (type == "refusal")
    return Refusal{in.text_if("ticket", uuid_rule).value_or(""), in.text("code", uuid_rule),
                   in.text_if("message", words_rule).value_or("")};
  const std::string ticket = in.text("ticket", uuid_rule);
  if (type == "request") return Request{ticket, in.text("slug", words_rule)};
  if (type == "offer")
    return Offer{ticket,         in.text("fingerprint", fingerprint_rule), read_ice(in.object("ice")), {}, {},
                 read_direct(in)};
  if (type == "confirm")
    return Confirm{ticket, in.text("fingerprint", fingerprint_rule), read_ice(in.object("ice")),
                   read_direct(in)};
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
  return protocol::write_message(protocol::Hello{.node = {.uuid = uuid, .version = ASTRAL_VERSION},
                                                 .kind = protocol::PeerKind::element});
}

std::string publish(const std::string &slug, const std::string &name, const std::string &description,
                    const std::string &media, unsigned bitrate_kbps) {
  return protocol::write_message(protocol::Publish{
      .slug = slug, .name = name, .description = description, .media = media, .bitrate_kbps = bitrate_kbps});
}

std::string media(const std::string &slug, const std::string &media) {
  return protocol::write_message(protocol::Media{.slug = slug, .media = media});
}

std::string ended(const std::string &slug) {
  return protocol::write_message(protocol::Ended{.slug = slug});
}

std::string request(const std::string &ticket, const std::string &slug, const Fingerprint &key,
                    const std::string &destination) {
  return protocol::write_message(
      protocol::Request{.ticket = ticket, .slug = slug, .key = key, .destination = destination});
}

std::string heartbeat() {
  return protocol::write_message(protocol::Heartbeat{});
}

std::string goodbye() {
  return protocol::write_message(protocol::Goodbye{});
}

std::string to_text(const Offer &offer) {
  protocol::Offer message{.ticket = offer.ticket,
                          .slug = offer.slug,
                          .source = offer.source,
                          .fingerprint = offer.fingerprint,
                          .ice = ice_of(offer.ice)};
  message.direct_id = id_of(offer.direct);
  for (const udp::Address &address : offer.direct.addresses) message.direct.push_back(stun::to_text(address));
  return protocol::write_message(message);
}

std::string to_text(const Refusal &refusal) {
  const auto code = protocol::refusal_code(refusal.code);
  return protocol::write_message(protocol::Refusal{.ticket = refusal.ticket,
                                                   .code = code.value_or(protocol::RefusalCode::bad_request),
                                                   .message = refusal.message});
}

std::string to_text(const Confirm &confirm) {
  return protocol::write_message(protocol::Confirm{.ticket = confirm.ticket,
                                                   .fingerprint = confirm.fingerprint,
                                                   .ice = ice_of(confirm.ice),
                                                   .direct_id = id_of(confirm.direct)});
}

std::string to_text(const Candidates &candidates) {
  return protocol::write_message(
      protocol::Candidates{.ticket = candidates.ticket, .candidates = candidates.candidates});
}

std::string to_text(const Cancel &cancel) {
  return protocol::write_message(
      protocol::Cancel{.ticket = cancel.ticket, .code = cancel.code, .message = cancel.message});
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
