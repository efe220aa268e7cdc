// SPDX-License-Identifier: BSD-3-Clause
// astralrelay: the GObject shell of RelayImpl. One request sink pad for each parent, one source pad for this
// machine, and children over the network.

/**
 * SECTION:element-astralrelay
 * @title: astralrelay
 * @see_also: astralsrc, astralsink
 *
 * astralrelay forwards a live stream to other peers while this machine plays it. Each request pad `sink_%u` takes one astralsrc, that is one
 * parent. The relay merges its parents by group and object number, keeps the last seconds (#AstralRelay:store-time and
 * #AstralRelay:store-bytes), and sends each child the objects that it lacks, at the child's own pace. `src` pushes what this machine plays.
 *
 * astralnode runs one relay for each stream that it carries. You need the element only to write such a node: tickets for children come
 * through #AstralRelay::handle-signalling and #AstralRelay::signalling-message (`signaller=application`), or from the node at #AstralRelay:node.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 astralsrc uri=astral://127.0.0.1/demo ! astralrelay signaller=application slug=demo ! decodebin ! videoconvert ! autovideosink
 * ]| Plays the stream `demo` through a relay without children.
 *
 * ## Signals
 * The element emits all signals from a thread of its own.
 *
 * * `peer-added` (string ticket, string fingerprint): the child with this ticket has subscribed to the stream. `fingerprint` is the SHA-256 of the
 *   peer's public key, in hexadecimal.
 * * `peer-removed` (string ticket, string reason): the link of this ticket has ended. `reason` is a text for people.
 * * `signalling-message` (string json): with `signaller=application`, a message that the application must carry to the child of the ticket.
 * * `handle-signalling` (string json), an action signal: the application emits it with each message for this element.
 * * `silence` (guint ms): no parent has brought an object for `ms` milliseconds, which is longer than the stream's usual pauses. Repeated at growing
 *   intervals while it lasts.
 * * `child-slow` (string ticket): the child with this ticket is too slow for the stream's rate: twice within a minute objects were dropped before it
 *   got them, so it skipped to newer ones. Repeated while it lasts.
 * * `child-silent` (string ticket): data has been in flight to the child with this ticket for 0.4 s, and nothing has come from it. `unanswered-ms` in
 *   #AstralRelay:stats says when it is heard again.
 * * `parent-lacks`: three times within 10 s the active parent did not have objects that a parent in standby had.
 *
 * ## Messages
 * * Element message `astral-node` {there (gboolean), reason (string)}: `there` is FALSE when the connection to the node is lost; the element
 *   reconnects. `there` is TRUE when it is back.
 *
 * * Element message `astral-private` {open (gboolean), reason, name, description (string)}: whether `src` pushes a private stream, and why not.
 *
 * ## Statistics
 * #AstralRelay:stats is a structure `application/x-astral-stats`, a copy that is at most 100 ms old:
 *
 * * `bytes`, `objects`, `groups` (guint64): payload bytes, objects and groups that the parents brought, each counted once.
 * * `largest-group` (guint64): the number of the newest group.
 * * `rate-bps` (guint64): the bit rate of these payloads over the last two seconds, in bit/s.
 * * `skipped` (guint64): how often children skipped to newer objects.
 * * `dropped-bytes` (guint64): always 0.
 * * `refused` (guint64): objects of another stream of the same name, or that differ from what came before.
 * * `stream-key` (string): the fingerprint of the stream's key; empty while it is not known.
 * * `rtt-ms` (gdouble): the mean round-trip time of the links, in milliseconds.
 * * `peers` (gint): the number of links; `links`: an array with a structure for each of them: `ticket` and `peer` (strings; `peer` is the fingerprint
 *   of the peer's key), `rtt-ms` (gdouble, milliseconds), `bytes-sent` and `bytes-received` (guint64, UDP payload), `kept-streams` (guint64, streams
 *   that QUIC cannot free), `skipped` (guint64, how often this child skipped to newer objects), `way` (string: "direct" or "ice") and `unanswered-ms`
 *   (guint64, how long data has been in flight to this child and nothing has come from it, in milliseconds).
 *
 * Since: 0.1
 */
