// SPDX-License-Identifier: BSD-3-Clause
// astralsrc: the GObject shell of SourceImpl. A live source, and the handler of astral:// URIs.

/**
 * SECTION:element-astralsrc
 * @title: astralsrc
 * @see_also: astralsink, astralrelay
 *
 * astralsrc plays a live stream of an Astral network. It asks its node (#AstralSrc:node) for a ticket, connects to the peer
 * that the ticket names, and pushes what the publisher's pipeline produced: the same caps, buffers and timing. It is a live source.
 * `playbin`, `uridecodebin` and gst-play-1.0 take an `astral://` URI as well.
 *
 * The picture begins with the newest keyframe. If the peer leaves or dies, the node finds another one, and the stream goes on
 * without a gap; what did not come in time is marked by a GAP event or by DISCONT.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 astralsrc uri=astral://127.0.0.1/demo ! decodebin ! videoconvert ! autovideosink
 * ]| Shows the stream `demo` of the node on this machine.
 * |[
 * gst-launch-1.0 -e astralsrc uri=astral://127.0.0.1/demo ! filesink location=demo.ts
 * ]| Records it as it was sent.
 *
 * ## Signals
 * The element emits all signals from a thread of its own.
 *
 * * `peer-added` (string ticket, string fingerprint): the link to the peer of this ticket works. `fingerprint` is the SHA-256 of the peer's public
 *   key, in hexadecimal.
 * * `peer-removed` (string ticket, string reason): the link of this ticket has ended. `reason` is a text for people.
 * * `signalling-message` (string json): with `signaller=application`, a message that the application must carry to the peer of the ticket.
 * * `handle-signalling` (string json), an action signal: the application emits it with each message for this element.
 *
 * ## Messages
 * * Element message `astral-node` {there (gboolean), reason (string)}: `there` is FALSE when the connection to the node is lost; the element
 *   reconnects, unless #AstralSrc:auto-reconnect is FALSE. `there` is TRUE when it is back.
 *
 * * Element message `astral-line` {thin (gboolean), carried-bps, needed-bps (guint64)}: `thin` is TRUE each time that the element skips to the newest
 *   group, because it was later than #AstralSrc:max-lag and the line carries less than the stream needs. `thin` is FALSE when the line has carried the
 *   stream for a minute.
 *
 * ## Statistics
 * #AstralSrc:stats is a structure `application/x-astral-stats`, a copy that is at most 100 ms old:
 *
 * * `bytes`, `objects`, `groups` (guint64): payload bytes, objects and groups that were received.
 * * `largest-group` (guint64): the number of the newest group.
 * * `rate-bps` (guint64): the bit rate of these payloads over the last two seconds, in bit/s.
 * * `lag-ms` (guint64): how much later than on an idle line the last object came, in milliseconds.
 * * `carried-bps`, `needed-bps` (guint64): the bit rate that the line carries and the one that the stream needs, while the line is too thin; else 0.
 * * `skipped` (guint64): how often objects were given up to stay live.
 * * `dropped-bytes` (guint64): always 0.
 * * `refused` (guint64): objects that the stream's key has not signed, that were replayed or that differ from what came before. A link
 *   that brings one of the first two is closed.
 * * `forged` (guint64): of these, the first two.
 * * `stream-key` (string): the fingerprint of the stream's key; empty while it is not known.
 * * `rtt-ms` (gdouble): the mean round-trip time of the links, in milliseconds.
 * * `peers` (gint): the number of links; `links`: an array with a structure for each of them: `ticket` and `peer` (strings; `peer` is the fingerprint
 *   of the peer's key), `rtt-ms` (gdouble, milliseconds), `bytes-sent` and `bytes-received` (guint64, UDP payload), `kept-streams` (guint64, streams
 *   that QUIC cannot free), `skipped` (guint64, how often this child skipped to newer objects), `way` (string: "direct" or "ice") and `unanswered-ms`
 *   (guint64, how long data has been in flight to this child and nothing has come from it, in milliseconds).
 *
 * ## Warnings and errors
 * While no media comes, because the node or the stream is not there or no path to a peer is found, the element posts the reason as a warning and
 * goes on trying. With `auto-reconnect=false` it gives up at once, with an error. What trying again cannot mend, such as a URI that is not valid, is
 * always an error.
 *
 * Since: 0.1
 */
