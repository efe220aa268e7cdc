// SPDX-License-Identifier: BSD-3-Clause
#include "media/rtc_link.hpp"

// GStreamer calls this API unstable. It has not changed from 1.16 to 1.26.
#define GST_USE_UNSTABLE_API
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "media/streaming_scope.hpp"

namespace astral::media {

namespace {

constexpr Time for_gathering = 3s;  // without a network, gathering never ends
constexpr Time for_connecting = 15s;
constexpr Time until_dead = 20s;  // without any packet, RTCP included
constexpr Time look_every = 2s;
// Bits per second that the other end is taken to send. RTCP gets a twentieth, so that a request for a lost
// packet waits for 20 ms at most. GStreamer's own estimate lets it wait for longer than the jitter buffer
// does.
constexpr double for_requests = 2'000'000;
constexpr guint most_streams = 16;  // SSRCs that the other end may send; each costs a pad and a thread

struct DescriptionFree {
  void operator()(GstWebRTCSessionDescription *description) const {
    gst_webrtc_session_description_free(description);
  }
};
using Description = std::unique_ptr<GstWebRTCSessionDescription, DescriptionFree>;

std::string why(const GstStructure *reply) {
  GError *raw = nullptr;
  if (reply) gst_structure_get(reply, "error", G_TYPE_ERROR, &raw, nullptr);
  const GErrorPtr error(raw);
  return error ? error->message : "";
}

// The SHA-256 of a certificate, as "AB:CD:…".
std::string fingerprint_of(std::string_view pem) {
  constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----", end = "-----END CERTIFICATE-----";
  const std::size_t from = pem.find(begin), to = pem.find(end);
  if (from == std::string_view::npos || to == std::string_view::npos || to < from) return "";
  const std::string text(pem.substr(from + begin.size(), to - from - begin.size()));
  gsize size = 0;
  guchar *der = g_base64_decode(text.c_str(), &size);
  const GString_ digest(g_compute_checksum_for_data(G_CHECKSUM_SHA256, der, size));
  g_free(der);
  std::string out;
  for (const char *digit = digest.get(); *digit; ++digit) {
    if (out.size() % 3 == 2) out += ':';
    out += g_ascii_toupper(*digit);
  }
  return out;
}

}  // namespace

RtcLink::RtcLink(webrtc::Plan plan, GMainContext *context, Handler handler)
    : plan_(std::move(plan)),
      handler_(std::move(handler)),
      mailbox_(context),
      timer_(context, [this] { check_deadlines(); }) {}

RtcLink::~RtcLink() {
  stop();
}

void RtcLink::stop() {
  // Without EOS: a pad of webrtcbin that still waits for its connection would block it for ever.
  if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  StreamingScope::close();
}

Expected<void> RtcLink::build() {
  pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  GstElement *made = gst_element_factory_make("webrtcbin", nullptr);
  if (!made) return fail(Code::failed, "the GStreamer element webrtcbin is missing");
  bin_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(made)));
  gst_util_set_object_arg(G_OBJECT(bin_.get()), "bundle-policy", "max-bundle");
  gst_child_proxy_set(GST_CHILD_PROXY(bin_.get()), "rtpbin::max-streams", most_streams, nullptr);
  errors_ = std::make_unique<BusErrors>(pipeline_.get(), mailbox_,
                                        [this](GstObject *, const Error &error) { end(error); });
  gst_bin_add(GST_BIN(pipeline_.get()), bin_.get());
  GObject *ice = nullptr, *agent = nullptr;
  g_object_get(bin_.get(), "ice-agent", &ice, nullptr);
  if (ice) g_object_get(ice, "agent", &agent, nullptr);
  if (agent) g_object_set(agent, "ice-tcp", FALSE, "upnp", FALSE, nullptr);
  g_clear_object(&agent);
  g_clear_object(&ice);
  g_signal_connect(bin_.get(), "notify::ice-gathering-state",
                   G_CALLBACK(+[](GstElement *, GParamSpec *, gpointer self) noexcept {
                     const StreamingScope scope;
                     static_cast<RtcLink *>(self)->on_gathered();
                   }),
                   this);
  g_signal_connect(bin_.get(), "notify::connection-state",
                   G_CALLBACK(+[](GstElement *, GParamSpec *, gpointer self) noexcept {
                     const StreamingScope scope;
                     auto *link = static_cast<RtcLink *>(self);
                     link->mailbox_.post([link] { link->on_state(); });
                   }),
                   this);
  return {};
}

