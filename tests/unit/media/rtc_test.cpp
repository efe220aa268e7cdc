// SPDX-License-Identifier: BSD-3-Clause
// How much memory and sending the other end of a WebRTC connection can make this one use.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <string>

#include "../formats/webrtc/offers.hpp"
#include "formats/webrtc/limits.hpp"
#include "media/make.hpp"
#include "media/rtc_link.hpp"
#include "media/rtc_publisher.hpp"
#include "media/rtc_viewer.hpp"

namespace astral::media {
namespace {

TEST(RtcLink, LimitsTheStreamsOfTheOtherEnd) {
  auto plan = webrtc::Plan::to_receive(*webrtc::parse_offer(test::offer("sendonly")));
  ASSERT_TRUE(plan);
  RtcLink link(std::move(*plan), g_main_context_default(), {});
  ASSERT_TRUE(link.build());
  guint most = 0;
  gst_child_proxy_get(GST_CHILD_PROXY(link.bin()), "rtpbin::max-streams", &most, nullptr);
  EXPECT_EQ(most, 16u);
}

TEST(RtcViewer, BoundsWhatIsKeptAndSentAgain) {
  const auto element = make("rtprtxsend");
  ASSERT_TRUE(element);
  bound_retransmission(element.get());
  guint packets = 0, ms = 0, requests = 0;
  g_object_get(element.get(), "max-size-packets", &packets, "max-size-time", &ms, nullptr);
  EXPECT_EQ(packets, webrtc::max_kept_packets);
  EXPECT_EQ(ms, webrtc::max_kept_ms);
  gst_element_set_state(element.get(), GST_STATE_PAUSED);
  const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(element.get(), "sink"));
  const auto source = Ref<GstPad>::adopt(gst_element_get_static_pad(element.get(), "src"));
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string("application/x-rtp,payload=96,ssrc=(uint)7"));
  gst_pad_send_event(sink.get(), gst_event_new_stream_start("video"));
  gst_pad_send_event(sink.get(), gst_event_new_caps(caps.get()));
  constexpr guint sent = 500'000;  // the limit allows 1,000 in each second that passes
  for (guint i = 0; i < sent; ++i)
    gst_pad_send_event(source.get(), gst_event_new_custom(
                                         GST_EVENT_CUSTOM_UPSTREAM,
                                         gst_structure_new("GstRTPRetransmissionRequest", "ssrc", G_TYPE_UINT,
                                                           7u, "seqnum", G_TYPE_UINT, 1u, nullptr)));
  g_object_get(element.get(), "num-rtx-requests", &requests, nullptr);
  EXPECT_GE(requests, webrtc::max_kept_packets);
  EXPECT_LT(requests, sent / 2);
  gst_element_set_state(element.get(), GST_STATE_NULL);
}

// The error of a pipeline that gets a VP8 picture of that size.
GstMessageType end_of(const std::string &size) {
  GError *raw = nullptr;
  GstElement *made =
      gst_parse_launch(("videotestsrc num-buffers=3 ! video/x-raw,format=I420," + size +
                        " ! vp8enc deadline=1 ! rtpvp8pay ! " + chain_for("VP8") + " ! fakesink async=false")
                           .c_str(),
                       &raw);
  const GErrorPtr error(raw);
  EXPECT_FALSE(error) << error->message;
  const auto pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(made)));
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(made));
  gst_element_set_state(made, GST_STATE_PLAYING);
  constexpr auto wanted = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  const auto message =
      Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), GST_CLOCK_TIME_NONE, wanted));
  gst_element_set_state(made, GST_STATE_NULL);
  return GST_MESSAGE_TYPE(message.get());
}

TEST(RtcPublisher, DecodesNoPictureThatIsTooLarge) {
  EXPECT_EQ(end_of("width=320,height=180"), GST_MESSAGE_EOS);
  EXPECT_EQ(end_of("width=4112,height=64"), GST_MESSAGE_ERROR);
  EXPECT_EQ(end_of("width=64,height=4112"), GST_MESSAGE_ERROR);
}

TEST(RtcPublisher, HasAChainForEachCodecThatAPlanChooses) {
  for (const char *codec : {"H264", "VP8", "OPUS"}) EXPECT_TRUE(chain_for(codec)) << codec;
  for (const char *codec : {"", "PCMU", "H265"}) EXPECT_FALSE(chain_for(codec)) << codec;
}

}  // namespace
}  // namespace astral::media
