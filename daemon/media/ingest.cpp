// SPDX-License-Identifier: BSD-3-Clause
#include "media/ingest.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "media/make.hpp"

namespace astral::media {

namespace {

// Frames that may wait in front of the pipeline. A frame of one byte takes 500 bytes of memory.
constexpr guint64 waiting_frames = 8192;
// int64 nanoseconds overflow after 292 years.
constexpr Time latest_time = std::chrono::hours(24 * 365 * 100);
constexpr Time for_tracks = 1s;    // media time in which a track that was not announced may begin
constexpr Time longest_step = 5s;  // a larger step of the timestamps means another clock
constexpr double max_announced_kbps = 1'000'000;  // of one track

constexpr Time least_step = 20ms;
// How long the multiplexer waits for a late track. A track that stops delays the other one by as much.
constexpr GstClockTime muxer_latency = 500 * GST_MSECOND;

}  // namespace

guint announced_kbps(const rtmp::Metadata &metadata) {
  double kbps = 0;
  for (const char *name : {"videodatarate", "audiodatarate"}) {
    const rtmp::amf::Value *rate = metadata.properties.find(name);
    if (rate != nullptr && rate->number() > 0) kbps += std::min(rate->number(), max_announced_kbps);
  }
  return static_cast<guint>(kbps);
}

Ingest::Ingest(std::string uri, std::string title, GMainContext *context, Over over)
    : uri_(std::move(uri)),
      title_(std::move(title)),
      context_(Ref<GMainContext>::retain(context)),
      over_(std::move(over)),
      mailbox_(std::make_unique<Mailbox>(context)) {}

Ingest::~Ingest() {
  tear_down();
}

void Ingest::tear_down() {
  if (!pipeline_) return;
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  errors_.reset();
  mailbox_ = std::make_unique<Mailbox>(context_.get());
  awaits_key_ = true;
  for (Track *track : {&video_, &audio_}) track->source.reset();
  pipeline_.reset();
}

void Ingest::begin() {
  timestamp_.reset();
  awaits_key_ = true;
}

void Ingest::expect(const rtmp::Metadata &metadata) {
  kbps_ = announced_kbps(metadata);
  const bool has_video = metadata.properties.find("videocodecid");
  const bool has_audio = metadata.properties.find("audiocodecid");
  if (pipeline_ || has_video == has_audio) return;  // both or neither: expects both
  video_.is_expected = has_video;
  audio_.is_expected = has_audio;
}

Expected<void> Ingest::push(const rtmp::Media &media) {
  const Time time = time_of(media.timestamp);
  return std::visit([&](const auto &content) { return take(time, content); }, media.content);
}

Expected<void> Ingest::take(Time time, const rtmp::flv::Video &video) {
  if (video.is_config) return take_config(video_, video.data);
  if (video_.config.empty()) return {};  // cannot be decoded
  if (awaits_key_ && !video.is_key) return {};
  awaits_key_ = false;
  video_.is_there = true;
  return take({true, video.is_key, time, video.composition, video.data});
}

Expected<void> Ingest::take(Time time, const rtmp::flv::Audio &audio) {
  if (audio.is_config) return take_config(audio_, audio.data);
  if (!audio.is_mp3 && audio_.config.empty()) return {};
  if (std::exchange(audio_.is_mp3, audio.is_mp3) != audio.is_mp3 && pipeline_) tear_down();
  audio_.is_there = true;
  return take({false, true, time, 0, audio.data});
}

// Adds the steps of the publisher's timestamps, which wrap, to the last time. A step that is too large counts
// as the time that has passed.
Time Ingest::time_of(std::uint32_t timestamp) {
  const Time here = now();
  const Time step = timestamp_
                        ? Time(std::chrono::milliseconds(static_cast<std::int32_t>(timestamp - *timestamp_)))
                        : never;
  const bool is_first = heard_ == Time{};
  if (step > longest_step || step < -longest_step)
    time_ += is_first ? Time{} : std::max<Time>(here - heard_, least_step);
  else
    time_ += step;
  time_ = std::clamp(time_, Time{}, latest_time);
  timestamp_ = timestamp;
  heard_ = here;
  return time_;
}

Expected<void> Ingest::take_config(Track &track, const Slice &config) {
  const Bytes before = track.config.bytes(), now_is = config.bytes();
  if (std::equal(before.begin(), before.end(), now_is.begin(), now_is.end())) return {};
  track.config = config;
  if (!track.source) return {};
  // A new audio configuration needs a new track in the multiplexer. Video repeats its configuration in band.
  if (&track == &audio_) tear_down();
  if (track.source) gst_app_src_set_caps(track.source.get(), caps_of(track).get());
  return {};
}

// Requires that pending_ is not empty.
bool Ingest::is_complete() const {
  const auto known = [](const Track &track) { return track.is_there || !track.is_expected; };
  if (known(video_) && known(audio_)) return true;
  return pending_bytes_ > waiting_bytes / 2 || pending_.size() > waiting_frames / 2 ||
         pending_.back().time - pending_.front().time >= for_tracks;
}

Expected<void> Ingest::take(Frame frame) {
  const Track &track = frame.is_video ? video_ : audio_;
  if (pipeline_ && !track.source) tear_down();  // a track that starts after for_tracks
  if (pipeline_) return deliver(frame);
  pending_bytes_ += frame.data.size();
  pending_.push_back(std::move(frame));
  if (!is_complete()) return {};
  origin_ = pending_.front().time;
  auto built = build();
  if (!built) tear_down();
  pending_bytes_ = 0;
  const auto pending = std::exchange(pending_, {});
  if (!built) return built;
  for (const Frame &waiting : pending)
    if (auto delivered = deliver(waiting); !delivered) return delivered;
  return {};
}

// Requires that the pipeline has a source for the frame's track: take() ensures that.
Expected<void> Ingest::deliver(const Frame &frame) {
  GstAppSrc *source = (frame.is_video ? video_ : audio_).source.get();
  if (gst_app_src_get_current_level_bytes(source) > waiting_bytes ||
      gst_app_src_get_current_level_buffers(source) > waiting_frames)
    return fail(Code::no_room, "this node cannot keep up with the publisher");
  const auto buffer = wrap(frame.data);
  const Time decoded = std::max<Time>(frame.time - origin_, Time{});
  const Time shown = std::max<Time>(decoded + std::chrono::milliseconds(frame.shown), Time{});
  GST_BUFFER_DTS(buffer.get()) = static_cast<GstClockTime>(decoded.count());
  GST_BUFFER_PTS(buffer.get()) = static_cast<GstClockTime>(shown.count());
  if (!frame.is_key) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
  gst_app_src_push_buffer(source, gst_buffer_ref(buffer.get()));
  return {};
}

Ref<GstCaps> Ingest::caps_of(const Track &track) const {
  if (track.is_mp3)
    return Ref<GstCaps>::adopt(
        gst_caps_new_simple("audio/mpeg", "mpegversion", G_TYPE_INT, 1, "layer", G_TYPE_INT, 3, nullptr));
  const auto config = wrap(track.config);
  if (&track == &video_)
    return Ref<GstCaps>::adopt(gst_caps_new_simple("video/x-h264", "stream-format", G_TYPE_STRING, "avc",
                                                   "alignment", G_TYPE_STRING, "au", "codec_data",
                                                   GST_TYPE_BUFFER, config.get(), nullptr));
  return Ref<GstCaps>::adopt(gst_caps_new_simple("audio/mpeg", "mpegversion", G_TYPE_INT, 4, "stream-format",
                                                 G_TYPE_STRING, "raw", "framed", G_TYPE_BOOLEAN, TRUE,
                                                 "codec_data", GST_TYPE_BUFFER, config.get(), nullptr));
}

Expected<void> Ingest::build() {
  pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  errors_ = std::make_unique<BusErrors>(
      pipeline_.get(), *mailbox_, [this](GstObject *, const Error &error) { end(error); },
      [this] {
        end({Code::not_found, "the publisher has ended the stream"});
      });
  const auto muxer = make("mpegtsmux"), sink = make("astralsink");
  if (!muxer) return missing("mpegtsmux");
  if (!sink) return missing("astralsink");
  // alignment 0 keeps the key frames' flags.
  g_object_set(muxer.get(), "alignment", 0, "latency", muxer_latency, nullptr);
  g_object_set(sink.get(), "uri", uri_.c_str(), "title", title_.c_str(), "bitrate", kbps_, nullptr);
  gst_bin_add_many(GST_BIN(pipeline_.get()), muxer.get(), sink.get(), nullptr);
  if (!gst_element_link(muxer.get(), sink.get())) return fail(Code::failed, "mpegtsmux cannot be linked");
  if (video_.is_there)
    if (auto added = add(video_, "h264parse", muxer.get()); !added) return added;
  if (audio_.is_there) {
    auto added = add(audio_, audio_.is_mp3 ? "mpegaudioparse" : "aacparse", muxer.get());
    if (!added) return added;
  }
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "the publisher's pipeline does not start");
  return {};
}

