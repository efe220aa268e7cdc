// SPDX-License-Identifier: BSD-3-Clause
// astralsink: the GObject shell of SinkImpl.

/**
 * SECTION:element-astralsink
 * @title: astralsink
 * @see_also: astralsrc, astralrelay
 *
 * astralsink publishes what it gets as a live stream of an Astral network. It registers the stream at its node (#AstralSink:node)
 * and sends it to the peers that the node gives tickets to. Usually that is the node alone, which forwards it to the others.
 *
 * It takes any caps. MPEG-TS is what the node's players (HLS, HTTP-FLV, RTMP, WebRTC) can show. A viewer can begin at each keyframe, so
 * a keyframe every second is a good choice.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! video/x-raw,format=I420 ! x264enc tune=zerolatency key-int-max=30 ! h264parse ! mpegtsmux ! astralsink uri=astral://127.0.0.1/demo
 * ]| Publishes a test picture as the stream `demo` at the node on this machine.
 * |[
 * gst-launch-1.0 audiotestsrc is-live=true ! opusenc ! astralsink uri=astral://127.0.0.1/tone title="A tone"
 * ]| Publishes Opus without a container. `astralsrc ! opusdec` plays it.
 *
 * ## Signals
 * The element emits all signals from a thread of its own.
 *
 * * `peer-added` (string ticket, string fingerprint): the child with this ticket has subscribed to the stream. `fingerprint` is the SHA-256 of the
 *   peer's public key, in hexadecimal.
 * * `peer-removed` (string ticket, string reason): the link of this ticket has ended. `reason` is a text for people.
 * * `signalling-message` (string json): with `signaller=application`, a message that the application must carry to the peer of the ticket.
 * * `handle-signalling` (string json), an action signal: the application emits it with each message for this element.
 *
 * ## Messages
 * * Element message `astral-node` {there (gboolean), reason (string)}: `there` is FALSE when the connection to the node is lost; the element
 *   reconnects. `there` is TRUE when it is back.
 *
 * ## Statistics
 * #AstralSink:stats is a structure `application/x-astral-stats`, a copy that is at most 100 ms old:
 *
 * * `bytes`, `objects`, `groups` (guint64): payload bytes, objects and groups that were published.
 * * `largest-group` (guint64): the number of the newest group.
 * * `rate-bps` (guint64): the bit rate of these payloads over the last two seconds, in bit/s.
 * * `skipped` (guint64): how often children skipped to newer objects.
 * * `dropped-bytes` (guint64): bytes before the first place where a decoder can start.
 * * `refused` (guint64): always 0.
 * * `stream-key` (string): the fingerprint of the stream's key; empty while it is not known.
 * * `rtt-ms` (gdouble): the mean round-trip time of the links, in milliseconds.
 * * `peers` (gint): the number of links; `links`: an array with a structure for each of them: `ticket` and `peer` (strings; `peer` is the fingerprint
 *   of the peer's key), `rtt-ms` (gdouble, milliseconds), `bytes-sent` and `bytes-received` (guint64, UDP payload), `kept-streams` (guint64, streams
 *   that QUIC cannot free), `skipped` (guint64, how often this child skipped to newer objects), `way` (string: "direct" or "ice") and `unanswered-ms`
 *   (guint64, how long data has been in flight to this child and nothing has come from it, in milliseconds).
 *
 * Since: 0.1
 */
#include <gst/base/gstbasesink.h>

#include <atomic>

#include "elements/gstastral.hpp"
#include "elements/settings.hpp"
#include "elements/sink_impl.hpp"

GST_DEBUG_CATEGORY_STATIC(astral_sink_debug);
#define GST_CAT_DEFAULT astral_sink_debug

using namespace astral;
using namespace astral::elements;

namespace {

// The store keeps more than elsewhere: while the node is away, no other node has the new objects.
ElementSettings initial() {
  ElementSettings settings;
  settings.store_time_ms = 30'000;
  return settings;
}

struct Sink_ {
  ElementSettings settings = initial();  // GST_OBJECT_LOCK
  std::shared_ptr<SinkImpl> impl;        // GST_OBJECT_LOCK; set while started
  std::atomic<bool> failed = false;
};

}  // namespace

struct AstralSink {
  GstBaseSink parent;
  Sink_ *self;
};
struct AstralSinkClass {
  GstBaseSinkClass parent;
};

static Signals astral_sink_signals;

static void astral_sink_uri_handler_init(gpointer iface, gpointer data);
G_DEFINE_TYPE_WITH_CODE(AstralSink, astral_sink, GST_TYPE_BASE_SINK,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER, astral_sink_uri_handler_init);
                        GST_DEBUG_CATEGORY_INIT(astral_sink_debug, "astralsink", 0, "Astral sink"))

static AstralSink *cast(gpointer object) {
  return reinterpret_cast<AstralSink *>(object);
}