#include <gst/base/gstpushsrc.h>

#include <deque>

#include "elements/gstastral.hpp"
#include "elements/settings.hpp"
#include "elements/source_impl.hpp"
#include "elements/unpacker.hpp"

GST_DEBUG_CATEGORY_STATIC(astral_src_debug);
#define GST_CAT_DEFAULT astral_src_debug

using namespace astral;
using namespace astral::elements;

namespace {

struct Source_ {
  ElementSettings settings;          // GST_OBJECT_LOCK
  std::shared_ptr<SourceImpl> impl;  // GST_OBJECT_LOCK; set while started
  Unpacker unpacker;                 // the streaming thread's, as are the members below
  std::deque<Ref<GstBuffer>> buffers;
  GstFormat format = GST_FORMAT_UNDEFINED;  // of the segment that was sent last
};

}  // namespace

struct AstralSrc {
  GstPushSrc parent;
  Source_ *self;
};
struct AstralSrcClass {
  GstPushSrcClass parent;
};

static Signals astral_src_signals;

static void astral_src_uri_handler_init(gpointer iface, gpointer data);
G_DEFINE_TYPE_WITH_CODE(AstralSrc, astral_src, GST_TYPE_PUSH_SRC,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER, astral_src_uri_handler_init);
                        GST_DEBUG_CATEGORY_INIT(astral_src_debug, "astralsrc", 0, "Astral source"))

static AstralSrc *cast(gpointer object) {
  return reinterpret_cast<AstralSrc *>(object);
}

static std::shared_ptr<SourceImpl> impl_of(AstralSrc *src) {
  GST_OBJECT_LOCK(src);
  std::shared_ptr<SourceImpl> impl = src->self->impl;
  GST_OBJECT_UNLOCK(src);
  return impl;
}

static gboolean astral_src_start(GstBaseSrc *base) noexcept {
  AstralSrc *src = cast(base);
  GST_OBJECT_LOCK(src);
  const ElementSettings settings = src->self->settings;
  GST_OBJECT_UNLOCK(src);
  const Hooks hooks{.signalling =
                        [src](const std::string &text) {
                          g_signal_emit(src, astral_src_signals.signalling_message, 0, text.c_str());
                        },
                    .peer_added =
                        [src](const std::string &ticket, const std::string &peer) {
                          GST_INFO_OBJECT(src, "ticket %s connected to %s", ticket.c_str(), peer.c_str());
                          g_signal_emit(src, astral_src_signals.peer_added, 0, ticket.c_str(), peer.c_str());
                        },
                    .peer_removed =
                        [src](const std::string &ticket, const std::string &why) {
                          GST_INFO_OBJECT(src, "ticket %s ended: %s", ticket.c_str(), why.c_str());
                          g_signal_emit(src, astral_src_signals.peer_removed, 0, ticket.c_str(), why.c_str());
                        },
                    .failed = nullptr,
                    .node =
                        [src](bool there, const std::string &why) {
                          GST_INFO_OBJECT(src, "%s", there ? "the node is back" : why.c_str());
                          post_node(GST_ELEMENT(src), there, why);
                        },
                    .trouble = [src](const Error &why) { post_warning(GST_ELEMENT(src), why); },
                    .needs = [src] { return ask_needs(GST_BASE_SRC_PAD(src)); },
                    .thin =
                        [src](const std::optional<LineMeter::Rates> &rates) {
                          if (rates)
                            GST_WARNING_OBJECT(src, "the line carries %.1f of %.1f Mbit/s: skipping",
                                               static_cast<double>(rates->carried_bps) / 1e6,
                                               static_cast<double>(rates->needed_bps) / 1e6);
                          post_line(GST_ELEMENT(src), rates);
                        }};
  auto impl = SourceImpl::start(settings, hooks);
  if (!impl) {
    post_error(GST_ELEMENT(src), impl.error(), true);
    return FALSE;
  }
  src->self->unpacker = {};
  src->self->format = GST_FORMAT_UNDEFINED;
  src->self->buffers.clear();
  GST_OBJECT_LOCK(src);
  src->self->impl = std::move(*impl);
  GST_OBJECT_UNLOCK(src);
  return TRUE;
}

