// SPDX-License-Identifier: BSD-3-Clause
// API.md's JSON of nodes, streams and errors: what is taken, with its bounds, and what is given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
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

std::string write_nodes(const std::vector<Node> &nodes);
std::string write_node(const Node &node);
std::string write_streams(const std::vector<Stream> &streams, UnixTime now);
std::string write_stream(const Stream &stream, UnixTime now);
std::string write_ping(std::string_view caller);  // {"ip": …}
std::string write_error(std::string_view code, std::string_view message);

}  // namespace astral::origin
