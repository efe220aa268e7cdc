// SPDX-License-Identifier: BSD-3-Clause
#include "elements/direct.hpp"

#include <algorithm>

#include "glue/key.hpp"

namespace astral::elements {

std::optional<udp::Secret> secret_of(std::string_view digits) {
  udp::Secret secret;
  if (digits.size() != 2 * secret.size() ||
      digits.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return std::nullopt;
  std::ranges::copy(from_hex(digits), secret.begin());
  return secret;
}

bool is_sendable(const udp::Address &address) {
  const auto &byte = address.bytes;
  if (address.size == 4) return byte[0] != 0 && byte[0] < 224;
  return address.size == 16 && byte[0] != 0xff &&
         std::ranges::any_of(byte, [](std::uint8_t each) { return each != 0; });
}

}  // namespace astral::elements
