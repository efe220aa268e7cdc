// SPDX-License-Identifier: BSD-3-Clause
#include "formats/key_frame.hpp"

namespace astral::formats {

void KeyFrame::on_frame(const Slice &piece, bool is_start) {
  if (is_whole_) return;
  if (is_start && has_begun_) {
    is_whole_ = true;
    return;
  }
  if (is_start) start_again();
  if (pieces_.empty()) finder_.set_init(mp4::read_init(piece.bytes()).empty() ? Bytes() : piece.bytes());
  const std::vector<Frame> frames = finder_.find(piece.bytes(), never);
  const bool is_tables = pieces_.empty() && !finder_.has_times();
  if (is_tables) tables_ = 1;
  const std::size_t pictures = finder_.has_picture() ? frames.size() : 0;
  const std::size_t before = has_begun_ ? 1 : 0;
  is_whole_ = before + pictures > 1;
  pieces_.push_back(is_whole_ ? piece.part(0, frames[1 - before].offset) : piece);
  has_begun_ = has_begun_ || pictures > 0;
}

void KeyFrame::on_break() {
  if (is_whole_) return;
  has_begun_ = false;
  start_again();
}

void KeyFrame::start_again() {
  pieces_.resize(tables_);
  finder_ = FrameFinder();
  if (tables_ > 0 && !mp4::read_init(pieces_[0].bytes()).empty()) finder_.set_init(pieces_[0].bytes());
}

}  // namespace astral::formats
