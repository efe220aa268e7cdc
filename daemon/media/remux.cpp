// SPDX-License-Identifier: BSD-3-Clause
#include "media/remux.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "formats/av1.hpp"
#include "formats/carriage.hpp"
#include "media/caps.hpp"
#include "media/make.hpp"
#include "media/pad_probes.hpp"
#include "media/streaming_scope.hpp"
#include "media/track_caps.hpp"

namespace astral::media {

namespace {

using formats::Container;
using formats::Kind;

constexpr std::size_t most_of_frame = 4096;  // bytes that have the sequence header of AV1

bool is_elementary(const GstStructure *caps) {
  return parser_of(codec_of(caps)) != nullptr;
}

// A pad's caps. None: it has no usable ones yet.
Ref<GstCaps> caps_of(GstPad *pad) {
  auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
  if (!caps) caps = Ref<GstCaps>::adopt(gst_pad_query_caps(pad, nullptr));
  return gst_caps_is_empty(caps.get()) || gst_caps_is_any(caps.get()) ? Ref<GstCaps>() : std::move(caps);
}

bool needs_mp4(const std::string &codec) {
  return formats::hls_container(codec) == Container::mp4;
}

}  // namespace

Expected<std::unique_ptr<Remux>> Remux::open(GstCaps *caps, To to, GMainContext *context, Handler handler) {
  std::unique_ptr<Remux> remux(new Remux(to, context, std::move(handler)));
  if (const auto built = remux->build(caps); !built) return tl::unexpected(built.error());
  return remux;
}

Remux::Remux(To to, GMainContext *context, Handler handler)
    : to_(to),
      handler_(std::move(handler)),
      mailbox_(context),
      ts_tap_(
          context,
          [this](GstSample *sample) {
            has_delivered_ = true;
            handler_.on_ts(sample);
          },
          [this] { end_tap(); }),
      mp4_tap_(
          context, [this](GstSample *sample) { take_boxes(sample); }, [this] { end_tap(); }) {}

Remux::~Remux() {
  if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  StreamingScope::close();
}

Expected<void> Remux::build(GstCaps *caps) {
  pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  StreamingScope::open();
  const auto source = make("appsrc");
  const auto parse = make("parsebin");
  if (!source) return missing("appsrc");
  if (!parse) return missing("parsebin");
  source_ = Ref<GstAppSrc>::retain(GST_APP_SRC(source.get()));
  errors_ = std::make_unique<BusErrors>(pipeline_.get(), mailbox_, [this](GstObject *, const Error &error) {
    if (!std::exchange(failed_, true)) handler_.on_fail(error);
  });
  g_object_set(source_.get(), "caps", caps, "format",
               is_elementary(gst_caps_get_structure(caps, 0)) ? GST_FORMAT_TIME : GST_FORMAT_BYTES,
               "max-bytes", waiting_bytes, "leaky-type", GST_APP_LEAKY_TYPE_UPSTREAM, nullptr);
  g_signal_connect(parse.get(), "pad-added",
                   G_CALLBACK(+[](GstElement *, GstPad *pad, gpointer self) noexcept {
                     const StreamingScope scope;
                     static_cast<Remux *>(self)->add(pad);
                   }),
                   this);
  gst_bin_add_many(GST_BIN(pipeline_.get()), source.get(), parse.get(), nullptr);
  if (!gst_element_link(source.get(), parse.get()))
    return fail(Code::failed, "the remultiplexer cannot be linked");
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "the remultiplexer does not start");

  for (GstBuffer *header : stream_headers(caps))
    gst_app_src_push_buffer(source_.get(), gst_buffer_copy(header));
  return {};
}

// parsebin adds all pads before it lets data through, and says nothing of it. So the first data waits until
// all of them are linked.
void Remux::add(GstPad *pad) {
  if (are_pads_taken_) {
    if (auto linked = link_late(pad); !linked) post_failure(std::move(linked.error()));
    return;
  }
  constexpr auto data = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER);
  const auto wait = +[](GstPad *, GstPadProbeInfo *, gpointer self) noexcept -> GstPadProbeReturn {
    const StreamingScope scope;
    static_cast<Remux *>(self)->take_pads();
    return GST_PAD_PROBE_OK;
  };
  pads_.push_back({Ref<GstPad>::retain(pad), gst_pad_add_probe(pad, data, wait, this, nullptr)});
}

