// SPDX-License-Identifier: BSD-3-Clause
// Buffers that are pushed into astralsink come out of astralsrc.
#include <gtest/gtest.h>

#include "pair.hpp"

namespace astral::test {
namespace {

constexpr const char *frames = "video/x-test-frames";

Data frame(int number, std::size_t size = 500) {
  Data data(size);
  for (std::size_t i = 0; i < size; ++i)
    data[i] = static_cast<std::uint8_t>(static_cast<std::size_t>(number) * 31 + i);
  return data;
}

// Pushes frames of 20 ms; every tenth is a key frame.
void publish(Publishing &publisher, int from, int to, std::size_t size = 500) {
  for (int i = from; i < to; ++i)
    publisher.push(frame(i, size), static_cast<GstClockTime>(i) * 20 * GST_MSECOND, i % 10 != 0);
}

bool has_peers(GstElement *element, guint64 count) {
  return eventually([&] { return stat(element, "peers") == count; });
}

TEST(Link, BuffersArriveUnchanged) {
  Publishing publisher(frames);
  publish(publisher, 0, 10);
  Viewing viewer(publisher.sink(), "ticket-1");
  ASSERT_TRUE(has_peers(publisher.sink(), 1));
  publish(publisher, 10, 60);
  GstClockTime first_pts = 0;
  for (int i = 0; i < 60; ++i) {
    const auto sample = viewer.pull();
    ASSERT_TRUE(sample) << i;
    EXPECT_EQ(bytes_of(sample.get()), frame(i));
    GstBuffer *buffer = gst_sample_get_buffer(sample.get());
    EXPECT_EQ(GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT), i % 10 != 0);
    if (i == 0) first_pts = GST_BUFFER_PTS(buffer);
    EXPECT_EQ(GST_BUFFER_PTS(buffer) - first_pts, static_cast<GstClockTime>(i) * 20 * GST_MSECOND);
    EXPECT_EQ(GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT), i == 0);
    EXPECT_TRUE(gst_buffer_get_custom_meta(buffer, "AstralObject"));
    EXPECT_TRUE(gst_structure_has_name(gst_caps_get_structure(gst_sample_get_caps(sample.get()), 0), frames));
  }
}