#include <gst/gst.h>

#include "elements/gstastral.hpp"
#include "elements/relay_impl.hpp"
#include "elements/settings.hpp"
#include "elements/unpacker.hpp"

GST_DEBUG_CATEGORY_STATIC(astral_relay_debug);
#define GST_CAT_DEFAULT astral_relay_debug

using namespace astral;
using namespace astral::elements;

namespace {

struct Relay_ {
  ElementSettings settings;         // GST_OBJECT_LOCK
  std::shared_ptr<RelayImpl> impl;  // GST_OBJECT_LOCK; set in PAUSED and PLAYING
  Unpacker unpacker;                // the source pad's streaming thread's, as is the member below
  bool started = false;             // stream-start and segment have been pushed
};

}  // namespace

struct AstralRelay {
  GstElement parent;
  GstPad *srcpad;
  Relay_ *self;
};
struct AstralRelayClass {
  GstElementClass parent;
};

static Signals astral_relay_signals;
static guint astral_relay_silence, astral_relay_child_slow, astral_relay_child_silent, astral_relay_parent_lacks;
static GstStaticPadTemplate astral_relay_sink_template =
    GST_STATIC_PAD_TEMPLATE("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate astral_relay_src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE_WITH_CODE(AstralRelay, astral_relay, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(astral_relay_debug, "astralrelay", 0, "Astral relay"))

static AstralRelay *cast(gpointer object) {
  return reinterpret_cast<AstralRelay *>(object);
}

static std::shared_ptr<RelayImpl> impl_of(AstralRelay *relay) {
  GST_OBJECT_LOCK(relay);
  std::shared_ptr<RelayImpl> impl = relay->self->impl;
  GST_OBJECT_UNLOCK(relay);
  return impl;
}

// ---- the parents' side ----

static GstFlowReturn take(AstralRelay *relay, const SharedTaken &taken) {
  const auto impl = impl_of(relay);
  return impl && impl->push(taken) ? GST_FLOW_OK : GST_FLOW_FLUSHING;
}

static GstFlowReturn astral_relay_chain(GstPad *, GstObject *parent, GstBuffer *adopted) noexcept {
  AstralRelay *relay = cast(parent);
  const auto buffer = Ref<GstBuffer>::adopt(adopted);
  if (const SharedTaken taken = taken_of(buffer.get())) return take(relay, taken);
  if (GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_HEADER))
    return GST_FLOW_OK;  // it is in the catalog
  GST_ELEMENT_ERROR(relay, STREAM, FORMAT,
                    ("astralrelay accepts only buffers from astralsrc or astralrelay."), (nullptr));
  return GST_FLOW_ERROR;
}

// Drops a parent's caps, segment and EOS; the source pad has those of the merged stream.
static gboolean astral_relay_sink_event(GstPad *, GstObject *parent, GstEvent *adopted) noexcept {
  const auto event = Ref<GstEvent>::adopt(adopted);
  if (const SharedTaken taken = taken_of(event.get())) return take(cast(parent), taken) == GST_FLOW_OK;
  return TRUE;
}

static gboolean astral_relay_sink_query(GstPad *pad, GstObject *parent, GstQuery *query) noexcept {
  if (GST_QUERY_TYPE(query) == GST_QUERY_ACCEPT_CAPS) {
    gst_query_set_accept_caps_result(query, TRUE);
    return TRUE;
  }
  if (GST_QUERY_TYPE(query) == GST_QUERY_CUSTOM)
    if (const auto impl = impl_of(cast(parent)); impl && answer_needs(query, impl->needs())) return TRUE;
  if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS) {
    const auto any = Ref<GstCaps>::adopt(gst_caps_new_any());
    gst_query_set_caps_result(query, any.get());
    return TRUE;
  }
  return gst_pad_query_default(pad, parent, query);
}