void Remux::take_pads() {
  if (are_pads_taken_.exchange(true)) return;
  if (auto linked = link(pads_); !linked) post_failure(std::move(linked.error()));
  for (const Waiting &waiting : pads_) gst_pad_remove_probe(waiting.pad.get(), waiting.probe);
}

Expected<void> Remux::link(const std::vector<Waiting> &pads) {
  std::vector<Track> taken;
  formats::Facts facts;
  std::string left_out;
  for (const auto &[pad, probe] : pads) {
    const auto caps = caps_of(pad.get());
    if (!caps) return fail(Code::unsupported, "a track has an unknown type");
    const GstStructure *media = gst_caps_get_structure(caps.get(), 0);
    const bool is_picture = is_video(media);
    const std::string codec = codec_of(media);
    const bool is_carried =
        (is_picture || is_audio(media)) && parser_of(codec) && formats::hls_container(codec);
    const bool is_first = std::none_of(taken.begin(), taken.end(),
                                       [&](const Track &one) { return one.is_video == is_picture; });
    if (is_picture) ++facts.video_tracks;
    if (is_audio(media)) ++facts.audio_tracks;
    if (is_first && is_picture && (is_carried || !facts.video)) facts.video = video_facts(media);
    if (is_first && is_audio(media) && (is_carried || !facts.audio)) facts.audio = audio_facts(media);
    if (is_carried && is_first) {
      watch_caps(pad.get());
      taken.push_back({pad, codec, is_picture});
      continue;
    }
    if (left_out.empty()) left_out = gst_structure_get_name(media);
    if (auto dropped = drop(pad.get()); !dropped) return dropped;
  }
  post_facts(facts);
  if (taken.empty()) return fail(Code::unsupported, "HLS cannot carry " + left_out);
  return link(taken);
}

// FLV tells late of a track. mp4mux cannot take it any more.
Expected<void> Remux::link_late(GstPad *pad) {
  const auto caps = caps_of(pad);
  if (!caps) return fail(Code::unsupported, "a track has an unknown type");
  const GstStructure *media = gst_caps_get_structure(caps.get(), 0);
  const Track track{Ref<GstPad>::retain(pad), codec_of(media), is_video(media)};
  const bool is_carried = (is_video(media) || is_audio(media)) && formats::hls_container(track.codec);
  if (is_carried && (mp4_muxer_ || needs_mp4(track.codec)))
    return fail(Code::failed, "the tracks of the stream have changed");
  return is_carried ? link(track) : drop(pad);
}

// The caps of a track that is late say only its codec at first.
void Remux::watch_caps(GstPad *pad) {
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad *, GstPadProbeInfo *info, gpointer self) noexcept -> GstPadProbeReturn {
        const StreamingScope scope;
        GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
        if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
        GstCaps *caps = nullptr;
        gst_event_parse_caps(event, &caps);
        const GstStructure *media = gst_caps_get_structure(caps, 0);
        formats::Facts facts;
        if (is_video(media)) facts.video = video_facts(media);
        if (is_audio(media)) facts.audio = audio_facts(media);
        static_cast<Remux *>(self)->post_facts(facts);
        return GST_PAD_PROBE_OK;
      },
      this, nullptr);
}

void Remux::post_facts(const formats::Facts &news) {
  mailbox_.post([this, news] {
    const formats::Facts before = facts_;
    if (news.video) facts_.video = news.video;
    if (news.audio) facts_.audio = news.audio;
    if (news.video_tracks + news.audio_tracks > 0) {
      facts_.video_tracks = news.video_tracks;
      facts_.audio_tracks = news.audio_tracks;
    }
    if (!failed_ && facts_ != before) handler_.on_tracks(facts_);
  });
}