static std::shared_ptr<SinkImpl> impl_of(AstralSink *sink) {
  GST_OBJECT_LOCK(sink);
  std::shared_ptr<SinkImpl> impl = sink->self->impl;
  GST_OBJECT_UNLOCK(sink);
  return impl;
}

static gboolean astral_sink_start(GstBaseSink *base) noexcept {
  AstralSink *sink = cast(base);
  GST_OBJECT_LOCK(sink);
  const ElementSettings settings = sink->self->settings;
  GST_OBJECT_UNLOCK(sink);
  sink->self->failed = false;
  const Hooks hooks{
      .signalling =
          [sink](const std::string &text) {
            g_signal_emit(sink, astral_sink_signals.signalling_message, 0, text.c_str());
          },
      .peer_added =
          [sink](const std::string &ticket, const std::string &peer) {
            GST_INFO_OBJECT(sink, "ticket %s connected to %s", ticket.c_str(), peer.c_str());
            g_signal_emit(sink, astral_sink_signals.peer_added, 0, ticket.c_str(), peer.c_str());
          },
      .peer_removed =
          [sink](const std::string &ticket, const std::string &why) {
            GST_INFO_OBJECT(sink, "ticket %s ended: %s", ticket.c_str(), why.c_str());
            g_signal_emit(sink, astral_sink_signals.peer_removed, 0, ticket.c_str(), why.c_str());
          },
      .failed =
          [sink](const Error &error) {
            if (sink->self->failed) return;
            // Before render() returns an error: what upstream posts then must not be the first message.
            post_error(GST_ELEMENT(sink), error, false);
            sink->self->failed = true;
          },
      .node =
          [sink](bool there, const std::string &why) {
            GST_INFO_OBJECT(sink, "%s", there ? "the node is back" : why.c_str());
            post_node(GST_ELEMENT(sink), there, why);
          }};
  auto impl = SinkImpl::start(settings, hooks);
  if (!impl) {
    post_error(GST_ELEMENT(sink), impl.error(), false);
    return FALSE;
  }
  GST_OBJECT_LOCK(sink);
  sink->self->impl = std::move(*impl);
  GST_OBJECT_UNLOCK(sink);
  return TRUE;
}

static gboolean astral_sink_stop(GstBaseSink *base) noexcept {
  AstralSink *sink = cast(base);
  GST_OBJECT_LOCK(sink);
  std::shared_ptr<SinkImpl> impl = std::move(sink->self->impl);
  GST_OBJECT_UNLOCK(sink);
  return TRUE;
}

static gboolean astral_sink_unlock(GstBaseSink *base) noexcept {
  if (const auto impl = impl_of(cast(base))) impl->set_flushing(true);
  return TRUE;
}

static gboolean astral_sink_unlock_stop(GstBaseSink *base) noexcept {
  if (const auto impl = impl_of(cast(base))) impl->set_flushing(false);
  return TRUE;
}

static gboolean astral_sink_set_caps(GstBaseSink *base, GstCaps *caps) noexcept {
  const auto impl = impl_of(cast(base));
  return impl && impl->set_caps(caps);
}

// The media time is the running time. A buffer without a timestamp gets the time of its arrival.
static track::Timing timing_of(GstBaseSink *base, GstBuffer *buffer) {
  track::Timing timing;
  const auto running = [base](GstClockTime time, std::optional<gint64> &field) {
    if (!GST_CLOCK_TIME_IS_VALID(time) || base->segment.format != GST_FORMAT_TIME) return;
    guint64 result = 0;
    const int sign = gst_segment_to_running_time_full(&base->segment, GST_FORMAT_TIME, time, &result);
    if (sign != 0) field = sign * static_cast<gint64>(result);
  };
  running(GST_BUFFER_PTS(buffer), timing.pts);
  running(GST_BUFFER_DTS(buffer), timing.dts);
  if (!timing.pts) timing.pts = timing.dts;
  if (!timing.pts) {
    const auto clock = Ref<GstClock>::adopt(gst_element_get_clock(GST_ELEMENT(base)));
    timing.pts = clock ? static_cast<gint64>(gst_clock_get_time(clock.get())) -
                             static_cast<gint64>(gst_element_get_base_time(GST_ELEMENT(base)))
                       : 0;
  }
  if (GST_BUFFER_DURATION_IS_VALID(buffer))
    timing.duration = static_cast<gint64>(GST_BUFFER_DURATION(buffer));
  timing.delta = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  timing.discontinuity = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  timing.header = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER);
  return timing;
}

static GstFlowReturn astral_sink_render(GstBaseSink *base, GstBuffer *buffer) noexcept {
  AstralSink *sink = cast(base);
  if (sink->self->failed) return GST_FLOW_ERROR;
  const auto impl = impl_of(sink);
  if (!impl || !impl->render(Ref<GstBuffer>::retain(buffer), timing_of(base, buffer)))
    return GST_FLOW_FLUSHING;
  return GST_FLOW_OK;
}

