// SPDX-License-Identifier: BSD-3-Clause
// How much memory the other end of a WebRTC connection can make this one use.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <string>

#include "../formats/webrtc/offers.hpp"
#include "media/rtc_link.hpp"
#include "media/rtc_publisher.hpp"

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
