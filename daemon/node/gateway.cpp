// SPDX-License-Identifier: BSD-3-Clause
#include "node/gateway.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace astral::node {
namespace {

constexpr std::uint32_t is_up = 1, has_gateway = 2;  // flags of a route: RTF_UP, RTF_GATEWAY

std::string_view next_word(std::string_view &text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint32_t> number(std::string_view word, int base) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value;
}

}  // namespace

// Interface Destination Gateway Flags RefCnt Use Metric Mask …; addresses are hexadecimal numbers whose
// bytes, as they lie in this machine's memory, are the address.
std::optional<std::string> default_gateway(std::string_view routes) {
  std::optional<std::string> found;
  std::uint32_t lowest = UINT32_MAX;
  while (!routes.empty()) {
    std::string_view line = routes.substr(0, routes.find('\n'));
    routes.remove_prefix(std::min(line.size() + 1, routes.size()));
    std::array<std::string_view, 8> words;
    for (std::string_view &word : words) word = next_word(line);
    const auto destination = number(words[1], 16), gateway = number(words[2], 16),
               flags = number(words[3], 16), metric = number(words[6], 10), mask = number(words[7], 16);
    if (!destination || !gateway || !flags || !metric || !mask) continue;
    if (*destination != 0 || *mask != 0 || *gateway == 0) continue;
    if ((*flags & is_up) == 0 || (*flags & has_gateway) == 0 || (found && *metric >= lowest)) continue;
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &*gateway, bytes.size());
    std::string text;
    for (const std::uint8_t byte : bytes) text += (text.empty() ? "" : ".") + std::to_string(byte);
    found = text;
    lowest = *metric;
  }
  return found;
}

bool is_private_ipv4(std::string_view address) {
  std::array<std::uint8_t, 4> byte;
  if (inet_pton(AF_INET, std::string(address).c_str(), byte.data()) != 1) return false;
  return byte[0] == 10 || (byte[0] == 172 && (byte[1] & 0xf0) == 16) || (byte[0] == 192 && byte[1] == 168) ||
         (byte[0] == 100 && (byte[1] & 0xc0) == 64);
}

}  // namespace astral::node