static gboolean astral_sink_event(GstBaseSink *base, GstEvent *event) noexcept {
  AstralSink *sink = cast(base);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && !sink->self->failed)
    if (const auto impl = impl_of(sink)) impl->end();
  return GST_BASE_SINK_CLASS(astral_sink_parent_class)->event(base, event);
}

static void astral_sink_handle_signalling(GstElement *element, const char *text) noexcept {
  if (const auto impl = impl_of(cast(element)); impl && text) impl->take_signalling(text);
}

static void astral_sink_set_property(GObject *object, guint id, const GValue *value,
                                     GParamSpec *spec) noexcept {
  AstralSink *sink = cast(object);
  if (id == prop_uri) {
    GError *error = nullptr;
    const char *uri = g_value_get_string(value);
    if (uri && !gst_uri_handler_set_uri(GST_URI_HANDLER(sink), uri, &error)) {
      GST_ERROR_OBJECT(sink, "%s", error->message);
      GST_OBJECT_LOCK(sink);
      sink->self->settings.bad_uri = error->message;
      GST_OBJECT_UNLOCK(sink);
      g_error_free(error);
    }
    return;
  }
  GST_OBJECT_LOCK(sink);
  const bool known = set_property(sink->self->settings, id, value);
  GST_OBJECT_UNLOCK(sink);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void astral_sink_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) noexcept {
  AstralSink *sink = cast(object);
  if (id == prop_stats) {
    const auto impl = impl_of(sink);
    g_value_take_boxed(value, (impl ? impl->statistics() : Statistics{}).to_structure());
    return;
  }
  GST_OBJECT_LOCK(sink);
  const bool known = get_property(sink->self->settings, id, value);
  GST_OBJECT_UNLOCK(sink);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void astral_sink_init(AstralSink *sink) {
  sink->self = new Sink_;
  gst_base_sink_set_sync(GST_BASE_SINK(sink), FALSE);  // the publisher's pipeline sets the rate
}

static void astral_sink_finalize(GObject *object) noexcept {
  delete cast(object)->self;
  G_OBJECT_CLASS(astral_sink_parent_class)->finalize(object);
}

static void astral_sink_class_init(AstralSinkClass *type) {
  GObjectClass *object = G_OBJECT_CLASS(type);
  object->set_property = astral_sink_set_property;
  object->get_property = astral_sink_get_property;
  object->finalize = astral_sink_finalize;
  for (const Property id :
       {prop_uri, prop_node, prop_slug, prop_title, prop_description, prop_bitrate, prop_key_file,
        prop_stream_key_file, prop_stun_server, prop_turn_server, prop_endpoint, prop_signaller, prop_max_children,
        prop_store_bytes, prop_store_time, prop_stats})
    install_property(object, id, initial());
  astral_sink_signals = install_signals(G_TYPE_FROM_CLASS(type), astral_sink_handle_signalling);

  GstElementClass *element = GST_ELEMENT_CLASS(type);
  static GstStaticPadTemplate sink =
      GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  gst_element_class_add_static_pad_template(element, &sink);
  gst_element_class_set_static_metadata(element, "Astral sink", "Sink/Network",
                                        "Publishes a live stream to the Astral peer-to-peer network",
                                        "Astral");

  GstBaseSinkClass *base = GST_BASE_SINK_CLASS(type);
  base->start = astral_sink_start;
  base->stop = astral_sink_stop;
  base->unlock = astral_sink_unlock;
  base->unlock_stop = astral_sink_unlock_stop;
  base->set_caps = astral_sink_set_caps;
  base->render = astral_sink_render;
  base->event = astral_sink_event;
}

static void astral_sink_uri_handler_init(gpointer iface, gpointer) {
  auto *handler = static_cast<GstURIHandlerInterface *>(iface);
  handler->get_type = [](GType) { return GST_URI_SINK; };
  handler->get_protocols = [](GType) -> const gchar *const * {
    static const gchar *const protocols[] = {"astral", nullptr};
    return protocols;
  };
  handler->get_uri = [](GstURIHandler *self) -> gchar * {
    gchar *uri = nullptr;
    g_object_get(self, "uri", &uri, nullptr);
    return uri;
  };
  handler->set_uri = [](GstURIHandler *self, const gchar *uri, GError **error) -> gboolean {
    AstralSink *sink = cast(self);
    ElementSettings settings;
    if (auto applied = apply_uri(settings, GST_ELEMENT(sink), uri); !applied) {
      g_set_error_literal(error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI, applied.error().detail.c_str());
      return FALSE;
    }
    GST_OBJECT_LOCK(sink);
    take_address(sink->self->settings, settings);
    GST_OBJECT_UNLOCK(sink);
    return TRUE;
  };
}
