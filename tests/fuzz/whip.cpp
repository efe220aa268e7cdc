// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: an offer of WHIP (the first byte is even) or WHEP (odd), all the way to GStreamer's webrtcbin. What
// our reader accepts is answered, or refused with a reason. What webrtcbin has seen it does not see again:
// most of what a mutator changes never gets there.
#include <gst/gst.h>

#include <cassert>
#include <set>
#include <string>

#include "media/rtc_publisher.hpp"
#include "media/rtc_viewer.hpp"
#include "webrtc/plan.hpp"

using namespace astral;

namespace {

class Context {
 public:
  Context() { g_main_context_push_thread_default(context_.get()); }
  ~Context() { g_main_context_pop_thread_default(context_.get()); }
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;
  GMainContext *get() const { return context_.get(); }

 private:
  const Ref<GMainContext> context_ = Ref<GMainContext>::adopt(g_main_context_new());
};

struct Heard {
  std::string answer;
  int overs = 0;

  media::RtcLink::Handler handler() {
    return {.on_answer = [this](const std::string &sdp) { answer = sdp; },
            .on_connected = [] {},
            .on_over =
                [this](const Error &error) {
                  assert(!error.detail.empty());
                  ++overs;
                }};
  }
};

// No packet of a test goes to an address that a mutator has made.
webrtc::Offer harmless(webrtc::Offer offer) {
  std::erase_if(offer.candidates,
                [](const std::string &candidate) { return candidate.find(" 127.0.0.1 ") == candidate.npos; });
  return offer;
}

template <typename Peer>
void settle(Peer &peer, const Heard &heard, const Context &context) {
  if (const auto started = peer.start(); !started) {
    assert(!started.error().detail.empty());
    return;
  }
  while (heard.answer.empty() && heard.overs == 0) g_main_context_iteration(context.get(), TRUE);
  while (g_main_context_iteration(context.get(), FALSE)) continue;
  assert(heard.overs <= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const bool is_ready = gst_init_check(nullptr, nullptr, nullptr);
  assert(is_ready);
  if (size == 0) return 0;
  const auto offer = webrtc::parse_offer(as_text({data + 1, size - 1}));
  if (!offer) return 0;
  const bool is_viewer = data[0] % 2 != 0;
  auto plan = is_viewer ? webrtc::Plan::to_send(harmless(*offer), {true, true, "42e01f"})
                        : webrtc::Plan::to_receive(harmless(*offer));
  if (!plan) return 0;
  static std::set<std::string> seen;
  if (!seen.insert((is_viewer ? "play " : "publish ") + plan->element_offer()).second) return 0;
  const Context context;
  Heard heard;
  if (is_viewer) {
    media::RtcViewer viewer(std::move(*plan), context.get(), heard.handler());
    settle(viewer, heard, context);
  } else {
    media::RtcPublisher publisher(std::move(*plan), context.get(), heard.handler(),
                                  [](const rtmp::Media &) {});
    settle(publisher, heard, context);
  }
  return 0;
}
