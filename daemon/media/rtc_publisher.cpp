// SPDX-License-Identifier: BSD-3-Clause
#include "media/rtc_publisher.hpp"

#include <algorithm>
#include <utility>

#include "media/make.hpp"
#include "media/streaming_scope.hpp"

namespace astral::media {

namespace {

constexpr Time longest_group = 2s;
constexpr Time first_group = 300ms;      // how often to request the first key frame
constexpr guint for_lost_packets = 100;  // ms
constexpr const char *h264_chain =
    "rtph264depay wait-for-keyframe=true request-keyframe=true ! h264parse ! "
    "capsfilter caps=video/x-h264,stream-format=avc,alignment=au";
// Refuses larger pictures before the decoder allocates memory for them.
constexpr const char *vp8_chain =
    "rtpvp8depay wait-for-keyframe=true request-keyframe=true ! video/x-vp8,width=[1,4096],height=[1,4096] ! "
    "queue ! vp8dec ! videoconvert ! "
    "x264enc tune=zerolatency speed-preset=veryfast key-int-max=60 bitrate=2500 ! video/x-h264,profile=main "
    "! "
    "h264parse ! capsfilter caps=video/x-h264,stream-format=avc,alignment=au";
constexpr const char *opus_chain =
    "rtpopusdepay ! opusdec plc=true ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! "
    "avenc_aac bitrate=128000 ! aacparse ! capsfilter caps=audio/mpeg,mpegversion=4,stream-format=raw";

bool is_same(Bytes a, Bytes b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

const char *chain_for(std::string_view codec) {
  return codec == "H264" ? h264_chain : codec == "VP8" ? vp8_chain : codec == "OPUS" ? opus_chain : nullptr;
}

RtcPublisher::RtcPublisher(webrtc::Plan plan, GMainContext *context, RtcLink::Handler handler, Take take)
    : take_(std::move(take)),
      asking_(context, [this] { ask_for_key(); }),
      video_(context, [this](GstSample *sample) { this->take(true, sample); }),
      audio_(context, [this](GstSample *sample) { this->take(false, sample); }),
      mailbox_(context),
      link_(std::move(plan), context, std::move(handler)) {}

RtcPublisher::~RtcPublisher() {
  link_.stop();
}

Expected<void> RtcPublisher::start() {
  if (auto built = link_.build(); !built) return built;
  g_object_set(link_.bin(), "latency", for_lost_packets, nullptr);
  if (link_.plan().video() && link_.plan().video()->rtx) link_.request_lost_packets();
  gst_bin_add_many(GST_BIN(link_.pipeline()), video_.element(), audio_.element(), nullptr);
  g_signal_connect(link_.bin(), "pad-added",
                   G_CALLBACK(+[](GstElement *, GstPad *pad, gpointer self) noexcept {
                     const StreamingScope scope;
                     if (GST_PAD_IS_SRC(pad)) static_cast<RtcPublisher *>(self)->link(pad);
                   }),
                   this);
  return link_.negotiate();
}

void RtcPublisher::link(GstPad *pad) {
  const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
  const GstStructure *structure = caps ? gst_caps_get_structure(caps.get(), 0) : nullptr;
  const char *name = structure ? gst_structure_get_string(structure, "encoding-name") : nullptr;
  const std::string codec = name ? name : "";
  const bool is_video = codec == "H264" || codec == "VP8";
  const char *description = chain_for(codec);
  const auto chain = description ? make_bin(description) : Ref<GstElement>();
  Tap &tap = is_video ? video_ : audio_;
  const auto end = Ref<GstPad>::adopt(gst_element_get_static_pad(tap.element(), "sink"));
  if (gst_pad_is_linked(end.get())) return;  // takes the first track of each kind
  if (!chain)
    return mailbox_.post([this, codec] {
      link_.end({Code::failed, "no GStreamer element here decodes '" + codec + "'"});
    });
  gst_bin_add(GST_BIN(link_.pipeline()), chain.get());
  gst_element_link(chain.get(), tap.element());
  gst_element_sync_state_with_parent(tap.element());
  gst_element_sync_state_with_parent(chain.get());
  const auto begin = Ref<GstPad>::adopt(gst_element_get_static_pad(chain.get(), "sink"));
  gst_pad_link(pad, begin.get());
  if (!is_video) return;
  mailbox_.post([this] { asking_.set(now() + first_group); });
}

// Requests a key frame of the browser (FIR, RFC 5104, 4.3.1), or of our encoder if we transcode.
void RtcPublisher::ask_for_key() {
  if (now() - key_came_ >= longest_group) {
    GstStructure *what = gst_structure_new("GstForceKeyUnit", "all-headers", G_TYPE_BOOLEAN, TRUE, nullptr);
    const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(video_.element(), "sink"));
    gst_pad_push_event(sink.get(), gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, what));
  }
  const bool is_first = key_came_ == Time{};
  asking_.set(is_first ? now() + first_group : std::max(key_came_ + longest_group, now() + first_group));
}

void RtcPublisher::take(bool is_video, GstSample *sample) {
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  GstCaps *caps = gst_sample_get_caps(sample);
  if (!buffer || !caps || !GST_BUFFER_PTS_IS_VALID(buffer)) return;
  const GValue *value = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
  if (!value || !GST_VALUE_HOLDS_BUFFER(value)) return;
  const Time shown = running(gst_sample_get_segment(sample), GST_BUFFER_PTS(buffer));
  const auto timestamp = static_cast<std::uint32_t>(std::max<Time>(shown, Time{}) / 1ms);
  Slice &known = is_video ? video_config_ : audio_config_;
  if (const Slice config = copy_of(gst_value_get_buffer(value)); !is_same(config.bytes(), known.bytes())) {
    known = config;
    give(is_video, timestamp, true, true, config);
  }
  const bool is_key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (is_video && is_key) key_came_ = now();
  give(is_video, timestamp, false, is_key, copy_of(buffer));
}

void RtcPublisher::give(bool is_video, std::uint32_t timestamp, bool is_config, bool is_key, Slice data) {
  if (data.empty()) return;
  if (is_video)
    take_({timestamp, rtmp::flv::Video{.is_config = is_config, .is_key = is_key, .data = std::move(data)}});
  else
    take_({timestamp, rtmp::flv::Audio{.is_config = is_config, .data = std::move(data)}});
}

}  // namespace astral::media
