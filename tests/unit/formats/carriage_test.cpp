// SPDX-License-Identifier: BSD-3-Clause
// What viewers of each format miss, codec by codec, and what the publisher is told.
#include "formats/carriage.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace astral::formats {
namespace {

using Formats = std::vector<std::string>;

Facts with(const std::string &video, const std::string &audio) {
  Facts facts;
  if (!video.empty()) facts.video = VideoFacts{.codec = video};
  if (!audio.empty()) facts.audio = AudioFacts{.codec = audio};
  return facts;
}

TEST(Carriage, SaysForEachCodecWhichFormatsLeaveItOut) {
  const Formats none, all{"hls", "flv", "rtmp", "whep"}, all_but_hls{"flv", "rtmp", "whep"},
      all_but_whep{"hls", "flv", "rtmp"}, whep{"whep"};
  const std::string four = "HLS, FLV, RTMP and WebRTC do not carry this stream's ";
  struct Case {
    const char *video, *audio;
    Formats formats;
    std::string text;
  };
  for (const Case &one : {
           Case{"h264", "", none, ""},
           Case{"", "aac", none, ""},
           Case{"h265", "", whep,
                "WebRTC does not carry this stream's H.265 picture, and not all browsers decode it: send "
                "H.264"},
           Case{"av1", "", all_but_hls,
                "FLV, RTMP and WebRTC do not carry this stream's AV1 picture, and not all browsers decode "
                "it: send H.264"},
           Case{"vp9", "", all_but_hls,
                "FLV, RTMP and WebRTC do not carry this stream's VP9 picture, and not all browsers decode "
                "it: send H.264"},
           Case{"vp8", "", all, four + "VP8 picture: send H.264"},
           Case{"mpeg2", "", all, four + "MPEG-2 picture: send H.264"},
           Case{"", "mp3", none, ""},
           Case{"", "mp2", all_but_whep, "HLS, FLV and RTMP do not carry this stream's MP2 sound: send AAC"},
           Case{"", "ac3", all, four + "AC-3 sound: send AAC"},
           Case{"", "eac3", all, four + "E-AC-3 sound: send AAC"},
           Case{"", "opus", none, ""},
           Case{"", "latm", all, four + "AAC in LATM sound: send AAC with ADTS headers (latm=0 in ffmpeg)"},
           Case{"", "xyz", all, four + "xyz sound: send AAC"},
       }) {
    const auto lost = left_out(with(one.video, one.audio));
    EXPECT_EQ(lost.size(), one.formats.empty() ? 0u : 1u) << one.video << one.audio;
    if (lost.empty()) continue;
    EXPECT_EQ(lost[0].formats, one.formats) << one.video << one.audio;
    EXPECT_EQ(lost[0].text, one.text);
    EXPECT_EQ(lost[0].is_video, one.video[0] != '\0');
    EXPECT_EQ(warnings_of(with(one.video, one.audio)), std::vector<std::string>{one.text});
  }
}

TEST(Carriage, SaysInWhichContainerHlsCarriesACodec) {
  for (const char *codec : {"h264", "aac", "mp3"}) EXPECT_EQ(hls_container(codec), Container::ts) << codec;
  for (const char *codec : {"h265", "av1", "vp9", "opus"})
    EXPECT_EQ(hls_container(codec), Container::mp4) << codec;
  for (const char *codec : {"vp8", "ac3", "mp2", "xyz"}) EXPECT_FALSE(hls_container(codec)) << codec;
  for (const char *codec : {"h264", "h265", "aac", "mp3", "opus"}) EXPECT_TRUE(is_in_ts(codec)) << codec;
  for (const char *codec : {"av1", "vp9", "xyz"}) EXPECT_FALSE(is_in_ts(codec)) << codec;
}

// GStreamer 1.26 sends AV1 in MPEG-TS, which no node takes out of it.
TEST(Carriage, SaysWhatStaysInMpegTs) {
  Facts facts = with("av1", "aac");
  facts.video->is_by_mpegts = true;
  const auto lost = left_out(facts);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].formats, (Formats{"hls", "flv", "rtmp", "whep"}));
  EXPECT_EQ(lost[0].text,
            "HLS, FLV, RTMP and WebRTC do not carry this stream's AV1 picture out of MPEG-TS: send it in "
            "Matroska, or send H.264");
  facts.video->codec = "h265";
  EXPECT_EQ(left_out(facts)[0].formats, Formats{"whep"});
}

TEST(Carriage, SaysThatOpusMayHaveTwoChannels) {
  Facts facts = with("h264", "opus");
  facts.audio->channels = 2;
  EXPECT_TRUE(left_out(facts).empty());
  facts.audio->channels = 6;
  const auto lost = left_out(facts);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].formats, (Formats{"flv", "rtmp", "whep"}));
  EXPECT_EQ(lost[0].text,
            "FLV, RTMP and WebRTC do not carry this stream's Opus sound of 6 channels: send stereo");
}

TEST(Carriage, SaysBothTracks) {
  const auto lost = left_out(with("av1", "ac3"));
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_TRUE(lost[0].is_video && !lost[1].is_video);
  EXPECT_TRUE(left_out({}).empty());
}

TEST(Carriage, SaysThatPlayersGetOneTrackOfEachKind) {
  Facts facts = with("h264", "aac");
  facts.video_tracks = facts.audio_tracks = 1;
  EXPECT_TRUE(left_out(facts).empty());
  facts.audio_tracks = 3;
  EXPECT_EQ(
      left_out(facts),
      (std::vector<LeftOut>{{.text = "Players get one of this stream's 3 sounds: send each other one as "
                                     "a stream of its own"}}));
  facts.video_tracks = 2;
  const auto lost = left_out(facts);
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_TRUE(lost[0].is_video && !lost[1].is_video);
}

TEST(Carriage, SaysWhichPicturesBrowsersDoNotDecode) {
  Facts facts = with("h264", "aac");
  EXPECT_TRUE(left_out(facts).empty());
  facts.video->chroma = 3;
  auto lost = left_out(facts);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_TRUE(lost[0].formats.empty());
  EXPECT_EQ(
      lost[0].text,
      "Most browsers do not decode this stream's picture, which is 4:4:4 with 8 bit: send 4:2:0 with 8 bit "
      "(yuv420p in ffmpeg, I420 in GStreamer)");
  facts.video->chroma = 1;
  facts.video->bits = 10;
  lost = left_out(facts);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_NE(lost[0].text.find("4:2:0 with 10 bit"), std::string::npos);
}

}  // namespace
}  // namespace astral::formats
