// SPDX-License-Identifier: BSD-3-Clause
// RTMP publishers with the real pipeline: media that cannot be used ends at most the publisher's own
// stream.
#include "media/ingest.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace astral::media {
namespace {

using rtmp::Buffer;
namespace flv = rtmp::flv;

// 32 x 32 pixels.
const Buffer avc_config{0x01, 0x42, 0xc0, 0x0a, 0xff, 0xe1, 0x00, 0x19, 0x67, 0x42, 0xc0, 0x0a, 0xda, 0x25,
                        0xb0, 0x16, 0xa0, 0xc0, 0xc0, 0xd4, 0xa0, 0x00, 0x00, 0x03, 0x00, 0x20, 0x00, 0x00,
                        0x06, 0x51, 0xe2, 0x44, 0xd4, 0x01, 0x00, 0x04, 0x68, 0xce, 0x3c, 0x80};
const Buffer avc_key{0x00, 0x00, 0x00, 0x0d, 0x65, 0x88, 0x84, 0x05, 0xa8,
                     0x98, 0xa0, 0x00, 0x3b, 0xbf, 0x27, 0x5d, 0x78};
const Buffer avc_inter{0x00, 0x00, 0x00, 0x05, 0x41, 0x9a, 0x20, 0x3e, 0x8b};
const Buffer hevc_config{0x01, 0x01, 0x60, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1e, 0xf0,
                         0x00, 0xfc, 0xfd, 0xf8, 0xf8, 0x00, 0x00, 0x0f, 0x03, 0xa0, 0x00, 0x01, 0x00, 0x18,
                         0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00,
                         0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x1e, 0x95, 0x94, 0x09, 0xa1, 0x00, 0x01, 0x00,
                         0x28, 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03,
                         0x00, 0x00, 0x03, 0x00, 0x1e, 0xa0, 0x20, 0x81, 0x05, 0x96, 0x56, 0x54, 0xa4, 0xc2,
                         0xf0, 0x16, 0x80, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x05, 0x04, 0xa2,
                         0x00, 0x01, 0x00, 0x06, 0x44, 0x01, 0xc0, 0x73, 0xc0, 0x89};
const Buffer hevc_key{0, 0, 0, 4, 0x28, 1, 0xac, 0x46}, hevc_inter{0, 0, 0, 4, 0x02, 1, 0xd0, 9};
const Buffer aac_config{0x12, 0x10};
const Buffer aac_frame{0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c};
const Buffer mp3_frame{0xff, 0xfb, 0x90, 0x64, 0x00, 0x0f, 0xf0, 0x00};

class IngestTest : public testing::Test {
 protected:
  ~IngestTest() override { ingest_.reset(); }

  void video(const Buffer &data, bool is_config, bool is_key, std::int32_t composition = 0) {
    push(flv::Video{
        .is_config = is_config, .is_key = is_key, .composition = composition, .data = Slice::copy(data)});
  }
  void audio(const Buffer &data, bool is_config = false, bool is_mp3 = false) {
    push(flv::Audio{is_config, is_mp3 ? flv::AudioCodec::mp3 : flv::AudioCodec::aac, Slice::copy(data)});
  }
  // The body of a message, as the session reads it.
  void video_message(std::initializer_list<std::uint8_t> body) {
    const auto read = flv::read_video(Slice::copy(Buffer(body)));
    ASSERT_TRUE(read) << read.error().detail;
    if (*read) push(**read);
  }
  void seconds(int count) {
    for (int i = 0; i < 25 * count; ++i) {
      time_ += 40;
      video(i % 25 == 0 ? avc_key : avc_inter, false, i % 25 == 0);
      audio(aac_frame);
    }
  }
  void configs() {
    video(avc_config, true, true);
    audio(aac_config, true);
  }

  template <typename Content>
  void push(Content content) {
    const auto pushed = ingest_->push({time_, std::move(content)});
    if (!pushed) refused_.push_back(pushed.error().detail);
  }

