// SPDX-License-Identifier: BSD-3-Clause
#include "formats/fact_finder.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "formats/codec_heads.hpp"
#include "formats/opus_packet.hpp"
#include "formats/pes.hpp"

namespace astral::formats {

namespace {

constexpr std::size_t longest_head = 1024;  // bytes kept of a key frame; its parameter sets come first

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
  groups_.skip();
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
  facts_.video_tracks = codecs_.video_tracks();
  facts_.audio_tracks = codecs_.audio_tracks();
  if (std::exchange(video_, codecs_.video()) != codecs_.video()) {
    facts_.video.reset();
    groups_ = {};
    is_reading_ = false;
  }
  if (std::exchange(audio_, codecs_.audio()) == codecs_.audio()) return;
  facts_.audio.reset();
  if (audio_.codec.empty()) return;
  facts_.audio = AudioFacts{.codec = audio_.codec, .channels = audio_.channels};
  if (audio_.codec == "opus") facts_.audio->rate = opus::rate;
}

void FactFinder::begin_picture(Bytes pes) {
  if (is_reading_) read_key_frame();
  const bool has_shown = (pes[7] & 0x80) != 0 && pes[8] >= pes_stamp_size;
  const bool has_decoded = has_shown && (pes[7] & 0x40) != 0 && pes[8] >= 2 * pes_stamp_size;
  if (!has_shown) return;
  ticks_ = unfold(pes_stamp(pes.subspan(pes_head_size + (has_decoded ? pes_stamp_size : 0))), ticks_);
  const std::int64_t shown = unfold(pes_stamp(pes.subspan(pes_head_size)), ticks_);
  const bool is_key = std::exchange(is_key_next_, false);
  if (is_key) {
    const Bytes head = pes.subspan(pes_head_size + pes[8]);
    head_.assign(head.begin(), head.end());
    is_reading_ = true;
  }
  groups_.take(is_key, ticks_, shown);
  weigh_groups();
}

void FactFinder::read_key_frame() {
  is_reading_ = false;
  VideoFacts facts = facts_.video.value_or(VideoFacts{});
  facts.codec = video_.codec;
  facts.is_by_mpegts = true;
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

void FactFinder::weigh_groups() {
  if (!facts_.video) return;
  facts_.video->keyframe_seconds = groups_.longest_seconds();
  facts_.video->has_b_frames = groups_.has_b_frames();
}

void FactFinder::read_sound(Bytes pes) {
  const Bytes frame = pes.subspan(pes_head_size + pes[8]);
  auto read = audio_.codec == "aac"   ? read_adts(frame)
              : audio_.codec == "mp3" ? read_mpeg_audio(frame)
                                      : std::nullopt;
  if (read) facts_.audio = std::move(read);
}

}  // namespace astral::formats