// Runs on the loop thread.
static void ask_parents(AstralRelay *relay, const track::Span &gap) {
  GST_INFO_OBJECT(relay,
                  "missing: %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                  "/%" G_GUINT64_FORMAT,
                  gap.first.group, gap.first.object, gap.end.group, gap.end.object);
  Ref<GstEvent> event = event_of(gap);
  gst_element_foreach_sink_pad(
      GST_ELEMENT(relay),
      [](GstElement *, GstPad *pad, gpointer told) -> gboolean {
        gst_pad_push_event(pad, gst_event_ref(static_cast<GstEvent *>(told)));
        return TRUE;
      },
      event.get());
}

static GstPad *astral_relay_request_new_pad(GstElement *element, GstPadTemplate *, const gchar *name,
                                            const GstCaps *) noexcept {
  static std::atomic<guint> count = 0;
  const GString_ own(name ? nullptr : g_strdup_printf("sink_%u", count++));
  GstPad *pad = gst_pad_new_from_static_template(&astral_relay_sink_template, name ? name : own.get());
  gst_pad_set_chain_function(pad, astral_relay_chain);
  gst_pad_set_event_function(pad, astral_relay_sink_event);
  gst_pad_set_query_function(pad, astral_relay_sink_query);
  gst_pad_set_active(pad, TRUE);
  if (gst_element_add_pad(element, pad)) return pad;
  return nullptr;
}

static void astral_relay_release_pad(GstElement *element, GstPad *pad) noexcept {
  gst_pad_set_active(pad, FALSE);
  gst_element_remove_pad(element, pad);
}

// ---- this machine's side ----

static gint64 running_time(GstElement *element) {
  const auto clock = Ref<GstClock>::adopt(gst_element_get_clock(element));
  if (!clock) return 0;
  return static_cast<gint64>(gst_clock_get_time(clock.get())) -
         static_cast<gint64>(gst_element_get_base_time(element));
}

