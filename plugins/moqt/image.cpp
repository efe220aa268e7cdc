// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/image.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "moqt/wire.hpp"

namespace astral::moqt {

namespace {

// Bytes that are allocated before any payload has arrived; afterwards the buffer doubles. A typical video
// frame fits, so it is not moved, and the kernel provides pages only when they are written.
constexpr std::size_t first_chunk = 256 * 1024;

}  // namespace

void ImageBuilder::start(Bytes properties, std::size_t payload_size) {
  properties_size_ = properties.size();
  payload_offset_ = 1 + vi64_size(properties_size_) + properties_size_ + vi64_size(payload_size);
  target_ = payload_offset_ + std::max<std::size_t>(payload_size, 1);  // 1: the status byte
  filled_ = 0;
  empty_ = payload_size == 0;
  grow(payload_offset_ + std::min(payload_size + 1, first_chunk));
  std::uint8_t *at = buffer_.get();
  *at++ = 0;  // id delta
  at += put_vi64(properties_size_, at);
  if (properties_size_ != 0) std::memcpy(at, properties.data(), properties_size_);
  at += properties_size_;
  put_vi64(payload_size, at);
  filled_ = payload_offset_;
}

bool ImageBuilder::take(Bytes &in) {
  if (empty_) return true;
  const Bytes part = in.first(std::min(in.size(), target_ - filled_));
  if (!part.empty()) {
    grow(filled_ + part.size());
    std::memcpy(buffer_.get() + filled_, part.data(), part.size());
    filled_ += part.size();
    in = in.subspan(part.size());
  }
  return filled_ == target_;
}

Object ImageBuilder::finish(ObjectStatus status) {
  if (empty_) buffer_[static_cast<std::ptrdiff_t>(filled_++)] = static_cast<std::uint8_t>(status);
  assert(filled_ == target_);  // the reader calls this after take() returned true
  Object object;
  object.properties_offset = 1 + vi64_size(properties_size_);
  object.properties_size = properties_size_;
  object.payload_offset = empty_ ? target_ : payload_offset_;
  object.status = status;
  const Bytes view(buffer_.get(), filled_);
  object.wire = Slice(std::move(buffer_), view);
  buffer_ = nullptr;
  capacity_ = 0;
  return object;
}

void ImageBuilder::grow(std::size_t wanted) {
  if (wanted <= capacity_) return;
  const std::size_t capacity =
      std::min(target_, std::max({wanted, 2 * capacity_, std::min(first_chunk, target_)}));
  auto larger = std::make_shared_for_overwrite<std::uint8_t[]>(capacity);
  if (filled_ != 0) std::memcpy(larger.get(), buffer_.get(), filled_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

}  // namespace astral::moqt