void RtcLink::retransmit(const char *sink_pad) {
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(bin_.get(), sink_pad));
  GObject *transceiver = nullptr;
  if (pad) g_object_get(pad.get(), "transceiver", &transceiver, nullptr);
  if (transceiver) g_object_set(transceiver, "do-nack", TRUE, nullptr);
  g_clear_object(&transceiver);
}

void RtcLink::request_lost_packets() {
  const auto on_new = +[](GstElement *, GstWebRTCRTPTransceiver *transceiver, gpointer) noexcept {
    GstWebRTCKind kind{};
    g_object_get(transceiver, "kind", &kind, nullptr);
    if (kind == GST_WEBRTC_KIND_VIDEO) g_object_set(transceiver, "do-nack", TRUE, nullptr);
  };
  g_signal_connect(bin_.get(), "on-new-transceiver", G_CALLBACK(on_new), nullptr);
  // webrtcbin 1.22 lets any transceiver of the bundle decide for all SSRCs.
  const auto on_buffer = +[](GstElement *, GstElement *buffer, guint, guint ssrc, gpointer self) noexcept {
    const StreamingScope scope;
    const webrtc::Plan &plan = static_cast<RtcLink *>(self)->plan_;
    const auto &sources = plan.media(*plan.video()).sources;
    // A packet that does not come in time is not lost: the publisher may be late.
    g_object_set(buffer, "rtx-next-seqnum", FALSE, nullptr);
    if (sources.empty()) return;
    const bool is_video = std::find(sources.begin(), sources.end(), ssrc) != sources.end();
    g_object_set(buffer, "do-retransmission", gboolean{is_video}, nullptr);
  };
  const auto rtpbin = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(bin_.get()), "rtpbin"));
  if (rtpbin) g_signal_connect(rtpbin.get(), "new-jitterbuffer", G_CALLBACK(on_buffer), this);
  const auto on_added = +[](GstBin *, GstBin *, GstElement *element, gpointer) noexcept {
    GstElementFactory *factory = gst_element_get_factory(element);
    if (factory && g_strcmp0(GST_OBJECT_NAME(factory), "rtpsession") == 0)
      g_object_set(element, "bandwidth", for_requests, nullptr);
  };
  g_signal_connect(bin_.get(), "deep-element-added", G_CALLBACK(on_added), nullptr);
}

Expected<void> RtcLink::negotiate() {
  StreamingScope::open();
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "webrtcbin does not start: is gstreamer1.0-nice installed?");
  GstSDPMessage *message = nullptr;
  if (gst_sdp_message_new_from_text(plan_.element_offer().c_str(), &message) != GST_SDP_OK)
    return fail(Code::failed, "GStreamer does not understand the offer");
  const Description offer(gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message));
  deadline_ = now() + for_gathering;
  timer_.set(deadline_);
  const auto done = +[](GstPromise *promise, gpointer self) noexcept {
    const StreamingScope scope;
    static_cast<RtcLink *>(self)->on_remote_set(promise);
  };
  g_signal_emit_by_name(bin_.get(), "set-remote-description", offer.get(),
                        gst_promise_new_with_change_func(done, this, nullptr));
  return {};
}

void RtcLink::on_remote_set(GstPromise *promise) {
  const std::string error = gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED
                                ? why(gst_promise_get_reply(promise))
                                : "closed";
  gst_promise_unref(promise);
  if (!error.empty())
    return mailbox_.post([this, error] { end({Code::unsupported, "GStreamer: " + error}); });
  const auto done = +[](GstPromise *made, gpointer self) noexcept {
    const StreamingScope scope;
    static_cast<RtcLink *>(self)->on_answer_made(made);
  };
  g_signal_emit_by_name(bin_.get(), "create-answer", nullptr,
                        gst_promise_new_with_change_func(done, this, nullptr));
}

