// SPDX-License-Identifier: BSD-3-Clause
#include "media/remux.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "media/caps.hpp"
#include "media/make.hpp"
#include "media/streaming_scope.hpp"

namespace astral::media {

namespace {

// If a track is behind another by more than this, the multiplexer continues without it.
constexpr guint64 track_time = 3 * GST_SECOND;

struct Codec {
  std::string_view caps;
  const char *parser;
};
// The codecs that MPEG-TS carries and that browsers and players accept in HLS.
constexpr std::array codecs{
    Codec{"video/x-h264", "h264parse"},
    Codec{"video/x-h265", "h265parse"},
};

const char *parser_for(const GstStructure *caps) {
  const std::string_view name = gst_structure_get_name(caps);
  for (const Codec &codec : codecs)
    if (codec.caps == name) return codec.parser;
  if (name != "audio/mpeg") return nullptr;
  int version = 0;
  gst_structure_get_int(caps, "mpegversion", &version);
  return version == 1 ? "mpegaudioparse" : "aacparse";
}

bool is_elementary(std::string_view name) {
  return name == "audio/mpeg" || name == "video/x-h264" || name == "video/x-h265";
}

}  // namespace

Expected<std::unique_ptr<Remux>> Remux::open(GstCaps *caps, GMainContext *context, Take take,
                                             LeftOut left_out, Fail fail) {
  std::unique_ptr<Remux> remux(new Remux(context, std::move(take), std::move(left_out), std::move(fail)));
  if (const auto built = remux->build(caps); !built) return tl::unexpected(built.error());
  return remux;
}

Remux::Remux(GMainContext *context, Take take, LeftOut left_out, Fail fail)
    : left_out_(std::move(left_out)),
      fail_(std::move(fail)),
      mailbox_(context),
      tap_(context, std::move(take)) {}

Remux::~Remux() {
  if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  StreamingScope::close();
}

Expected<void> Remux::build(GstCaps *caps) {
  pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  const auto source = make("appsrc");
  const auto parse = make("parsebin");
  muxer_ = make("mpegtsmux");
  if (!source) return missing("appsrc");
  if (!parse) return missing("parsebin");
  if (!muxer_) return missing("mpegtsmux");
  source_ = Ref<GstAppSrc>::retain(GST_APP_SRC(source.get()));
  errors_ = std::make_unique<BusErrors>(pipeline_.get(), mailbox_, [this](GstObject *, const Error &error) {
    if (!std::exchange(failed_, true)) fail_(error);
  });

  const std::string_view name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  g_object_set(source_.get(), "caps", caps, "format",
               is_elementary(name) ? GST_FORMAT_TIME : GST_FORMAT_BYTES, "max-bytes", waiting_bytes,
               "leaky-type", GST_APP_LEAKY_TYPE_UPSTREAM, nullptr);
  g_object_set(muxer_.get(), "alignment", 0, nullptr);  // otherwise mpegtsmux loses the flags of key frames
  g_signal_connect(parse.get(), "pad-added",
                   G_CALLBACK(+[](GstElement *, GstPad *pad, gpointer self) noexcept {
                     Remux *remux = static_cast<Remux *>(self);
                     if (auto linked = remux->link(pad); !linked)
                       remux->post_failure(std::move(linked.error()));
                   }),
                   this);
  gst_bin_add_many(GST_BIN(pipeline_.get()), source.get(), parse.get(), muxer_.get(), tap_.element(),
                   nullptr);
  if (!gst_element_link(source.get(), parse.get()) || !gst_element_link(muxer_.get(), tap_.element()))
    return fail(Code::failed, "the remultiplexer cannot be linked");
  StreamingScope::open();
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "the remultiplexer does not start");

  for (GstBuffer *header : stream_headers(caps))
    gst_app_src_push_buffer(source_.get(), gst_buffer_copy(header));
  return {};
}

Expected<void> Remux::link(GstPad *pad) {
  const StreamingScope scope;
  auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
  if (!caps) caps = Ref<GstCaps>::adopt(gst_pad_query_caps(pad, nullptr));
  if (gst_caps_is_empty(caps.get()) || gst_caps_is_any(caps.get()))
    return fail(Code::unsupported, "a track has an unknown type");
  const GstStructure *media = gst_caps_get_structure(caps.get(), 0);
  const std::string name = gst_structure_get_name(media);
  const char *factory = parser_for(media);
  const bool needed = factory != nullptr;
  if (needed)
    has_track_ = true;
  else
    leave_out(name);

  const auto parser = make(needed ? factory : "fakesink");
  if (!parser) return missing(needed ? factory : "fakesink");
  gst_bin_add(GST_BIN(pipeline_.get()), parser.get());
  if (!needed) {  // subtitles too
    g_object_set(parser.get(), "sync", FALSE, "async", FALSE, "signal-handoffs", TRUE, nullptr);
    g_signal_connect(parser.get(), "handoff",
                     G_CALLBACK(+[](GstElement *, GstBuffer *, GstPad *, gpointer self) noexcept {
                       static_cast<Remux *>(self)->check_tracks();
                     }),
                     this);
  } else {
    const auto queue = make("queue");
    if (!queue) return missing("queue");
    g_object_set(queue.get(), "max-size-buffers", 0, "max-size-bytes", static_cast<guint>(waiting_bytes),
                 "max-size-time", track_time, nullptr);
    if (name.starts_with("video/")) g_object_set(parser.get(), "config-interval", -1, nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), queue.get());
    if (!gst_element_link_many(parser.get(), queue.get(), muxer_.get(), nullptr))
      return fail(Code::unsupported, "MPEG-TS cannot carry this " + name);
    gst_element_sync_state_with_parent(queue.get());
  }
  gst_element_sync_state_with_parent(parser.get());
  const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(parser.get(), "sink"));
  if (GST_PAD_LINK_FAILED(gst_pad_link(pad, sink.get())))
    return fail(Code::unsupported, "MPEG-TS cannot carry this " + name);
  return {};
}

void Remux::leave_out(const std::string &name) {
  if (first_left_out_.empty()) first_left_out_ = name;
  const bool is_video = name.starts_with("video/");
  if (!is_video && !name.starts_with("audio/")) return;
  constexpr std::string_view extension = "x-";
  std::string_view codec = std::string_view(name).substr(name.find('/') + 1);
  if (codec.starts_with(extension)) codec.remove_prefix(extension.size());
  mailbox_.post([this, codec = std::string(codec), is_video] {
    if (!failed_) left_out_(codec, is_video);
  });
}

// parsebin adds all pads before it lets data through, and says nothing of it.
void Remux::check_tracks() {
  const StreamingScope scope;
  if (!are_tracks_checked_.exchange(true) && !has_track_)
    post_failure({Code::unsupported, "HLS in MPEG-TS cannot carry " + first_left_out_});
}

void Remux::post_failure(Error error) {
  mailbox_.post([this, error = std::move(error)] {
    if (!std::exchange(failed_, true)) fail_(error);
  });
}

void Remux::push(GstBuffer *buffer) {
  if (!failed_) gst_app_src_push_buffer(source_.get(), gst_buffer_ref(buffer));
}

}  // namespace astral::media
