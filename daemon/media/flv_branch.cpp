// SPDX-License-Identifier: BSD-3-Clause
#include "media/flv_branch.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "formats/pes.hpp"

namespace astral::media {

namespace {

using formats::Kind;
using formats::Timeline;

// How long one track waits for the other, which may have stopped. At first it waits longer, because both
// belong into the header.
constexpr Time patience = 400ms;
constexpr Time first_patience = 2s;
constexpr std::size_t most_waiting = 4096;  // frames of one track

const Error nothing_to_carry{Code::unsupported,
                             "FLV carries H.264, AAC and MP3, and this stream has none of them"};

bool is_same(const Slice &a, const Slice &b) {
  return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

}  // namespace

FlvBranch::FlvBranch(formats::Format format, GMainContext *context)
    : format_(format), timeline_(formats::pes_round), timer_(context, [this] { flush(); }) {}

void FlvBranch::on_frame(const Slice &frame, bool) {
  const bool was_known = demux_.tracks().are_known;
  auto units = demux_.push(frame.bytes());
  const formats::TsDemux::Tracks &tracks = demux_.tracks();
  if (tracks.are_known && !was_known && !tracks.has_video && !tracks.has_audio)
    return out_.end(nothing_to_carry);
  for (formats::Unit &unit : units) take(std::move(unit));
  flush();
}

// Nothing that has come is dropped: the demultiplexer tells which pictures are damaged.
void FlvBranch::on_break() {
  demux_.skip();
  out_.mark_break();
}

void FlvBranch::on_over(const Error &error) {
  is_over_ = true;
  for (formats::Unit &unit : demux_.finish()) take(std::move(unit));
  flush();
  out_.end(error);
}

void FlvBranch::take(formats::Unit &&unit) {
  Frame frame{.is_video = unit.kind == Kind::video, .shown = unit.shown, .came = now()};
  frame.decoded = timeline_.map(unit.kind, unit.decoded, frame.came);
  if (frame.is_video) {
    if (!take_picture(unit, frame)) return;
  } else {
    if (!take_sound(unit, frame)) return;
  }
  auto &waiting = frame.is_video ? video_ : audio_;
  waiting.push_back(std::move(frame));
}

// False: no decoder can show it, or it is empty.
bool FlvBranch::take_picture(const formats::Unit &unit, Frame &frame) {
  const auto picture = pictures_.take(unit, frame.came);
  if (!picture) return false;
  if (std::exchange(config_version_, pictures_.version()) != pictures_.version())
    video_config_ = rtmp::shared(pictures_.parameters().record());
  frame.is_start = picture->is_start;
  frame.data = rtmp::shared(formats::h264::with_lengths(picture->units));
  frame.config = video_config_;
  return !frame.data.empty();
}

// False: FLV does not carry it.
bool FlvBranch::take_sound(formats::Unit &unit, Frame &frame) {
  constexpr unsigned aac = 0, mp3 = 3;
  has_foreign_sound_ = unit.layer != aac && unit.layer != mp3;
  if (has_foreign_sound_ && !demux_.tracks().has_video) out_.end(nothing_to_carry);
  if (has_foreign_sound_) return false;
  frame.is_mp3 = unit.layer == mp3;
  frame.data = rtmp::shared(std::move(unit.data));
  if (!frame.is_mp3) frame.config = Slice::copy(formats::adts::write_config(unit.config));
  return true;
}

// The track whose first frame is decoded next; null: wait.
std::deque<FlvBranch::Frame> *FlvBranch::next() {
  if (video_.empty() && audio_.empty()) return nullptr;
  if (!video_.empty() && !audio_.empty())
    return video_.front().decoded <= audio_.front().decoded ? &video_ : &audio_;
  auto &ready = video_.empty() ? audio_ : video_;
  const formats::TsDemux::Tracks &tracks = demux_.tracks();
  const bool other_is_there = video_.empty() ? tracks.has_video : tracks.has_audio && !has_foreign_sound_;
  const Time due = ready.front().came + (is_header_out_ ? patience : first_patience);
  if (is_over_ || !other_is_there || ready.size() > most_waiting || now() >= due) return &ready;
  timer_.set(due);
  return nullptr;
}

void FlvBranch::flush() {
  while (auto *track = next()) {
    const Frame frame = std::move(track->front());
    track->pop_front();
    write(frame);
  }
}

std::uint32_t FlvBranch::timestamp_of(std::int64_t ticks) const {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(ticks - origin_, 0) / (Timeline::second / 1000));
}

// Whether the header describes such frames.
bool FlvBranch::is_told(const Frame &frame) const {
  if (frame.is_video) return is_same(written_video_config_, frame.config);
  return is_same(written_audio_config_, frame.config) && is_mp3_written_ == frame.is_mp3;
}

void FlvBranch::tell(const Frame &frame) {
  (frame.is_video ? written_video_config_ : written_audio_config_) = frame.config;
  if (!frame.is_video) is_mp3_written_ = frame.is_mp3;
}

void FlvBranch::write(const Frame &frame) {
  const bool is_new = !is_told(frame);
  tell(frame);
  if (!is_header_out_) {
    if (frame.is_video && !audio_.empty()) tell(audio_.front());
    if (!frame.is_video && !video_.empty()) tell(video_.front());
    origin_ = newest_ = frame.decoded;
  }
  newest_ = std::max(newest_, frame.decoded);
  if (is_new || !is_header_out_) write_header(std::exchange(is_header_out_, true));
  const std::uint32_t decoded = timestamp_of(frame.decoded);
  rtmp::Buffer out;
  if (frame.is_video) {
    const auto later = static_cast<std::int32_t>(timestamp_of(frame.decoded + frame.shown) - decoded);
    put(out, rtmp::Type::video, decoded,
        rtmp::flv::write_avc(
            {.is_key = frame.is_start, .composition = std::max(later, 0), .data = frame.data}));
  } else {
    put(out, rtmp::Type::audio, decoded,
        rtmp::flv::write_audio(
            {.codec = frame.is_mp3 ? rtmp::flv::AudioCodec::mp3 : rtmp::flv::AudioCodec::aac,
             .data = frame.data}));
  }
  out_.push(rtmp::shared(std::move(out)), frame.is_video ? frame.is_start : !demux_.tracks().has_video);
}

void FlvBranch::write_header(bool is_news) {
  rtmp::amf::Object properties;
  if (!written_video_config_.empty()) properties.push_back({"videocodecid", {7.0}});
  if (!written_audio_config_.empty()) properties.push_back({"audiocodecid", {10.0}});
  if (is_mp3_written_) properties.push_back({"audiocodecid", {2.0}});
  properties.push_back({"encoder", {std::string("Astral " ASTRAL_VERSION)}});
  const std::uint32_t time = timestamp_of(newest_);
  const auto body = [&] {
    rtmp::Buffer out;
    put(out, rtmp::Type::data, time, rtmp::flv::write_metadata(properties));
    if (!written_video_config_.empty())
      put(out, rtmp::Type::video, time,
          rtmp::flv::write_avc({.is_config = true, .is_key = true, .data = written_video_config_}));
    if (!written_audio_config_.empty())
      put(out, rtmp::Type::audio, time,
          rtmp::flv::write_audio({.is_config = true, .data = written_audio_config_}));
    return out;
  }();
  rtmp::Buffer out;
  if (format_ == formats::Format::flv)
    out = rtmp::flv::write_header(!written_audio_config_.empty() || is_mp3_written_,
                                  !written_video_config_.empty());
  rtmp::put(out, body);
  out_.set_header(rtmp::shared(std::move(out)), is_news ? Slice::copy(body) : Slice());
}

void FlvBranch::put(rtmp::Buffer &out, rtmp::Type type, std::uint32_t timestamp, Bytes body) const {
  if (format_ == formats::Format::rtmp)
    rtmp::write_message(out, type, rtmp::media_stream, timestamp, body);
  else
    rtmp::flv::write_tag(out, type, timestamp, body);
}

}  // namespace astral::media
