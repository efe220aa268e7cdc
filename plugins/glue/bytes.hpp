// SPDX-License-Identifier: BSD-3-Clause
// Bytes is a view of bytes that another object owns. Slice is a view that shares ownership. Pure: std only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace astral {

using Bytes = std::span<const std::uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// A reference-counted view of immutable bytes. The store, the MOQT sessions, QUIC's retransmission queue and
// downstream GstBuffers share one copy. **Thread**: any; the count is atomic and the bytes never change.
class Slice {
 public:
  Slice() = default;
  Slice(std::shared_ptr<const void> owner, Bytes view) : owner_(std::move(owner)), view_(view) {}

  static Slice copy(Bytes bytes) {
    if (bytes.empty()) return {};
    std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[bytes.size()]);
    std::memcpy(owner.get(), bytes.data(), bytes.size());
    const Bytes view(owner.get(), bytes.size());
    return {std::move(owner), view};
  }

  Bytes bytes() const { return view_; }
  const std::uint8_t *data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  const std::shared_ptr<const void> &owner() const { return owner_; }

  // Clamps to the end of the view. So offsets and lengths that a peer sent are safe here.
  Slice part(std::size_t offset, std::size_t length) const {
    const Bytes behind = view_.subspan(std::min(offset, view_.size()));
    return {owner_, behind.first(std::min(length, behind.size()))};
  }
  Slice from(std::size_t offset) const { return part(offset, view_.size()); }

 private:
  std::shared_ptr<const void> owner_;
  Bytes view_;
};

}  // namespace astral
