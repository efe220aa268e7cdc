// SPDX-License-Identifier: BSD-3-Clause
// Cuts the bytes of a control or request stream into messages. Holds at most one incomplete message and what
// was fed last.
#pragma once

#include <optional>
#include <vector>

#include "moqt/messages.hpp"

namespace astral::moqt {

class ControlReader {
 public:
  void feed(Bytes bytes);
  // The next message; nothing if more must be fed. Its body is valid until then.
  Decoded<std::optional<Frame>> next();
  bool at_boundary() const { return read_ == buffer_.size(); }  // a FIN is legal here

 private:
  std::vector<std::uint8_t> buffer_;
  std::size_t read_ = 0;  // how much of it was returned
};

}  // namespace astral::moqt
