// SPDX-License-Identifier: BSD-3-Clause
#include "formats/fact_finder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "formats/codec_heads.hpp"
#include "formats/pes.hpp"

namespace astral::formats {

namespace {

constexpr std::size_t longest_head = 1024;  // bytes kept of a key frame; its parameter sets come first
constexpr std::size_t most_groups = 5;      // several, because encoders add key frames at scene changes
constexpr std::int64_t second = 90'000;
constexpr std::int64_t longest_group = 600 * second;  // a larger step means another clock

// `stamp`, which wraps at 33 bits, as the time closest to `near` that does not wrap.
std::int64_t unfold(std::int64_t stamp, std::int64_t near) {
  return near + pes_distance(near, stamp);
}

}  // namespace

void FactFinder::on_frame(const Slice &piece, bool is_start) {
  if (is_start) is_key_next_ = true;
  const Bytes bytes = piece.bytes();
  for (std::size_t at = 0; at + ts_packet_size <= bytes.size(); at += ts_packet_size)
    take(bytes.subspan(at, ts_packet_size));
  if (facts_ == told_) return;
  told_ = facts_;
  on_news_();
}

void FactFinder::on_break() {
  codecs_.forget_tables();
  is_reading_ = false;
  key_ticks_.reset();
  latest_shown_.reset();
  group_ = {};
}

// `packet` is one whole TS packet: on_frame() cuts them.
void FactFinder::take(Bytes packet) {
  if (packet[0] != 0x47 || (packet[3] & 0x10) == 0) return;
  const auto pid = static_cast<std::uint16_t>((packet[1] & 0x1f) << 8 | packet[2]);
  const bool is_begin = (packet[1] & 0x40) != 0;
  const std::size_t offset = (packet[3] & 0x20) != 0 ? std::size_t{5} + packet[4] : 4;
  if (offset >= packet.size()) return;
  const Bytes payload = packet.subspan(offset);
  if (is_begin && codecs_.has(pid)) {
    if (codecs_.read(pid, payload)) use_tracks();
    return;
  }
  if (pid == video_.pid && is_begin && is_pes(payload)) return begin_picture(payload);
  if (pid == video_.pid && is_reading_) {
    head_.insert(head_.end(), payload.begin(), payload.end());
    if (head_.size() >= longest_head) read_key_frame();
  }
  if (pid == audio_.pid && is_begin && is_pes(payload)) read_sound(payload);
}

void FactFinder::use_tracks() {
  if (std::exchange(video_, codecs_.video()) != codecs_.video()) {
    facts_.video.reset();
    groups_.clear();
    key_ticks_.reset();
    is_reading_ = false;
  }
  if (std::exchange(audio_, codecs_.audio()) == codecs_.audio()) return;
  facts_.audio.reset();
  if (!audio_.codec.empty()) facts_.audio = AudioFacts{.codec = audio_.codec};
}

void FactFinder::begin_picture(Bytes pes) {
  if (is_reading_) read_key_frame();
  const bool has_shown = (pes[7] & 0x80) != 0 && pes[8] >= pes_stamp_size;
  const bool has_decoded = has_shown && (pes[7] & 0x40) != 0 && pes[8] >= 2 * pes_stamp_size;
  if (!has_shown) return;
  ticks_ = unfold(pes_stamp(pes.subspan(pes_head_size + (has_decoded ? pes_stamp_size : 0))), ticks_);
  const std::int64_t shown = unfold(pes_stamp(pes.subspan(pes_head_size)), ticks_);
  if (std::exchange(is_key_next_, false)) {
    begin_key_frame(ticks_);
    const Bytes head = pes.subspan(pes_head_size + pes[8]);
    head_.assign(head.begin(), head.end());
    is_reading_ = true;
    latest_shown_ = shown;
  }
  if (latest_shown_ && shown < *latest_shown_) group_.has_b_frames = true;
  latest_shown_ = std::max(latest_shown_.value_or(shown), shown);
  if (key_ticks_) group_.length = ticks_ - *key_ticks_;
  weigh_groups();
}

void FactFinder::begin_key_frame(std::int64_t time) {
  if (key_ticks_ && time > *key_ticks_ && time - *key_ticks_ < longest_group) {
    group_.length = time - *key_ticks_;
    groups_.push_back(group_);
    if (groups_.size() > most_groups) groups_.pop_front();
  }
  key_ticks_ = time;
  group_ = {};
}

void FactFinder::read_key_frame() {
  is_reading_ = false;
  VideoFacts facts = facts_.video.value_or(VideoFacts{});
  facts.codec = video_.codec;
  const auto read = video_.codec == "h264"   ? read_h264(head_)
                    : video_.codec == "h265" ? read_h265(head_)
                                             : std::nullopt;
  if (read) {
    facts.width = read->width;
    facts.height = read->height;
    facts.frames = read->frames;
    facts.seconds = read->seconds;
    facts.chroma = read->chroma;
    facts.bits = read->bits;
  }
  if (video_.codec == "h264" && facts.width == 0) return;  // no decoder can start without its parameter sets
  facts_.video = facts;
  weigh_groups();
}

// The unfinished group counts as soon as it is too long, in whole seconds.
void FactFinder::weigh_groups() {
  if (!facts_.video || !key_ticks_) return;
  double longest = 0;
  bool has_b_frames = group_.has_b_frames;
  for (const Group &group : groups_) {
    longest = std::max(longest, std::round(static_cast<double>(group.length * 10) / second) / 10);
    has_b_frames = has_b_frames || group.has_b_frames;
  }
  const auto so_far = static_cast<double>(group_.length / second);
  if (so_far > good_keyframe_seconds && group_.length < longest_group) longest = std::max(longest, so_far);
  facts_.video->keyframe_seconds = longest;
  facts_.video->has_b_frames = has_b_frames;
}

void FactFinder::read_sound(Bytes pes) {
  const Bytes frame = pes.subspan(pes_head_size + pes[8]);
  auto read = audio_.codec == "aac"   ? read_adts(frame)
              : audio_.codec == "mp3" ? read_mpeg_audio(frame)
                                      : std::nullopt;
  if (read) facts_.audio = std::move(read);
}

}  // namespace astral::formats
