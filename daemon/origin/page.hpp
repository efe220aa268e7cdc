// SPDX-License-Identifier: BSD-3-Clause
// The origin's pages for people: plain HTML without a script. What came from a stranger is escaped here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "origin/records.hpp"
#include "origin/store.hpp"

namespace astral::origin {

std::string escape(std::string_view text);  // for element content and quoted attributes

std::string streams_page(const std::vector<Stream> &streams, Order order, UnixTime now);
std::string stream_page(const Stream &stream, const Node *source, UnixTime now);  // source: null when away
std::string nodes_page(const std::vector<Node> &nodes);

}  // namespace astral::origin
