// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/control_reader.hpp"

namespace astral::moqt {

void ControlReader::feed(Bytes bytes) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(read_));
  read_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Decoded<std::optional<Frame>> ControlReader::next() {
  auto frame = next_frame(Bytes(buffer_).subspan(read_));
  if (!frame) return tl::unexpected(frame.error());
  if (frame->size == 0) return std::optional<Frame>();
  read_ += frame->size;
  return std::optional<Frame>(*frame);
}

}  // namespace astral::moqt
