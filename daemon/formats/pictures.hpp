// SPDX-License-Identifier: BSD-3-Clause
// Decides which pictures of an H.264 or H.265 track a decoder can show: from the first one that it can start
// with, and after a loss from the next such one on. Pure.
#pragma once

#include <optional>
#include <vector>

#include "formats/h264.hpp"
#include "formats/h265.hpp"
#include "formats/ts_demux.hpp"
#include "glue/bytes.hpp"
#include "glue/time.hpp"

namespace astral::formats {

struct Picture {
  bool is_start = false;
  std::vector<Bytes> units;  // views into the Unit
};

class Pictures {
 public:
  // An encoder may send no further picture that a decoder can start with. Then a damaged one is better than
  // none.
  static constexpr Time longest_freeze = 10s;

  // None: no decoder can show it. `unit` is a picture; `now` is when it came.
  std::optional<Picture> take(const Unit &unit, Time now);
  const h264::Parameters &parameters() const { return parameters_; }
  // The decoder's configuration as FLV carries it. Requires that take() has returned a picture.
  h264::Buffer record() const;
  // Increases when the parameter sets or the codec change.
  unsigned version() const { return version_; }

 private:
  Codec codec_ = Codec::h264;
  h264::Parameters parameters_;
  h265::Parameters hevc_;
  unsigned version_ = 0;
  bool has_begun_ = false;
  std::optional<Time> lost_;  // pictures are missing since then
};

}  // namespace astral::formats
