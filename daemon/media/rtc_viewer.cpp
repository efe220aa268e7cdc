// SPDX-License-Identifier: BSD-3-Clause
#include "media/rtc_viewer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "formats/webrtc/limits.hpp"
#include "formats/webrtc/retransmission.hpp"
#include "media/make.hpp"
#include "media/streaming_scope.hpp"

namespace astral::media {

namespace {

constexpr std::size_t most_waiting = 8 << 20;  // bytes; beyond, skips to the next key frame
// Linux counts 2,304 bytes for a packet of ours, so a socket's 212,992 bytes hold 92 of them: 110 kB. At 44
// Mbit/s a viewer that gets no CPU for 17 ms loses none. Pictures are not divided.
constexpr std::size_t at_once = 16 << 10;
constexpr std::size_t share = 128;  // or this part of what waits, so that no stream is too fast
constexpr Time pause = 3ms;
constexpr Time hurried = 1ms;       // between two pictures of the newest group that are late already
constexpr Time viewer_step = 20ms;  // at least so much between the media before and after a break

// **Why** an SSRC of our own: webrtcbin names it in the answer only if the caps have it. Browsers then know
// which packets are retransmitted ones (a=ssrc-group:FID).
std::string sender_of(const webrtc::Chosen &chosen, const char *name) {
  const std::string type = std::to_string(chosen.payload.type);
  const std::string ssrc = std::to_string(std::max<guint32>(g_random_int(), 1));
  const bool is_video = chosen.payload.codec == "H264";
  return std::string("appsrc is-live=true format=time max-bytes=0 name=") + name +
         (is_video ? " caps=video/x-h264,stream-format=byte-stream,alignment=au ! "
                     "rtph264pay aggregate-mode=zero-latency mtu=1200 pt="
                   : " caps=audio/x-opus,rate=48000,channels=2,channel-mapping-family=0 ! rtpopuspay pt=") +
         type + " ssrc=" + ssrc +
         " ! capsfilter caps=application/x-rtp,media=" + (is_video ? "video" : "audio") +
         ",encoding-name=" + chosen.payload.codec + ",payload=" + type + ",ssrc=(uint)" + ssrc;
}

}  // namespace

void bound_retransmission(GstElement *element) {
  GstElementFactory *factory = gst_element_get_factory(element);
  if (!factory || g_strcmp0(GST_OBJECT_NAME(factory), "rtprtxsend") != 0) return;
  g_object_set(element, "max-size-packets", webrtc::max_kept_packets, "max-size-time", webrtc::max_kept_ms,
               nullptr);
  const auto ask = +[](GstPad *, GstPadProbeInfo *info, gpointer limit) noexcept {
    const StreamingScope scope;
    const GstStructure *what = gst_event_get_structure(GST_PAD_PROBE_INFO_EVENT(info));
    if (!what || !gst_structure_has_name(what, "GstRTPRetransmissionRequest")) return GST_PAD_PROBE_OK;
    return static_cast<webrtc::RetransmissionLimit *>(limit)->allow(now()) ? GST_PAD_PROBE_OK
                                                                           : GST_PAD_PROBE_DROP;
  };
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(element, "src"));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, ask, new webrtc::RetransmissionLimit,
                    [](gpointer limit) { delete static_cast<webrtc::RetransmissionLimit *>(limit); });
}

RtcViewer::RtcViewer(webrtc::Plan plan, GMainContext *context, RtcLink::Handler handler)
    : timer_(context, [this] { pace(); }), link_(std::move(plan), context, std::move(handler)) {}

Expected<void> RtcViewer::start() {
  if (auto built = link_.build(); !built) return built;
  // RTCP sender reports, which synchronize audio with video, carry the media's times, not the sending times.
  gst_child_proxy_set(GST_CHILD_PROXY(link_.bin()), "rtpbin::rtcp-sync-send-time", FALSE, nullptr);
  g_signal_connect(link_.bin(), "deep-element-added",
                   G_CALLBACK(+[](GstBin *, GstBin *, GstElement *element, gpointer) noexcept {
                     const StreamingScope scope;
                     bound_retransmission(element);
                   }),
                   nullptr);
  const auto &video = link_.plan().video(), &audio = link_.plan().audio();
  const bool is_sound_first = video && audio && audio->media < video->media;
  unsigned pad = 0;
  if (is_sound_first)
    if (auto added = add(*audio, "audio", pad++); !added) return added;
  if (video)
    if (auto added = add(*video, "video", pad++); !added) return added;
  if (audio && !is_sound_first)
    if (auto added = add(*audio, "audio", pad++); !added) return added;
  return link_.negotiate();
}

