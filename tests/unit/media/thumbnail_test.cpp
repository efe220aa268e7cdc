// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails of real streams: what they show, and what happens for streams without video.
#include "media/thumbnail.hpp"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "formats/key_frame.hpp"
#include "media/make.hpp"

namespace astral::media {
namespace {

struct Colour {
  int width = 0, height = 0, red = 0, green = 0, blue = 0;
};

Ref<GstElement> launch(const std::string &text) {
  GError *error = nullptr;
  GstElement *made = gst_parse_launch(text.c_str(), &error);
  const GErrorPtr owned(error);
  EXPECT_FALSE(error) << error->message;
  auto pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(made)));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  return pipeline;
}
Ref<GstSample> pull(const Ref<GstElement> &pipeline) {
  const auto out = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  return Ref<GstSample>::adopt(gst_app_sink_try_pull_sample(GST_APP_SINK(out.get()), 10 * GST_SECOND));
}

// The key frame that a player finds in one second of the description's media, as MPEG-TS.
std::vector<Slice> key_frame_of(const std::string &media) {
  const auto pipeline = launch(media + " mpegtsmux name=mux ! appsink name=out sync=false");
  formats::KeyFrame frame;
  bool is_first = true;
  while (const auto sample = pull(pipeline))
    frame.on_frame(copy_of(gst_sample_get_buffer(sample.get())), std::exchange(is_first, false));
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return frame.pieces();
}

std::string picture(const std::string &size, const std::string &encoder) {
  return "videotestsrc num-buffers=10 pattern=solid-color foreground-color=0xff20c040 ! video/x-raw," + size +
         ",framerate=25/1 ! " + encoder + " ! queue ! mux. ";
}
constexpr char h264[] = "x264enc tune=zerolatency speed-preset=ultrafast ! h264parse";
constexpr char sound[] = "audiotestsrc num-buffers=40 ! audio/x-raw,rate=48000 ! avenc_aac ! queue ! mux. ";

Colour colour_in_the_middle_of(const Slice &jpeg) {
  const auto pipeline = launch(
      "appsrc name=in caps=image/jpeg,framerate=0/1 ! jpegdec ! videoconvert ! video/x-raw,format=RGB ! "
      "appsink "
      "name=out sync=false");
  const auto in = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "in"));
  gst_app_src_push_buffer(GST_APP_SRC(in.get()), wrap(jpeg).release());
  gst_app_src_end_of_stream(GST_APP_SRC(in.get()));
  const auto sample = pull(pipeline);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (!sample) return {};
  Colour colour;
  const GstStructure *caps = gst_caps_get_structure(gst_sample_get_caps(sample.get()), 0);
  gst_structure_get_int(caps, "width", &colour.width);
  gst_structure_get_int(caps, "height", &colour.height);
  const Slice rgb = copy_of(gst_sample_get_buffer(sample.get()));
  const std::size_t line = static_cast<std::size_t>(colour.width * 3 + 3) / 4 * 4;
  const std::size_t at = static_cast<std::size_t>(colour.height / 2) * line + line / 6 * 3;
  if (at + 2 >= rgb.size()) return {};
  colour.red = rgb.data()[at];
  colour.green = rgb.data()[at + 1];
  colour.blue = rgb.data()[at + 2];
  return colour;
}

class ThumbnailTest : public testing::Test {
 protected:
  Expected<Slice> make(const std::vector<Slice> &key_frame, Time limit = 20s) {
    Thumbnailer thumbnailer(context_.get(), limit);
    std::optional<Expected<Slice>> made;
    thumbnailer.make(key_frame, [&](const Expected<Slice> &picture) { made = picture; });
    while (!made) g_main_context_iteration(context_.get(), TRUE);
    return *made;
  }

  const Ref<GMainContext> context_ = Ref<GMainContext>::adopt(g_main_context_new());
};

TEST_F(ThumbnailTest, ShowsThePictureOfTheStream) {
  struct Case {
    const char *size;
    int width, height;
  };
  for (const auto &[size, width, height] :
       {Case{"width=1280,height=720", 320, 180}, Case{"width=360,height=640", 180, 320},
        Case{"width=160,height=120", 160, 120},
        Case{"width=720,height=576,pixel-aspect-ratio=64/45", 320, 180}}) {
    const auto made = make(key_frame_of(picture(size, h264) + sound));
    ASSERT_TRUE(made) << size << ": " << made.error().detail;
    const Colour colour = colour_in_the_middle_of(*made);
    EXPECT_EQ(colour.width, width) << size;
    EXPECT_EQ(colour.height, height) << size;
    EXPECT_NEAR(colour.red, 0x20, 12) << size;
    EXPECT_NEAR(colour.green, 0xc0, 12) << size;
    EXPECT_NEAR(colour.blue, 0x40, 12) << size;
    EXPECT_LT(made->size(), 20'000u);
  }
}

TEST_F(ThumbnailTest, DecodesAStreamWithBFrames) {
  const auto made = make(key_frame_of(picture("width=640,height=360", "x264enc bframes=3 ! h264parse")));
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_NEAR(colour_in_the_middle_of(*made).green, 0xc0, 12);
}

TEST_F(ThumbnailTest, FailsIfThereIsNoPicture) {
  EXPECT_FALSE(make(key_frame_of(sound), 300ms));
  EXPECT_FALSE(make({Slice::copy(std::vector<std::uint8_t>(188 * 20, 0x47))}, 300ms));
  EXPECT_FALSE(make({}, 300ms));
  // Half a key frame's bytes are overwritten.
  std::vector<Slice> pieces = key_frame_of(picture("width=640,height=360", h264));
  for (std::size_t i = pieces.size() / 4; i < pieces.size(); ++i)
    pieces[i] = Slice::copy(std::vector<std::uint8_t>(pieces[i].size(), 0xff));
  const auto made = make(pieces, 300ms);
  EXPECT_TRUE(made || !made.error().detail.empty());
}

TEST_F(ThumbnailTest, FailsIfItTakesTooLong) {
  const auto made = make(key_frame_of(picture("width=640,height=360", h264)), 0s);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::timeout);
}

TEST_F(ThumbnailTest, StopsWhenItsOwnerIsDestroyed) {
  const std::vector<Slice> frame = key_frame_of(picture("width=640,height=360", h264));
  Thumbnailer thumbnailer(context_.get());
  for (int i = 0; i < 100; ++i) thumbnailer.make(frame, [](const Expected<Slice> &) { FAIL(); });
}

}  // namespace
}  // namespace astral::media
