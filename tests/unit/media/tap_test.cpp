// SPDX-License-Identifier: BSD-3-Clause
#include "media/tap.hpp"

#include <gtest/gtest.h>

namespace astral::media {
namespace {

// Otherwise a state change that meets the EOS never ends: the context that makes it takes no samples
// meanwhile.
TEST(Tap, EosDoesNotWaitForTheSamplesToBeTaken) {
  const auto context = Ref<GMainContext>::adopt(g_main_context_new());
  const auto pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  GstElement *source = gst_element_factory_make("fakesrc", nullptr);
  g_object_set(source, "num-buffers", 3, nullptr);
  int taken = 0;
  {
    Tap tap(context.get(), [&](GstSample *) { ++taken; });
    gst_bin_add_many(GST_BIN(pipeline.get()), source, tap.element(), nullptr);
    ASSERT_TRUE(gst_element_link(source, tap.element()));
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
    GstMessage *end = gst_bus_timed_pop_filtered(bus.get(), 30 * GST_SECOND, GST_MESSAGE_EOS);
    EXPECT_TRUE(end);
    if (end) gst_message_unref(end);
    EXPECT_EQ(taken, 0);
    while (taken < 3) g_main_context_iteration(context.get(), TRUE);
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  }
  EXPECT_EQ(taken, 3);
}

}  // namespace
}  // namespace astral::media
