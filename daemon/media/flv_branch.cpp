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
    return out_.end({Code::unsupported, "FLV carries H.264 and AAC, and this stream has neither"});
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
    frame.data = rtmp::shared(std::move(unit.data));
    frame.config = Slice::copy(formats::adts::write_config(unit.config));
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

// The track whose first frame is decoded next; null: wait.
std::deque<FlvBranch::Frame> *FlvBranch::next() {
  if (video_.empty() && audio_.empty()) return nullptr;
  if (!video_.empty() && !audio_.empty())
    return video_.front().decoded <= audio_.front().decoded ? &video_ : &audio_;
  auto &ready = video_.empty() ? audio_ : video_;
  const bool other_is_there = video_.empty() ? demux_.tracks().has_video : demux_.tracks().has_audio;
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

void FlvBranch::write(const Frame &frame) {
  Slice &config = frame.is_video ? written_video_config_ : written_audio_config_;
  const bool is_new = !is_same(config, frame.config);
  config = frame.config;
  if (!is_header_out_) {
    if (frame.is_video && !audio_.empty()) written_audio_config_ = audio_.front().config;
    if (!frame.is_video && !video_.empty()) written_video_config_ = video_.front().config;
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
    put(out, rtmp::Type::audio, decoded, rtmp::flv::write_aac({.data = frame.data}));
  }
  out_.push(rtmp::shared(std::move(out)), frame.is_video ? frame.is_start : !demux_.tracks().has_video);
}

void FlvBranch::write_header(bool is_news) {
  rtmp::amf::Object properties;
  if (!written_video_config_.empty()) properties.push_back({"videocodecid", {7.0}});
  if (!written_audio_config_.empty()) properties.push_back({"audiocodecid", {10.0}});
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
          rtmp::flv::write_aac({.is_config = true, .data = written_audio_config_}));
    return out;
  }();
  rtmp::Buffer out;
  if (format_ == formats::Format::flv)
    out = rtmp::flv::write_header(!written_audio_config_.empty(), !written_video_config_.empty());
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
