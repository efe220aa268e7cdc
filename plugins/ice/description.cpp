// SPDX-License-Identifier: BSD-3-Clause
#include "ice/description.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace astral::ice {
namespace {

constexpr std::size_t max_foundation_size = 32;

bool is_ice_char(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '+' || letter == '/';
}

bool is_ice_text(std::string_view text, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max && std::all_of(text.begin(), text.end(), is_ice_char);
}

std::optional<std::uint32_t> number(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// Accepts numeric addresses only, so no name is looked up. `sendable`: refuses multicast and "any" addresses.
bool is_numeric_address(std::string_view text, bool sendable) {
  const std::string address(text);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1)
    return !sendable ||
           (bytes[0] != 0 && bytes[0] < 224);  // refuse "this network", multicast, reserved and broadcast
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  const bool any = std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
  return !sendable || (!any && bytes[0] != 0xff);
}

// Splits at single spaces. Returns an empty list if there is no word, if two spaces meet, or if a character
// is not printable.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (word.empty() || std::any_of(word.begin(), word.end(), [](char c) { return c < 0x21 || c > 0x7e; }))
      return {};
    words.push_back(word);
    if (end == text.size()) return words;
    text.remove_prefix(end + 1);
  }
}

tl::unexpected<Error> bad(const char *what) {
  return fail(Code::invalid, std::string("an ICE candidate with ") + what);
}

}  // namespace

// candidate:FOUNDATION 1 UDP PRIORITY ADDRESS PORT typ TYPE [raddr ADDRESS rport PORT] (name value)*
Expected<void> check_candidate(std::string_view candidate) {
  constexpr std::string_view prefix = "candidate:";
  if (candidate.size() > max_candidate_size)
    return fail(Code::too_large, "an ICE candidate of more than 256 characters");
  if (!candidate.starts_with(prefix)) return bad("a start other than \"candidate:\"");
  const auto words = words_of(candidate.substr(prefix.size()));
  if (words.size() < 8 || words.size() % 2 != 0) return bad("a wrong number of words");
  if (!is_ice_text(words[0], 1, max_foundation_size)) return bad("a bad foundation");
  if (words[1] != "1") return bad("a component other than 1");
  if (!same_word(words[2], "udp")) return bad("a transport other than UDP");
  const auto priority = number(words[3]);
  if (!priority || *priority == 0 || *priority > 0x7fffffff) return bad("a bad priority");
  if (!is_numeric_address(words[4], true)) return bad("an address that is not numeric and unicast");
  const auto port = number(words[5]);
  if (!port || *port == 0 || *port > 65535) return bad("a bad port");
  if (words[6] != "typ") return bad("no type");
  constexpr std::array<std::string_view, 4> types{"host", "srflx", "prflx", "relay"};
  if (std::find(types.begin(), types.end(), words[7]) == types.end()) return bad("an unknown type");
  for (std::size_t i = 8; i < words.size(); i += 2) {
    if (words[i] == "raddr" && !is_numeric_address(words[i + 1], false)) return bad("a bad related address");
    const auto related = words[i] == "rport" ? number(words[i + 1]) : 0;
    if (!related || *related > 65535) return bad("a bad related port");
    if (words[i] == "typ") return bad("two types");
  }
  return {};
}

Expected<void> check(const Description &description) {
  if (!is_ice_text(description.ufrag, min_ufrag_size, max_credential_size))
    return fail(Code::invalid, "the ICE user fragment must be 4 to 256 letters, digits, + or /");
  if (!is_ice_text(description.pwd, min_pwd_size, max_credential_size))
    return fail(Code::invalid, "the ICE password must be 22 to 256 letters, digits, + or /");
  if (description.candidates.size() > max_candidates)
    return fail(Code::too_large, "more than 32 ICE candidates");
  for (const std::string &candidate : description.candidates) {
    if (auto good = check_candidate(candidate); !good) return good;
  }
  return {};
}

}  // namespace astral::ice
