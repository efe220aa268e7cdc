// SPDX-License-Identifier: BSD-3-Clause
// Learns from passing MPEG-TS what its video and audio are: from the PAT and PMT, from the headers of key
// frames and audio frames, and from the timestamps of pictures. It parses headers and decodes nothing.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "formats/facts.hpp"
#include "formats/groups.hpp"
#include "formats/player.hpp"
#include "formats/ts_codecs.hpp"
#include "glue/bytes.hpp"

namespace astral::formats {

class FactFinder : public Player {
 public:
  explicit FactFinder(std::function<void()> on_news) : on_news_(std::move(on_news)) {}

  // `is_start`: the next picture in the stream is a key frame.
  void on_frame(const Slice &piece, bool is_start) override;
  void on_break() override;
  void on_over(const Error &) override {}

  const Facts &facts() const { return facts_; }

 private:
  void take(Bytes packet);
  void use_tracks();
  void begin_picture(Bytes pes);
  void read_key_frame();
  void read_sound(Bytes pes);
  void weigh_groups();

  const std::function<void()> on_news_;
  Facts facts_, told_;
  TsCodecs codecs_;
  TsCodecs::Track video_, audio_;
  bool is_key_next_ = false;
  bool is_reading_ = false;                   // head_ still takes bytes of this key frame
  std::vector<std::uint8_t> head_;            // the first bytes of the newest key frame
  std::int64_t ticks_ = 0;                    // 90 kHz; the newest picture's DTS, without the wrap at 33 bits
  Groups groups_;
};

}  // namespace astral::formats