static gboolean astral_src_stop(GstBaseSrc *base) noexcept {
  AstralSrc *src = cast(base);
  GST_OBJECT_LOCK(src);
  std::shared_ptr<SourceImpl> impl = std::move(src->self->impl);
  GST_OBJECT_UNLOCK(src);
  impl.reset();
  src->self->buffers.clear();
  return TRUE;
}

static gboolean astral_src_unlock(GstBaseSrc *base) noexcept {
  if (const auto impl = impl_of(cast(base))) impl->set_flushing(true);
  return TRUE;
}

static gboolean astral_src_unlock_stop(GstBaseSrc *base) noexcept {
  if (const auto impl = impl_of(cast(base))) impl->set_flushing(false);
  return TRUE;
}

static gint64 running_time(GstElement *element) {
  const auto clock = Ref<GstClock>::adopt(gst_element_get_clock(element));
  if (!clock) return 0;
  return static_cast<gint64>(gst_clock_get_time(clock.get())) -
         static_cast<gint64>(gst_element_get_base_time(element));
}

// gst_base_src_set_format() works in READY only, when the media is not known yet. The segment itself may be
// changed under the stream lock, which create() has, and the object lock.
static bool start_segment(GstBaseSrc *base, const GstSegment &segment) {
  GST_OBJECT_LOCK(base);
  base->segment.format = segment.format;
  GST_OBJECT_UNLOCK(base);
  return gst_base_src_new_segment(base, &segment);
}

static GstFlowReturn astral_src_create(GstPushSrc *push, GstBuffer **buffer) noexcept {
  AstralSrc *src = cast(push);
  Source_ &self = *src->self;
  const auto impl = impl_of(src);
  if (!impl) return GST_FLOW_FLUSHING;
  while (self.buffers.empty()) {
    const auto item = impl->pop();
    if (!item) return GST_FLOW_FLUSHING;
    if (const auto *end = std::get_if<SourceImpl::End>(&*item)) {
      if (!end->error) return GST_FLOW_EOS;
      post_error(GST_ELEMENT(src), *end->error, true);
      return GST_FLOW_ERROR;
    }
    auto out = self.unpacker.unpack(std::get<SharedTaken>(*item), running_time(GST_ELEMENT(src)));
    if (!out) {
      post_error(GST_ELEMENT(src), out.error(), true);
      return GST_FLOW_ERROR;
    }
    if (out->caps && !gst_base_src_set_caps(GST_BASE_SRC(src), out->caps.get()))
      return GST_FLOW_NOT_NEGOTIATED;
    if (out->event) gst_pad_push_event(GST_BASE_SRC_PAD(src), out->event.release());
    const GstSegment segment = self.unpacker.segment();
    if (std::exchange(self.format, segment.format) != segment.format &&
        !start_segment(GST_BASE_SRC(src), segment))
      return GST_FLOW_ERROR;
    for (Ref<GstBuffer> &each : out->buffers) self.buffers.push_back(std::move(each));
  }
  *buffer = self.buffers.front().release();
  self.buffers.pop_front();
  return GST_FLOW_OK;
}

static gboolean astral_src_event(GstBaseSrc *base, GstEvent *event) noexcept {
  const auto gap = gap_of(event);
  if (!gap) return GST_BASE_SRC_CLASS(astral_src_parent_class)->event(base, event);
  if (const auto impl = impl_of(cast(base))) impl->fetch(*gap);
  return TRUE;
}

static gboolean astral_src_query(GstBaseSrc *base, GstQuery *query) noexcept {
  AstralSrc *src = cast(base);
  if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
    GST_OBJECT_LOCK(src);
    const GstClockTime latency = src->self->settings.latency_ms * GST_MSECOND;
    const GstClockTime kept = src->self->settings.store_time_ms * GST_MSECOND;
    GST_OBJECT_UNLOCK(src);
    gst_query_set_latency(query, TRUE, latency, latency + kept);
    return TRUE;
  }
  return GST_BASE_SRC_CLASS(astral_src_parent_class)->query(base, query);
}

static void astral_src_handle_signalling(GstElement *element, const char *text) noexcept {
  if (const auto impl = impl_of(cast(element)); impl && text) impl->take_signalling(text);
}

