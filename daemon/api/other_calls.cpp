// SPDX-License-Identifier: BSD-3-Clause
// GET and POST /ping, by which nodes measure bandwidth; GET /settings, what a player needs; GET /health.
#include <bit>
#include <charconv>
#include <chrono>
#include <random>

#include "api/calls.hpp"
#include "formats/endpoints.hpp"
#include "glue/random.hpp"

namespace astral::api {
namespace {

constexpr std::size_t max_ping_download = 2 * 1024 * 1024;
constexpr std::size_t max_ping_upload = 256 * 1024;

// Random bytes, so that nothing on the way compresses them. Made once: each download may get the same bytes.
Slice noise() {
  static const Slice bytes = [] {
    std::vector<std::uint64_t> words(max_ping_download / sizeof(std::uint64_t));
    std::mt19937_64 random(std::bit_cast<std::uint64_t>(random_bytes<sizeof(std::uint64_t)>()));
    for (std::uint64_t &word : words) word = random();
    return Slice::copy({reinterpret_cast<const std::uint8_t *>(words.data()), max_ping_download});
  }();
  return bytes;
}

void ping(const http::Call &call, const http::Answer &answer) {
  const auto asked = call.query.find("bytes");
  if (asked == call.query.end()) return answer(http::reply(json::Builder().set("return", "Pong!")));
  const std::string &text = asked->second;
  std::size_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size() || bytes > max_ping_download) {
    return answer(http::reply_error(
        {Code::invalid, "query 'bytes': must be from 0 to " + std::to_string(max_ping_download)}));
  }
  http::Reply out{.type = "application/octet-stream", .headers = {{"Cache-Control", "no-store"}}};
  if (bytes > 0) out.parts.push_back(noise().part(0, bytes));
  answer(std::move(out));
}

// rtmp_tunnel_port is always 0: the node offers HTTP-FLV instead of RTMP over HTTP.
void settings(const http::Call &call, const runtime::Driver &driver, const Doors &doors,
              const http::Answer &answer) {
  using namespace std::chrono;
  const auto time = duration_cast<milliseconds>(system_clock::now().time_since_epoch());
  json::Builder body;
  body.set("owner", call.is_owner)
      .set("time_ms", static_cast<std::int64_t>(time.count()))
      .set("rtmp_port", doors.rtmp_port)
      .set("rtmp_resource", "astral")
      .set("rtmp_tunnel_port", 0)
      .set("dvr_seconds", doors.dvr_seconds);
  if (!doors.fingerprint.empty()) body.set("certificate_sha256", doors.fingerprint);
  std::vector<json::Builder> shown;
  for (const formats::Endpoint &endpoint : formats::endpoints(driver.media().live_formats())) {
    const std::string url = call.base() + "/stream/{slug}" + endpoint.path;
    body.set(endpoint.setting().c_str(), url);
    const bool publishes = endpoint.use == formats::Endpoint::Use::publish;
    shown.push_back(json::Builder()
                        .set("name", endpoint.name)
                        .set("url", url)
                        .set("type", endpoint.type)
                        .set("use", publishes ? "publish" : "play"));
  }
  answer(http::reply(body.set("endpoints", shown)));
}

void health(const runtime::Driver &driver, const http::Answer &answer) {
  const core::NodeView &node = driver.node();
  json::Builder body;
  body.set("status", "ok").set("uuid", node.self().uuid).set("version", node.self().version);
  body.set("peers", node.peers());
  answer(http::reply(body));
}

}  // namespace

void add_other_calls(std::vector<http::Route> &routes, runtime::Driver &driver,
                     std::function<Doors()> doors) {
  routes.push_back({.method = "GET", .pattern = "/ping", .handle = ping});
  routes.push_back({.method = "POST",
                    .pattern = "/ping",
                    .handle =
                        [](const http::Call &, const http::Answer &answer) {
                          answer(http::reply(json::Builder().set("return", "Pong!")));
                        },
                    .max_body = max_ping_upload,
                    .keeps_body = false});
  routes.push_back(
      {.method = "GET",
       .pattern = "/settings",
       .handle = [d = &driver, doors = std::move(doors)](const http::Call &call, const http::Answer &answer) {
         settings(call, *d, doors(), answer);
       }});
  routes.push_back(
      {.method = "GET",
       .pattern = "/health",
       .handle = [d = &driver](const http::Call &, const http::Answer &answer) { health(*d, answer); }});
}

}  // namespace astral::api
