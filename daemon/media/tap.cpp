// SPDX-License-Identifier: BSD-3-Clause
#include "media/tap.hpp"

#include <string>
#include <utility>

#include "media/streaming_scope.hpp"

namespace astral::media {

namespace {

constexpr guint queue_buffers = 2048;    // some seconds of objects
constexpr int samples_per_task = 256;  // so that a burst does not hold up the context's other work

Code code_of(const GError &error) {
  if (error.domain == GST_RESOURCE_ERROR) {
    switch (error.code) {
      case GST_RESOURCE_ERROR_NOT_FOUND:
        return Code::not_found;
      case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
        return Code::refused;
      case GST_RESOURCE_ERROR_BUSY:
      case GST_RESOURCE_ERROR_NO_SPACE_LEFT:
        return Code::no_room;
      case GST_RESOURCE_ERROR_OPEN_READ:
      case GST_RESOURCE_ERROR_READ:
      case GST_RESOURCE_ERROR_CLOSE:
        return Code::unreachable;
      default:
        return Code::failed;
    }
  }
  if (error.domain == GST_STREAM_ERROR) {
    switch (error.code) {
      case GST_STREAM_ERROR_TYPE_NOT_FOUND:
      case GST_STREAM_ERROR_WRONG_TYPE:
      case GST_STREAM_ERROR_CODEC_NOT_FOUND:
      case GST_STREAM_ERROR_FORMAT:
        return Code::unsupported;
      case GST_STREAM_ERROR_DECRYPT:
        return Code::forged;
      default:
        return Code::failed;
    }
  }
  return Code::failed;
}

}  // namespace

Tap::Tap(GMainContext *context, Take take, End end)
    : take_(std::move(take)),
      end_(std::move(end)),
      sink_(Ref<GstAppSink>::adopt(
          GST_APP_SINK(gst_object_ref_sink(g_object_new(GST_TYPE_APP_SINK, nullptr))))),
      mailbox_(context) {
  // wait-on-eos: a streaming thread that waits with EOS for the context to take the samples would hold the
  // lock that a state change needs, which the context may just be making.
  g_object_set(sink_.get(), "sync", FALSE, "async", FALSE, "drop", FALSE, "max-buffers", queue_buffers,
               "wait-on-eos", FALSE, nullptr);
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink *, gpointer self) noexcept -> GstFlowReturn {
    static_cast<Tap *>(self)->wake();
    return GST_FLOW_OK;
  };
  callbacks.eos = [](GstAppSink *, gpointer self) noexcept { static_cast<Tap *>(self)->wake(); };
  StreamingScope::open();
  gst_app_sink_set_callbacks(sink_.get(), &callbacks, this, nullptr);
}

Tap::~Tap() {
  StreamingScope::close();
  GstAppSinkCallbacks none{};
  gst_app_sink_set_callbacks(sink_.get(), &none, nullptr, nullptr);
}

void Tap::wake() {
  const StreamingScope scope;
  if (!woken_.exchange(true)) mailbox_.post([this] { drain(); });
}

void Tap::drain() {
  woken_ = false;
  for (int i = 0; i < samples_per_task; ++i) {
    const auto sample = Ref<GstSample>::adopt(gst_app_sink_try_pull_sample(sink_.get(), 0));
    if (!sample) {
      const bool ends = end_ && !has_ended_ && gst_app_sink_is_eos(sink_.get());
      if (ends) has_ended_ = true;
      if (ends) end_();
      return;
    }
    take_(sample.get());
  }
  wake();
}

BusErrors::BusErrors(GstElement *pipeline, Mailbox &mailbox, Take take, End end, Told told)
    : take_(std::move(take)),
      end_(std::move(end)),
      told_(std::move(told)),
      mailbox_(mailbox),
      bus_(Ref<GstBus>::adopt(gst_element_get_bus(pipeline))) {
  StreamingScope::open();
  gst_bus_set_sync_handler(bus_.get(), &BusErrors::receive, this, nullptr);
}

BusErrors::~BusErrors() {
  StreamingScope::close();
  gst_bus_set_sync_handler(bus_.get(), nullptr, nullptr, nullptr);
}

GstBusSyncReply BusErrors::receive(GstBus *, GstMessage *message, gpointer self) noexcept {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError *parsed = nullptr;
    gchar *debug = nullptr;
    gst_message_parse_error(message, &parsed, &debug);
    const GErrorPtr error(parsed);
    const GString_ detail(debug);
    BusErrors *errors = static_cast<BusErrors *>(self);
    const StreamingScope scope;
    errors->mailbox_.post(
        [errors, from = Ref<GstObject>::retain(GST_MESSAGE_SRC(message)),
         what = Error{code_of(*error), error->message}] { errors->take_(from.get(), what); });
  }
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    BusErrors *errors = static_cast<BusErrors *>(self);
    const StreamingScope scope;
    if (errors->end_) errors->mailbox_.post([errors] { errors->end_(); });
  }
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT) {
    BusErrors *errors = static_cast<BusErrors *>(self);
    const StreamingScope scope;
    if (errors->told_)
      errors->mailbox_.post([errors, kept = Ref<GstMessage>::retain(message)] {
        errors->told_(*gst_message_get_structure(kept.get()));
      });
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

}  // namespace astral::media
