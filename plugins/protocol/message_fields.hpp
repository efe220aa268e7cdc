// SPDX-License-Identifier: BSD-3-Clause
// The fields of every message of /peer, each named once. Only message_codec.cpp includes this.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "protocol/fields.hpp"
#include "protocol/message.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/object_fields.hpp"

namespace astral::protocol {

inline constexpr std::uint64_t max_hops = 1'000;
inline constexpr std::uint64_t max_group = 1'000'000'000'000'000;  // elements do not check this maximum
inline constexpr std::uint64_t max_call = 1'000'000'000'000'000;

inline bool is_ice_text(std::string_view text) {  // ice-char of RFC 8839
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return g_ascii_isalnum(c) || c == '+' || c == '/'; });
}
inline bool is_candidate(std::string_view text) {
  return text.starts_with("candidate:") &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}
inline bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return g_ascii_isxdigit(c) && !g_ascii_isupper(c); });
}
inline bool is_socket_address(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return g_ascii_isxdigit(c) || c == '.' || c == ':' || c == '[' || c == ']';
  });
}
inline bool is_code(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

inline constexpr json::Text ufrag_rule{.min = 4, .max = 256, .good = is_ice_text, .wanted = "ICE characters"};
inline constexpr json::Text pwd_rule{.min = 22, .max = 256, .good = is_ice_text, .wanted = "ICE characters"};
inline constexpr json::Text candidate_rule{
    .min = 1, .max = max_candidate_bytes, .good = is_candidate, .wanted = "an SDP candidate line"};
inline constexpr json::Text direct_id_rule{
    .min = 32, .max = 32, .good = is_hex, .wanted = "32 hexadecimal digits"};
inline constexpr json::Text direct_rule{
    .min = 9, .max = 64, .good = is_socket_address, .wanted = "an IP address and a port"};
inline constexpr json::Text code_rule{
    .min = 1, .max = 32, .good = is_code, .wanted = "lower-case letters and hyphens"};

inline constexpr std::array<std::pair<PeerKind, const char *>, 2> peer_kinds{
    {{PeerKind::node, "node"}, {PeerKind::element, "element"}}};
inline constexpr std::array<std::pair<RefusalCode, const char *>, 8> refusal_codes{{
    {RefusalCode::no_stream, "no-stream"},
    {RefusalCode::no_room, "no-room"},
    {RefusalCode::loop, "loop"},
    {RefusalCode::timeout, "timeout"},
    {RefusalCode::bad_request, "bad-request"},
    {RefusalCode::conflict, "conflict"},
    {RefusalCode::no_path, "no-path"},
    {RefusalCode::not_invited, "not-invited"},
}};

template <typename Fields, typename T>
using In = typename Fields::template Value<T>;

// Fields that several messages have.
template <typename Fields>
void describe(Fields &fields, In<Fields, Ice> &ice) {
  fields.text("ufrag", ice.ufrag, ufrag_rule);
  fields.text("pwd", ice.pwd, pwd_rule);
  fields.texts("candidates", ice.candidates, max_candidates, candidate_rule);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Place> &place) {
  fields.text("uuid", place.uuid, uuid_rule);
  fields.text("via", place.via, uuid_rule, Presence::optional);
  fields.text("ip_address", place.at.host, host_rule, Presence::optional);
  fields.number("port", place.at.port, 0, 65535, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Pass> &pass) {
  fields.text("id", pass.id, guest_id_rule);
  fields.number("expires", pass.expires, 0, max_unix_seconds);
  fields.text("key", pass.key, key_rule);
  fields.text("signature", pass.signature, signature_rule);
  fields.number("shown", pass.shown, 0, max_unix_ms);
  fields.text("proof", pass.proof, signature_rule);
}

// Membership.
template <typename Fields>
void describe(Fields &fields, In<Fields, Hello> &hello) {
  fields.choice("kind", hello.kind, peer_kinds, {.max = 16}, "'node' or 'element'", Presence::filled);
  describe(fields, hello.node, hello.kind == PeerKind::node ? Port::needed : Port::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Welcome> &welcome) {
  describe(fields, welcome.node);
  fields.objects("nodes", welcome.nodes, max_told_supernodes);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Registered> &registered) {
  fields.objects("others", registered.others, max_told_supernodes);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Full> &full) {
  fields.objects("others", full.others, max_told_supernodes);
}

template <typename Fields>
void describe(Fields &, In<Fields, Register> &) {}
template <typename Fields>
void describe(Fields &, In<Fields, Unregister> &) {}
template <typename Fields>
void describe(Fields &, In<Fields, Summon> &) {}
template <typename Fields>
void describe(Fields &, In<Fields, Probe> &) {}
template <typename Fields>
void describe(Fields &, In<Fields, Goodbye> &) {}

template <typename Fields>
void describe(Fields &fields, In<Fields, Probed> &probed) {
  fields.flag("reached", probed.reached);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Heartbeat> &heartbeat) {
  fields.texts("tickets", heartbeat.tickets, max_tickets_per_peer, uuid_rule);
  fields.number("sent_ms", heartbeat.sent_ms, 0, max_unix_ms, Presence::filled);
  fields.texts("standby", heartbeat.standby, max_tickets_per_peer, uuid_rule, Presence::optional);
  fields.number("echo_ms", heartbeat.echo_ms, 0, max_unix_ms, Presence::optional);
  fields.number("held_ms", heartbeat.held_ms, 0, max_unix_ms, Presence::optional);
  fields.objects("nodes", heartbeat.nodes, max_others, Presence::optional);
}

// Tickets.
template <typename Fields>
void describe(Fields &fields, In<Fields, Request> &request) {
  const bool is_search = fields.has("search", request.search);
  if (!is_search) fields.text("ticket", request.ticket, uuid_rule);
  fields.text("slug", request.slug, stream_name_rule);
  fields.text("key", request.key, fingerprint_rule, Presence::optional);
  fields.text("destination", request.destination, uuid_rule);
  if (is_search) {
    fields.text("search", request.search, uuid_rule);
    fields.object("asker", request.asker);
  }
  fields.flag("parent", request.parent, Presence::optional);
  fields.number("room", request.room, 0, max_room, Presence::optional);
  fields.flag("standby", request.standby, Presence::optional);
  fields.texts("except", request.except, max_except, uuid_rule, Presence::optional);
  fields.number("asked", request.asked, 0, max_asked, Presence::optional);
  describe(fields, request.nat);
  describe(fields, request.families);
  fields.flag("turn", request.turn, Presence::optional);
  fields.text("address", request.address, host_rule, Presence::optional);
  fields.texts("unreachable", request.unreachable, max_unreachable, uuid_rule, Presence::optional);
  fields.flag("hungry", request.hungry, Presence::optional);
  fields.flag("direct", request.direct, Presence::optional);
  fields.flag("relay", request.relay, Presence::optional);
  fields.flag("relay_from_ipv4", request.relay_from.ipv4, Presence::optional);
  fields.flag("relay_from_ipv6", request.relay_from.ipv6, Presence::optional);
  if (fields.has("pass", request.pass.id)) fields.object("pass", request.pass);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Offer> &offer) {
  fields.text("ticket", offer.ticket, uuid_rule);
  fields.text("slug", offer.slug, slug_rule);
  fields.text("source", offer.source, uuid_rule);
  fields.number("hops", offer.hops, 0, max_hops);
  fields.text("search", offer.search, uuid_rule, Presence::optional);
  fields.objects("stream", offer.stream, 1, Presence::optional);
  fields.texts("path", offer.path, max_path, uuid_rule);
  fields.text("fingerprint", offer.fingerprint, fingerprint_rule);
  fields.object("ice", offer.ice);
  fields.text("direct_id", offer.direct_id, direct_id_rule, Presence::optional);
  fields.texts("direct", offer.direct, max_direct, direct_rule, Presence::optional);
  fields.text("tcp", offer.tcp, direct_rule, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Refusal> &refusal) {
  fields.text("ticket", refusal.ticket, uuid_rule, Presence::optional);
  fields.text("slug", refusal.slug, slug_rule, Presence::optional);
  if (refusal.ticket.empty() && refusal.slug.empty()) fields.complain("ticket", "is missing");
  fields.choice("code", refusal.code, refusal_codes, code_rule, "a refusal's code");
  fields.explanation("message", refusal.message, max_explanation);
  fields.text("search", refusal.search, uuid_rule, Presence::optional);
  fields.number("asked", refusal.asked, 0, max_asked, Presence::optional);
  fields.text("relay", refusal.relay, uuid_rule, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Hold> &hold) {
  fields.text("ticket", hold.ticket, uuid_rule);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Confirm> &confirm) {
  fields.text("ticket", confirm.ticket, uuid_rule);
  fields.text("fingerprint", confirm.fingerprint, fingerprint_rule);
  fields.object("ice", confirm.ice);
  fields.text("direct_id", confirm.direct_id, direct_id_rule, Presence::optional);
  fields.text("tcp", confirm.tcp, direct_rule, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Candidates> &candidates) {
  fields.text("ticket", candidates.ticket, uuid_rule);
  fields.texts("candidates", candidates.candidates, max_candidates, candidate_rule);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Cancel> &cancel) {
  fields.text("ticket", cancel.ticket, uuid_rule);
  fields.text("code", cancel.code, code_rule);
  fields.explanation("message", cancel.message, max_explanation);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Path> &path) {
  fields.text("ticket", path.ticket, uuid_rule);
  fields.number("hops", path.hops, 0, max_hops);
  fields.texts("path", path.path, max_path, uuid_rule);
  fields.flag("granted", path.granted, Presence::optional);
  fields.flag("cut", path.cut, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, LoopCheck> &check) {
  fields.text("ticket", check.ticket, uuid_rule);
  fields.text("slug", check.slug, slug_rule);
  fields.text("key", check.key, fingerprint_rule, Presence::optional);
  fields.text("mover", check.mover, uuid_rule);
  fields.object("provider", check.provider);
  fields.number("hops", check.hops, 0, max_hops);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, LoopChecked> &checked) {
  fields.text("ticket", checked.ticket, uuid_rule);
  fields.flag("clear", checked.clear);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Leaving> &leaving) {
  fields.text("ticket", leaving.ticket, uuid_rule);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Viewers> &viewers) {
  fields.text("ticket", viewers.ticket, uuid_rule);
  fields.number("viewers", viewers.viewers, 0, max_audience);
}

// Streams, and what supernodes know of them.
template <typename Fields>
void describe(Fields &fields, In<Fields, Streams> &streams) {
  fields.objects("streams", streams.streams, max_list);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Gone> &gone) {
  fields.text("slug", gone.slug, slug_rule);
  fields.number("updated", gone.updated, 0, max_unix_ms, Presence::filled);
  fields.objects("stream", gone.stream, 1, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Carrying> &carrying) {
  fields.text("slug", carrying.slug, slug_rule);
  fields.flag("over", carrying.over, Presence::optional);
  const Presence presence = carrying.over ? Presence::optional : Presence::filled;
  fields.number("hops", carrying.hops, 0, max_hops, presence);
  fields.number("room", carrying.room, 0, max_room, presence);
  fields.number("leaves", carrying.leaves, 0, max_room, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Advert> &advert) {
  fields.text("slug", advert.slug, slug_rule);
  fields.object("supernode", advert.supernode);
  fields.number("hops", advert.hops, 0, max_hops, Presence::filled);
  fields.number("room", advert.room, 0, max_room, Presence::filled);
  fields.number("leaves", advert.leaves, 0, max_room, Presence::optional);
  fields.flag("over", advert.over, Presence::optional);
  fields.flag("copied", advert.copied, Presence::optional);
  fields.flag("second", advert.second, Presence::optional);
  fields.objects("stream", advert.stream, 1, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Find> &find) {
  describe(fields, find.request);
  fields.number("stage", find.stage, 0, 2, Presence::filled);
  fields.number("carriers", find.carriers, 0, max_offers, Presence::filled);
  fields.flag("wide", find.wide, Presence::optional);
  fields.flag("second", find.second, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Here> &here) {
  fields.object("place", here.place);
  fields.number("updated", here.updated, 0, max_unix_ms);
  fields.flag("copied", here.copied, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Seed> &seed) {
  fields.number("call", seed.call, 0, max_call);
  fields.text("slug", seed.slug, slug_rule);
  if (fields.has("pass", seed.pass.id)) fields.object("pass", seed.pass);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Seeded> &seeded) {
  fields.number("call", seeded.call, 0, max_call);
  fields.flag("done", seeded.done);
  fields.explanation("message", seeded.message, max_explanation);
}

std::shared_ptr<const Enclosed> read_enclosed(json::Reader &in);
json::Builder enclosed_json(const std::shared_ptr<const Enclosed> &what);

template <typename Fields>
void describe(Fields &fields, In<Fields, Sealed> &sealed) {
  fields.text("text", sealed.text, {.min = 1, .max = max_message_bytes});
  fields.text("key", sealed.key, key_rule);
  fields.number("number", sealed.number, 0, max_sealed_number);
  fields.text("signature", sealed.signature, signature_rule);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Routed> &routed) {
  fields.object("to", routed.to);
  fields.object("from", routed.from);
  fields.number("hops", routed.hops, 0, max_hops, Presence::filled);
  fields.flag("sought", routed.sought, Presence::optional);
  if (fields.has("sealed", routed.sealed.text))
    fields.object("sealed", routed.sealed);
  else
    fields.custom("what", routed.what, read_enclosed, enclosed_json);
}

// Between a node and its elements.
template <typename Fields>
void describe(Fields &fields, In<Fields, Publish> &publish) {
  fields.text("slug", publish.slug, slug_rule);
  fields.text("name", publish.name, name_or_nothing_rule, Presence::filled);
  fields.text("description", publish.description, description_rule, Presence::filled);
  fields.text("media", publish.media, media_rule, Presence::filled);
  fields.number("bitrate_kbps", publish.bitrate_kbps, 0, max_kbps, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Published> &published) {
  fields.text("slug", published.slug, slug_rule);
  fields.number("largest_group", published.largest_group, 0, max_group, Presence::filled);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Media> &media) {
  fields.text("slug", media.slug, slug_rule);
  fields.text("media", media.media, media_rule);
}

template <typename Fields>
void describe(Fields &fields, In<Fields, Ended> &ended) {
  fields.text("slug", ended.slug, slug_rule);
}

}  // namespace astral::protocol
