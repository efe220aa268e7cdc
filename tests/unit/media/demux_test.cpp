// SPDX-License-Identifier: BSD-3-Clause
// On a machine without a needed element, the players of that format get an error.
#include "media/demux.hpp"

#include <gst/app/gstappsink.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace astral::media {
namespace {

std::vector<Slice> transport_stream() {
  GstElement *made = gst_parse_launch(
      "videotestsrc num-buffers=60 ! video/x-raw,width=64,height=64 ! x264enc tune=zerolatency ! mpegtsmux ! "
      "appsink name=out sync=false",
      nullptr);
  const auto pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(made)));
  const auto out = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(made), "out"));
  gst_element_set_state(made, GST_STATE_PLAYING);
  std::vector<Slice> pieces;
  while (const auto sample = Ref<GstSample>::adopt(gst_app_sink_pull_sample(GST_APP_SINK(out.get()))))
    pieces.push_back(copy_of(gst_sample_get_buffer(sample.get())));
  gst_element_set_state(made, GST_STATE_NULL);
  return pieces;
}

class Heard : public Demux::Handler {
 public:
  void on_track(Demux::Kind) override { ++tracks; }
  void on_sample(Demux::Kind, GstSample *) override { ++samples; }
  void on_tracks_known() override {}
  void on_error(const Error &error) override { errors.push_back(error.detail); }

  int tracks = 0, samples = 0;
  std::vector<std::string> errors;
};

TEST(Demux, TellsItsPlayersThatAnElementIsMissing) {
  Heard heard;
  const auto demux = Demux::open(g_main_context_default(),
                                 {.video = "no-such-parser ! identity", .audio = "identity"}, heard);
  ASSERT_TRUE(demux) << demux.error().detail;
  for (const Slice &piece : transport_stream()) (*demux)->push(piece);
  while (heard.errors.empty()) g_main_context_iteration(g_main_context_default(), TRUE);
  EXPECT_NE(heard.errors.front().find("missing"), std::string::npos) << heard.errors.front();
  EXPECT_EQ(heard.tracks, 0);
  EXPECT_EQ(heard.samples, 0);
}

}  // namespace
}  // namespace astral::media