// Undefined: no segment was sent since the last flush.
static GstFormat segment_format(GstPad *pad) {
  const auto event = Ref<GstEvent>::adopt(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
  if (!event) return GST_FORMAT_UNDEFINED;
  const GstSegment *segment = nullptr;
  gst_event_parse_segment(event.get(), &segment);
  return segment->format;
}

static GstFlowReturn push_out(AstralRelay *relay, Unpacker::Out &out) {
  if (!relay->self->started) {
    relay->self->started = true;
    GST_OBJECT_LOCK(relay);
    const std::string id = "astral/" + relay->self->settings.slug;
    GST_OBJECT_UNLOCK(relay);
    gst_pad_push_event(relay->srcpad, gst_event_new_stream_start(id.c_str()));
  }
  if (out.caps) gst_pad_push_event(relay->srcpad, gst_event_new_caps(out.caps.get()));
  // Until now only ends of groups have come, or what this node cannot read.
  if (!gst_pad_has_current_caps(relay->srcpad)) return GST_FLOW_OK;
  const GstSegment segment = relay->self->unpacker.segment();
  if (segment_format(relay->srcpad) != segment.format)
    gst_pad_push_event(relay->srcpad, gst_event_new_segment(&segment));
  if (out.event) gst_pad_push_event(relay->srcpad, out.event.release());
  for (Ref<GstBuffer> &buffer : out.buffers)
    if (const GstFlowReturn flow = gst_pad_push(relay->srcpad, buffer.release()); flow != GST_FLOW_OK)
      return flow;
  return GST_FLOW_OK;
}

static void astral_relay_loop(gpointer data) noexcept {
  AstralRelay *relay = cast(data);
  const auto impl = impl_of(relay);
  const auto taken = impl ? impl->pop() : std::nullopt;
  if (!taken) {
    gst_pad_pause_task(relay->srcpad);
    return;
  }
  if (!*taken) {
    GST_INFO_OBJECT(relay, "the stream has ended");
    if (relay->self->started) gst_pad_push_event(relay->srcpad, gst_event_new_eos());
    gst_pad_pause_task(relay->srcpad);
    return;
  }
  auto out = relay->self->unpacker.unpack(*taken, running_time(GST_ELEMENT(relay)));
  if (!out) {
    post_error(GST_ELEMENT(relay), out.error(), true);
    gst_pad_pause_task(relay->srcpad);
    return;
  }
  const GstFlowReturn flow = push_out(relay, *out);
  if (flow == GST_FLOW_OK) return;
  // The source pad has no consumer. The children continue.
  GST_DEBUG_OBJECT(relay, "source pad: %s", gst_flow_get_name(flow));
  impl->set_output_wanted(false);
  gst_pad_pause_task(relay->srcpad);
}

static gboolean astral_relay_src_activate_mode(GstPad *pad, GstObject *parent, GstPadMode mode,
                                               gboolean active) noexcept {
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  AstralRelay *relay = cast(parent);
  const auto impl = impl_of(relay);
  if (!active) {
    if (impl) impl->set_output_flushing(true);
    return gst_pad_stop_task(pad);
  }
  if (!impl) return FALSE;
  impl->set_output_flushing(false);
  relay->self->unpacker = {};
  relay->self->started = false;
  const bool linked = gst_pad_is_linked(pad);
  impl->set_output_wanted(linked);
  return !linked || gst_pad_start_task(pad, astral_relay_loop, relay, nullptr);
}

static GstPadLinkReturn astral_relay_src_link(GstPad *pad, GstObject *parent, GstPad *) noexcept {
  AstralRelay *relay = cast(parent);
  if (const auto impl = impl_of(relay); impl && gst_pad_is_active(pad)) {
    impl->set_output_wanted(true);
    gst_pad_start_task(pad, astral_relay_loop, relay, nullptr);
  }
  return GST_PAD_LINK_OK;
}

static gboolean astral_relay_src_query(GstPad *pad, GstObject *parent, GstQuery *query) noexcept {
  if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
    gst_query_set_latency(query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return gst_pad_query_default(pad, parent, query);
}

// ---- the element ----

static bool astral_relay_start(AstralRelay *relay) {
  GST_OBJECT_LOCK(relay);
  const ElementSettings settings = relay->self->settings;
  GST_OBJECT_UNLOCK(relay);
  const Hooks hooks{
      .signalling =
          [relay](const std::string &text) {
            g_signal_emit(relay, astral_relay_signals.signalling_message, 0, text.c_str());
          },
      .peer_added =
          [relay](const std::string &ticket, const std::string &peer) {
            GST_INFO_OBJECT(relay, "ticket %s connected to %s", ticket.c_str(), peer.c_str());
            g_signal_emit(relay, astral_relay_signals.peer_added, 0, ticket.c_str(), peer.c_str());
          },
      .peer_removed =
          [relay](const std::string &ticket, const std::string &why) {
            GST_INFO_OBJECT(relay, "ticket %s ended: %s", ticket.c_str(), why.c_str());
            g_signal_emit(relay, astral_relay_signals.peer_removed, 0, ticket.c_str(), why.c_str());
          },
      .failed = [relay](const Error &error) { post_error(GST_ELEMENT(relay), error, false); },
      .node = [relay](bool there, const std::string &why) { post_node(GST_ELEMENT(relay), there, why); },
      .silent =
          [relay](unsigned ms) {
            GST_INFO_OBJECT(relay, "no object for %u ms", ms);
            g_signal_emit(relay, astral_relay_silence, 0, ms);
          },
      .slow =
          [relay](const std::string &ticket) {
            GST_INFO_OBJECT(relay, "the child with ticket %s is too slow", ticket.c_str());
            g_signal_emit(relay, astral_relay_child_slow, 0, ticket.c_str());
          },
      .child_silent =
          [relay](const std::string &ticket) {
            GST_INFO_OBJECT(relay, "the child with ticket %s acknowledges nothing", ticket.c_str());
            g_signal_emit(relay, astral_relay_child_silent, 0, ticket.c_str());
          },
      .opened =
          [relay](const Catalog *catalog, const std::string &why) {
            GST_INFO_OBJECT(relay, "private stream: %s", why.empty() ? "open" : why.c_str());
            post_private(GST_ELEMENT(relay), catalog, why);
          },
      .missing = [relay](const track::Span &gap) { ask_parents(relay, gap); },
      .lacking =
          [relay] {
            GST_INFO_OBJECT(relay, "the active parent lacks what a parent in standby has");
            g_signal_emit(relay, astral_relay_parent_lacks, 0);
          }};
  auto impl = RelayImpl::start(settings, hooks);
  if (!impl) {
    post_error(GST_ELEMENT(relay), impl.error(), false);
    return false;
  }
  GST_OBJECT_LOCK(relay);
  relay->self->impl = std::move(*impl);
  GST_OBJECT_UNLOCK(relay);
  return true;
}

static void astral_relay_stop(AstralRelay *relay) {
  GST_OBJECT_LOCK(relay);
  std::shared_ptr<RelayImpl> impl = std::move(relay->self->impl);
  GST_OBJECT_UNLOCK(relay);
}

static GstStateChangeReturn astral_relay_change_state(GstElement *element, GstStateChange change) noexcept {
  AstralRelay *relay = cast(element);
  if (change == GST_STATE_CHANGE_READY_TO_PAUSED && !astral_relay_start(relay))
    return GST_STATE_CHANGE_FAILURE;
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY)
    if (const auto impl = impl_of(relay)) {
      impl->set_input_flushing(true);
      impl->set_output_flushing(true);
    }
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(astral_relay_parent_class)->change_state(element, change);
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (change == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE))
    astral_relay_stop(relay);
  // The parents are live sources, so there is no preroll.
  if (result == GST_STATE_CHANGE_SUCCESS &&
      (change == GST_STATE_CHANGE_READY_TO_PAUSED || change == GST_STATE_CHANGE_PLAYING_TO_PAUSED))
    return GST_STATE_CHANGE_NO_PREROLL;
  return result;
}

