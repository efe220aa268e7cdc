// SPDX-License-Identifier: BSD-3-Clause
#include "peer/origin_url.hpp"

#include <memory>
#include <string_view>

namespace astral::peer {

std::optional<OriginUrl> OriginUrl::parse(const std::string &url) {
  const std::unique_ptr<GUri, void (*)(GUri *)> uri(g_uri_parse(url.c_str(), G_URI_FLAGS_NONE, nullptr),
                                                    [](GUri *made) { g_uri_unref(made); });
  const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
  if (!host || !*host) return std::nullopt;
  const bool is_secure = std::string_view(g_uri_get_scheme(uri.get())) == "https";
  const gint port = g_uri_get_port(uri.get());
  const gint usual_port = is_secure ? 443 : 80;
  std::string path = g_uri_get_path(uri.get());
  while (path.ends_with('/')) path.pop_back();
  return OriginUrl{.host = host,
                   .port = static_cast<std::uint16_t>(port > 0 ? port : usual_port),
                   .path = std::move(path),
                   .is_secure = is_secure};
}

Ref<GTlsDatabase> read_authorities(const std::string &file) {
  if (file.empty()) return {};
  GError *raw = nullptr;
  auto database = Ref<GTlsDatabase>::adopt(g_tls_file_database_new(file.c_str(), &raw));
  const GErrorPtr error(raw);
  if (!database) g_warning("the certificates that the origin is checked by: %s", error->message);
  return database;
}

}  // namespace astral::peer
