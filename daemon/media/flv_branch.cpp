// SPDX-License-Identifier: BSD-3-Clause
#include "media/flv_branch.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace astral::media {

namespace {

constexpr guint64 waiting_bytes = 16 << 20;
// How long one track waits for the other, which may have stopped; at first also for what stands in the
// header.
constexpr Time patience = 400ms;
constexpr Time first_patience = 2s;
constexpr Time step = 20ms;  // from the end of one run to the beginning of the next

Ref<GstElement> make(const char *factory) {
  GstElement *element = gst_element_factory_make(factory, nullptr);
  return element ? Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(element))) : Ref<GstElement>();
}

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
  return Time(sign * static_cast<std::int64_t>(result));
}

bool is_same(const Slice &a, const Slice &b) {
  return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

}  // namespace

// Takes MPEG-TS apart. A new one begins after each break.
struct FlvBranch::Demux {
  explicit Demux(FlvBranch &of)
      : branch(of),
        mailbox(of.context_.get()),
        video(of.context_.get(), [this](GstSample *sample) { branch.take(branch.video_, sample); }),
        audio(of.context_.get(), [this](GstSample *sample) { branch.take(branch.audio_, sample); }) {}
  Demux(const Demux &) = delete;
  Demux &operator=(const Demux &) = delete;
  ~Demux() {
    if (pipeline) gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    Visit::leaving();
  }

  Expected<void> build() {
    pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
    const auto from = make("appsrc"), demuxer = make("tsdemux");
    if (!from || !demuxer) return fail(Code::failed, "the GStreamer element appsrc or tsdemux is missing");
    source = Ref<GstAppSrc>::retain(GST_APP_SRC(from.get()));
    errors = std::make_unique<BusErrors>(pipeline.get(), mailbox,
                                         [this](GstObject *, const Error &error) { branch.out_.end(error); });
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
                       const Visit visit;
                       auto *demux = static_cast<Demux *>(self);
                       demux->mailbox.post([demux] { demux->branch.on_tracks_known(); });
                     }),
                     this);
    gst_bin_add_many(GST_BIN(pipeline.get()), from.get(), demuxer.get(), video.element(), audio.element(),
                     nullptr);
    if (!gst_element_link(from.get(), demuxer.get())) return fail(Code::failed, "tsdemux cannot be linked");
    Visit::made();
    if (gst_element_set_state(pipeline.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
      return fail(Code::failed, "the demultiplexer does not start");
    return {};
  }

  // A streaming thread.
  void link(GstPad *pad) {
    const Visit visit;
    auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
    if (!caps) caps = Ref<GstCaps>::adopt(gst_pad_query_caps(pad, nullptr));
    const GstStructure *structure =
        gst_caps_get_size(caps.get()) > 0 ? gst_caps_get_structure(caps.get(), 0) : nullptr;
    int version = 0;
    const bool is_video = structure && gst_structure_has_name(structure, "video/x-h264");
    const bool is_audio = structure && gst_structure_has_name(structure, "audio/mpeg") &&
                          gst_structure_get_int(structure, "mpegversion", &version) && version != 1;
    if (is_video) return link(pad, "h264parse", "video/x-h264,stream-format=avc,alignment=au", video);
    if (is_audio) return link(pad, "aacparse", "audio/mpeg,mpegversion=4,stream-format=raw", audio);
    const auto sink = make("fakesink");  // what FLV has no place for
    g_object_set(sink.get(), "sync", FALSE, "async", FALSE, nullptr);
    gst_bin_add(GST_BIN(pipeline.get()), sink.get());
    gst_element_sync_state_with_parent(sink.get());
    const auto end = Ref<GstPad>::adopt(gst_element_get_static_pad(sink.get(), "sink"));
    gst_pad_link(pad, end.get());
  }

  void link(GstPad *pad, const char *parser_name, const char *form, Tap &tap) {
    const auto parser = make(parser_name), filter = make("capsfilter");
    const auto end = Ref<GstPad>::adopt(gst_element_get_static_pad(tap.element(), "sink"));
    if (!parser || !filter || gst_pad_is_linked(end.get())) return;  // the first of each kind
    const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(form));
    g_object_set(filter.get(), "caps", caps.get(), nullptr);
    gst_bin_add_many(GST_BIN(pipeline.get()), parser.get(), filter.get(), nullptr);
    gst_element_link_many(parser.get(), filter.get(), tap.element(), nullptr);
    gst_element_sync_state_with_parent(filter.get());
    gst_element_sync_state_with_parent(parser.get());
    const auto begin = Ref<GstPad>::adopt(gst_element_get_static_pad(parser.get(), "sink"));
    gst_pad_link(pad, begin.get());
    mailbox.post(
        [this, is_video = &tap == &video] { (is_video ? branch.video_ : branch.audio_).is_there = true; });
  }

  FlvBranch &branch;
  Ref<GstElement> pipeline;
  Ref<GstAppSrc> source;
  Mailbox mailbox;
  Tap video, audio;
  std::unique_ptr<BusErrors> errors;
};

