// SPDX-License-Identifier: BSD-3-Clause
// What the pages share: head and foot, links, numbers. Only the page files include this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "origin/page.hpp"

namespace astral::origin {

struct Head {
  std::string_view title;
  std::string_view name = {};    // what somebody typed, behind the title
  std::string_view module = {};  // a script of /origin/, without ".js"
  bool refreshes = false;        // reloads every 10 s in a browser without JavaScript
};

std::string begin(const Head &head);
std::string end(std::string page);

std::string typed(std::string_view text);  // what somebody typed: it may run from right to left
std::string link(std::string_view url, std::string_view text, std::string_view attributes = {});
std::string code(std::string_view text);
std::string command(std::string_view text);  // as a block
std::string number(const std::optional<std::uint64_t> &value, std::string_view unit = {});
std::string url_of(const Node &node);
std::string own_node(std::uint16_t node_port);  // its URL, as the visitor's browser sees it

}  // namespace astral::origin
