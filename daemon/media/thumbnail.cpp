// SPDX-License-Identifier: BSD-3-Clause
#include "media/thumbnail.hpp"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <utility>

#include "glue/heap.hpp"
#include "glue/ref.hpp"
#include "media/make.hpp"

namespace astral::media {

namespace {

constexpr Time try_every = 20ms;
constexpr char transport_stream[] = "video/mpegts, systemstream=true, packetsize=188";
constexpr char mp4[] = "video/quicktime, variant=iso";
// At most 320 square pixels in each direction, and no more than the picture has. Converts to JPEG's
// colorimetry, which jpegenc does not request.
constexpr char description[] =
    "appsrc name=in format=bytes max-bytes=0 "
    "! decodebin expose-all-streams=false caps=video/x-raw(ANY) ! videoconvert "
    "! videoscale add-borders=false ! videoconvert "
    "! video/x-raw,width=[1,320],height=[1,320],pixel-aspect-ratio=1/1,colorimetry=(string)1:4:0:0 "
    "! jpegenc quality=80 ! appsink name=out sync=false async=false max-buffers=1";

// Limits libav's decoders to one thread: each needs memory for several pictures, and there is one picture.
void use_one_thread(GstElement *element) {
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "max-threads"))
    g_object_set(element, "max-threads", 1, nullptr);
}

class Pipeline {
 public:
  Pipeline() {
    GError *raw = nullptr;
    GstElement *made = gst_parse_launch(description, &raw);
    const GErrorPtr error(raw);
    if (error) error_ = error->message;
    if (!made) return;
    pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(made)));
    g_signal_connect(made, "deep-element-added",
                     G_CALLBACK(+[](GstBin *, GstBin *, GstElement *element, gpointer) noexcept {
                       use_one_thread(element);
                     }),
                     nullptr);
  }
  ~Pipeline() {
    const heap::GivingBack giving_back;
    if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    pipeline_.reset();
  }
  Pipeline(const Pipeline &) = delete;
  Pipeline &operator=(const Pipeline &) = delete;

  Expected<void> start(const std::vector<Slice> &pieces) {
    if (!error_.empty()) return fail(Code::failed, error_);
    const auto in = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "in"));
    const bool is_ts = !pieces.empty() && !pieces[0].empty() && pieces[0].bytes()[0] == 0x47;
    const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(is_ts ? transport_stream : mp4));
    g_object_set(in.get(), "caps", caps.get(), nullptr);
    if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
      return fail(Code::failed, "the decoder does not start");
    for (const Slice &piece : pieces)
      if (!piece.empty()) gst_app_src_push_buffer(GST_APP_SRC(in.get()), wrap(piece).release());
    gst_app_src_end_of_stream(GST_APP_SRC(in.get()));
    return {};
  }

  Slice take(Time wait) {
    const auto out = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "out"));
    const auto sample = Ref<GstSample>::adopt(
        gst_app_sink_try_pull_sample(GST_APP_SINK(out.get()), static_cast<GstClockTime>(wait.count())));
    return sample ? copy_of(gst_sample_get_buffer(sample.get())) : Slice();
  }

  bool is_over() const {
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    constexpr auto wanted = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    GstMessage *message = gst_bus_pop_filtered(bus.get(), wanted);
    if (message) gst_message_unref(message);
    return message;
  }

 private:
  Ref<GstElement> pipeline_;
  std::string error_;
};

}  // namespace

Thumbnailer::Thumbnailer(GMainContext *context, Time limit) : limit_(limit), mailbox_(context) {}

Thumbnailer::~Thumbnailer() {
  is_ending_ = true;
}

void Thumbnailer::make(std::vector<Slice> key_frame, Done done) {
  if (!thread_) thread_ = std::make_unique<LoopThread>("thumbnails");
  thread_->post([this, key_frame = std::move(key_frame), done = std::move(done)] {
    if (is_ending_) return;
    mailbox_.post([done, made = make_now(key_frame)] { done(made); });
  });
}

Expected<Slice> Thumbnailer::make_now(const std::vector<Slice> &key_frame) const {
  const Time deadline = now() + limit_;
  Pipeline pipeline;
  if (const auto started = pipeline.start(key_frame); !started) return tl::unexpected<Error>(started.error());
  while (now() < deadline && !is_ending_) {
    const bool is_over = pipeline.is_over();
    if (Slice picture = pipeline.take(try_every); !picture.empty()) return picture;
    if (is_over) return fail(Code::not_found, "the stream's newest key frame cannot be decoded");
  }
  return fail(Code::timeout, "the stream's newest key frame could not be decoded in time");
}

}  // namespace astral::media
