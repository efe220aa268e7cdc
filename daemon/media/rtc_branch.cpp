// SPDX-License-Identifier: BSD-3-Clause
#include "media/rtc_branch.hpp"

#include <algorithm>
#include <utility>

#include "formats/rtc_frame.hpp"

namespace astral::media {

namespace {

// Repeats the parameter sets before each key frame, because a browser may have lost them. Opus packets have
// the usual 20 ms.
constexpr Demux::Chains rtc_chains{
    .video =
        "h264parse config-interval=-1 ! capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au",
    .audio =
        "aacparse ! avdec_aac ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! "
        "opusenc bitrate=96000 frame-size=20"};
constexpr Time rtc_step = 20ms;  // at least so much between the media before a break and the media after it

}  // namespace

RtcBranch::RtcBranch(GMainContext *context) : context_(Ref<GMainContext>::retain(context)), began_(now()) {}

void RtcBranch::on_frame(const Slice &frame, bool) {
  if (!demux_) {
    auto made = Demux::open(context_.get(), rtc_chains, *this);
    if (!made) return out_.end(made.error());
    demux_ = std::move(*made);
  }
  demux_->push(frame);
}

void RtcBranch::on_break() {
  demux_.reset();
  offset_.reset();
  out_.mark_break();
}

void RtcBranch::on_track(Demux::Kind kind) {
  (kind == Demux::Kind::video ? tracks_.has_video : tracks_.has_audio) = true;
}

void RtcBranch::on_tracks_known() {
  are_tracks_known_ = true;
  if (!tracks_.has_video && !tracks_.has_audio)
    return out_.end({Code::unsupported, "WebRTC plays H.264 and AAC, and this stream has neither"});
  if (!tracks_.has_video || !tracks_.profile.empty()) tell_tracks();
}

void RtcBranch::tell_tracks() {
  if (!std::exchange(are_tracks_told_, true)) out_.set_header(formats::write_tracks(tracks_));
}

void RtcBranch::on_sample(Demux::Kind kind, GstSample *sample) {
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  if (!buffer || !GST_BUFFER_PTS_IS_VALID(buffer)) return;
  const Slice data = copy_of(buffer);
  const bool is_video = kind == Demux::Kind::video;
  const bool is_key = is_video && !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (is_key && tracks_.profile.empty()) tracks_.profile = formats::profile_of(data.bytes());
  if (is_key && are_tracks_known_) tell_tracks();
  const Time time = running(gst_sample_get_segment(sample), GST_BUFFER_PTS(buffer));
  if (!offset_) offset_ = std::max(now() - began_, newest_ + rtc_step) - time;
  const Time ours = std::max<Time>(time + *offset_, Time{});
  newest_ = std::max(newest_, ours);
  out_.push(formats::write_frame(is_video ? formats::RtcFrame::Kind::video : formats::RtcFrame::Kind::audio,
                                 ours, data.bytes()),
            is_video ? is_key : !tracks_.has_video);
}

}  // namespace astral::media
