// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: an offer by WHIP (the input's first byte is even) or WHEP (odd), through to GStreamer's webrtcbin.
// The rest of the input is the offer's text, or with 0x02 a list of choices from which a valid offer is made.
// An offer that our parser accepts is answered, or refused with a reason. An offer that webrtcbin has already
// seen is skipped.
#include <gst/gst.h>

#include <cassert>
#include <initializer_list>
#include <set>
#include <string>

#include "formats/rtmp/wire.hpp"
#include "formats/webrtc/plan.hpp"
#include "media/rtc_publisher.hpp"
#include "media/rtc_viewer.hpp"

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

// Keeps only candidates on loopback: a test sends no packet to an address that a mutator made.
webrtc::Offer harmless(webrtc::Offer offer) {
  std::erase_if(offer.candidates,
                [](const std::string &candidate) { return candidate.find(" 127.0.0.1 ") == candidate.npos; });
  return offer;
}

// Makes an offer: one byte of the input, or a few, choose each thing in it.
class Choices {
 public:
  explicit Choices(Bytes bytes) : in_(bytes) {}

  std::string offer() {
    std::string media;
    std::string bundle = "a=group:BUNDLE";
    for (unsigned count = 1 + in_.u8() % 3u; count > 0; --count) media += one_media(bundle);
    return "v=0\r\n" + bundle + "\r\n" + media;
  }

 private:
  template <std::size_t n>
  std::string of(const char *const (&words)[n]) {
    return words[in_.u8() % n];
  }
  std::string letters(std::size_t least, std::size_t most) {
    constexpr std::string_view all = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
    const std::size_t size = least + in_.u16() % (most - least + 1);
    const char letter = all[in_.u8() % all.size()];
    return std::string(size, letter);
  }
  // Takes a list, because its parts are evaluated in their order.
  static std::string line(std::initializer_list<std::string> parts) {
    std::string text;
    for (const std::string &part : parts) text += part;
    return text + "\r\n";
  }

  std::string one_media(std::string &bundle) {
    const bool is_video = in_.u8() % 2 == 0;
    const std::string type = std::to_string(in_.u8() % 128u);
    const std::string mid = of({"0", "1", "2", "video", "-", ".", "0_0", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"});
    bundle += " " + mid;
    std::string text = line({is_video ? "m=video " : "m=audio ", of({"9", "0", "65535"}),
                             " UDP/TLS/RTP/SAVPF ", type, of({"", " 96", " 0 8"})});
    text += line({"a=mid:", mid});
    text += line({"a=ice-ufrag:", letters(4, 256)});
    text += line({"a=ice-pwd:", letters(22, 256)});
    text += line({"a=fingerprint:sha-256 ", fingerprint()});
    text += line({"a=setup:", of({"actpass", "active", "passive"})});
    text += line({"a=", of({"sendonly", "recvonly", "sendrecv", "inactive"})});
    text += line({"a=rtcp-mux"});
    text += line(
        {"a=rtpmap:", type, " ",
         is_video ? of({"H264/90000", "VP8/90000", "h264/90000"}) : of({"opus/48000/2", "OPUS/48000/2"})});
    text += line({"a=fmtp:", type, " packetization-mode=", of({"1", "0", "2", "1000000"}),
                  ";profile-level-id=", of({"42e01f", "640028", "ffffff", "zzzzzz", "4d", ""}),
                  ";level-asymmetry-allowed=", of({"1", "0", "x"}), ";stereo=", of({"1", "0", "-"}),
                  ";minptime=", of({"10", "0", "999999"}), ";useinbandfec=", of({"1", "a"})});
    for (unsigned flags = in_.u8(), bit = 0; bit < 4; ++bit) {
      constexpr const char *feedback[] = {"nack", "nack pli", "ccm fir", "transport-cc"};
      if ((flags >> bit & 1) != 0) text += line({"a=rtcp-fb:", type, " ", feedback[bit]});
    }
    text += line({"a=extmap:", std::to_string(in_.u8() % 16),
                  " http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"});
    for (unsigned count = in_.u8() % 9u; count > 0; --count)
      text += line({"a=ssrc:", std::to_string(in_.u32()), " cname:x"});
    for (unsigned count = in_.u8() % 17u; count > 0; --count)
      text += line({"a=candidate:", letters(1, 32), " 1 UDP ", std::to_string(in_.u32() & 0x7fffffff),
                    " 127.0.0.1 ", std::to_string(1 + in_.u16() % 65535u), " typ ",
                    of({"host", "srflx", "prflx", "relay"})});
    return text;
  }
  std::string fingerprint() {
    const std::string byte = of({"00", "FF", "0e"});
    std::string text = byte;
    for (int i = 1; i < 32; ++i) text += ":" + byte;
    return text;
  }

  rtmp::Reader in_;  // gives zeros after its end
};

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
  const Bytes rest(data + 1, size - 1);
  const bool is_chosen = (data[0] & 2) != 0;
  const auto offer = webrtc::parse_offer(is_chosen ? Choices(rest).offer() : as_text(rest));
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
