// SPDX-License-Identifier: BSD-3-Clause
// The frames that the benches publish: 16.5 KB each, in which is written who they are and when they were
// pushed, as MPEG-TS or as FLV, so that they are known again behind anybody's relay. They look like H.264; no
// decoder would like them.
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

std::vector<std::uint8_t> ts(const Frame &);   // tables in front of a key frame
std::vector<std::uint8_t> flv(const Frame &);  // one tag

// Finds them in what arrives, which begins with a whole packet or tag.
class Finder {
 public:
  using Found =
      std::function<void(const Frame &, bool whole)>;  // when it begins, and when all of it is there
  void add(Bytes, const Found &);

 private:
  std::size_t take(Bytes, const Found &);  // one packet or tag: its size, or 0 when more must come

  std::vector<std::uint8_t> rest_;
  Frame frame_;
  int left_ = 0;  // packets of it that are to come
};

}  // namespace astral::bench
