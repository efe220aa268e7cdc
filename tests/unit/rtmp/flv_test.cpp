// SPDX-License-Identifier: BSD-3-Clause
#include "rtmp/flv.hpp"

#include <gtest/gtest.h>

#include "client.hpp"

namespace astral::rtmp::flv {
namespace {

Buffer copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST(Flv, BodiesAreReadAndWritten) {
  const Sent key = avc_key(), inter = avc_inter(), config = aac_config();
  const auto video = read_video(key);
  ASSERT_TRUE(video);
  EXPECT_TRUE(video->is_key);
  EXPECT_EQ(video->composition, 80);
  EXPECT_EQ(video->data.size(), 7u);
  EXPECT_EQ(write_avc(*video), copy(key));
  const auto second = read_video(inter);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->is_key);
  EXPECT_EQ(second->composition, -40);
  EXPECT_EQ(write_avc(*second), copy(inter));
  const auto audio = read_audio(config);
  ASSERT_TRUE(audio);
  EXPECT_EQ(audio->content, Content::config);
  EXPECT_EQ(write_aac(*audio), copy(config));
}

TEST(Flv, WhatCannotBeCarriedSaysWhatItIs) {
  const auto video = [](std::initializer_list<unsigned> body) {
    const Sent sent = Sent().raw(body);
    const auto read = read_video(sent);
    return read ? "" : read.error().detail;
  };
  const auto audio = [](std::initializer_list<unsigned> body) {
    const Sent sent = Sent().raw(body);
    const auto read = read_audio(sent);
    return read ? "" : read.error().detail;
  };
  EXPECT_EQ(video({0x90, 'h', 'v', 'c', '1'}), "this node takes H.264, not HEVC: set the encoder to H.264");
  EXPECT_EQ(video({0x90, 'a', 'v', '0', '1'}), "this node takes H.264, not AV1: set the encoder to H.264");
  EXPECT_EQ(video({0x80}), "this node takes H.264, not enhanced RTMP: set the encoder to H.264");
  EXPECT_EQ(video({0x12, 0}), "this node takes H.264, not Sorenson H.263: set the encoder to H.264");
  EXPECT_EQ(video({0x1f, 0}), "this node takes H.264, not codec 15: set the encoder to H.264");
  EXPECT_EQ(video({0x17, 1}), "a video message of 2 bytes");
  EXPECT_EQ(video({0x57}), "");  // a command frame: nothing
  EXPECT_EQ(audio({0xb2, 0}), "this node takes AAC or MP3, not Speex: set the encoder to AAC");
  EXPECT_EQ(audio({0x9f, 'O'}), "this node takes AAC or MP3, not codec 9: set the encoder to AAC");
  EXPECT_EQ(audio({0xaf}), "an audio message of 1 bytes");
  EXPECT_EQ(audio({0x2f, 0xff}), "");
}

TEST(Flv, HeaderAndTag) {
  EXPECT_EQ(write_header(true, true), copy(Sent().letters("FLV").raw({1, 5, 0, 0, 0, 9, 0, 0, 0, 0})));
  Buffer out;
  write_tag(out, Type::audio, 0x12345678, Buffer{0xaf, 0});
  EXPECT_EQ(out, copy(Sent().raw({8, 0, 0, 2, 0x34, 0x56, 0x78, 0x12, 0, 0, 0, 0xaf, 0, 0, 0, 0, 13})));
}

}  // namespace
}  // namespace astral::rtmp::flv
