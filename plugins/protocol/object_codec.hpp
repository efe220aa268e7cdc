// SPDX-License-Identifier: BSD-3-Clause
// The objects of API.md as JSON: node, stream, ticket. What comes in has been checked against every rule and
// maximum; errors name the field. The origin keeps to these rules too: one entry of its lists that broke one
// would make all of them unreadable for every node.
#pragma once

#include <cstdint>

#include "glue/json.hpp"
#include "protocol/types.hpp"

namespace astral::protocol {

extern const json::Text uuid_rule;  // of nodes and of tickets
extern const json::Text slug_rule;
extern const json::Text fingerprint_rule;
extern const json::Text name_rule;  // not empty
extern const json::Text description_rule;
extern const json::Text media_rule;
extern const json::Text host_rule;  // a name or an IP address
extern const json::Text version_rule;
inline constexpr std::uint64_t max_kbps = 1'000'000'000;  // 1 Tbit/s
inline constexpr std::uint64_t max_count = 1'000'000;     // of children, of places for them, of viewers
inline constexpr std::uint64_t max_unix_ms = 1'000'000'000'000'000;

// A node that listens has a port; an element has none (0). ip_address may be absent: empty.
enum class Port { needed, optional };
NodeInfo read_node(json::Reader &in, Port port = Port::needed);
StreamInfo read_stream(json::Reader &in);

json::Builder node_json(const NodeInfo &node);
json::Builder stream_json(const StreamInfo &stream);

}  // namespace astral::protocol
