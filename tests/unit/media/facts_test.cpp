// SPDX-License-Identifier: BSD-3-Clause
// The facts and warnings about what real encoders and mpegtsmux make.
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../track/ts_builder.hpp"
#include "formats/carriage.hpp"
#include "formats/fact_finder.hpp"
#include "glue/ref.hpp"
#include "media/make.hpp"

namespace astral::media {
namespace {

// Ten seconds of media, as fast as possible.
formats::Facts facts_of(const std::string &encoders, formats::FactFinder &finder) {
  GError *error = nullptr;
  GstElement *made =
      gst_parse_launch((encoders + " mpegtsmux name=mux ! appsink name=out sync=false").c_str(), &error);
  const GErrorPtr owned(error);
  EXPECT_FALSE(error) << error->message;
  const auto pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(made)));
  const auto out = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(made), "out"));
  gst_element_set_state(made, GST_STATE_PLAYING);
  while (const auto sample = Ref<GstSample>::adopt(gst_app_sink_pull_sample(GST_APP_SINK(out.get())))) {
    GstBuffer *buffer = gst_sample_get_buffer(sample.get());
    finder.on_frame(copy_of(buffer), !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT));
  }
  gst_element_set_state(made, GST_STATE_NULL);
  return finder.facts();
}
formats::Facts facts_of(const std::string &encoders) {
  formats::FactFinder finder([] {});
  return facts_of(encoders, finder);
}

std::string video(const std::string &encoder) {
  return "videotestsrc num-buffers=250 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! " +
         encoder + " ! queue max-size-time=0 max-size-buffers=0 ! mux. ";
}
std::string audio(const std::string &encoder) {
  return "audiotestsrc num-buffers=470 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 ! " +
         encoder + " ! queue max-size-time=0 max-size-buffers=0 ! mux. ";
}
std::string h264(const std::string &settings) {
  return video("x264enc speed-preset=ultrafast " + settings + " ! h264parse config-interval=-1");
}
const std::string aac = audio("avenc_aac ! aacparse");

TEST(Facts, OfAGoodStreamHaveNoWarnings) {
  int news = 0;
  formats::FactFinder finder([&] { ++news; });
  const formats::Facts facts = facts_of(h264("tune=zerolatency key-int-max=50") + aac, finder);
  ASSERT_TRUE(facts.video && facts.audio);
  EXPECT_EQ(*facts.video, (formats::VideoFacts{.codec = "h264",
                                               .is_by_mpegts = true,
                                               .width = 320,
                                               .height = 180,
                                               .frames = 25,
                                               .seconds = 1,
                                               .keyframe_seconds = 2,
                                               .has_b_frames = false}));
  EXPECT_EQ(*facts.audio, (formats::AudioFacts{"aac", 48'000, 2}));
  EXPECT_TRUE(formats::warnings_of(facts).empty());
  EXPECT_LE(news, 5);
}

TEST(Facts, WarnAboutWhatPlaysBadly) {
  const formats::Facts facts = facts_of(h264("key-int-max=125 bframes=2 b-adapt=false rc-lookahead=0") +
                                        audio("avenc_mp2 ! mpegaudioparse"));
  ASSERT_TRUE(facts.video && facts.audio);
  EXPECT_EQ(facts.video->keyframe_seconds, 5);
  EXPECT_TRUE(facts.video->has_b_frames);
  EXPECT_EQ(*facts.audio, (formats::AudioFacts{"mp2", 48'000, 2}));
  const auto warnings = formats::warnings_of(facts);
  ASSERT_EQ(warnings.size(), 3u);
  EXPECT_NE(warnings[0].find("Keyframes are 5 s apart"), std::string::npos);
  EXPECT_NE(warnings[1].find("B-frames"), std::string::npos);
  EXPECT_NE(warnings[2].find("MP2 sound"), std::string::npos);
}

TEST(Facts, WarnWhenTheNextKeyFrameDoesNotCome) {
  const formats::Facts facts = facts_of(h264("tune=zerolatency key-int-max=1000"));
  ASSERT_TRUE(facts.video);
  EXPECT_EQ(facts.video->keyframe_seconds, 9);
  EXPECT_FALSE(facts.audio);
}

TEST(Facts, OfOtherCodecsHaveTheCodecOnly) {
  const formats::Facts opus = facts_of(audio("opusenc ! opusparse"));
  EXPECT_EQ(opus.audio, (formats::AudioFacts{"opus", 48'000, 2}));
  EXPECT_FALSE(opus.video);
  EXPECT_EQ(facts_of(aac).video, std::nullopt);

  formats::FactFinder finder([] {});
  std::vector<std::uint8_t> bytes;
  track::test::append(bytes, track::test::pat());
  track::test::append(bytes, track::test::pmt({{0x24, track::test::video_pid}}));
  track::test::append(bytes, track::test::video_key());
  track::test::append(bytes, track::test::video_delta());
  finder.on_frame(Slice::copy(bytes), true);
  EXPECT_EQ(finder.facts().video, (formats::VideoFacts{.codec = "h265", .is_by_mpegts = true}));
}

// What FFmpeg and GStreamer encode if nobody tells them not to.
TEST(Facts, WarnOfPicturesThatBrowsersDoNotDecode) {
  const auto reason = [](const std::string &format, const std::string &profile) {
    const auto left_out = formats::left_out(facts_of(
        "videotestsrc num-buffers=12 ! video/x-raw,width=320,height=180,framerate=25/1,format=" + format +
        " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 ! video/x-h264,profile=" + profile +
        " ! h264parse ! queue ! mux. "));
    return left_out.empty() ? "" : left_out[0].text;
  };
  EXPECT_NE(reason("Y444", "high-4:4:4").find("4:4:4 with 8 bit: send 4:2:0 with 8 bit"), std::string::npos);
  EXPECT_NE(reason("I420_10LE", "high-10").find("4:2:0 with 10 bit"), std::string::npos);
  EXPECT_NE(reason("Y42B", "high-4:2:2").find("4:2:2 with 8 bit"), std::string::npos);
  EXPECT_EQ(reason("I420", "high"), "");
}

TEST(Facts, ChangeWithThePublisher) {
  formats::FactFinder finder([] {});
  facts_of(h264("key-int-max=125 bframes=2 b-adapt=false rc-lookahead=0") + aac, finder);
  finder.on_break();
  EXPECT_TRUE(finder.facts().video->has_b_frames);
  const formats::Facts facts = facts_of(
      "videotestsrc num-buffers=60 ! video/x-raw,width=640,height=360,framerate=10/1 ! x264enc "
      "tune=zerolatency "
      "speed-preset=ultrafast key-int-max=5 ! h264parse ! queue ! mux. ",
      finder);
  ASSERT_TRUE(facts.video);
  EXPECT_EQ(facts.video->width, 640u);
  EXPECT_EQ(facts.video->keyframe_seconds, 0.5);
  EXPECT_FALSE(facts.video->has_b_frames);
  EXPECT_FALSE(facts.audio);
}

}  // namespace
}  // namespace astral::media
