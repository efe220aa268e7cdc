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
#include "origin/bans.hpp"
#include "origin/records.hpp"

namespace astral::origin {

// **Errors** invalid, too_large; they name the field. The address of `author` is the node's ip_address if the
// body has none.
Expected<Node> read_node(std::string_view body, const Author &author, UnixTime now);

// A POST. The body must have `source`, and `name` or `slug`; the missing one is made from the other.
Expected<Stream> read_stream(std::string_view body, const Author &author, UnixTime now);

// A PUT. The fields of the body replace those of `stream`; the others stay, and so do slug, name and source.
Expected<Stream> read_changes(std::string_view body, const Stream &stream, const Author &author,
                              UnixTime now);

// An administrator's change of a stream: {"hidden": true or false}.
Expected<bool> read_hidden(std::string_view body);

// An administrator's {"who": fingerprint, address or ADDRESS/BITS, "reason"?}.
struct WantedBan {
  std::string name;  // see Bans
  std::string reason;
};
Expected<WantedBan> read_ban(std::string_view body);
json::Builder moderation_json(const Bans &bans, const std::vector<std::string> &hidden);

// The uuid of the calling node: the body's `uuid`, otherwise its `source`. Empty: the body has neither.
Expected<std::string> read_uuid(std::string_view body);

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