static void astral_relay_handle_signalling(GstElement *element, const char *text) noexcept {
  if (const auto impl = impl_of(cast(element)); impl && text) impl->take_signalling(text);
}

static void astral_relay_end(GstElement *element) noexcept {
  if (const auto impl = impl_of(cast(element))) impl->end();
}

// Nobody reads a private stream because something is wrong.
static void change_secrets(AstralRelay *relay, guint id) {
  const auto impl = impl_of(relay);
  if (!impl) return;
  GST_OBJECT_LOCK(relay);
  const ElementSettings settings = relay->self->settings;
  GST_OBJECT_UNLOCK(relay);
  const auto complain = [relay](const Error &why) { GST_ERROR_OBJECT(relay, "%s", why.detail.c_str()); };
  if (id == prop_invitation) {
    const auto guest = guest_of(settings);
    if (!guest) return complain(guest.error());
    if (*guest) impl->set_guest(**guest);
  } else {
    auto privacy = read_privacy(settings.privacy);
    if (!privacy) complain(privacy.error());
    impl->set_privacy(privacy ? std::move(*privacy) : Privacy{});
  }
}

static void astral_relay_set_property(GObject *object, guint id, const GValue *value,
                                      GParamSpec *spec) noexcept {
  AstralRelay *relay = cast(object);
  if (id == prop_uri) {
    ElementSettings settings;
    const char *uri = g_value_get_string(value);
    if (auto applied = apply_uri(settings, GST_ELEMENT(relay), uri ? uri : ""); !applied) {
      GST_ERROR_OBJECT(relay, "%s", applied.error().detail.c_str());
      GST_OBJECT_LOCK(relay);
      relay->self->settings.bad_uri = applied.error().detail;
      GST_OBJECT_UNLOCK(relay);
      return;
    }
    GST_OBJECT_LOCK(relay);
    take_address(relay->self->settings, settings);
    GST_OBJECT_UNLOCK(relay);
    return;
  }
  GST_OBJECT_LOCK(relay);
  const bool known = set_property(relay->self->settings, id, value);
  GST_OBJECT_UNLOCK(relay);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  if (id == prop_privacy || id == prop_invitation) change_secrets(relay, id);
  // A name would have to be resolved; that happens when the element starts.
  if (id == prop_stun_server)
    if (const auto impl = impl_of(relay)) {
      const auto server = stun::parse_address(g_value_get_string(value) ? g_value_get_string(value) : "");
      impl->use_stun(server ? numeric_stun(*server) : StunServer{});
    }
  if (id == prop_turn_server)
    if (const auto impl = impl_of(relay))
      impl->use_turn(numeric_turn(g_value_get_string(value) ? g_value_get_string(value) : ""));
  if (id == prop_stream_key)
    if (const auto impl = impl_of(relay))
      impl->set_stream_key(g_value_get_string(value) ? g_value_get_string(value) : "");
  if (id == prop_store_bytes)
    if (const auto impl = impl_of(relay)) impl->limit_store(g_value_get_uint64(value));
}

