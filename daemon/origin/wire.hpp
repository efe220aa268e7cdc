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

// `caller` is the address that a call comes from; it stands in for a missing ip_address.
Expected<Node> read_node(std::string_view body, const std::string &caller, UnixTime now);

// {name | slug, description?, source, streaming?, …}; what is missing of name and slug comes from the other.
Expected<Stream> read_stream(std::string_view body, const std::string &caller, UnixTime now);

// A PUT: what the body names is changed in `stream`, the rest stays.
Expected<Stream> read_changes(std::string_view body, Stream stream, const std::string &caller, UnixTime now);

// The uuid of the node that calls, as the body says: `uuid`, or `source` as in a stream. Empty: not said.
Expected<std::string> read_caller(std::string_view body);

json::Builder nodes_json(const std::vector<Node> &nodes);
json::Builder node_json(const Node &node);
json::Builder report_json(
    const Node &node);  // what a report is answered: also whether the node can be reached
json::Builder streams_json(const std::vector<Stream> &streams, UnixTime now);
json::Builder stream_json(const Stream &stream, UnixTime now);

// What the map shows: `nodes` with their primary_supernode_uuid, `streams` with their source; and how many of
// them there are in all.
struct Totals {
  std::size_t nodes = 0;
  std::size_t streams = 0;
};
json::Builder map_json(const std::vector<Node> &nodes, const std::vector<Stream> &streams,
                       const Totals &totals, UnixTime now);

}  // namespace astral::origin
