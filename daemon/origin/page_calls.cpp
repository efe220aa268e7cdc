// SPDX-License-Identifier: BSD-3-Clause
// The pages that do not depend on nodes and streams, the files that pages load, openapi.json, and the two
// pings.
#include <array>
#include <string_view>

#include "http/static_file.hpp"
#include "origin/calls.hpp"
#include "origin/page.hpp"

namespace astral::origin {
namespace {

using http::Call;

struct File {
  std::string_view name;
  const char *resource;
  const char *type;
};
constexpr const char *script = "text/javascript; charset=utf-8";
constexpr std::array<File, 8> files{{
    {"origin.css", "/astral/origin/origin.css", "text/css; charset=utf-8"},
    {"table.js", "/astral/origin/table.js", script},
    {"watch.js", "/astral/origin/watch.js", script},
    {"map.js", "/astral/origin/map.js", script},
    {"moderation.js", "/astral/origin/moderation.js", script},
    {"layout.js", "/astral/origin/layout.js", script},
    {"hls.js", "/astral/web/hls.js", script},  // the node's own page uses it too
    {"licences.txt", "/astral/web/licences.txt", "text/plain; charset=utf-8"},
}};

Outcome serve(const char *resource, const char *type, const Call &call) {
  auto file = http::static_file(resource, type, call);
  if (!file) return fail(Code::not_found, std::string("this program has no ") + resource);
  return std::move(*file);
}

class PageCalls {
 public:
  Outcome upload(const Call &call) {
    const auto port = node_port_of(call);
    if (!port) return tl::unexpected(port.error());
    return html(upload_page(*port), *port);
  }
  Outcome download(const Call &call) { return html(download_page(call.site())); }
  Outcome about(const Call &) { return html(about_page()); }
  Outcome map(const Call &) { return html(map_page()); }
  Outcome description(const Call &call) {
    return serve("/astral/origin/openapi.json", "application/json", call);
  }
  Outcome sign(const Call &call) { return serve("/astral/web/favicon.svg", "image/svg+xml", call); }
  Outcome file(const Call &call) {
    const std::string &name = call.params.at("file");
    for (const File &known : files) {
      if (known.name == name) return serve(known.resource, known.type, call);
    }
    return fail(Code::not_found, "nothing is at " + call.path);
  }
  Outcome ping(const Call &call) { return json_reply(json::Builder().set("ip", call.caller)); }
  Outcome take(const Call &) { return json_reply({}); }
};

}  // namespace

void add_page_calls(std::vector<http::Route> &table) {
  const auto calls = std::make_shared<PageCalls>();
  table.push_back({"GET", "/upload", answer(calls, &PageCalls::upload)});
  table.push_back({"GET", "/download", answer(calls, &PageCalls::download)});
  table.push_back({"GET", "/about", answer(calls, &PageCalls::about)});
  table.push_back({"GET", "/visualization", answer(calls, &PageCalls::map)});
  table.push_back({"GET", "/openapi.json", answer(calls, &PageCalls::description)});
  table.push_back({"GET", "/favicon.svg", answer(calls, &PageCalls::sign)});
  table.push_back({"GET", "/origin/:file", answer(calls, &PageCalls::file)});
  table.push_back({"GET", "/ping", answer(calls, &PageCalls::ping)});
  table.push_back(
      {"POST", "/ping", answer(calls, &PageCalls::take), http::Who::anyone, max_ping_body, false});
}

}  // namespace astral::origin