  // The errors that end the ingest.
  std::vector<std::string> finish() {
    ingest_->finish();
    while (overs_.empty()) g_main_context_iteration(g_main_context_default(), TRUE);
    while (g_main_context_iteration(g_main_context_default(), FALSE)) continue;
    return overs_;
  }

  const std::vector<std::string> ended{"the publisher has ended the stream"};
  std::uint32_t time_ = 0;
  std::vector<std::string> overs_, refused_;
  // This signaller needs no node.
  std::unique_ptr<Ingest> ingest_ = std::make_unique<Ingest>(
      "astral://127.0.0.1:9/talk?signaller=application", "talk", g_main_context_default(),
      [this](const Error &error) { overs_.push_back(error.detail); });
};

TEST_F(IngestTest, ContinuesAfterMessagesWithoutMedia) {
  video_message({0x57, 0});
  configs();
  video_message({0x57, 0});
  seconds(2);
  video_message({0x57, 0});
  video_message({0x57});
  video_message({0x17, 2, 0, 0, 0});
  video_message({0x17, 1, 0, 0, 0});
  video_message({0x17, 0, 0, 0, 0});
  seconds(1);
  EXPECT_EQ(finish(), ended);
  EXPECT_EQ(refused_, std::vector<std::string>());
}

TEST_F(IngestTest, ConfigurationsAlonePublishNothing) {
  for (int i = 0; i < 3; ++i) configs();
  EXPECT_EQ(finish(), std::vector<std::string>{"nothing was published"});
}

TEST_F(IngestTest, ImpossibleTimestampsAreReplaced) {
  configs();
  for (const std::uint32_t jump : {0u, 0x7fffffffu, 0x80000000u, 0xffffffffu, 5000u, 5001u}) {
    time_ += jump;
    video(avc_key, false, true, 0x7fffff);
    video(avc_inter, false, false, -0x800000);
    seconds(1);
  }
  EXPECT_EQ(finish(), ended);
  EXPECT_EQ(refused_, std::vector<std::string>());
}

TEST_F(IngestTest, TheStreamContinuesWithAnotherCodec) {
  configs();
  seconds(2);
  audio({0x11, 0x90}, true);
  seconds(2);
  for (int i = 0; i < 40; ++i) {
    time_ += 26;
    audio(mp3_frame, false, true);
  }
  seconds(2);
  EXPECT_EQ(finish(), ended);
  EXPECT_EQ(refused_, std::vector<std::string>());
}

// As OBS sends HEVC: a record, then pictures with lengths.
TEST_F(IngestTest, PublishesHevc) {
  push(flv::Video{
      .codec = flv::VideoCodec::hevc, .is_config = true, .is_key = true, .data = Slice::copy(hevc_config)});
  audio(aac_config, true);
  for (int i = 0; i < 50; ++i) {
    time_ += 40;
    push(flv::Video{.codec = flv::VideoCodec::hevc,
                    .is_key = i % 25 == 0,
                    .data = Slice::copy(i % 25 == 0 ? hevc_key : hevc_inter)});
    audio(aac_frame);
  }
  configs();
  seconds(1);  // another publisher continues with H.264
  EXPECT_EQ(finish(), ended);
  EXPECT_EQ(refused_, std::vector<std::string>());
}

TEST_F(IngestTest, RefusesAnHevcRecordThatCannotBeRead) {
  push(flv::Video{
      .codec = flv::VideoCodec::hevc, .is_config = true, .is_key = true, .data = Slice::copy(avc_config)});
  EXPECT_EQ(refused_,
            std::vector<std::string>{"the configuration of the HEVC cannot be read: restart the encoder"});
}

// A sequence header, then temporal units. Opus has no configuration in each frame, so it comes before.
const Buffer av1_sequence{0x0a, 0x0b, 0, 0, 0, 0x04, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0x00, 0x40};
const Buffer av1_key{0x32, 0x03, 1, 2, 3}, av1_inter{0x32, 0x02, 4, 5};
const Buffer opus_config{'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0};

TEST_F(IngestTest, PublishesAv1AndOpus) {
  Buffer record{0x81, 0, 0x0c, 0};
  record.insert(record.end(), av1_sequence.begin(), av1_sequence.end());
  const auto picture = [&](const Buffer &data, bool is_config, bool is_key) {
    push(flv::Video{
        .codec = flv::VideoCodec::av1, .is_config = is_config, .is_key = is_key, .data = Slice::copy(data)});
  };
  const auto sound = [&](const Buffer &data, bool is_config) {
    push(flv::Audio{.is_config = is_config, .codec = flv::AudioCodec::opus, .data = Slice::copy(data)});
  };
  picture(record, true, true);
  sound(opus_config, true);
  for (int i = 0; i < 50; ++i) {
    time_ += 40;
    picture(i % 25 == 0 ? av1_key : av1_inter, false, i % 25 == 0);
    sound({0xfc, 1, 2, 3}, false);
  }
  EXPECT_EQ(refused_, std::vector<std::string>());
  configs();
  seconds(1);  // the container cannot change
  ASSERT_FALSE(refused_.empty());
  EXPECT_EQ(refused_[0], "the codecs beside AV1 have changed: end the stream and start it again");
  EXPECT_EQ(finish(), ended);
}

TEST_F(IngestTest, RefusesConfigurationsOfAv1AndOpusThatCannotBeRead) {
  push(flv::Video{
      .codec = flv::VideoCodec::av1, .is_config = true, .is_key = true, .data = Slice::copy(avc_config)});
  Buffer surround = opus_config;
  surround[9] = 6;
  push(flv::Audio{.is_config = true, .codec = flv::AudioCodec::opus, .data = Slice::copy(surround)});
  push(flv::Audio{.is_config = true, .codec = flv::AudioCodec::opus, .data = Slice::copy(aac_config)});
  const std::string opus = "this kind of Opus cannot be published: set the encoder to mono or stereo";
  EXPECT_EQ(refused_, (std::vector<std::string>{
                          "the configuration of the AV1 cannot be read: restart the encoder", opus, opus}));
}

// Audio waits for the video that may still come. Even small frames take memory, so their number is limited.
TEST_F(IngestTest, BoundsTheFramesThatWaitForASecondTrack) {
  audio(aac_config, true);
  for (int i = 0; i < 5000; ++i) audio(aac_frame);
  EXPECT_EQ(finish(), ended);
}

// Whatever GStreamer makes of such a configuration, the ingest ends once, with an error.
class UselessConfiguration : public IngestTest, public testing::WithParamInterface<Buffer> {};
TEST_P(UselessConfiguration, EndsAtMostItsOwnStream) {
  video(GetParam(), true, true);
  audio(GetParam(), true);
  seconds(2);
  video(avc_config, true, true);
  seconds(1);
  video(GetParam(), true, true);
  seconds(1);
  const auto overs = finish();
  ASSERT_EQ(overs.size(), 1u);
  EXPECT_NE(overs[0], "");
}
INSTANTIATE_TEST_SUITE_P(Ingest, UselessConfiguration,
                         testing::Values(Buffer{1}, Buffer{2, 0}, Buffer{0, 0, 0, 1, 0x67},
                                         Buffer{1, 0x42, 0xc0, 0x0a, 0xff, 0xff, 0xff, 0xff},
                                         Buffer{1, 0x42, 0xc0, 0x0a, 0xff, 0xe1, 0, 1, 0x67, 0},
                                         Buffer(70'000, 0xff)));

TEST(AnnouncedRate, IsThatOfBothTracks) {
  const auto rate = [](rtmp::amf::Object properties) {
    return announced_kbps({.properties = {std::move(properties)}});
  };
  EXPECT_EQ(rate({}), 0u);
  EXPECT_EQ(rate({{"videodatarate", {2500.0}}, {"audiodatarate", {160.0}}}), 2660u);
  EXPECT_EQ(rate({{"videodatarate", {-5.0}}, {"audiodatarate", {std::string("many")}}}), 0u);
  EXPECT_EQ(rate({{"videodatarate", {1e300}}}), 1'000'000u);
}

}  // namespace
}  // namespace astral::media