void RtcLink::on_answer_made(GstPromise *promise) {
  GstWebRTCSessionDescription *raw = nullptr;
  std::string error = "closed";
  if (gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED) {
    const GstStructure *reply = gst_promise_get_reply(promise);
    error = why(reply);
    if (reply) gst_structure_get(reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &raw, nullptr);
  }
  gst_promise_unref(promise);
  const Description made(raw);
  if (!made) return mailbox_.post([this, error] { end({Code::unsupported, "GStreamer: " + error}); });
  g_signal_emit_by_name(bin_.get(), "set-local-description", made.get(), nullptr);
}

// Any thread.
void RtcLink::on_gathered() {
  GstWebRTCICEGatheringState state{};
  g_object_get(bin_.get(), "ice-gathering-state", &state, nullptr);
  if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) mailbox_.post([this] { answer(); });
}

void RtcLink::answer() {
  if (is_over_ || std::exchange(is_answered_, true)) return;
  GstWebRTCSessionDescription *raw = nullptr;
  g_object_get(bin_.get(), "local-description", &raw, nullptr);
  const Description local(raw);
  if (!local) return end({Code::failed, "webrtcbin did not answer in time"});
  const GString_ text(gst_sdp_message_as_text(local->sdp));
  const auto sdp = plan_.answer(text.get());
  if (!sdp) return end(sdp.error());
  deadline_ = now() + for_connecting;
  timer_.set(now() + look_every);
  watch_incoming_packets();
  handler_.on_answer(*sdp);
}

// **Why**: ICE does not notice reliably that the other end is gone. A live one sends RTCP.
void RtcLink::watch_incoming_packets() {
  GstIterator *sources = gst_bin_iterate_all_by_element_factory_name(GST_BIN(bin_.get()), "nicesrc");
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next(sources, &item) == GST_ITERATOR_OK) {
    const auto pad =
        Ref<GstPad>::adopt(gst_element_get_static_pad(GST_ELEMENT(g_value_get_object(&item)), "src"));
    const auto hear = +[](GstPad *, GstPadProbeInfo *, gpointer self) noexcept {
      static_cast<RtcLink *>(self)->heard_.store(now().count(), std::memory_order_relaxed);
      return GST_PAD_PROBE_OK;
    };
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, hear, this, nullptr);
    g_value_reset(&item);
  }
  g_value_unset(&item);
  gst_iterator_free(sources);
}

void RtcLink::on_state() {
  GstWebRTCPeerConnectionState state{};
  g_object_get(bin_.get(), "connection-state", &state, nullptr);
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED || state == GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED)
    return end({Code::unreachable, "the WebRTC connection has failed"});
  if (state != GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED || is_over_ || is_connected_) return;
  if (!has_offered_certificate())
    return end({Code::refused, "the other end's certificate is not the one of its offer"});
  is_connected_ = true;
  heard_ = now().count();
  handler_.on_connected();
}

// webrtcbin 1.22 does not compare the certificate with the offer's fingerprint.
bool RtcLink::has_offered_certificate() const {
  GstWebRTCRTPTransceiver *transceiver = nullptr;
  g_signal_emit_by_name(bin_.get(), "get-transceiver", 0, &transceiver);
  if (!transceiver) return false;
  GObject *way = nullptr, *transport = nullptr;
  g_object_get(transceiver, "receiver", &way, nullptr);
  if (way) g_object_get(way, "transport", &transport, nullptr);
  char *pem = nullptr;
  if (transport) g_object_get(transport, "remote-certificate", &pem, nullptr);
  const GString_ certificate(pem);
  g_clear_object(&transport);
  g_clear_object(&way);
  gst_object_unref(transceiver);
  return certificate && fingerprint_of(certificate.get()) == plan_.fingerprint();
}

void RtcLink::check_deadlines() {
  if (is_over_) return;
  if (!is_answered_) return answer();  // with the candidates so far
  if (!is_connected_ && now() >= deadline_)
    return end({Code::timeout, "the WebRTC connection was not established in time"});
  if (is_connected_ && now() - Time(heard_.load()) > until_dead)
    return end({Code::timeout, "the other end is silent"});
  timer_.set(now() + look_every);
}

void RtcLink::end(const Error &error) {
  if (std::exchange(is_over_, true)) return;
  timer_.set(never);
  handler_.on_over(error);
}

}  // namespace astral::media
