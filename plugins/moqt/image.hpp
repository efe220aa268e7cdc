// SPDX-License-Identifier: BSD-3-Clause
// The wire image of one object (object.hpp) whose payload arrives in pieces. Payload bytes are copied once,
// into the image's own memory, which grows with what has arrived and not with what is announced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "moqt/object.hpp"

namespace astral::moqt {

class ImageBuilder {
 public:
  // Lays the image's head out: all that comes before the payload is known now.
  void start(Bytes properties, std::size_t payload_size);
  bool started() const { return buffer_ != nullptr; }
  // Takes payload from the front of `in`; true: it is whole.
  bool take(Bytes &in);
  // The object, with its image and what lies where in it; the rest of its fields is the caller's to say.
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
  bool empty_ = false;  // no payload, so a status
};

}  // namespace astral::moqt