TEST(Link, LargeBuffersArriveWhole) {
  Publishing publisher(frames);
  Viewing viewer(publisher.sink(), "ticket-1");
  ASSERT_TRUE(has_peers(publisher.sink(), 1));
  publish(publisher, 0, 30, 300'000);
  for (int i = 0; i < 30; ++i) {
    const auto sample = viewer.pull();
    ASSERT_TRUE(sample) << i;
    EXPECT_EQ(bytes_of(sample.get()), frame(i, 300'000)) << i;
  }
}

TEST(Link, TheStreamHeaderComesFirstAndOnce) {
  Publishing publisher("video/x-flv");
  const Data header = {'F', 'L', 'V', 1, 5};
  auto caps = Ref<GstCaps>::adopt(gst_caps_from_string("video/x-flv"));
  GValue list = G_VALUE_INIT, value = G_VALUE_INIT;
  g_value_init(&list, GST_TYPE_ARRAY);
  g_value_init(&value, GST_TYPE_BUFFER);
  gst_value_set_buffer(&value, gst_buffer_new_memdup(header.data(), header.size()));
  gst_buffer_unref(gst_value_get_buffer(&value));
  gst_value_array_append_and_take_value(&list, &value);
  gst_structure_take_value(gst_caps_get_structure(caps.get(), 0), "streamheader", &list);
  publisher.set_caps(caps.get());
  publisher.push(header, 0);
  publish(publisher, 0, 10);
  for (int late = 0; late < 2; ++late) {
    const int from = 10 * (late + 1);
    Viewing viewer(publisher.sink(), "ticket-" + std::to_string(late));
    ASSERT_TRUE(has_peers(publisher.sink(), 1));
    publish(publisher, from, from + 10);
    Data expected = header;
    for (int i = from - 10; i < from + 10; ++i) {  // the viewer fetches the newest group
      const Data more = frame(i);
      expected.insert(expected.end(), more.begin(), more.end());
    }
    EXPECT_EQ(viewer.pull_bytes(expected.size()), expected);
    gst_element_set_state(viewer.pipeline(), GST_STATE_NULL);
    ASSERT_TRUE(has_peers(publisher.sink(), 0));
  }
}

TEST(Link, EachViewerBeginsWithTheNewestKeyFrame) {
  Publishing publisher(frames);
  publish(publisher, 0, 25);
  Viewing viewer(publisher.sink(), "ticket-1");
  ASSERT_TRUE(has_peers(publisher.sink(), 1));
  publish(publisher, 25, 45);
  for (int i = 20; i < 45; ++i) EXPECT_EQ(bytes_of(viewer.pull().get()), frame(i));
}

TEST(Link, ManyViewersCanJoinAtOnce) {
  Publishing publisher(frames);
  std::vector<std::unique_ptr<Viewing>> viewers;
  for (int i = 0; i < 20; ++i)
    viewers.push_back(std::make_unique<Viewing>(publisher.sink(), "ticket-" + std::to_string(i)));
  ASSERT_TRUE(has_peers(publisher.sink(), 20));
  publish(publisher, 0, 50);
  for (auto &viewer : viewers)
    for (int i = 0; i < 50; ++i) {
      const auto sample = viewer->pull();
      ASSERT_TRUE(sample);
      ASSERT_EQ(bytes_of(sample.get()), frame(i));
    }
}

TEST(Link, AWrongFingerprintIsRefusedAtBothEnds) {
  Publishing publisher(frames);
  Viewing viewer(publisher.sink(), "ticket-1", "demo", [](std::string &text) {
    const std::size_t at = text.find("\"fingerprint\":\"");
    if (at == std::string::npos || text.find("\"offer\"") == std::string::npos) return;
    text[at + 15] = text[at + 15] == 'a' ? 'b' : 'a';
  });
  EXPECT_TRUE(viewer.wait_error(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED));
  EXPECT_TRUE(has_peers(publisher.sink(), 0));
  Viewing other(publisher.sink(), "ticket-2");  // other viewers are not affected
  ASSERT_TRUE(has_peers(publisher.sink(), 1));
  publish(publisher, 0, 10);
  EXPECT_EQ(bytes_of(other.pull().get()), frame(0));
}

TEST(Link, AnUnknownStreamIsRefused) {
  Publishing publisher(frames);
  std::string answer;
  g_signal_connect(publisher.sink(), "signalling-message",
                   G_CALLBACK(+[](GstElement *, const char *json, std::string *out) { *out = json; }),
                   &answer);
  g_signal_emit_by_name(publisher.sink(), "handle-signalling",
                        R"({"type":"request","ticket":"t","slug":"other"})");
  g_signal_emit_by_name(publisher.sink(), "handle-signalling", "{ rubbish");
  EXPECT_TRUE(eventually([&] { return answer.find("no-stream") != std::string::npos; }));
}

TEST(Link, TheEndOfTheStreamArrives) {
  Publishing publisher(frames);
  Viewing viewer(publisher.sink(), "ticket-1");
  ASSERT_TRUE(has_peers(publisher.sink(), 1));
  publish(publisher, 0, 15);
  publisher.end();
  for (int i = 0; i < 15; ++i) EXPECT_EQ(bytes_of(viewer.pull().get()), frame(i)) << i;
  g_signal_emit_by_name(publisher.sink(), "handle-signalling",
                        R"({"type":"cancel","ticket":"ticket-1","code":"ended","message":"over"})");
  EXPECT_TRUE(viewer.at_end());
}

}  // namespace
}  // namespace astral::test