FlvBranch::FlvBranch(Format format, GMainContext *context)
    : format_(format), context_(Ref<GMainContext>::retain(context)) {}

FlvBranch::~FlvBranch() = default;

void FlvBranch::on_frame(const Slice &frame, bool) {
  if (!demux_) {
    demux_ = std::make_unique<Demux>(*this);
    if (const auto built = demux_->build(); !built) return out_.end(built.error());
  }
  auto *owner = new Slice(frame);
  gst_app_src_push_buffer(
      demux_->source.get(),
      gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, const_cast<std::uint8_t *>(owner->data()),
                                  owner->size(), 0, owner->size(), owner,
                                  [](gpointer data) { delete static_cast<Slice *>(data); }));
}

void FlvBranch::on_break() {
  demux_.reset();
  for (Track *track : {&video_, &audio_}) {
    track->is_there = false;
    track->units.clear();
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

void FlvBranch::take(Track &track, GstSample *sample) {
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  GstCaps *caps = gst_sample_get_caps(sample);
  if (!buffer || !caps) return;
  const GValue *config = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
  if (!config || !GST_VALUE_HOLDS_BUFFER(config)) return;
  set_config(track, copy_of(gst_value_get_buffer(config)));
  const GstSegment *segment = gst_sample_get_segment(sample);
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) return;
  const Time shown = running(segment, GST_BUFFER_PTS(buffer));
  const Time decoded = GST_BUFFER_DTS_IS_VALID(buffer) ? running(segment, GST_BUFFER_DTS(buffer)) : shown;
  track.units.push_back(
      {!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT), decoded, shown, now(), copy_of(buffer)});
  flush();
}

void FlvBranch::set_config(Track &track, Slice config) {
  if (is_same(track.config, config)) return;
  track.config = std::move(config);
  if (is_header_out_) write_header(true);
}

// In the order of decoding, of both tracks.
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
    if (!offset_) offset_ = (is_header_out_ ? newest_ + step : Time{}) - unit.decoded;
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
    frame(out, rtmp::Type::video, decoded,
          rtmp::flv::write_avc(
              {rtmp::flv::Content::frame, unit.is_key, std::max(later, 0), unit.data.bytes()}));
  else
    frame(out, rtmp::Type::audio, decoded,
          rtmp::flv::write_aac({rtmp::flv::Content::frame, false, unit.data.bytes()}));
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
            rtmp::flv::write_avc({rtmp::flv::Content::config, true, 0, video_.config.bytes()}));
    if (!audio_.config.empty())
      frame(out, rtmp::Type::audio, time,
            rtmp::flv::write_aac({rtmp::flv::Content::config, false, audio_.config.bytes()}));
    return out;
  }();
  rtmp::Buffer out;
  if (format_ == Format::flv) out = rtmp::flv::write_header(!audio_.config.empty(), !video_.config.empty());
  rtmp::put(out, body);
  out_.set_header(rtmp::shared(std::move(out)), is_news ? Slice::copy(body) : Slice());
}

void FlvBranch::frame(rtmp::Buffer &out, rtmp::Type type, std::uint32_t timestamp, Bytes body) const {
  if (format_ == Format::rtmp)
    rtmp::write_message(out, type, rtmp::media_stream, timestamp, body);
  else
    rtmp::flv::write_tag(out, type, timestamp, body);
}

}  // namespace astral::media
