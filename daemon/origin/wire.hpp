// SPDX-License-Identifier: BSD-3-Clause
// API.md's JSON of nodes and streams: what is taken, with its bounds, and what is given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
#include "glue/json.hpp"
#include "origin/records.hpp"

namespace astral::origin {

// `caller` is the address that stands in for a missing ip_address.
Expected<Node> read_node(std::string_view body, const std::string &caller, UnixTime now);

// {name | slug, description?, source, streaming?, …}; what is missing of name and slug comes from the other.
Expected<Stream> read_stream(std::string_view body, UnixTime now);

// A PUT: what the body names is changed in `stream`, the rest stays.
Expected<Stream> read_changes(std::string_view body, Stream stream, UnixTime now);

// The uuid of the node that calls, as the body says: `uuid`, or `source` as in a stream. Empty: not said.
Expected<std::string> read_caller(std::string_view body);

json::Builder nodes_json(const std::vector<Node> &nodes);
json::Builder node_json(const Node &node);
json::Builder streams_json(const std::vector<Stream> &streams, UnixTime now);
json::Builder stream_json(const Stream &stream, UnixTime now);

}  // namespace astral::origin