Expected<void> Remux::link(const std::vector<Track> &tracks) {
  makes_fragments_ = to_ == To::mp4 || std::any_of(tracks.begin(), tracks.end(),
                                                   [](const Track &track) { return needs_mp4(track.codec); });
  const auto has_ts = [&](const Track &track) { return formats::is_in_ts(track.codec); };
  const bool makes_ts = to_ == To::mpegts_and_mp4 && std::any_of(tracks.begin(), tracks.end(), has_ts);
  const auto add = [&](const char *factory, const Tap &tap) {
    auto muxer = make(factory);
    if (!muxer) return muxer;
    gst_bin_add_many(GST_BIN(pipeline_.get()), muxer.get(), tap.element(), nullptr);
    gst_element_link(muxer.get(), tap.element());
    return muxer;
  };
  if (makes_ts) {
    ts_muxer_ = add("mpegtsmux", ts_tap_);
    if (!ts_muxer_) return missing("mpegtsmux");
    // Otherwise mpegtsmux loses the flags of key frames.
    g_object_set(ts_muxer_.get(), "alignment", 0, nullptr);
  }
  if (makes_fragments_) {
    mp4_muxer_ = add("mp4mux", mp4_tap_);
    if (!mp4_muxer_) return missing("mp4mux");
    // Each frame is a fragment, so that the HLS window cuts segments and parts as it does with MPEG-TS.
    g_object_set(mp4_muxer_.get(), "fragment-duration", 1u, "streamable", TRUE, nullptr);
  }
  for (const Track &track : tracks)
    if (auto linked = link(track); !linked) return linked;
  for (const auto &[muxer, tap] :
       {std::pair(ts_muxer_.get(), &ts_tap_), std::pair(mp4_muxer_.get(), &mp4_tap_)}) {
    if (!muxer) continue;
    gst_element_sync_state_with_parent(tap->element());
    gst_element_sync_state_with_parent(muxer);
  }
  return {};
}

Expected<void> Remux::link(const Track &track) {
  const bool is_for_ts = ts_muxer_ && formats::is_in_ts(track.codec);
  if (!is_for_ts && !mp4_muxer_) return drop(track.pad.get());
  if (!is_for_ts || !mp4_muxer_) return to_muxer(nullptr, track.pad.get(), track, !is_for_ts);
  const auto tee = make("tee");
  if (!tee) return missing("tee");
  gst_bin_add(GST_BIN(pipeline_.get()), tee.get());
  for (const bool is_mp4 : {false, true})
    if (auto linked = to_muxer(tee.get(), nullptr, track, is_mp4); !linked) return linked;
  gst_element_sync_state_with_parent(tee.get());
  const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(tee.get(), "sink"));
  if (GST_PAD_LINK_FAILED(gst_pad_link(track.pad.get(), sink.get())))
    return fail(Code::failed, "the remultiplexer cannot be linked");
  return {};
}

// From an element or, if that is null, from a pad.
Expected<void> Remux::to_muxer(GstElement *from, GstPad *pad, const Track &track, bool is_mp4) {
  const auto cannot = [&] {
    return fail(Code::unsupported,
                (is_mp4 ? "MP4 cannot carry this " : "MPEG-TS cannot carry this ") + track.codec);
  };
  const char *factory = parser_of(track.codec);
  const auto queue = make("queue"), parser = make(factory);
  if (!queue) return missing("queue");
  if (!parser) return missing(factory);
  // Only bytes limit it: where a track pauses, the multiplexer waits for that track, and the others wait
  // here.
  g_object_set(queue.get(), "max-size-buffers", 0, "max-size-bytes", static_cast<guint>(waiting_bytes),
               "max-size-time", guint64{0}, nullptr);
  if (!is_mp4 && (track.codec == "h264" || track.codec == "h265"))
    g_object_set(parser.get(), "config-interval", -1, nullptr);
  gst_bin_add_many(GST_BIN(pipeline_.get()), queue.get(), parser.get(), nullptr);
  Ref<GstElement> last = parser;
  const char *timestamper = is_mp4 ? timestamper_of(track.codec) : nullptr;
  if (timestamper) {
    last = make(timestamper);
    if (!last) return missing(timestamper);
    gst_bin_add(GST_BIN(pipeline_.get()), last.get());
    if (!gst_element_link(parser.get(), last.get())) return cannot();
    gst_element_sync_state_with_parent(last.get());
  }
  GstElement *const muxer = is_mp4 ? mp4_muxer_.get() : ts_muxer_.get();
  if (!gst_element_link(queue.get(), parser.get()) || !gst_element_link(last.get(), muxer)) return cannot();
  if (is_mp4) watch_start(last.get(), track.is_video);
  if (is_mp4 && track.codec == "vp9")
    complete_vp9(Ref<GstPad>::adopt(gst_element_get_static_pad(last.get(), "src")).get());
  gst_element_sync_state_with_parent(parser.get());
  gst_element_sync_state_with_parent(queue.get());
  const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(queue.get(), "sink"));
  drop_first_gaps(sink.get());
  if (from) {
    own_buffers(sink.get());
    if (!gst_element_link(from, queue.get())) return cannot();
    return {};
  }
  if (GST_PAD_LINK_FAILED(gst_pad_link(pad, sink.get()))) return cannot();
  return {};
}

