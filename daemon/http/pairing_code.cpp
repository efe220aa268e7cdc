// SPDX-License-Identifier: BSD-3-Clause
#include "http/pairing_code.hpp"

#include <glib.h>

#include <algorithm>

#include "http/access.hpp"

namespace astral::http {
namespace {

// Nothing that looks like another letter: no I, O, 0, 1. 32 of them, so that each byte's low bits choose one.
constexpr std::string_view alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
static_assert(alphabet.size() == 32);

std::string bare(std::string_view typed) {
  std::string code;
  for (const char c : typed)
    if (c != '-' && c != ' ') code += g_ascii_toupper(c);
  return code;
}

}  // namespace

const std::string &PairingCode::make(const std::array<std::uint8_t, letters> &random, Time now) {
  text_.clear();
  for (const std::uint8_t byte : random) {
    if (text_.size() == letters / 2) text_ += '-';
    text_ += alphabet[byte % alphabet.size()];
  }
  until_ = now + lifetime;
  wrong_ = 0;
  return text_;
}

Time PairingCode::left(Time now) const {
  return text_.empty() ? Time{} : std::max(until_ - now, Time{});
}

Expected<void> PairingCode::use(std::string_view given, Time now) {
  if (left(now) == Time{})
    return fail(
        Code::refused,
        "no device is being paired now; the owner makes a new code with 'Pair a device' on the node's "
        "page, or with 'astralctl pair'");
  if (now < not_before_)
    return fail(Code::timeout, "a wrong code was sent a moment ago; try again in a second");
  if (same_secret(bare(given), bare(text_))) {
    close();
    return {};
  }
  not_before_ = now + pause;
  if (++wrong_ < max_wrong) return fail(Code::refused, "that is not the code that the node shows");
  close();
  return fail(Code::refused, "that is not the code that the node shows; after so many wrong ones it is void");
}

}  // namespace astral::http
