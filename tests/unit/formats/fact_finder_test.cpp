// SPDX-License-Identifier: BSD-3-Clause
// MPEG-TS that ends anywhere: nothing is read past its end.
#include "formats/fact_finder.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../track/ts_builder.hpp"

namespace astral::formats {
namespace {

using namespace track::test;

Slice of(const Packet &packet) {
  return Slice::copy(packet);
}

// A packet that is nearly all adaptation field, so that the PES header would continue in the next packet.
TEST(FactFinder, DoesNotReadPastTheEndOfAPesHeader) {
  const std::vector<std::uint8_t> whole = pes({0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x0a});
  for (const std::uint16_t pid : {video_pid, audio_pid}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      FactFinder finder([] {});
      finder.on_frame(of(pat()), true);
      finder.on_frame(of(pmt({{0x1b, video_pid}, {0x0f, audio_pid}})), true);
      finder.on_frame(of(packet(pid, true, {whole.begin(), whole.begin() + static_cast<long>(size)})), true);
      finder.on_frame(of(video_delta()), false);
      EXPECT_FALSE(finder.facts().video) << size;
    }
  }
}

std::string sound_of(const std::vector<Es> &tracks) {
  FactFinder finder([] {});
  finder.on_frame(of(pat()), true);
  finder.on_frame(of(pmt(tracks)), true);
  return finder.facts().audio ? finder.facts().audio->codec : "";
}

TEST(FactFinder, NamesTheCodecOfEachKindOfTrack) {
  const Es picture{0x1b, video_pid};
  EXPECT_EQ(sound_of({picture, {0x0f, audio_pid}}), "aac");
  EXPECT_EQ(sound_of({picture, {0x11, audio_pid}}), "latm");
  EXPECT_EQ(sound_of({picture, {0x03, audio_pid}}), "mp3");
  EXPECT_EQ(sound_of({picture, {0x81, audio_pid}}), "ac3");
  EXPECT_EQ(sound_of({picture, {0x87, audio_pid}}), "eac3");
  EXPECT_EQ(sound_of({picture, {0x06, audio_pid}}), "");
  EXPECT_EQ(sound_of({picture, {0x06, audio_pid, {0x0a, 1, 0, 5, 4, 'O', 'p', 'u', 's'}}}), "opus");
  EXPECT_EQ(sound_of({picture, {0x06, audio_pid, {5, 4, 'B', 'S', 'S', 'D'}}}), "pcm");
  EXPECT_EQ(sound_of({picture, {0x06, audio_pid, {0x6a, 1, 0}}}), "ac3");
  EXPECT_EQ(sound_of({picture, {0x06, audio_pid, {0x7a, 0}}}), "eac3");
  EXPECT_EQ(sound_of({picture, {0x06, audio_pid, {5, 4, 'H', 'E', 'V', 'C'}}}), "");
  EXPECT_EQ(sound_of({picture, {0x06, audio_pid, {5, 200, 'O', 'p'}}}), "");  // cut short
  EXPECT_EQ(sound_of({picture, {0x99, audio_pid}}), "");
}

TEST(FactFinder, ReadsTheChannelsOfOpus) {
  FactFinder finder([] {});
  finder.on_frame(of(pat()), true);
  finder.on_frame(of(pmt({{0x06, audio_pid, {5, 4, 'O', 'p', 'u', 's', 0x7f, 2, 0x80, 6}}})), true);
  EXPECT_EQ(finder.facts().audio, (AudioFacts{"opus", 48'000, 6}));
}

// So do FLV, RTMP and WebRTC.
TEST(FactFinder, TakesTheFirstTrackThatAllFormatsCarry) {
  EXPECT_EQ(sound_of({{0x81, 0x50}, {0x0f, 0x51}, {0x11, 0x52}}), "aac");
  EXPECT_EQ(sound_of({{0x81, 0x50}, {0x11, 0x52}}), "ac3");
  EXPECT_EQ(sound_of({{0x03, 0x50}, {0x0f, 0x51}}), "aac");  // the first one may be MP2
}

// As mpegtsmux of GStreamer 1.26 writes it, with `enable-custom-mappings`.
TEST(FactFinder, NamesAv1InMpegTs) {
  FactFinder finder([] {});
  finder.on_frame(of(pat()), true);
  finder.on_frame(of(pmt({{0x06, video_pid, {5, 4, 'A', 'V', '1', 'G', 0x80, 4, 0x81, 1, 0x0c, 0}}})), true);
  finder.on_frame(of(packet(video_pid, true, pes({0x0a, 0x0c, 0, 0, 0, 4}))), true);
  finder.on_frame(of(video_delta()), false);
  EXPECT_EQ(finder.facts().video, (VideoFacts{.codec = "av1", .is_by_mpegts = true}));
}

TEST(FactFinder, CountsTracks) {
  FactFinder finder([] {});
  const auto tell = [&](const std::vector<Es> &tracks) {
    finder.on_frame(of(pat()), true);
    finder.on_frame(of(pmt(tracks)), true);
    return std::pair(finder.facts().video_tracks, finder.facts().audio_tracks);
  };
  EXPECT_EQ(tell({{0x1b, 0x50}, {0x24, 0x51}, {0x81, 0x52}, {0x0f, 0x53}, {0x0f, 0x54}, {0x99, 0x55}}),
            std::pair(2u, 3u));
  EXPECT_EQ(tell({{0x1b, 0x50}}), std::pair(1u, 0u));
}

TEST(FactFinder, DoesNotReadPastTheEndOfATable) {
  for (const std::uint16_t pid : {std::uint16_t{0}, pmt_pid}) {
    for (std::size_t size = 0; size < 40; ++size) {
      for (const unsigned fill : {0x00u, 0x02u, 0xb0u, 0xffu}) {
        FactFinder finder([] {});
        finder.on_frame(of(pat()), true);
        const std::vector<std::uint8_t> payload(size, static_cast<std::uint8_t>(fill));
        finder.on_frame(of(packet(pid, true, payload)), true);
        EXPECT_EQ(finder.facts(), Facts{});
      }
    }
  }
}

}  // namespace
}  // namespace astral::formats