static void astral_src_set_property(GObject *object, guint id, const GValue *value,
                                    GParamSpec *spec) noexcept {
  AstralSrc *src = cast(object);
  if (id == prop_uri) {
    GError *error = nullptr;
    const char *uri = g_value_get_string(value);
    if (uri && !gst_uri_handler_set_uri(GST_URI_HANDLER(src), uri, &error)) {
      GST_ERROR_OBJECT(src, "%s", error->message);
      GST_OBJECT_LOCK(src);
      src->self->settings.bad_uri = error->message;
      GST_OBJECT_UNLOCK(src);
      g_error_free(error);
    }
    return;
  }
  GST_OBJECT_LOCK(src);
  const bool known = set_property(src->self->settings, id, value);
  GST_OBJECT_UNLOCK(src);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  if (id == prop_standby)
    if (const auto impl = impl_of(src)) {
      GST_INFO_OBJECT(src, g_value_get_boolean(value) ? "entering standby" : "leaving standby");
      impl->set_standby(g_value_get_boolean(value));
    }
  if (id == prop_latency)
    gst_element_post_message(GST_ELEMENT(src), gst_message_new_latency(GST_OBJECT(src)));
}

static void astral_src_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) noexcept {
  AstralSrc *src = cast(object);
  if (id == prop_stats) {
    const auto impl = impl_of(src);
    g_value_take_boxed(value, (impl ? impl->statistics() : Statistics{}).to_structure());
    return;
  }
  GST_OBJECT_LOCK(src);
  const bool known = get_property(src->self->settings, id, value);
  GST_OBJECT_UNLOCK(src);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void astral_src_init(AstralSrc *src) {
  src->self = new Source_;
  gst_base_src_set_live(GST_BASE_SRC(src), TRUE);
  gst_base_src_set_format(GST_BASE_SRC(src), GST_FORMAT_TIME);
}

static void astral_src_finalize(GObject *object) noexcept {
  delete cast(object)->self;
  G_OBJECT_CLASS(astral_src_parent_class)->finalize(object);
}

static void astral_src_class_init(AstralSrcClass *type) {
  GObjectClass *object = G_OBJECT_CLASS(type);
  object->set_property = astral_src_set_property;
  object->get_property = astral_src_get_property;
  object->finalize = astral_src_finalize;
  for (const Property id : {prop_uri, prop_node, prop_slug, prop_key_file, prop_stream_key, prop_invitation,
                            prop_stun_server, prop_turn_server, prop_endpoint, prop_signaller, prop_store_bytes, prop_store_time, prop_latency,
                            prop_max_lag, prop_standby, prop_auto_reconnect, prop_stats})
    install_property(object, id);
  astral_src_signals = install_signals(G_TYPE_FROM_CLASS(type), astral_src_handle_signalling);

  GstElementClass *element = GST_ELEMENT_CLASS(type);
  static GstStaticPadTemplate source =
      GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  gst_element_class_add_static_pad_template(element, &source);
  gst_element_class_set_static_metadata(element, "Astral source", "Source/Network",
                                        "Plays a live stream from the Astral peer-to-peer network", "Astral");

  GstBaseSrcClass *base = GST_BASE_SRC_CLASS(type);
  base->start = astral_src_start;
  base->stop = astral_src_stop;
  base->unlock = astral_src_unlock;
  base->unlock_stop = astral_src_unlock_stop;
  base->query = astral_src_query;
  base->event = astral_src_event;
  base->is_seekable = [](GstBaseSrc *) -> gboolean { return FALSE; };
  GST_PUSH_SRC_CLASS(type)->create = astral_src_create;
}

static void astral_src_uri_handler_init(gpointer iface, gpointer) {
  auto *handler = static_cast<GstURIHandlerInterface *>(iface);
  handler->get_type = [](GType) { return GST_URI_SRC; };
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
    AstralSrc *src = cast(self);
    ElementSettings settings;
    if (auto applied = apply_uri(settings, GST_ELEMENT(src), uri); !applied) {
      g_set_error_literal(error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI, applied.error().detail.c_str());
      return FALSE;
    }
    GST_OBJECT_LOCK(src);
    take_address(src->self->settings, settings);
    GST_OBJECT_UNLOCK(src);
    return TRUE;
  };
}