Expected<void> RtcViewer::add(const webrtc::Chosen &chosen, const char *source_name, unsigned pad) {
  GError *raw = nullptr;
  GstElement *made = gst_parse_bin_from_description(sender_of(chosen, source_name).c_str(), TRUE, &raw);
  const GErrorPtr error(raw);
  const auto sender = Ref<GstElement>::adopt(made ? GST_ELEMENT(gst_object_ref_sink(made)) : nullptr);
  if (error || !sender) return fail(Code::failed, error ? error->message : "no sender of RTP");
  GstElement *source = gst_bin_get_by_name(GST_BIN(sender.get()), source_name);
  (source_name[0] == 'v' ? video_ : audio_) = Ref<GstAppSrc>::adopt(GST_APP_SRC(source));
  gst_bin_add(GST_BIN(link_.pipeline()), sender.get());
  const std::string sink = "sink_" + std::to_string(pad);
  if (!gst_element_link_pads(sender.get(), "src", link_.bin(), sink.c_str()))
    return fail(Code::failed, "webrtcbin does not take what is to be sent");
  if (chosen.rtx) link_.retransmit(sink.c_str());
  return {};
}

void RtcViewer::play(const Slice &piece, bool is_start) {
  auto frame = formats::read_frame(piece);
  if (!frame) return;
  if (frame->kind ==
      formats::RtcFrame::Kind::tracks) {  // it has joined; the newest group follows before the timer fires
    is_behind_ = true;
    return timer_.set(now());
  }
  if (waiting_bytes_ > most_waiting) awaits_start_ = true;
  if (awaits_start_ && !is_start) return;
  awaits_start_ = false;
  waiting_bytes_ += frame->data.size();
  waiting_.push_back(std::move(*frame));
  if (waiting_.size() == 1) timer_.set(now());
}

// Moves the pictures of the newest group close together: a browser shows pictures at the distance of their
// times, so with their own times it would stay behind live for ever. Drops the audio of that past.
void RtcViewer::catch_up() {
  offset_.reset();
  if (!video_) return;
  std::erase_if(waiting_,
                [](const formats::RtcFrame &frame) { return frame.kind != formats::RtcFrame::Kind::video; });
  if (waiting_.empty()) return;
  const auto count = static_cast<Time::rep>(waiting_.size());
  const Time newest = waiting_.back().time;
  begin_at(newest, newest_ + viewer_step + count * hurried);
  for (Time::rep i = 0; i < count; ++i)
    waiting_[static_cast<std::size_t>(i)].time = newest - (count - 1 - i) * hurried;
}

// Sets offset_ so that a frame with this time is due now, but not before `least`.
void RtcViewer::begin_at(Time time, Time least) {
  const auto running = Time(static_cast<Time::rep>(gst_element_get_current_running_time(link_.pipeline())));
  offset_ = std::max(running, least) - time;
}

void RtcViewer::pace() {
  if (std::exchange(is_behind_, false)) catch_up();
  const std::size_t most = std::max(at_once, waiting_bytes_ / share);
  std::size_t bytes = 0;
  while (!waiting_.empty() && bytes < most) {
    const formats::RtcFrame frame = std::move(waiting_.front());
    waiting_.pop_front();
    bytes += frame.data.size();
    deliver(frame);
  }
  waiting_bytes_ = waiting_.empty() ? 0 : waiting_bytes_ - std::min(bytes, waiting_bytes_);
  if (!waiting_.empty()) timer_.set(now() + pause);
}

void RtcViewer::deliver(const formats::RtcFrame &frame) {
  GstAppSrc *source = (frame.kind == formats::RtcFrame::Kind::video ? video_ : audio_).get();
  if (!source || gst_app_src_get_current_level_bytes(source) > most_waiting) return;
  if (!offset_) begin_at(frame.time, newest_ + viewer_step);
  const Time time = std::max<Time>(frame.time + *offset_, Time{});
  newest_ = std::max(newest_, time);
  const auto buffer = wrap(frame.data);
  GST_BUFFER_PTS(buffer.get()) = static_cast<GstClockTime>(time.count());
  gst_app_src_push_buffer(source, gst_buffer_ref(buffer.get()));
}

}  // namespace astral::media
