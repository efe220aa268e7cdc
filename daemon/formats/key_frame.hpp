// SPDX-License-Identifier: BSD-3-Clause
// Collects the newest key frame of MPEG-TS or of fragments of MP4, as the pieces that it came in. Decides
// when it is complete: when the next picture begins. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "formats/player.hpp"
#include "formats/ts_frames.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::formats {

class KeyFrame : public Player {
 public:
  void on_frame(const Slice &piece, bool is_start) override;
  void on_break() override;
  void on_over(const Error &error) override { over_ = error; }

  bool has_begun() const { return has_begun_; }
  bool is_whole() const { return is_whole_; }
  const std::optional<Error> &over() const { return over_; }
  const std::vector<Slice> &pieces() const { return pieces_; }  // PAT and PMT, or moov, first

 private:
  void start_again();

  FrameFinder finder_;
  std::vector<Slice> pieces_;
  std::size_t tables_ = 0;  // how many of pieces_ are PAT and PMT
  bool has_begun_ = false;
  bool is_whole_ = false;
  std::optional<Error> over_;
};

}  // namespace astral::formats
