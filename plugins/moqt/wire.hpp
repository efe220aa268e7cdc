// SPDX-License-Identifier: BSD-3-Clause
// vi64 (§1.4.1), and the bounded Reader and Writer of all codecs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "moqt/types.hpp"

namespace astral::moqt {

// How the peer violated the draft, and the code to close the session with.
struct Violation {
  CloseCode code = CloseCode::protocol_violation;
  std::string reason;
};

template <typename T>
using Decoded = tl::expected<T, Violation>;

inline tl::unexpected<Violation> violation(std::string reason,
                                           CloseCode code = CloseCode::protocol_violation) {
  return tl::unexpected<Violation>(Violation{code, std::move(reason)});
}

inline constexpr std::size_t max_vi64 = 9;  // bytes

// Size of the minimal encoding, bytes.
constexpr std::size_t vi64_size(std::uint64_t value) {
  std::size_t size = 1;
  while (size < max_vi64 && (value >> (7 * size)) != 0) ++size;
  return size;
}

// Writes the minimal encoding and returns its size. `out` has room for max_vi64 bytes.
std::size_t put_vi64(std::uint64_t value, std::uint8_t *out);

// Size of an encoding by its first byte: the number of leading ones, plus one.
std::size_t vi64_announced(std::uint8_t first);

// Reads from front to back. After a read past the end every read returns zero and ok() is false, so a decoder
// reads all its fields and checks once. It allocates nothing for a length whose bytes are not there.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }                     // no read went past the end
  bool done() const { return ok_ && rest_.empty(); }  // and all bytes were read
  std::size_t left() const { return rest_.size(); }
  Bytes rest() const { return rest_; }

  std::uint64_t vi64();
  std::uint8_t uint8();
  std::uint16_t uint16();
  Bytes take(std::uint64_t size);
  Bytes take_prefixed() { return take(vi64()); }  // Length vi64, bytes
  Bytes take_rest() { return take(rest_.size()); }
  Location location();

 private:
  Bytes rest_;
  bool ok_ = true;
};

// Appends to its own buffer.
class Writer {
 public:
  Writer &vi64(std::uint64_t value);
  Writer &uint8(std::uint8_t value);
  Writer &uint16(std::uint16_t value);
  Writer &bytes(Bytes bytes);
  Writer &bytes(std::string_view text) { return bytes(as_bytes(text)); }
  Writer &prefixed(Bytes value) { return vi64(value.size()).bytes(value); }
  Writer &prefixed(std::string_view text) { return prefixed(as_bytes(text)); }
  Writer &location(Location at) { return vi64(at.group).vi64(at.object); }

  Bytes view() const { return buffer_; }
  std::size_t size() const { return buffer_.size(); }
  std::vector<std::uint8_t> take() { return std::move(buffer_); }

 private:
  std::vector<std::uint8_t> buffer_;
};

}  // namespace astral::moqt
