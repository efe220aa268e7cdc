// SPDX-License-Identifier: BSD-3-Clause
// The calls of API.md as routes. They check what was asked, hand it to core::Node, and word the answer;
// they decide nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "http/routes.hpp"
#include "runtime/driver.hpp"

namespace astral::api {

void add_node_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
void add_stream_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
void add_ticket_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
// Ping, settings, health. `rtmp_port`: 0, there is none.
void add_other_calls(std::vector<http::Route> &routes, runtime::Driver &driver,
                     std::function<std::uint16_t()> rtmp_port);
// The log, the pipelines.
void add_inside_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
// The page, openapi.json; the last: takes any /NAME.
void add_page_calls(std::vector<http::Route> &routes, const runtime::Driver &driver);

// Ours may not know its own address: it is then the one that the caller called.
json::Builder shown_node(const core::Node &node, const core::NodeInfo &info, const http::Call &call);
json::Builder shown_stream(const runtime::Driver &driver, const core::StreamInfo &stream);

}  // namespace astral::api
