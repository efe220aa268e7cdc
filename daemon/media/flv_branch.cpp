// SPDX-License-Identifier: BSD-3-Clause
#include "media/flv_branch.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace astral::media {

namespace {

constexpr Demux::Chains flv_chains{
    .video = "h264parse ! capsfilter caps=video/x-h264,stream-format=avc,alignment=au",
    .audio = "aacparse ! capsfilter caps=audio/mpeg,mpegversion=4,stream-format=raw"};
// How long one track waits for the other, which may have stopped. At first it waits longer, because both
// belong into the header.
constexpr Time patience = 400ms;
constexpr Time first_patience = 2s;
constexpr Time flv_step = 20ms;  // between the media before a break and the media after it

bool is_same(const Slice &a, const Slice &b) {
  return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

}  // namespace

FlvBranch::FlvBranch(formats::Format format, GMainContext *context)
    : format_(format), context_(Ref<GMainContext>::retain(context)) {}

FlvBranch::~FlvBranch() = default;

void FlvBranch::on_frame(const Slice &frame, bool) {
  if (!demux_) {
    auto made = Demux::open(context_.get(), flv_chains, *this);
    if (!made) return out_.end(made.error());
    demux_ = std::move(*made);
  }
  demux_->push(frame);
}

void FlvBranch::on_break() {
  demux_.reset();
  for (Track *of : {&video_, &audio_}) {
    of->is_there = false;
    of->units.clear();
  }
  are_tracks_known_ = false;
  offset_.reset();
  out_.mark_break();
}

void FlvBranch::on_tracks_known() {
  are_tracks_known_ = true;
  if (!video_.is_there && !audio_.is_there)
    return out_.end({Code::unsupported, "FLV carries H.264 and AAC, and this stream has neither"});
  flush();
}

void FlvBranch::on_sample(Demux::Kind kind, GstSample *sample) {
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  GstCaps *caps = gst_sample_get_caps(sample);
  if (!buffer || !caps) return;
  const GValue *config = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
  if (!config || !GST_VALUE_HOLDS_BUFFER(config)) return;
  set_config(track_of(kind), copy_of(gst_value_get_buffer(config)));
  const GstSegment *segment = gst_sample_get_segment(sample);
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) return;
  const Time shown = running(segment, GST_BUFFER_PTS(buffer));
  const Time decoded = GST_BUFFER_DTS_IS_VALID(buffer) ? running(segment, GST_BUFFER_DTS(buffer)) : shown;
  track_of(kind).units.push_back(
      {!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT), decoded, shown, now(), copy_of(buffer)});
  flush();
}

void FlvBranch::set_config(Track &track, Slice config) {
  if (is_same(track.config, config)) return;
  track.config = std::move(config);
  if (is_header_out_) write_header(true);
}

// The track whose first unit is decoded next; null: wait.
FlvBranch::Track *FlvBranch::next() {
  const auto waits = [](const Track &track) { return track.is_there && track.units.empty(); };
  if (video_.units.empty() && audio_.units.empty()) return nullptr;
  if (!waits(video_) && !waits(audio_)) {
    if (video_.units.empty() || audio_.units.empty()) return video_.units.empty() ? &audio_ : &video_;
    return video_.units.front().decoded <= audio_.units.front().decoded ? &video_ : &audio_;
  }
  Track &ready = video_.units.empty() ? audio_ : video_;
  return now() - ready.units.front().came > (is_header_out_ ? patience : first_patience) ? &ready : nullptr;
}

void FlvBranch::flush() {
  if (!are_tracks_known_) return;
  while (Track *track = next()) {
    const Unit unit = std::move(track->units.front());
    track->units.pop_front();
    if (!offset_) offset_ = (is_header_out_ ? newest_ + flv_step : Time{}) - unit.decoded;
    if (!std::exchange(is_header_out_, true)) write_header(false);
    write(*track, unit);
  }
}

std::uint32_t FlvBranch::timestamp_of(Time time) const {
  return static_cast<std::uint32_t>(std::max<Time>(time + *offset_, Time{}) / 1ms);
}

void FlvBranch::write(const Track &track, const Unit &unit) {
  const std::uint32_t decoded = timestamp_of(unit.decoded);
  newest_ = std::max(newest_, unit.decoded + *offset_);
  const bool is_video = &track == &video_;
  const auto later = static_cast<std::int32_t>(timestamp_of(unit.shown) - decoded);
  rtmp::Buffer out;
  if (is_video)
    frame(
        out, rtmp::Type::video, decoded,
        rtmp::flv::write_avc({.is_key = unit.is_key, .composition = std::max(later, 0), .data = unit.data}));
  else
    frame(out, rtmp::Type::audio, decoded, rtmp::flv::write_aac({.data = unit.data}));
  const bool is_start = is_video ? unit.is_key : !video_.is_there;
  out_.push(rtmp::shared(std::move(out)), is_start);
}

void FlvBranch::write_header(bool is_news) {
  rtmp::amf::Object properties;
  if (!video_.config.empty()) properties.push_back({"videocodecid", {7.0}});
  if (!audio_.config.empty()) properties.push_back({"audiocodecid", {10.0}});
  properties.push_back({"encoder", {std::string("Astral " ASTRAL_VERSION)}});
  const std::uint32_t time = static_cast<std::uint32_t>(newest_ / 1ms);
  const auto body = [&] {
    rtmp::Buffer out;
    frame(out, rtmp::Type::data, time, rtmp::flv::write_metadata(properties));
    if (!video_.config.empty())
      frame(out, rtmp::Type::video, time,
            rtmp::flv::write_avc({.is_config = true, .is_key = true, .data = video_.config}));
    if (!audio_.config.empty())
      frame(out, rtmp::Type::audio, time, rtmp::flv::write_aac({.is_config = true, .data = audio_.config}));
    return out;
  }();
  rtmp::Buffer out;
  if (format_ == formats::Format::flv)
    out = rtmp::flv::write_header(!audio_.config.empty(), !video_.config.empty());
  rtmp::put(out, body);
  out_.set_header(rtmp::shared(std::move(out)), is_news ? Slice::copy(body) : Slice());
}

void FlvBranch::frame(rtmp::Buffer &out, rtmp::Type type, std::uint32_t timestamp, Bytes body) const {
  if (format_ == formats::Format::rtmp)
    rtmp::write_message(out, type, rtmp::media_stream, timestamp, body);
  else
    rtmp::flv::write_tag(out, type, timestamp, body);
}

}  // namespace astral::media
