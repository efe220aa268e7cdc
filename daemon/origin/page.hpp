// SPDX-License-Identifier: BSD-3-Clause
// The origin's pages for people: HTML that is complete without scripts; the modules of web/origin add to it.
// All texts of nodes and streams are escaped here. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "origin/records.hpp"
#include "origin/registry.hpp"

namespace astral::origin {

std::string escape(std::string_view text);  // for element content and quoted attributes

std::string streams_page(const std::vector<Stream> &streams, Order order, UnixTime now);

// Nodes that a stream can be played from. `source`: null if it is not alive. `open`: a public node, null if
// there is none.
struct StreamNodes {
  const Node *source = nullptr;
  const Node *open = nullptr;
};
// `node_port`: the port of the visitor's own node on the visitor's machine.
std::string stream_page(const Stream &stream, const StreamNodes &from, std::uint16_t node_port, UnixTime now);
std::string publish_page(const Stream &stream, std::uint16_t node_port);
std::string upload_page(std::uint16_t node_port);

std::string nodes_page(const std::vector<Node> &nodes);
std::string download_page(const std::string &site);  // scheme://HOST:PORT of this origin, as the visitor knows it
std::string about_page();
std::string map_page();
std::string moderation_page();

}  // namespace astral::origin
