// SPDX-License-Identifier: BSD-3-Clause
// The frames that the benches publish, as MPEG-TS or as FLV: 16.5 KB each. A frame carries its number and the
// time at which it was pushed, so a bench recognises it behind any relay. The frames have H.264's framing,
// but cannot be decoded.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::bench {

constexpr int frames_per_second = 30;  // 3.97 Mbit/s

struct Frame {
  int number = 0;
  bool key = false;
  std::int64_t pushed = 0;  // ns of the steady clock, which all processes of a machine share
};

std::vector<std::uint8_t> ts(const Frame &);   // PAT and PMT precede a key frame
std::vector<std::uint8_t> flv(const Frame &);  // one tag

// Finds the frames in received data, which must begin with a whole TS packet or FLV tag.
class Finder {
 public:
  using Found =
      std::function<void(const Frame &, bool whole)>;  // called when a frame begins, and when it is whole
  void add(Bytes, const Found &);

 private:
  std::size_t take(Bytes, const Found &);  // takes one packet or tag: its size, or 0 if it is incomplete

  std::vector<std::uint8_t> rest_;
  Frame frame_;
  int left_ = 0;  // packets of frame_ that are still missing
};

}  // namespace astral::bench
