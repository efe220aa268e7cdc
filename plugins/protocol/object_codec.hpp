// SPDX-License-Identifier: BSD-3-Clause
// Nodes and streams as JSON, in the HTTP API, at the origin and in the messages of /peer. The reader checks
// every rule and maximum; errors name the field and stick to the json::Reader. The origin keeps these rules
// too: a node refuses a whole list if one entry breaks a rule.
#pragma once

#include <cstdint>

#include "glue/json.hpp"
#include "protocol/types.hpp"

namespace astral::protocol {

extern const json::Text uuid_rule;  // of nodes and of tickets
extern const json::Text label_rule;
extern const json::Text slug_rule;
extern const json::Text stream_name_rule;
extern const json::Text fingerprint_rule;
extern const json::Text key_rule;  // a public key, raw
extern const json::Text signature_rule;
extern const json::Text guest_id_rule;         // of an invitation
extern const json::Text name_rule;             // not empty
extern const json::Text name_or_nothing_rule;  // of a stream whose name is its slug
extern const json::Text description_rule;
extern const json::Text media_rule;
extern const json::Text host_rule;  // a name or an IP address
extern const json::Text version_rule;
inline constexpr std::uint64_t max_kbps = 1'000'000'000;  // 1 Tbit/s
inline constexpr std::uint64_t max_count = 1'000'000;     // of children, of places for them, of viewers
inline constexpr std::uint64_t max_unix_seconds = 1'000'000'000'000;
inline constexpr std::uint64_t max_unix_ms = 1'000'000'000'000'000;

// A node that listens has a port; an element has none (0).
enum class Port { needed, optional };
NodeInfo read_node(json::Reader &in, Port port = Port::needed);
StreamInfo read_stream(json::Reader &in);

// Reads the fields that people give when they create a stream: name, description. The other fields keep their
// defaults.
StreamInfo read_new_stream(json::Reader &in);

// Reads the fields that are there; the others stay.
void change_stream(json::Reader &in, StreamInfo &stream);

json::Builder node_json(const NodeInfo &node);
json::Builder stream_json(const StreamInfo &stream);
json::Builder plain_stream_json(StreamInfo stream);  // for people: without what proves it

}  // namespace astral::protocol
