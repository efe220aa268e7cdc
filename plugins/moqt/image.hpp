// SPDX-License-Identifier: BSD-3-Clause
// Builds the wire image of one object (object.hpp) whose payload arrives in pieces. Copies the payload once,
// into the image's memory. That memory grows with the bytes that arrived, not with the announced length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "moqt/object.hpp"

namespace astral::moqt {

class ImageBuilder {
 public:
  // Writes everything that precedes the payload.
  void start(Bytes properties, std::size_t payload_size);
  bool started() const { return buffer_ != nullptr; }
  // Takes payload from the front of `in`. Returns true when the payload is complete.
  bool take(Bytes &in);
  // Returns the object with its image and the offsets in it. The caller sets the other fields.
  Object finish(ObjectStatus status);
  std::size_t held() const { return capacity_; }

 private:
  void grow(std::size_t wanted);

  std::shared_ptr<std::uint8_t[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t filled_ = 0;
  std::size_t target_ = 0;
  std::size_t properties_size_ = 0;
  std::size_t payload_offset_ = 0;
  bool empty_ = false;  // no payload: a status follows
};

}  // namespace astral::moqt
