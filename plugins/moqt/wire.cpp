// SPDX-License-Identifier: BSD-3-Clause
// vi64 (§1.4.1): the leading ones of the first byte count the bytes that follow. This is not RFC 9000's
// varint.
#include "moqt/wire.hpp"

#include <bit>

namespace astral::moqt {

namespace {

constexpr std::uint64_t leading_bits(std::uint8_t first, std::size_t following) {
  return following >= 7 ? 0u : static_cast<std::uint64_t>(first & (0x7Fu >> following));
}

}  // namespace

std::size_t vi64_announced(std::uint8_t first) {
  return static_cast<std::size_t>(std::countl_one(first)) + 1;
}

std::size_t put_vi64(std::uint64_t value, std::uint8_t *out) {
  const std::size_t size = vi64_size(value);
  const std::size_t following = size - 1;
  for (std::size_t i = 0; i < following; ++i)
    out[following - i] = static_cast<std::uint8_t>(value >> (8 * i));
  const auto ones = static_cast<std::uint8_t>(0xFF00u >> following);
  out[0] = following >= 7 ? ones : static_cast<std::uint8_t>(ones | (value >> (8 * following)));
  return size;
}

std::uint64_t Reader::vi64() {
  if (rest_.empty() || rest_.size() < vi64_announced(rest_[0])) {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  const std::size_t following = vi64_announced(rest_[0]) - 1;
  std::uint64_t value = leading_bits(rest_[0], following);
  for (std::size_t i = 1; i <= following; ++i) value = value << 8 | rest_[i];
  rest_ = rest_.subspan(following + 1);
  return value;
}

std::uint8_t Reader::uint8() {
  const Bytes one = take(1);
  return one.empty() ? std::uint8_t{0} : one[0];
}

std::uint16_t Reader::uint16() {
  const Bytes two = take(2);
  return two.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(two[0] << 8 | two[1]);
}

Bytes Reader::take(std::uint64_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const Bytes taken = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

Location Reader::location() {
  Location at;
  at.group = vi64();
  at.object = vi64();
  return at;
}

Writer &Writer::vi64(std::uint64_t value) {
  std::array<std::uint8_t, max_vi64> encoded;
  return bytes(Bytes(encoded.data(), put_vi64(value, encoded.data())));
}

Writer &Writer::uint8(std::uint8_t value) {
  buffer_.push_back(value);
  return *this;
}

Writer &Writer::uint16(std::uint16_t value) {
  buffer_.push_back(static_cast<std::uint8_t>(value >> 8));
  buffer_.push_back(static_cast<std::uint8_t>(value));
  return *this;
}

Writer &Writer::bytes(Bytes bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return *this;
}

}  // namespace astral::moqt
