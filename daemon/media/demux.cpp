// SPDX-License-Identifier: BSD-3-Clause
#include "media/demux.hpp"

#include <algorithm>
#include <cstdint>

#include "media/make.hpp"
#include "media/streaming_scope.hpp"

namespace astral::media {

namespace {

constexpr guint64 farthest = std::uint64_t{1} << 62;  // ns; differences of smaller times do not overflow

}  // namespace

Slice copy_of(GstBuffer *buffer) {
  GstMapInfo info{};
  if (!buffer || !gst_buffer_map(buffer, &info, GST_MAP_READ)) return {};
  Slice copy = Slice::copy({info.data, info.size});
  gst_buffer_unmap(buffer, &info);
  return copy;
}

Time running(const GstSegment *segment, GstClockTime time) {
  guint64 result = 0;
  const int sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &result);
  return Time(sign * static_cast<std::int64_t>(std::min(result, farthest)));
}

Expected<std::unique_ptr<Demux>> Demux::open(GMainContext *context, const Chains &chains, Handler &handler) {
  std::unique_ptr<Demux> demux(new Demux(context, chains, handler));
  if (const auto built = demux->build(); !built) return tl::unexpected<Error>(built.error());
  return demux;
}

Demux::Demux(GMainContext *context, const Chains &chains, Handler &handler)
    : chains_(chains),
      handler_(handler),
      mailbox_(context),
      video_(context, [this](GstSample *sample) { handler_.on_sample(Kind::video, sample); }),
      audio_(context, [this](GstSample *sample) { handler_.on_sample(Kind::audio, sample); }) {}

Demux::~Demux() {
  if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  StreamingScope::close();
}

Expected<void> Demux::build() {
  pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  const auto from = make("appsrc"), demuxer = make("tsdemux");
  if (!from || !demuxer) return fail(Code::failed, "the GStreamer element appsrc or tsdemux is missing");
  source_ = Ref<GstAppSrc>::retain(GST_APP_SRC(from.get()));
  errors_ = std::make_unique<BusErrors>(
      pipeline_.get(), mailbox_, [this](GstObject *, const Error &error) { handler_.on_error(error); });
  const auto caps = Ref<GstCaps>::adopt(gst_caps_new_simple("video/mpegts", "systemstream", G_TYPE_BOOLEAN,
                                                            TRUE, "packetsize", G_TYPE_INT, 188, nullptr));
  g_object_set(from.get(), "caps", caps.get(), "format", GST_FORMAT_BYTES, "max-bytes", waiting_bytes,
               "leaky-type", GST_APP_LEAKY_TYPE_UPSTREAM, nullptr);
  g_signal_connect(demuxer.get(), "pad-added",
                   G_CALLBACK(+[](GstElement *, GstPad *pad, gpointer self) noexcept {
                     static_cast<Demux *>(self)->link(pad);
                   }),
                   this);
  g_signal_connect(demuxer.get(), "no-more-pads", G_CALLBACK(+[](GstElement *, gpointer self) noexcept {
                     const StreamingScope scope;
                     auto *demux = static_cast<Demux *>(self);
                     demux->mailbox_.post([demux] { demux->handler_.on_tracks_known(); });
                   }),
                   this);
  gst_bin_add_many(GST_BIN(pipeline_.get()), from.get(), demuxer.get(), video_.element(), audio_.element(),
                   nullptr);
  if (!gst_element_link(from.get(), demuxer.get())) return fail(Code::failed, "tsdemux cannot be linked");
  StreamingScope::open();
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "the demultiplexer does not start");
  return {};
}

void Demux::link(GstPad *pad) {
  const StreamingScope scope;
  auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
  if (!caps) caps = Ref<GstCaps>::adopt(gst_pad_query_caps(pad, nullptr));
  const GstStructure *structure =
      caps && gst_caps_get_size(caps.get()) > 0 ? gst_caps_get_structure(caps.get(), 0) : nullptr;
  int version = 0;
  const bool is_video = structure && gst_structure_has_name(structure, "video/x-h264");
  const bool is_audio = structure && gst_structure_has_name(structure, "audio/mpeg") &&
                        gst_structure_get_int(structure, "mpegversion", &version) && version != 1;
  if (is_video) return link(pad, Kind::video);
  if (is_audio) return link(pad, Kind::audio);
  const auto sink = make("fakesink");  // for tracks that we do not use
  if (!sink) return;
  g_object_set(sink.get(), "sync", FALSE, "async", FALSE, nullptr);
  gst_bin_add(GST_BIN(pipeline_.get()), sink.get());
  gst_element_sync_state_with_parent(sink.get());
  const auto end = Ref<GstPad>::adopt(gst_element_get_static_pad(sink.get(), "sink"));
  gst_pad_link(pad, end.get());
}

void Demux::link(GstPad *pad, Kind kind) {
  const Tap &tap = kind == Kind::video ? video_ : audio_;
  const auto chain = make_bin(kind == Kind::video ? chains_.video : chains_.audio);
  const auto end = Ref<GstPad>::adopt(gst_element_get_static_pad(tap.element(), "sink"));
  if (gst_pad_is_linked(end.get())) return;  // takes the first track of each kind
  if (!chain)
    return mailbox_.post([this] {
      handler_.on_error({Code::failed, "a GStreamer element is missing; the log says which"});
    });
  gst_bin_add(GST_BIN(pipeline_.get()), chain.get());
  gst_element_link(chain.get(), tap.element());
  gst_element_sync_state_with_parent(chain.get());
  const auto begin = Ref<GstPad>::adopt(gst_element_get_static_pad(chain.get(), "sink"));
  gst_pad_link(pad, begin.get());
  mailbox_.post([this, kind] { handler_.on_track(kind); });
}

void Demux::push(const Slice &bytes) {
  gst_app_src_push_buffer(source_.get(), wrap(bytes).release());
}

}  // namespace astral::media
