// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/flv.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "client.hpp"

namespace astral::rtmp::flv {
namespace {

Buffer copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

Slice body(const Sent &sent) {
  return Slice::copy(sent);
}

TEST(Flv, ReadsAndWritesBodies) {
  const Sent key = avc_key(), inter = avc_inter(), config = aac_config();
  const auto video = read_video(body(key));
  ASSERT_TRUE(video && *video);
  EXPECT_TRUE((*video)->is_key);
  EXPECT_FALSE((*video)->is_config);
  EXPECT_EQ((*video)->composition, 80);
  EXPECT_EQ((*video)->data.size(), 7u);
  EXPECT_EQ(write_video(**video), copy(key));
  const auto second = read_video(body(inter));
  ASSERT_TRUE(second && *second);
  EXPECT_FALSE((*second)->is_key);
  EXPECT_EQ((*second)->composition, -40);
  EXPECT_EQ(write_video(**second), copy(inter));
  const auto audio = read_audio(body(config));
  ASSERT_TRUE(audio && *audio);
  EXPECT_TRUE((*audio)->is_config);
  EXPECT_EQ(write_audio(**audio), copy(config));
  for (const auto &sent : {Sent().raw({0x2f, 0xff, 0xfb, 0x90, 0x64, 1}),     // 44.1 kHz, stereo
                           Sent().raw({0x2a, 0xff, 0xf3, 0x84, 0xc4, 1})}) {  // 24 kHz, mono
    const auto mp3 = read_audio(body(sent));
    ASSERT_TRUE(mp3 && *mp3);
    EXPECT_EQ(write_audio(**mp3), copy(sent));
  }
}

// The result shares the memory of the body without a copy, and outlives the body's slice.
TEST(Flv, DataSharesTheMemoryOfTheBody) {
  Slice whole = body(Sent().raw({0x2f, 0xff, 0xfb}));
  const std::uint8_t *at = whole.data();
  const auto mp3 = read_audio(std::exchange(whole, {}));
  ASSERT_TRUE(mp3 && *mp3);
  EXPECT_EQ((*mp3)->codec, AudioCodec::mp3);
  EXPECT_EQ((*mp3)->data.data(), at + 1);
  EXPECT_EQ((*mp3)->data.bytes()[1], 0xfb);
}

TEST(Flv, ABodyWithoutMediaIsSkipped) {
  for (const auto &sent : {Sent().raw({0x57, 0}), Sent().raw({0x57}), Sent().raw({0x52, 1}),  // commands
                           Sent().raw({0x17, 2, 0, 0, 0}),              // the end of a sequence
                           Sent().raw({0x17, 9, 0, 0, 0, 1, 2}),        // no such packet
                           Sent().raw({0x17, 0, 0, 0, 0}),              // a configuration of no bytes
                           Sent().raw({0x27, 1, 0xff, 0xff, 0xff})}) {  // a picture of no bytes
    const auto video = read_video(body(sent));
    ASSERT_TRUE(video) << video.error().detail;
    EXPECT_FALSE(*video);
  }
  for (const auto &sent : {Sent().raw({0xaf, 0}), Sent().raw({0xaf, 1}), Sent().raw({0x2f})}) {
    const auto audio = read_audio(body(sent));
    ASSERT_TRUE(audio) << audio.error().detail;
    EXPECT_FALSE(*audio);
  }
}

TEST(Flv, AnUnsupportedCodecIsNamed) {
  const auto video = [](std::initializer_list<unsigned> sent) {
    const auto read = read_video(body(Sent().raw(sent)));
    return read ? "" : read.error().detail;
  };
  const auto audio = [](std::initializer_list<unsigned> sent) {
    const auto read = read_audio(body(Sent().raw(sent)));
    return read ? "" : read.error().detail;
  };
  EXPECT_EQ(video({0x90, 'v', 'p', '0', '9', 1}),
            "this node accepts H.264, HEVC and AV1, not VP9: set the encoder to H.264");
  EXPECT_EQ(
      video({0x91, 'x', 'y', 'z', '1', 1}),
      "this node accepts H.264, HEVC and AV1, not this codec of enhanced RTMP: set the encoder to H.264");
  EXPECT_EQ(video({0x80}), "enhanced RTMP: a body of 1 bytes");
  EXPECT_EQ(audio({0x91, 'a', 'c', '-', '3', 1}),
            "this node accepts AAC, MP3 or Opus, not AC-3: set the encoder to AAC");
  EXPECT_EQ(video({0x12, 0}),
            "this node accepts H.264, HEVC and AV1, not Sorenson H.263: set the encoder to H.264");
  EXPECT_EQ(video({0x1f, 0}),
            "this node accepts H.264, HEVC and AV1, not codec 15: set the encoder to H.264");
  EXPECT_EQ(video({0x17, 1}), "a video message of 2 bytes");
  EXPECT_EQ(video({}), "this node accepts H.264, HEVC and AV1, not codec 0: set the encoder to H.264");
  EXPECT_EQ(audio({0xb2, 0}), "this node accepts AAC, MP3 or Opus, not Speex: set the encoder to AAC");
  EXPECT_EQ(audio({0x9f, 'O'}), "enhanced RTMP: a body of 2 bytes");
  EXPECT_EQ(audio({0xaf}), "an audio message of 1 bytes");
}

// As OBS, ffmpeg 6.1 and others send it: by PacketType, with and without modifiers and several tracks.
TEST(Flv, ReadsEnhancedVideo) {
  const auto head = [](unsigned first) { return Sent().raw({first}).letters("hvc1"); };
  struct Case {
    Sent sent;
    bool is_config, is_key;
    int composition;
  };
  const Sent name = Sent().letters("hvc1");
  for (const Case &one :
       {Case{head(0x90).raw({7, 8}), true, true, 0}, Case{head(0x91).raw({0, 0, 80, 7, 8}), false, true, 80},
        Case{head(0xa1).raw({0xff, 0xff, 0xd8, 7, 8}), false, false, -40},
        Case{head(0xa3).raw({7, 8}), false, false, 0},
        // A modifier of 3 bytes, then the head goes on.
        Case{Sent().raw({0x97, 2, 0, 0, 1, 0x01}).add(name).raw({0, 0, 0, 7, 8}), false, true, 0},
        // One track; the main one of two; with a codec for each.
        Case{Sent().raw({0x96, 0x03}).add(name).raw({0, 7, 8}), false, true, 0},
        Case{Sent().raw({0x96, 0x13}).add(name).raw({1, 0, 0, 1, 9, 0, 0, 0, 2, 7, 8}), false, true, 0},
        Case{Sent().raw({0x96, 0x23}).letters("av01").raw({1, 0, 0, 1, 9}).add(name).raw({0, 0, 0, 2, 7, 8}),
             false, true, 0}}) {
    const auto read = read_video(body(one.sent));
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->codec, VideoCodec::hevc);
    EXPECT_EQ((*read)->is_config, one.is_config);
    EXPECT_EQ((*read)->is_key, one.is_key);
    EXPECT_EQ((*read)->composition, one.composition);
    EXPECT_EQ(copy((*read)->data.bytes()), (Buffer{7, 8}));
  }
  const auto avc = read_video(body(Sent().raw({0x93}).letters("avc1").raw({7})));
  ASSERT_TRUE(avc && *avc);
  EXPECT_EQ((*avc)->codec, VideoCodec::h264);
  const auto av1 = read_video(body(Sent().raw({0x91}).letters("av01").raw({0x32, 1, 7})));
  ASSERT_TRUE(av1 && *av1);  // without a composition time
  EXPECT_EQ((*av1)->codec, VideoCodec::av1);
  EXPECT_EQ((*av1)->data.size(), 3u);
  const auto by_number = read_video(body(Sent().raw({0x1c, 1, 0, 0, 0, 7, 8})));
  ASSERT_TRUE(by_number && *by_number);
  EXPECT_EQ((*by_number)->codec, VideoCodec::hevc);
}

TEST(Flv, ReadsEnhancedAudio) {
  const auto aac = read_audio(body(Sent().raw({0x90}).letters("mp4a").raw({0x12, 0x10})));
  ASSERT_TRUE(aac && *aac);
  EXPECT_TRUE((*aac)->is_config);
  const auto mp3 = read_audio(body(Sent().raw({0x91}).letters(".mp3").raw({0xff, 0xfb})));
  ASSERT_TRUE(mp3 && *mp3);
  EXPECT_EQ((*mp3)->codec, AudioCodec::mp3);
  EXPECT_EQ((*mp3)->data.size(), 2u);
  const auto opus = read_audio(body(Sent().raw({0x90}).letters("Opus").letters("OpusHead")));
  ASSERT_TRUE(opus && *opus);
  EXPECT_EQ((*opus)->codec, AudioCodec::opus);
  EXPECT_TRUE((*opus)->is_config);
}

TEST(Flv, WritesCodecsByTheirLetters) {
  const auto head = [](unsigned first, const char *letters) { return Sent().raw({first}).letters(letters); };
  for (const Sent &sent : {head(0x90, "hvc1").raw({7, 8}), head(0x91, "hvc1").raw({0, 0, 80, 7}),
                           head(0xa1, "hvc1").raw({0xff, 0xff, 0xd8, 7}), head(0x90, "av01").raw({7}),
                           head(0xa1, "av01").raw({7})}) {
    const auto read = read_video(body(sent));
    ASSERT_TRUE(read && *read);
    EXPECT_EQ(write_video(**read), copy(sent));
  }
  for (const Sent &sent : {head(0x90, "Opus").letters("OpusHead"), head(0x91, "Opus").raw({0xfc, 1})}) {
    const auto read = read_audio(body(sent));
    ASSERT_TRUE(read && *read);
    EXPECT_EQ(write_audio(**read), copy(sent));
  }
  EXPECT_EQ(id_of(VideoCodec::h264), 7);
  EXPECT_EQ(id_of(VideoCodec::hevc), 0x68766331);
  EXPECT_EQ(id_of(AudioCodec::aac), 10);
  EXPECT_EQ(id_of(AudioCodec::mp3), 2);
  EXPECT_EQ(id_of(AudioCodec::opus), 0x4f707573);
}

TEST(Flv, AnEnhancedBodyWithoutMediaIsSkipped) {
  for (const auto &sent :
       {Sent().raw({0x92}).letters("hvc1"), Sent().raw({0x94}).letters("hvc1").raw({2, 0}),
        Sent().raw({0xd1, 0}).letters("hvc1").raw({1}), Sent().raw({0x91}).letters("hvc1").raw({0, 0}),
        Sent().raw({0x96, 0x03}).letters("av01").raw({1, 7}),  // another track
        Sent().raw({0x96, 0x13}).letters("av01").raw({1, 0, 0, 1, 7})}) {
    const auto video = read_video(body(sent));
    ASSERT_TRUE(video) << video.error().detail;
    EXPECT_FALSE(*video);
  }
  for (const auto &sent : {Sent().raw({0x96, 0x13}).letters("hvc1").raw({0, 0, 0, 9, 7}),
                           Sent().raw({0x97, 255, 0xff}), Sent().raw({0x97, 0}), Sent().raw({0x91, 'h'})})
    EXPECT_FALSE(read_video(body(sent)));
}

TEST(Flv, WritesTheHeaderAndTags) {
  EXPECT_EQ(write_header(true, true), copy(Sent().letters("FLV").raw({1, 5, 0, 0, 0, 9, 0, 0, 0, 0})));
  Buffer out;
  write_tag(out, Type::audio, 0x12345678, Buffer{0xaf, 0});
  EXPECT_EQ(out, copy(Sent().raw({8, 0, 0, 2, 0x34, 0x56, 0x78, 0x12, 0, 0, 0, 0xaf, 0, 0, 0, 0, 13})));
}

}  // namespace
}  // namespace astral::rtmp::flv
