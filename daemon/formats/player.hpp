// SPDX-License-Identifier: BSD-3-Clause
// Who plays a stream as it comes, and what all players of one format share: what a player begins with, and
// the newest group as far as it has come. Pure.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::formats {

// The form in which a player gets a stream. **Why** not an enum: media/player_formats.cpp alone lists the
// formats, and a new one changes no header.
struct Format {
  std::string_view id;  // a literal

  static const Format ts;      // MPEG-TS
  static const Format flv;     // one FLV file without an end, for HTTP-FLV
  static const Format rtmp;    // RTMP messages in chunks
  static const Format webrtc;  // H.264 and Opus frames, one by one (rtc_frame.hpp)

  friend auto operator<=>(const Format &, const Format &) = default;
};
inline constexpr Format Format::ts{"ts"};
inline constexpr Format Format::flv{"flv"};
inline constexpr Format Format::rtmp{"rtmp"};
inline constexpr Format Format::webrtc{"webrtc"};

class Player {
 public:
  // A piece that must not be torn apart. `is_start`: one can begin with it. Not the place to join or leave.
  virtual void on_frame(const Slice &frame, bool is_start) = 0;
  // What follows does not go on where this ended: other media, or a gap.
  virtual void on_break() {}
  // Nothing more comes; it has left already. unsupported: never in this format.
  virtual void on_over(const Error &error) = 0;

 protected:
  ~Player() = default;
};

class Fanout {
 public:
  static constexpr std::size_t max_group = 32 << 20;  // bytes; of a larger one nobody gets the beginning

  // To all that play it still: a player outlives it, or leaves.
  ~Fanout() { end({Code::not_found, "the stream has ended"}); }

  // What each player gets first; `news`: those that are there, unless it is empty.
  void set_header(Slice header, const Slice &news = {});
  void push(const Slice &frame, bool is_start);
  void mark_break();
  void end(const Error &error);

  // It gets the header at once, frames from a start on. After end(): on_over at once.
  void join(Player &player);
  void leave(Player &player) { players_.erase(&player); }
  std::size_t players() const { return players_.size(); }

 private:
  void forget();

  Slice header_;
  bool has_start_ = false;    // group_ begins with one
  std::vector<Slice> group_;  // of the newest group
  std::size_t group_bytes_ = 0;
  std::map<Player *, bool> players_;  // whether it has begun
  std::optional<Error> ended_;
};

}  // namespace astral::formats
