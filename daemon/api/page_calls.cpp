// SPDX-License-Identifier: BSD-3-Clause
// The page (the files of web/, a GResource of this program), the player for other sites' pages, and
// openapi.json.
#include <array>
#include <string_view>
#include <utility>

#include "api/calls.hpp"
#include "api/openapi.hpp"
#include "core/slug.hpp"
#include "http/static_file.hpp"

namespace astral::api {
namespace {

// web/README.md explains what the page needs of this policy.
const std::string policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' ws: wss:; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors ";

constexpr std::array<std::pair<std::string_view, const char *>, 6> types{{
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".txt", "text/plain; charset=utf-8"},
}};

// `framers`: whose pages may show it in a frame.
void serve(const std::string &name, const http::Call &call, const http::Answer &answer,
           const std::string &framers = "'none'") {
  std::string type = "application/octet-stream";
  for (const auto &[suffix, known] : types) {
    if (name.ends_with(suffix)) type = known;
  }
  auto file = name.find('/') == std::string::npos
                  ? http::static_file(
                        "/astral/web/" + name, type, call,
                        {{"Content-Security-Policy", policy + framers}, {"Referrer-Policy", "no-referrer"}})
                  : std::nullopt;
  if (!file) return answer(http::reply_error({Code::not_found, "nothing is at /" + name}));
  answer(std::move(*file));
}

}  // namespace

void add_page_calls(std::vector<http::Route> &routes, const runtime::Driver &driver,
                    const http::Access &access) {
  routes.push_back(
      {.method = "GET", .pattern = "/", .handle = [](const http::Call &call, const http::Answer &answer) {
         serve("index.html", call, answer);
       }});
  routes.push_back({.method = "GET",
                    .pattern = "/openapi.json",
                    .handle = [d = &driver](const http::Call &, const http::Answer &answer) {
                      answer({.body = openapi(d->media().live_formats()),
                              .headers = {{"Cache-Control", "no-cache"}}});
                    }});
  routes.push_back({.method = "GET",
                    .pattern = "/embed/:slug",
                    .handle = [a = &access](const http::Call &call, const http::Answer &answer) {
                      const std::string &slug = call.params.at("slug");
                      if (!core::is_slug(slug))
                        return answer(http::reply_error({Code::not_found, "no such stream"}));
                      serve("embed.html", call, answer, a->framers());
                    }});
  // POST /streams from a form redirects the browser here.
  routes.push_back({.method = "GET",
                    .pattern = "/stream/:slug/publish",
                    .handle = [](const http::Call &, const http::Answer &answer) {
                      answer({.status = 302, .headers = {{"Location", "/#publish"}}});
                    }});
  routes.push_back({.method = "GET",
                    .pattern = "/:file",
                    .handle = [](const http::Call &call, const http::Answer &answer) {
                      serve(call.params.at("file"), call, answer);
                    }});
}

}  // namespace astral::api
