// SPDX-License-Identifier: BSD-3-Clause
#include "media/opus.hpp"

#include <utility>

#include "media/make.hpp"
#include "media/streaming_scope.hpp"

namespace astral::media {

namespace {

constexpr const char *aac_decoder = "aacparse ! avdec_aac", *mpeg_decoder = "mpegaudioparse ! mpg123audiodec";
// Opus packets have the usual 20 ms.
constexpr const char *encoder =
    " ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! "
    "opusenc bitrate=96000 frame-size=20";

}  // namespace

Expected<std::unique_ptr<Opus>> Opus::open(GMainContext *context, From from, Take take, Fail fail,
                                           const char *decoder) {
  std::unique_ptr<Opus> opus(new Opus(context, from, std::move(take), std::move(fail)));
  const char *usual = from == From::aac ? aac_decoder : mpeg_decoder;
  if (const auto built = opus->build(decoder ? decoder : usual); !built)
    return tl::unexpected<Error>(built.error());
  return opus;
}

Opus::Opus(GMainContext *context, From from, Take take, Fail fail)
    : from_(from),
      take_(std::move(take)),
      fail_(std::move(fail)),
      mailbox_(context),
      tap_(context, [this](GstSample *sample) {
        GstBuffer *buffer = gst_sample_get_buffer(sample);
        if (buffer && GST_BUFFER_PTS_IS_VALID(buffer))
          take_(running(gst_sample_get_segment(sample), GST_BUFFER_PTS(buffer)), copy_of(buffer));
      }) {}

Opus::~Opus() {
  if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  StreamingScope::close();
}

Expected<void> Opus::build(const std::string &decoder) {
  StreamingScope::open();
  pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  const auto from = make("appsrc"), converter = make_bin((decoder + encoder).c_str());
  if (!from) return missing("appsrc");
  if (!converter) return fail(Code::failed, "a GStreamer element is missing; the log says which");
  source_ = Ref<GstAppSrc>::retain(GST_APP_SRC(from.get()));
  errors_ = std::make_unique<BusErrors>(pipeline_.get(), mailbox_,
                                        [this](GstObject *, const Error &error) { fail_(error); });
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(
      from_ == From::aac ? "audio/mpeg, mpegversion=4, stream-format=adts" : "audio/mpeg, mpegversion=1"));
  g_object_set(from.get(), "caps", caps.get(), "format", GST_FORMAT_TIME, "max-bytes", waiting_bytes,
               "leaky-type", GST_APP_LEAKY_TYPE_UPSTREAM, nullptr);
  gst_bin_add_many(GST_BIN(pipeline_.get()), from.get(), converter.get(), tap_.element(), nullptr);
  if (!gst_element_link_many(from.get(), converter.get(), tap_.element(), nullptr))
    return fail(Code::failed, "the converter of audio cannot be linked");
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "the converter of audio does not start");
  return {};
}

void Opus::push(Time time, Bytes frame) {
  const auto buffer = wrap(Slice::copy(frame));
  GST_BUFFER_PTS(buffer.get()) = static_cast<GstClockTime>(time.count());
  gst_app_src_push_buffer(source_.get(), gst_buffer_ref(buffer.get()));
}

}  // namespace astral::media
