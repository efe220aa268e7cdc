// SPDX-License-Identifier: BSD-3-Clause
#include "media/ingest_output.hpp"

#include <gst/app/gstappsrc.h>

#include <utility>

#include "formats/av1.hpp"
#include "media/make.hpp"

namespace astral::media {

namespace {

using formats::Kind;
using formats::TsMux;
using rtmp::flv::VideoCodec;

// Frames that may wait in front of the pipeline. A frame of one byte takes 500 bytes of memory.
constexpr guint64 waiting_frames = 8192;
constexpr int opus_rate = 48'000;

bool is_full(const Ref<GstAppSrc> &source) {
  return gst_app_src_get_current_level_bytes(source.get()) > waiting_bytes ||
         gst_app_src_get_current_level_buffers(source.get()) > waiting_frames;
}

tl::unexpected<Error> no_room() {
  return fail(Code::no_room, "this node cannot keep up with the publisher");
}

guint64 nanoseconds(std::int64_t ticks) {
  return gst_util_uint64_scale(static_cast<guint64>(ticks), GST_SECOND, formats::Timeline::second);
}

Expected<Ref<GstAppSrc>> make_source(GstBin *bin, const Ref<GstCaps> &caps) {
  const auto source = make("appsrc");
  if (!source) return missing("appsrc");
  g_object_set(source.get(), "caps", caps.get(), "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes",
               guint64{0}, nullptr);
  gst_bin_add(bin, source.get());
  return Ref<GstAppSrc>::retain(GST_APP_SRC(source.get()));
}

class TsOutput : public IngestOutput {
 public:
  Expected<void> build(GstBin *bin, GstElement *sink) {
    auto source = make_source(
        bin, Ref<GstCaps>::adopt(gst_caps_new_simple("video/mpegts", "systemstream", G_TYPE_BOOLEAN, TRUE,
                                                     "packetsize", G_TYPE_INT, 188, nullptr)));
    if (!source) return tl::unexpected<Error>(source.error());
    source_ = std::move(*source);
    if (gst_element_link(GST_ELEMENT(source_.get()), sink)) return {};
    return fail(Code::failed, "astralsink cannot be linked");
  }

  // A track that begins later is announced when it does.
  Expected<void> write(const IngestFrame &frame, const IngestTracks &tracks) override {
    if (is_full(source_)) return no_room();
    if (tracks.video == VideoCodec::av1)
      return fail(Code::unsupported, "the picture has become AV1: end the stream and start it again");
    const TsMux::Video type = !tracks.video                      ? TsMux::Video::none
                              : tracks.video == VideoCodec::hevc ? TsMux::Video::h265
                                                                 : TsMux::Video::h264;
    muxer_.set_tracks(type, tracks.audio, tracks.channels);
    const auto buffer = wrap(rtmp::shared(muxer_.write({.kind = frame.kind,
                                                        .is_start = frame.is_start,
                                                        .decoded = frame.decoded,
                                                        .shown = frame.shown,
                                                        .data = frame.data})));
    GST_BUFFER_PTS(buffer.get()) = nanoseconds(frame.decoded);
    if (frame.kind == Kind::video && !frame.is_start)
      GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
    gst_app_src_push_buffer(source_.get(), gst_buffer_ref(buffer.get()));
    return {};
  }

  void finish() override { gst_app_src_end_of_stream(source_.get()); }