Expected<void> Ingest::add(Track &track, const char *parser_name, GstElement *muxer) {
  const auto source = make("appsrc"), parser = make(parser_name), queue = make("queue");
  if (!source) return missing("appsrc");
  if (!parser) return missing(parser_name);
  if (!queue) return missing("queue");
  track.source = Ref<GstAppSrc>::retain(GST_APP_SRC(source.get()));
  g_object_set(source.get(), "caps", caps_of(track).get(), "format", GST_FORMAT_TIME, "is-live", TRUE,
               "max-bytes", guint64{0}, nullptr);
  g_object_set(queue.get(), "max-size-buffers", static_cast<guint>(waiting_frames), "max-size-time",
               guint64{0}, "max-size-bytes", static_cast<guint>(waiting_bytes), nullptr);
  // Repeats the parameter sets before each key frame, for viewers that join later.
  if (&track == &video_) g_object_set(parser.get(), "config-interval", -1, nullptr);
  gst_bin_add_many(GST_BIN(pipeline_.get()), source.get(), parser.get(), queue.get(), nullptr);
  if (!gst_element_link_many(source.get(), parser.get(), queue.get(), muxer, nullptr))
    return fail(Code::unsupported, std::string("MPEG-TS cannot carry what ") + parser_name + " makes");
  return {};
}

void Ingest::finish() {
  if (!pipeline_) return mailbox_->post([this] { end({Code::not_found, "nothing was published"}); });
  for (const Track *track : {&video_, &audio_})
    if (track->source) gst_app_src_end_of_stream(track->source.get());
}

void Ingest::end(const Error &error) {
  if (!std::exchange(is_over_, true)) over_(error);
}

}  // namespace astral::media
