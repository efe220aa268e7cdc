// SPDX-License-Identifier: BSD-3-Clause
// Player: receives a stream as it arrives. Fanout: gives all players of one format the same frames, and a new
// player the header and the newest group first. Pure.
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
  static const Format
      key;  // the newest key picture of HLS in MP4, after its initialization segment; then it is over

  friend auto operator<=>(const Format &, const Format &) = default;
};
inline constexpr Format Format::ts{"ts"};
inline constexpr Format Format::flv{"flv"};
inline constexpr Format Format::rtmp{"rtmp"};
inline constexpr Format Format::webrtc{"webrtc"};
inline constexpr Format Format::key{"key"};

class Player {
 public:
  // One indivisible piece. `is_start`: playback can start with it. Must not join or leave a Fanout.
  virtual void on_frame(const Slice &frame, bool is_start) = 0;
  // The next frame does not continue the last one: there is a gap, or other media follows.
  virtual void on_break() {}
  // The last call; the player has left already. unsupported: this format cannot carry the stream.
  virtual void on_over(const Error &error) = 0;

 protected:
  ~Player() = default;
};

class Fanout {
 public:
  static constexpr std::size_t max_group = 32 << 20;  // bytes; a larger group is not kept for new players

  // Each player outlives this object or leaves it.
  ~Fanout() { end({Code::not_found, "the stream has ended"}); }

  // New players get `header` first. Players that have a header already get `news`, unless it is empty.
  void set_header(Slice header, const Slice &news = {});
  void push(const Slice &frame, bool is_start);
  void mark_break();
  void end(const Error &error);

  // The player gets the header and the newest group at once. After end() it gets on_over at once.
  void join(Player &player);
  void leave(Player &player) { players_.erase(&player); }
  std::size_t players() const { return players_.size(); }

 private:
  void forget();

  Slice header_;
  bool has_start_ = false;    // group_ begins with a start
  std::vector<Slice> group_;  // the newest group's frames so far
  std::size_t group_bytes_ = 0;
  std::map<Player *, bool> players_;  // whether it has got a start
  std::optional<Error> ended_;
};

}  // namespace astral::formats
