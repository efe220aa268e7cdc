// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/viewer_session.hpp"

#include <algorithm>
#include <string_view>

#include "glue/key.hpp"
#include "glue/random.hpp"
#include "http/request.hpp"

namespace astral::gateways {
namespace {

constexpr std::string_view name = "astral-viewer";
constexpr std::size_t id_bytes = 16;
constexpr std::size_t most_of_program = 200;  // bytes

bool is_id(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  return text.size() == 2 * id_bytes && text.find_first_not_of(hex) == std::string_view::npos;
}

std::string session_of(const http::Call &call) {
  const auto values = http::cookies_named(call.cookies, name);
  const auto found = std::find_if(values.begin(), values.end(), is_id);
  return found == values.end() ? "" : std::string(*found);
}

}  // namespace

runtime::AskingPlayer player_of(const http::Call &call) {
  return {.address = call.caller,
          .program = call.user_agent.substr(0, most_of_program),
          .session = session_of(call)};
}

std::string begin_session(const http::Call &call) {
  if (!session_of(call).empty()) return "";
  return std::string(name) + "=" + to_hex(random_bytes<id_bytes>()) + "; Path=" + call.prefix +
         "/stream/; HttpOnly; SameSite=Lax" + (call.is_secure ? "; Secure" : "");
}

}  // namespace astral::gateways
