// SPDX-License-Identifier: BSD-3-Clause
// The fields of nodes, of streams and of other parts that messages share. Only the codecs include this.
#pragma once

#include <array>
#include <utility>

#include "protocol/fields.hpp"
#include "protocol/limits.hpp"
#include "protocol/object_codec.hpp"

namespace astral::protocol {

// What is unknown has no name: it is not written.
inline constexpr std::array<std::pair<Udp, const char *>, 3> udp_names{
    {{Udp::open, "open"}, {Udp::behind_nat, "behind-nat"}, {Udp::blocked, "blocked"}}};
inline constexpr std::array<std::pair<NatRule, const char *>, 3> nat_rules{{
    {NatRule::endpoint_independent, "endpoint-independent"},
    {NatRule::address_dependent, "address-dependent"},
    {NatRule::address_and_port_dependent, "address-and-port-dependent"},
}};

template <typename Fields>
void describe(Fields &fields, typename Fields::template Value<Nat> &nat) {
  constexpr json::Text rule{.max = 32};
  fields.choice("udp", nat.udp, udp_names, rule, "'open', 'behind-nat' or 'blocked'", Presence::optional);
  fields.choice("nat_mapping", nat.mapping, nat_rules, rule, "a behaviour of RFC 4787", Presence::optional);
  fields.choice("nat_filtering", nat.filtering, nat_rules, rule, "a behaviour of RFC 4787",
                Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, typename Fields::template Value<Families> &families) {
  fields.flag("ipv4", families.ipv4, Presence::optional);
  fields.flag("ipv6", families.ipv6, Presence::optional);
}

template <typename Fields>
void describe(Fields &fields, typename Fields::template Value<NodeInfo> &node, Port port = Port::needed) {
  const bool listens = port == Port::needed;
  fields.text("uuid", node.uuid, uuid_rule);
  fields.text("label", node.label, label_rule, Presence::optional);
  fields.text("ip_address", node.ip_address, host_rule, Presence::optional);
  fields.number("port", node.port, listens ? 1 : 0, 65535, listens ? Presence::required : Presence::filled);
  fields.flag("supernode", node.supernode, Presence::filled);
  fields.flag("origin", node.origin, Presence::optional);
  fields.text("version", node.version, version_rule, Presence::filled);
  fields.number("upstream_kbps", node.upstream_kbps, 0, max_kbps);
  fields.number("downstream_kbps", node.downstream_kbps, 0, max_kbps);
  fields.text("primary_supernode_uuid", node.primary, uuid_rule, Presence::optional);
  fields.number("children", node.children, 0, max_count);
  fields.number("capacity", node.capacity, 0, max_count);
  fields.number("updated", node.updated, 0, max_unix_ms, Presence::optional);
  fields.number("udp_port", node.udp_port, 0, 65535, Presence::optional);
  describe(fields, node.nat);
  describe(fields, node.families);
  fields.flag("turn", node.turn, Presence::optional);
}

// The fields that people give when they create a stream; the node sets the others.
template <typename Fields>
void describe_new(Fields &fields, typename Fields::template Value<StreamInfo> &stream) {
  fields.text("name", stream.name, name_rule);
  fields.text("description", stream.description, description_rule, Presence::filled);
}

template <typename Fields>
void describe(Fields &fields, typename Fields::template Value<StreamInfo> &stream) {
  fields.text("slug", stream.slug, slug_rule);
  describe_new(fields, stream);
  fields.text("source", stream.source, uuid_rule);
  fields.text("fingerprint", stream.fingerprint, fingerprint_rule, Presence::optional);
  fields.flag("streaming", stream.streaming, Presence::filled);
  fields.flag("paused", stream.paused, Presence::optional);
  fields.flag("ended", stream.ended, Presence::optional);
  fields.flag("deleted", stream.deleted, Presence::optional);
  fields.text("media", stream.media, media_rule, Presence::filled);
  fields.number("bitrate_kbps", stream.bitrate_kbps, 0, max_kbps, Presence::filled);
  fields.number("created", stream.created, 0, max_unix_seconds, Presence::filled);
  fields.number("updated", stream.updated, 0, max_unix_ms, Presence::filled);
  fields.number("expires", stream.expires, 0, max_unix_ms, Presence::optional);
  fields.text("key", stream.key, key_rule, Presence::optional);
  fields.text("signature", stream.signature, signature_rule, Presence::optional);
  fields.flag("private", stream.is_private, Presence::optional);
  fields.texts("revoked", stream.revoked, max_revoked, guest_id_rule, Presence::optional);
}

}  // namespace astral::protocol
