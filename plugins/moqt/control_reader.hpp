// SPDX-License-Identifier: BSD-3-Clause
// Splits the bytes of a control or request stream into messages. Holds at most one incomplete message and the
// bytes that were fed last.
#pragma once

#include <optional>
#include <vector>

#include "moqt/messages.hpp"

namespace astral::moqt {

class ControlReader {
 public:
  void feed(Bytes bytes);
  // The next message, or nullopt if it needs more bytes. Its body stays valid until the next feed().
  Decoded<std::optional<Frame>> next();
  bool at_boundary() const { return read_ == buffer_.size(); }  // a FIN is legal here

 private:
  std::vector<std::uint8_t> buffer_;
  std::size_t read_ = 0;  // bytes of buffer_ that next() has returned
};

}  // namespace astral::moqt
