// SPDX-License-Identifier: BSD-3-Clause
#include "media/rtc_branch.hpp"

#include <algorithm>
#include <ratio>
#include <utility>
#include <vector>

#include "formats/pes.hpp"
#include "formats/rtc_frame.hpp"

namespace astral::media {

namespace {

using formats::h264::Nal;

// With its parameter sets before a picture that a decoder can start with, because a browser may have lost
// them.
std::vector<std::uint8_t> with_parameters(const formats::Picture &picture,
                                          const formats::h264::Parameters &parameters) {
  std::vector<std::uint8_t> out;
  if (picture.is_start)
    for (const Bytes unit : parameters.units()) formats::h264::put_after_start_code(out, unit);
  for (const Bytes unit : picture.units) {
    const Nal type = formats::h264::type_of(unit);
    const bool is_extra = type == Nal::delimiter || type == Nal::filler;
    const bool is_repeated = picture.is_start && (type == Nal::sps || type == Nal::pps);
    if (!is_extra && !is_repeated) formats::h264::put_after_start_code(out, unit);
  }
  return out;
}

Time time_of(std::int64_t ticks) {
  using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, formats::Timeline::second>>;
  return std::max<Time>(std::chrono::duration_cast<Time>(Ticks(ticks)), Time{});
}

}  // namespace

RtcBranch::RtcBranch(GMainContext *context)
    : context_(Ref<GMainContext>::retain(context)), timeline_(formats::pes_round) {}

void RtcBranch::on_frame(const Slice &frame, bool) {
  const bool was_known = demux_.tracks().are_known;
  const auto units = demux_.push(frame.bytes());
  const formats::TsDemux::Tracks &tracks = demux_.tracks();
  if (tracks.are_known && !was_known && !has_video() && !tracks.audio)
    return out_.end(
        {Code::unsupported, "WebRTC plays H.264, AAC, MP3 and Opus, and this stream has none of them"});
  if (tracks.are_known && !was_known && !has_video()) tell_tracks();
  for (const formats::Unit &unit : units) take(unit);
}

// Nothing that has come is dropped: the demultiplexer tells which pictures are damaged.
void RtcBranch::on_break() {
  demux_.skip();
  out_.mark_break();
}

void RtcBranch::on_over(const Error &error) {
  for (const formats::Unit &unit : demux_.finish()) take(unit);
  out_.end(error);
}

void RtcBranch::tell_tracks() {
  if (std::exchange(are_tracks_told_, true)) return;
  tracks_.has_video = has_video();
  tracks_.has_audio = demux_.tracks().audio.has_value();
  out_.set_header(formats::write_tracks(tracks_));
}

void RtcBranch::take(const formats::Unit &unit) {
  const Time came = now();
  const Time time = time_of(timeline_.map(unit.kind, unit.decoded, came));
  if (unit.kind == formats::Kind::audio) return take_sound(unit, time);
  if (unit.codec == formats::Codec::h264) take_picture(unit, time, came);
}

void RtcBranch::send_sound(Time time, Bytes packet) {
  out_.push(formats::write_frame(formats::RtcFrame::Kind::audio, time, packet), !has_video());
}

void RtcBranch::take_sound(const formats::Unit &unit, Time time) {
  if (unit.codec == formats::Codec::opus) {
    opus_.reset();
    return send_sound(time, unit.data);
  }
  const Opus::From from = unit.codec == formats::Codec::aac ? Opus::From::aac : Opus::From::mpeg_audio;
  if (!opus_ || opus_->from() != from) {
    opus_.reset();
    auto made = Opus::open(
        context_.get(), from, [this](Time at, const Slice &packet) { send_sound(at, packet.bytes()); },
        [this](const Error &error) { out_.end(error); });
    if (!made) return out_.end(made.error());
    opus_ = std::move(*made);
  }
  if (from == Opus::From::mpeg_audio) return opus_->push(time, unit.data);
  std::vector<std::uint8_t> frame;
  formats::adts::put_head(frame, unit.config, unit.data.size());
  frame.insert(frame.end(), unit.data.begin(), unit.data.end());
  opus_->push(time, frame);
}

void RtcBranch::take_picture(const formats::Unit &unit, Time time, Time came) {
  const auto picture = pictures_.take(unit, came);
  if (!picture) return;
  const auto data = with_parameters(*picture, pictures_.parameters());
  if (data.empty()) return;
  if (picture->is_start && tracks_.profile.empty()) tracks_.profile = formats::profile_of(data);
  if (picture->is_start) tell_tracks();
  const Time shown = std::max<Time>(time + time_of(std::max<std::int64_t>(unit.shown, 0)), Time{});
  out_.push(formats::write_frame(formats::RtcFrame::Kind::video, shown, data), picture->is_start);
}

}  // namespace astral::media
