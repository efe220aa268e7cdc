// SPDX-License-Identifier: BSD-3-Clause
// The origin's pages for people: HTML that says all without a script; web/origin's modules add to it. What
// came from a stranger is escaped here.
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

// Nodes that a stream may be had from. Null: the source is away; there is none that is open to all.
struct From {
  const Node *source = nullptr;
  const Node *open = nullptr;
};
// `node_port`: where the visitor's own node listens on the visitor's machine.
std::string stream_page(const Stream &stream, const From &from, std::uint16_t node_port, UnixTime now);
std::string publish_page(const Stream &stream, std::uint16_t node_port);
std::string upload_page(std::uint16_t node_port);

std::string nodes_page(const std::vector<Node> &nodes);
std::string download_page(const std::string &authority);  // this origin's HOST:PORT, as the visitor called it
std::string about_page();
std::string map_page();

}  // namespace astral::origin
