// SPDX-License-Identifier: BSD-3-Clause
// Nodes and streams as JSON, in and out. protocol/object_codec.hpp has the fields and rules that nodes share;
// here are what the origin adds and what its own calls demand. openapi.json describes the result. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
#include "glue/json.hpp"
#include "origin/records.hpp"

namespace astral::origin {

// **Errors** invalid, too_large; they name the field. `caller` is the address that the call comes from; it is
// the node's ip_address if the body has none.
Expected<Node> read_node(std::string_view body, const std::string &caller, UnixTime now);

// A POST. The body must have `source`, and `name` or `slug`; the missing one is made from the other.
Expected<Stream> read_stream(std::string_view body, const std::string &caller, UnixTime now);

// A PUT. The fields of the body replace those of `stream`; the others stay, and so do slug, name and source.
Expected<Stream> read_changes(std::string_view body, const Stream &stream, const std::string &caller,
                              UnixTime now);

// The uuid of the calling node: the body's `uuid`, otherwise its `source`. Empty: the body has neither.
Expected<std::string> read_caller(std::string_view body);

json::Builder nodes_json(const std::vector<Node> &nodes);
json::Builder node_json(const Node &node);
json::Builder report_json(const Node &node);  // answers a report: also says whether the node is reachable
json::Builder streams_json(const std::vector<Stream> &streams, UnixTime now);
json::Builder stream_json(const Stream &stream, UnixTime now);

// For the map, which shows some of all nodes and streams.
struct Totals {
  std::size_t nodes = 0;
  std::size_t streams = 0;
};
json::Builder map_json(const std::vector<Node> &nodes, const std::vector<Stream> &streams,
                       const Totals &totals, UnixTime now);

}  // namespace astral::origin