 private:
  TsMux muxer_;
  Ref<GstAppSrc> source_;
};

Ref<GstBuffer> buffer_of(Bytes bytes) {
  return wrap(Slice::copy(bytes));
}

Ref<GstCaps> av1_caps(Bytes sequence) {
  const auto read = formats::av1::read_sequence(sequence);
  const auto record = buffer_of(formats::av1::write_record(sequence));
  return Ref<GstCaps>::adopt(gst_caps_new_simple(
      "video/x-av1", "stream-format", G_TYPE_STRING, "obu-stream", "alignment", G_TYPE_STRING, "tu", "width",
      G_TYPE_INT, read ? static_cast<int>(read->width) : 0, "height", G_TYPE_INT,
      read ? static_cast<int>(read->height) : 0, "codec_data", GST_TYPE_BUFFER, record.get(), nullptr));
}

Ref<GstCaps> aac_caps(const formats::adts::Config &config) {
  const auto data = buffer_of(formats::adts::write_config(config));
  return Ref<GstCaps>::adopt(gst_caps_new_simple(
      "audio/mpeg", "mpegversion", G_TYPE_INT, 4, "stream-format", G_TYPE_STRING, "raw", "framed",
      G_TYPE_BOOLEAN, TRUE, "rate", G_TYPE_INT, static_cast<int>(formats::adts::rate_of(config)), "channels",
      G_TYPE_INT, static_cast<int>(config.channels), "codec_data", GST_TYPE_BUFFER, data.get(), nullptr));
}

Ref<GstCaps> mp3_caps(const formats::mpeg_audio::Frame &head) {
  return Ref<GstCaps>::adopt(gst_caps_new_simple("audio/mpeg", "mpegversion", G_TYPE_INT, 1, "layer",
                                                 G_TYPE_INT, 3, "parsed", G_TYPE_BOOLEAN, TRUE, "rate",
                                                 G_TYPE_INT, static_cast<int>(head.rate), "channels",
                                                 G_TYPE_INT, static_cast<int>(head.channels), nullptr));
}

Ref<GstCaps> opus_caps(unsigned channels) {
  return Ref<GstCaps>::adopt(gst_caps_new_simple("audio/x-opus", "channel-mapping-family", G_TYPE_INT, 0,
                                                 "rate", G_TYPE_INT, opus_rate, "channels", G_TYPE_INT,
                                                 static_cast<int>(channels), "stream-count", G_TYPE_INT, 1,
                                                 "coupled-count", G_TYPE_INT, channels > 1 ? 1 : 0, nullptr));
}

// Its tracks stay as they are at its begin.
class MatroskaOutput : public IngestOutput {
 public:
  Expected<void> build(GstBin *bin, GstElement *sink, const IngestTracks &tracks) {
    tracks_ = tracks;
    const auto muxer = make("matroskamux");
    if (!muxer) return missing("matroskamux");
    g_object_set(muxer.get(), "streamable", TRUE, nullptr);
    gst_bin_add(bin, muxer.get());
    if (!gst_element_link(muxer.get(), sink)) return fail(Code::failed, "astralsink cannot be linked");
    auto video = add(bin, muxer.get(), "video_%u", av1_caps(tracks.av1));
    if (!video) return tl::unexpected<Error>(video.error());
    video_ = std::move(*video);
    if (tracks.audio == TsMux::Audio::none) return {};
    auto audio = add(bin, muxer.get(), "audio_%u", sound_caps(tracks));
    if (!audio) return tl::unexpected<Error>(audio.error());
    audio_ = std::move(*audio);
    return {};
  }

  Expected<void> write(const IngestFrame &frame, const IngestTracks &tracks) override {
    const bool is_video = frame.kind == Kind::video;
    if (tracks.video != tracks_.video || tracks.audio != tracks_.audio)
      return fail(Code::unsupported, "the codecs beside AV1 have changed: end the stream and start it again");
    const Ref<GstAppSrc> &source = is_video ? video_ : audio_;
    if (is_full(source)) return no_room();
    Bytes data = frame.data;
    if (const auto head = formats::adts::read_head(data);
        !is_video && tracks.audio == TsMux::Audio::aac && head)
      data = data.subspan(head->head);
    const auto buffer = buffer_of(data);
    GST_BUFFER_PTS(buffer.get()) = nanoseconds(frame.decoded + frame.shown);
    if (is_video && !frame.is_start) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
    gst_app_src_push_buffer(source.get(), gst_buffer_ref(buffer.get()));
    return {};
  }

  void finish() override {
    gst_app_src_end_of_stream(video_.get());
    if (audio_) gst_app_src_end_of_stream(audio_.get());
  }

 private:
  static Ref<GstCaps> sound_caps(const IngestTracks &tracks) {
    if (tracks.audio == TsMux::Audio::opus) return opus_caps(tracks.channels);
    if (tracks.audio == TsMux::Audio::mp3) return mp3_caps(tracks.mp3);
    return aac_caps(tracks.aac);
  }

  static Expected<Ref<GstAppSrc>> add(GstBin *bin, GstElement *muxer, const char *pad,
                                      const Ref<GstCaps> &caps) {
    auto source = make_source(bin, caps);
    if (!source) return source;
    if (!gst_element_link_pads(GST_ELEMENT(source->get()), "src", muxer, pad))
      return fail(Code::unsupported, "Matroska cannot carry this track");
    return source;
  }

  IngestTracks tracks_;
  Ref<GstAppSrc> video_, audio_;
};

template <typename Output, typename... Arguments>
Expected<std::unique_ptr<IngestOutput>> built(Arguments &&...arguments) {
  auto output = std::make_unique<Output>();
  if (auto done = output->build(std::forward<Arguments>(arguments)...); !done)
    return tl::unexpected<Error>(done.error());
  return output;
}

}  // namespace

Expected<std::unique_ptr<IngestOutput>> IngestOutput::open(GstBin *bin, GstElement *sink,
                                                           const IngestTracks &tracks) {
  if (tracks.video == VideoCodec::av1) return built<MatroskaOutput>(bin, sink, tracks);
  return built<TsOutput>(bin, sink);
}

}  // namespace astral::media
