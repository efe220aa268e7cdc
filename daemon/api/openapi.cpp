// SPDX-License-Identifier: BSD-3-Clause
// openapi.json and openapi_live.json are valid JSON with @PLACEHOLDERS@ where the endpoints go.
#include "api/openapi.hpp"

#include <gio/gio.h>

#include <string_view>

#include "glue/json.hpp"

// Made from api.gresource.xml. C++ cannot include the header that is generated with it.
extern "C" GResource *astral_api_get_resource(void);

namespace astral::api {
namespace {

std::string resource(const char *path) {
  GBytes *bytes =
      g_resource_lookup_data(astral_api_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  g_assert(bytes);
  gsize size = 0;
  const auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &size));
  std::string text(data, size);
  g_bytes_unref(bytes);
  return text;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// The members of a JSON object without its braces.
std::string members(const std::string &object) {
  const std::size_t begin = object.find('{') + 1;
  return object.substr(begin, object.rfind('}') - begin);
}

std::string url_pattern(const std::string &path) {
  return "^http://[^/]+/stream/\\{slug\\}" + replaced(path, ".", "\\.") + "$";
}

}  // namespace

std::string openapi(const std::vector<formats::LiveFormat> &live) {
  const std::string item = resource("/astral/api/openapi_live.json");
  std::string paths, required;
  for (const formats::LiveFormat &format : live) {
    std::string one = replaced(members(item), "@PATH@", format.path());
    one = replaced(std::move(one), "@ID@", format.format.id);
    one = replaced(std::move(one), "@NAME@", format.name);
    paths += replaced(std::move(one), "@TYPE@", format.type) + ',';
  }
  json::Builder urls;
  for (const formats::Endpoint &endpoint : formats::endpoints(live)) {
    required += (required.empty() ? "\"" : ", \"") + endpoint.setting() + '"';
    urls.set(endpoint.setting().c_str(),
             json::Builder().set("type", "string").set("pattern", url_pattern(endpoint.path)));
  }
  std::string text = resource("/astral/api/openapi.json");
  text = replaced(std::move(text), "\"@LIVE_PATHS@\": {},", paths);
  text = replaced(std::move(text), "\"@ENDPOINT_URLS@\": {}", members(urls.text()));
  return replaced(std::move(text), "\"@ENDPOINT_URLS@\"", required);
}

}  // namespace astral::api
