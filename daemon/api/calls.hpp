// SPDX-License-Identifier: BSD-3-Clause
// The routes of the HTTP API, which openapi.json describes. They check a request, hand it to core::Node and
// write the reply. They decide nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "http/access.hpp"
#include "http/devices.hpp"
#include "http/routes.hpp"
#include "runtime/driver.hpp"

namespace astral::api {

void add_node_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
void add_stream_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
void add_key_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
void add_invitation_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
void add_ticket_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
// What leads into the node besides HTTP.
struct Doors {
  std::uint16_t rtmp_port = 0;    // 0: no RTMP
  std::string fingerprint = {};   // SHA-256 of the certificate for https://; empty: no TLS
  std::uint32_t dvr_seconds = 0;  // how far viewers may rewind by HLS
};
// /ping, /settings, /health.
void add_other_calls(std::vector<http::Route> &routes, runtime::Driver &driver, std::function<Doors()> doors);
// /pairing, /devices. `devices` must outlive the routes. `url_for_others`: by which other machines reach the
// page that the caller sees; empty: they cannot.
void add_device_calls(std::vector<http::Route> &routes, http::Devices &devices,
                      std::function<std::string(const http::Call &)> url_for_others);
// /log, /pipelines.
void add_inside_calls(std::vector<http::Route> &routes, runtime::Driver &driver);
// The page, the player for other sites' pages and openapi.json. Add them last: one of these routes matches
// every /NAME. `access` must outlive the routes.
void add_page_calls(std::vector<http::Route> &routes, const runtime::Driver &driver,
                    const http::Access &access);

// A node and a stream as the API shows them. If this node does not know its own address, shown_node() shows
// the address at which the caller reached it.
json::Builder shown_node(const core::NodeView &node, const core::NodeInfo &info, const http::Call &call);
// `may_see_private`: with the title of a private stream and what its media is, as far as this node can read
// it.
json::Builder shown_stream(runtime::Driver &driver, const core::StreamInfo &stream, bool may_see_private);

}  // namespace astral::api
