// SPDX-License-Identifier: BSD-3-Clause
#include "media/pad_probes.hpp"

#include <gtest/gtest.h>

#include <array>

#include "glue/ref.hpp"

namespace astral::media {
namespace {

// A pad that gives buffers to an opusparse with the probe.
class OwnBuffers : public testing::Test {
 protected:
  OwnBuffers() {
    own_buffers(sink_.get());
    gst_pad_set_active(from_.get(), TRUE);
    EXPECT_EQ(gst_pad_link(from_.get(), sink_.get()), GST_PAD_LINK_OK);
    gst_element_set_state(parser_.get(), GST_STATE_PLAYING);
    gst_pad_push_event(from_.get(), gst_event_new_stream_start("opus"));
    const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(
        "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0,stream-count=1,coupled-count=1"));
    gst_pad_push_event(from_.get(), gst_event_new_caps(caps.get()));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(from_.get(), gst_event_new_segment(&segment));
  }
  ~OwnBuffers() override { gst_element_set_state(parser_.get(), GST_STATE_NULL); }

  // A sound of 20 ms that says it lasts 7 s.
  static Ref<GstBuffer> sound() {
    const std::array<guint8, 3> bytes = {0xfc, 0xff, 0xfe};
    auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_memdup(bytes.data(), bytes.size()));
    GST_BUFFER_PTS(buffer.get()) = 1000 * GST_SECOND;
    GST_BUFFER_DURATION(buffer.get()) = 7 * GST_SECOND;
    return buffer;
  }

  const Ref<GstElement> parser_ = Ref<GstElement>::adopt(
      GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make("opusparse", nullptr))));
  const Ref<GstPad> sink_ = Ref<GstPad>::adopt(gst_element_get_static_pad(parser_.get(), "sink"));
  const Ref<GstPad> from_ = Ref<GstPad>::adopt(GST_PAD(gst_object_ref_sink(gst_pad_new("src", GST_PAD_SRC))));
};

TEST_F(OwnBuffers, TheOtherBranchKeepsWhatABufferSays) {
  const auto shared = sound();
  gst_pad_push(from_.get(), gst_buffer_ref(shared.get()));
  EXPECT_EQ(GST_BUFFER_PTS(shared.get()), 1000 * GST_SECOND);
  EXPECT_EQ(GST_BUFFER_DURATION(shared.get()), 7 * GST_SECOND);
}

TEST_F(OwnBuffers, AlsoInAList) {
  const auto first = sound(), second = sound();
  GstBufferList *list = gst_buffer_list_new();
  gst_buffer_list_add(list, gst_buffer_ref(first.get()));
  gst_buffer_list_add(list, gst_buffer_ref(second.get()));
  const auto shared = Ref<GstBufferList>::adopt(gst_buffer_list_ref(list));
  gst_pad_push_list(from_.get(), list);
  EXPECT_EQ(GST_BUFFER_DURATION(first.get()), 7 * GST_SECOND);
  EXPECT_EQ(GST_BUFFER_DURATION(second.get()), 7 * GST_SECOND);
}

}  // namespace
}  // namespace astral::media
