// SPDX-License-Identifier: BSD-3-Clause
#include "media/flv_branch.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "formats/opus_packet.hpp"
#include "formats/pes.hpp"

namespace astral::media {

namespace {

using formats::Codec;
using formats::Kind;
using formats::Timeline;
using rtmp::flv::AudioCodec;
using rtmp::flv::VideoCodec;

// How long one track waits for the other, which may have stopped. At first it waits longer, because both
// belong into the header.
constexpr Time patience = 400ms;
constexpr Time first_patience = 2s;
constexpr std::size_t most_waiting = 4096;  // frames of one track

const Error nothing_to_carry{Code::unsupported,
                             "FLV carries H.264, H.265, AAC, MP3 and Opus, and this stream has none of them"};

bool is_same(const Slice &a, const Slice &b) {
  return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

VideoCodec video_codec(Codec codec) {
  return codec == Codec::h265 ? VideoCodec::hevc : VideoCodec::h264;
}

AudioCodec audio_codec(Codec codec) {
  return codec == Codec::opus ? AudioCodec::opus : codec == Codec::aac ? AudioCodec::aac : AudioCodec::mp3;
}

}  // namespace

FlvBranch::FlvBranch(formats::Format format, GMainContext *context)
    : format_(format), timeline_(formats::pes_round), timer_(context, [this] { flush(); }) {}

void FlvBranch::on_frame(const Slice &frame, bool) {
  const bool was_known = demux_.tracks().are_known;
  auto units = demux_.push(frame.bytes());
  const formats::TsDemux::Tracks &tracks = demux_.tracks();
  if (tracks.are_known && !was_known && !tracks.video && !tracks.audio) return out_.end(nothing_to_carry);
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
  Frame frame{.is_video = unit.kind == Kind::video, .codec = unit.codec, .shown = unit.shown, .came = now()};
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
    video_config_ = rtmp::shared(pictures_.record());
  frame.is_start = picture->is_start;
  frame.data = rtmp::shared(unit.codec == Codec::h265 ? formats::h265::with_lengths(picture->units)
                                                      : formats::h264::with_lengths(picture->units));
  frame.config = video_config_;
  return !frame.data.empty();
}

// False: FLV does not carry it.
bool FlvBranch::take_sound(formats::Unit &unit, Frame &frame) {
  constexpr unsigned mp3 = 3;
  has_foreign_sound_ = unit.codec == Codec::mpeg_audio && unit.layer != mp3;
  if (has_foreign_sound_ && !demux_.tracks().video) out_.end(nothing_to_carry);
  if (has_foreign_sound_) return false;
  frame.data = rtmp::shared(std::move(unit.data));
  if (unit.codec == Codec::aac) frame.config = Slice::copy(formats::adts::write_config(unit.config));
  if (unit.codec == Codec::opus)
    frame.config = Slice::copy(formats::opus::write_id(demux_.tracks().channels));
  return true;
}

// The track whose first frame is decoded next; null: wait.
std::deque<FlvBranch::Frame> *FlvBranch::next() {
  if (video_.empty() && audio_.empty()) return nullptr;
  if (!video_.empty() && !audio_.empty())
    return video_.front().decoded <= audio_.front().decoded ? &video_ : &audio_;
  auto &ready = video_.empty() ? audio_ : video_;
  const formats::TsDemux::Tracks &tracks = demux_.tracks();
  const bool other_is_there = video_.empty() ? tracks.video.has_value() : tracks.audio && !has_foreign_sound_;
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
bool FlvBranch::is_told(const Frame &frame) {
  const std::optional<Told> &told = told_of(frame);
  return told && told->codec == frame.codec && is_same(told->config, frame.config);
}

void FlvBranch::tell(const Frame &frame) {
  told_of(frame) = {.codec = frame.codec, .config = frame.config};
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
        rtmp::flv::write_video({.codec = video_codec(frame.codec),
                                .is_key = frame.is_start,
                                .composition = std::max(later, 0),
                                .data = frame.data}));
  } else {
    put(out, rtmp::Type::audio, decoded,
        rtmp::flv::write_audio({.codec = audio_codec(frame.codec), .data = frame.data}));
  }
  out_.push(rtmp::shared(std::move(out)), frame.is_video ? frame.is_start : !demux_.tracks().video);
}

void FlvBranch::write_header(bool is_news) {
  rtmp::amf::Object properties;
  if (told_video_)
    properties.push_back({"videocodecid", {rtmp::flv::id_of(video_codec(told_video_->codec))}});
  if (told_audio_)
    properties.push_back({"audiocodecid", {rtmp::flv::id_of(audio_codec(told_audio_->codec))}});
  properties.push_back({"encoder", {std::string("Astral " ASTRAL_VERSION)}});
  const std::uint32_t time = timestamp_of(newest_);
  const auto body = [&] {
    rtmp::Buffer out;
    put(out, rtmp::Type::data, time, rtmp::flv::write_metadata(properties));
    if (told_video_)
      put(out, rtmp::Type::video, time,
          rtmp::flv::write_video({.codec = video_codec(told_video_->codec),
                                  .is_config = true,
                                  .is_key = true,
                                  .data = told_video_->config}));
    if (told_audio_ && !told_audio_->config.empty())
      put(out, rtmp::Type::audio, time,
          rtmp::flv::write_audio(
              {.is_config = true, .codec = audio_codec(told_audio_->codec), .data = told_audio_->config}));
    return out;
  }();
  rtmp::Buffer out;
  if (format_ == formats::Format::flv)
    out = rtmp::flv::write_header(told_audio_.has_value(), told_video_.has_value());
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