static void astral_relay_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) noexcept {
  AstralRelay *relay = cast(object);
  if (id == prop_stats) {
    const auto impl = impl_of(relay);
    g_value_take_boxed(value, (impl ? impl->statistics() : Statistics{}).to_structure());
    return;
  }
  GST_OBJECT_LOCK(relay);
  const bool known = get_property(relay->self->settings, id, value);
  GST_OBJECT_UNLOCK(relay);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void astral_relay_init(AstralRelay *relay) {
  relay->self = new Relay_;
  relay->srcpad = gst_pad_new_from_static_template(&astral_relay_src_template, "src");
  gst_pad_set_activatemode_function(relay->srcpad, astral_relay_src_activate_mode);
  gst_pad_set_link_function(relay->srcpad, astral_relay_src_link);
  gst_pad_set_query_function(relay->srcpad, astral_relay_src_query);
  gst_element_add_pad(GST_ELEMENT(relay), relay->srcpad);
}

static void astral_relay_finalize(GObject *object) noexcept {
  delete cast(object)->self;
  G_OBJECT_CLASS(astral_relay_parent_class)->finalize(object);
}

static void astral_relay_class_init(AstralRelayClass *type) {
  GObjectClass *object = G_OBJECT_CLASS(type);
  object->set_property = astral_relay_set_property;
  object->get_property = astral_relay_get_property;
  object->finalize = astral_relay_finalize;
  for (const Property id : {prop_uri, prop_node, prop_slug, prop_title, prop_description, prop_key_file,
                            prop_stream_key, prop_signing_key, prop_privacy, prop_invitation, prop_stun_server, prop_turn_server, prop_endpoint,
                            prop_signaller, prop_max_children, prop_store_bytes, prop_store_time, prop_stats})
    install_property(object, id);
  astral_relay_signals = install_signals(G_TYPE_FROM_CLASS(type), astral_relay_handle_signalling);
  astral_relay_silence = g_signal_new("silence", G_TYPE_FROM_CLASS(type), G_SIGNAL_RUN_LAST, 0, nullptr,
                                      nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_UINT);
  astral_relay_child_slow = g_signal_new("child-slow", G_TYPE_FROM_CLASS(type), G_SIGNAL_RUN_LAST, 0, nullptr,
                                         nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_STRING);
  astral_relay_child_silent = g_signal_new("child-silent", G_TYPE_FROM_CLASS(type), G_SIGNAL_RUN_LAST, 0, nullptr,
                                           nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_STRING);
  astral_relay_parent_lacks = g_signal_new("parent-lacks", G_TYPE_FROM_CLASS(type), G_SIGNAL_RUN_LAST, 0, nullptr,
                                           nullptr, nullptr, G_TYPE_NONE, 0);

  g_signal_new_class_handler("end", G_TYPE_FROM_CLASS(type),
                             static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(astral_relay_end), nullptr, nullptr, nullptr, G_TYPE_NONE, 0);

  GstElementClass *element = GST_ELEMENT_CLASS(type);
  gst_element_class_add_static_pad_template(element, &astral_relay_sink_template);
  gst_element_class_add_static_pad_template(element, &astral_relay_src_template);
  gst_element_class_set_static_metadata(
      element, "Astral relay", "Filter/Network",
      "Forwards a live stream to peers of the Astral network and plays it on this machine", "Astral");
  element->change_state = astral_relay_change_state;
  element->request_new_pad = astral_relay_request_new_pad;
  element->release_pad = astral_relay_release_pad;
}
