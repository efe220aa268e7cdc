// SPDX-License-Identifier: BSD-3-Clause
// Which bytes of a stream are its newest key frame, from wherever the reader starts.
#include "formats/key_frame.hpp"

#include <gtest/gtest.h>

#include "../track/ts_builder.hpp"
#include "mp4_boxes.hpp"

namespace astral::formats {
namespace {

using track::test::append;

Slice tables() {
  std::vector<std::uint8_t> bytes;
  append(bytes, track::test::pat());
  append(bytes, track::test::pmt({{0x1b, track::test::video_pid}, {0x0f, track::test::audio_pid}}));
  return Slice::copy(bytes);
}
Slice key() {
  return Slice::copy(track::test::video_key());
}
Slice rest() {
  return Slice::copy(track::test::video_rest());
}
Slice delta() {
  return Slice::copy(track::test::video_delta());
}
Slice sound() {
  return Slice::copy(track::test::audio());
}
std::size_t bytes(const KeyFrame &frame) {
  std::size_t sum = 0;
  for (const Slice &piece : frame.pieces()) sum += piece.size();
  return sum / 188;
}

TEST(KeyFrame, IsCompleteWhenTheNextPictureBegins) {
  KeyFrame frame;
  Fanout live;
  live.set_header(tables());
  live.join(frame);
  EXPECT_FALSE(frame.has_begun());
  live.push(key(), true);
  EXPECT_TRUE(frame.has_begun());
  live.push(sound(), false);
  live.push(rest(), false);
  EXPECT_FALSE(frame.is_whole());
  live.push(delta(), false);
  EXPECT_TRUE(frame.is_whole());
  EXPECT_EQ(bytes(frame), 2u + 3u);
  live.push(key(), true);
  EXPECT_EQ(bytes(frame), 2u + 3u);
  live.leave(frame);
}

TEST(KeyFrame, MayBeAFragmentOfMp4) {
  namespace boxes = mp4::test;
  KeyFrame frame;
  frame.on_frame(Slice::copy(boxes::init()), true);
  EXPECT_FALSE(frame.has_begun());
  frame.on_frame(Slice::copy(boxes::fragment(boxes::audio_id, 0)), false);
  EXPECT_FALSE(frame.has_begun());
  frame.on_frame(Slice::copy(boxes::fragment(boxes::video_id, 0)), true);
  EXPECT_TRUE(frame.has_begun());
  ASSERT_EQ(frame.pieces().size(), 2u);
  EXPECT_EQ(as_text(frame.pieces()[0].bytes()), as_text(boxes::init()));
  frame.on_frame(Slice::copy(boxes::fragment(boxes::video_id, 100, false)), false);
  EXPECT_TRUE(frame.is_whole());
}

TEST(KeyFrame, IsCompleteAtOnceIfTheGroupIsAlreadyThere) {
  Fanout live;
  live.set_header(tables());
  for (int group = 0; group < 2; ++group) {
    live.push(key(), true);
    for (int i = 0; i < 5; ++i) live.push(delta(), false);
  }
  KeyFrame frame;
  live.join(frame);
  EXPECT_TRUE(frame.is_whole());
  EXPECT_EQ(bytes(frame), 2u + 1u);
  live.leave(frame);
}

TEST(KeyFrame, EndsInsideAPieceOrWithItsGroup) {
  KeyFrame frame;
  std::vector<std::uint8_t> together = track::test::video_key();
  append(together, track::test::video_rest());
  append(together, track::test::video_delta());
  frame.on_frame(Slice::copy(together), true);
  EXPECT_TRUE(frame.is_whole());
  EXPECT_EQ(bytes(frame), 2u);

  KeyFrame alone;
  alone.on_frame(key(), true);
  alone.on_frame(key(), true);
  EXPECT_TRUE(alone.is_whole());
  EXPECT_EQ(bytes(alone), 1u);
}

TEST(KeyFrame, BeginsAgainAfterABreak) {
  KeyFrame frame;
  frame.on_frame(tables(), true);
  frame.on_frame(key(), true);
  frame.on_break();
  EXPECT_FALSE(frame.has_begun());
  frame.on_frame(key(), true);
  frame.on_frame(delta(), false);
  EXPECT_TRUE(frame.is_whole());
  EXPECT_EQ(bytes(frame), 2u + 1u);
  frame.on_break();
  EXPECT_TRUE(frame.is_whole());
}

TEST(KeyFrame, NeverComesWithoutVideo) {
  KeyFrame frame;
  frame.on_frame(tables(), true);
  for (int i = 0; i < 5; ++i) frame.on_frame(sound(), i == 0);
  EXPECT_FALSE(frame.has_begun());
  frame.on_over({Code::not_found, "the stream has ended"});
  EXPECT_EQ(frame.over()->detail, "the stream has ended");
}

}  // namespace
}  // namespace astral::formats
