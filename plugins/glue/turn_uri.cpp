// SPDX-License-Identifier: BSD-3-Clause
#include "glue/turn_uri.hpp"

#include <glib.h>

#include <memory>
#include <string_view>

namespace astral {
namespace {

constexpr int default_port = 3478;  // RFC 8656, 4
constexpr const char *form = "must be turn://USER:PASSWORD@HOST[:PORT][?transport=udp|tcp]";

using Text = std::unique_ptr<char, void (*)(void *)>;

Text own(char *text) {
  return {text, g_free};
}

bool is_credential(const Text &text) {
  return text && *text && std::string_view(text.get()).size() <= max_turn_credential;
}

// A name or a numeric address. GLib has removed the brackets of an IPv6 address.
bool is_host(const Text &text) {
  if (!text || !*text) return false;
  if (g_hostname_is_ip_address(text.get())) return true;
  const std::string_view name = text.get();
  constexpr std::size_t max_name = 253;  // RFC 1035, 2.3.4
  for (const char letter : name)
    if (!g_ascii_isalnum(letter) && letter != '-' && letter != '.' && letter != '_') return false;
  return name.size() <= max_name;
}

}  // namespace

Expected<TurnServer> parse_turn_uri(const std::string &text) {
  if (text.size() > max_turn_uri) return fail(Code::too_large, "must have at most 1024 characters");
  char *scheme = nullptr, *user = nullptr, *password = nullptr, *host = nullptr, *path = nullptr;
  char *query = nullptr, *fragment = nullptr;
  int port = -1;
  const bool is_split =
      text.find('\0') == std::string::npos &&
      g_uri_split_with_user(text.c_str(), G_URI_FLAGS_HAS_PASSWORD, &scheme, &user, &password, nullptr, &host,
                            &port, &path, &query, &fragment, nullptr);
  const Text parts[] = {own(scheme), own(user),  own(password), own(host),
                        own(path),   own(query), own(fragment)};
  if (!is_split) return fail(Code::invalid, form);
  const std::string_view asked = query ? query : "";
  if (g_strcmp0(scheme, "turns") == 0)
    return fail(Code::unsupported, "must be turn://, because TURN over TLS (turns://) is not supported");
  if (g_strcmp0(scheme, "turn") != 0 || !is_credential(parts[1]) || !is_credential(parts[2]) ||
      !is_host(parts[3]) || port == 0 || *path || fragment ||
      (query && asked != "transport=udp" && asked != "transport=tcp"))
    return fail(Code::invalid, form);
  return TurnServer{.host = host,
                    .port = static_cast<std::uint16_t>(port < 0 ? default_port : port),
                    .user = user,
                    .password = password,
                    .over_tcp = asked == "transport=tcp"};
}

std::string to_uri(const TurnServer &server) {
  const auto encoded = [](const std::string &text) {
    return std::string(own(g_uri_escape_string(text.c_str(), nullptr, FALSE)).get());
  };
  const bool six = server.host.find(':') != std::string::npos;
  return "turn://" + encoded(server.user) + ":" + encoded(server.password) + "@" +
         (six ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port) +
         (server.over_tcp ? "?transport=tcp" : "");
}

}  // namespace astral