// Remembers the first frame that `last` gives to mp4mux, which forgets when it is shown.
void Remux::watch_start(GstElement *last, bool is_video) {
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(last, "src"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad *from, GstPadProbeInfo *info, gpointer out) noexcept -> GstPadProbeReturn {
        const StreamingScope scope;
        auto *start = static_cast<Start *>(out);
        GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
        start->head.resize(std::min(gst_buffer_get_size(buffer), most_of_frame));
        gst_buffer_extract(buffer, 0, start->head.data(), start->head.size());
        GstEvent *event = gst_pad_get_sticky_event(from, GST_EVENT_SEGMENT, 0);
        if (!event) return GST_PAD_PROBE_REMOVE;
        const GstSegment *segment = nullptr;
        gst_event_parse_segment(event, &segment);
        if (GST_BUFFER_PTS_IS_VALID(buffer)) start->shown = running(segment, GST_BUFFER_PTS(buffer));
        gst_event_unref(event);
        return GST_PAD_PROBE_REMOVE;
      },
      &start_of(is_video ? Kind::video : Kind::audio), nullptr);
}

void Remux::take_boxes(GstSample *sample) {
  const StreamingScope scope;
  const Slice bytes = copy_of(gst_sample_get_buffer(sample));
  if (failed_ || bytes.empty()) return;
  auto units = cutter_.push(bytes.bytes());
  if (!units) return post_failure(units.error());
  for (formats::mp4::Unit &unit : *units) {
    if (unit.is_init) {
      const auto sequence = formats::av1::find_sequence(start_of(Kind::video).head);
      clock_.set_init(unit.bytes);
      handler_.on_init(
          Slice::copy(formats::mp4::repair_init(unit.bytes, formats::av1::write_record(sequence))));
      continue;
    }
    auto piece = clock_.correct(unit.bytes, {start_of(Kind::video).shown, start_of(Kind::audio).shown});
    if (!piece) continue;
    has_delivered_ = true;
    handler_.on_fragment(std::move(*piece));
  }
}

Expected<void> Remux::drop(GstPad *pad) {
  const auto sink = make("fakesink");
  if (!sink) return missing("fakesink");
  g_object_set(sink.get(), "sync", FALSE, "async", FALSE, nullptr);
  gst_bin_add(GST_BIN(pipeline_.get()), sink.get());
  gst_element_sync_state_with_parent(sink.get());
  const auto end = Ref<GstPad>::adopt(gst_element_get_static_pad(sink.get(), "sink"));
  if (GST_PAD_LINK_FAILED(gst_pad_link(pad, end.get())))
    return fail(Code::failed, "the remultiplexer cannot be linked");
  return {};
}

void Remux::post_failure(Error error) {
  mailbox_.post([this, error = std::move(error)] {
    if (!std::exchange(failed_, true)) handler_.on_fail(error);
  });
}

void Remux::finish() {
  gst_app_src_end_of_stream(source_.get());
}

void Remux::end_tap() {
  if (++ended_taps_ < (ts_muxer_ ? 1 : 0) + (mp4_muxer_ ? 1 : 0)) return;
  mailbox_.post([this] {
    if (!failed_) handler_.on_end();
  });
}

// Without DISCONT, at which tsdemux drops intact pictures. Demuxers find by themselves what is missing.
void Remux::push(GstBuffer *buffer) {
  if (failed_) return;
  GstBuffer *copy = gst_buffer_copy(buffer);
  GST_BUFFER_FLAG_UNSET(copy, GST_BUFFER_FLAG_DISCONT);
  gst_app_src_push_buffer(source_.get(), copy);
}

}  // namespace astral::media
