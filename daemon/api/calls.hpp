// SPDX-License-Identifier: BSD-3-Clause
// The calls of API.md as routes. They check what was asked, hand it to core::Node, and word the answer;
// they decide nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/driver.hpp"
#include "api/hls.hpp"
#include "api/live.hpp"
#include "api/routes.hpp"
#include "api/thumbnails.hpp"
#include "api/whep.hpp"
#include "api/whip.hpp"

namespace astral::api {

void add_node_calls(std::vector<Route> &routes, Driver &driver);
void add_stream_calls(std::vector<Route> &routes, Driver &driver);
void add_ticket_calls(std::vector<Route> &routes, Driver &driver);
void add_hls_calls(std::vector<Route> &routes, Hls &hls);
void add_live_calls(std::vector<Route> &routes, Live &live);
void add_thumbnail_calls(std::vector<Route> &routes, Thumbnails &thumbnails);
void add_rtc_calls(std::vector<Route> &routes, Whep &whep, Whip &whip);
// Ping, settings, health. `rtmp_port`: 0, there is none.
void add_other_calls(std::vector<Route> &routes, Driver &driver, std::function<std::uint16_t()> rtmp_port);
// The log, the pipelines.
void add_inside_calls(std::vector<Route> &routes, Driver &driver);
void add_page_calls(std::vector<Route> &routes);  // the page, openapi.json; the last: takes any /NAME

// Ours may not know its own address: it is then the one that the caller called.
json::Builder shown_node(const core::Node &node, const core::NodeInfo &info, const Call &call);
json::Builder shown_stream(const Driver &driver, const core::StreamInfo &stream);

// What the core says of a stream that is not there, with its name.
Error about_stream(const Error &error, const std::string &slug);

}  // namespace astral::api
