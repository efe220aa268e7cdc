// SPDX-License-Identifier: BSD-3-Clause
// What TsMux writes, TsDemux reads again, whatever the sizes of the frames; what is lost in between damages
// nothing else.
#include "formats/ts_mux.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>
#include <vector>

#include "../track/ts_builder.hpp"
#include "formats/opus_packet.hpp"
#include "formats/pes.hpp"
#include "formats/pictures.hpp"
#include "formats/ts_codecs.hpp"
#include "formats/ts_demux.hpp"

namespace astral::formats {
namespace {

using Buffer = std::vector<std::uint8_t>;
constexpr std::int64_t second = Timeline::second;
constexpr adts::Config config{.profile = 2, .rate = 3, .channels = 2};

Buffer picture_of(std::size_t size, std::uint8_t fill) {
  Buffer out{0, 0, 0, 1, 0x41};
  out.resize(5 + size, fill);
  return out;
}
Buffer sound_of(std::size_t size, std::uint8_t fill) {
  Buffer out;
  adts::put_head(out, config, size);
  out.resize(adts::head_size + size, fill);
  return out;
}
void append(std::vector<Unit> &to, std::vector<Unit> units) {
  for (Unit &unit : units) to.push_back(std::move(unit));
}

// As ffmpeg and GStreamer write it: the size of the packet before it, and two descriptors.
TEST(TsMux, WritesOpus) {
  TsMux mux;
  mux.set_tracks(TsMux::Video::none, TsMux::Audio::opus, 1);
  const Buffer packets = mux.write({.kind = Kind::audio, .decoded = second, .data = Buffer(300, 0xaa)});
  TsCodecs codecs;
  EXPECT_TRUE(codecs.see(packets));
  EXPECT_EQ(codecs.audio().codec, "opus");
  EXPECT_EQ(codecs.video().codec, "");
  const auto has = [&](const Buffer &part) {
    return std::search(packets.begin(), packets.end(), part.begin(), part.end()) != packets.end();
  };
  EXPECT_TRUE(has({0x06, 0xe0, 0x42, 0xf0, 10, 0x05, 4, 'O', 'p', 'u', 's', 0x7f, 2, 0x80, 1}));
  EXPECT_TRUE(has({0, 0, 1, 0xbd}));
  EXPECT_TRUE(has({0x7f, 0xe0, 0xff, 45, 0xaa}));
}

TEST(TsMux, EverySizeOfFrameIsReadAgain) {
  TsMux mux;
  mux.set_tracks(TsMux::Video::h264, TsMux::Audio::aac);
  TsDemux demux;
  std::vector<Unit> units;
  constexpr std::size_t most = 800;
  for (std::size_t size = 1; size <= most; ++size) {
    const Buffer picture = picture_of(size, static_cast<std::uint8_t>(size | 1));
    const auto at = static_cast<std::int64_t>(size) * 3600 + second;
    const Buffer packets = mux.write({.kind = Kind::video,
                                      .is_start = size % 50 == 1,
                                      .decoded = at,
                                      .shown = size % 3 == 0 ? 7200 : 0,
                                      .data = picture});
    ASSERT_EQ(packets.size() % ts_packet_size, 0u);
    append(units, demux.push(packets));
    append(units, demux.push(mux.write({.kind = Kind::audio, .decoded = at, .data = sound_of(size, 9)})));
  }
  append(units, demux.finish());
  std::size_t pictures = 0, sounds = 0;
  for (const Unit &unit : units) {
    std::size_t &count = unit.kind == Kind::video ? pictures : sounds;
    ++count;
    EXPECT_EQ(unit.decoded, static_cast<std::int64_t>(count) * 3600 + second);
    EXPECT_FALSE(unit.is_after_loss);
    if (unit.kind == Kind::audio) {
      EXPECT_EQ(unit.data, Buffer(count, 9));
      EXPECT_EQ(unit.config, config);
    } else {
      EXPECT_EQ(unit.data, picture_of(count, static_cast<std::uint8_t>(count | 1)));
      EXPECT_EQ(unit.shown, count % 3 == 0 ? 7200 : 0);
    }
  }
  EXPECT_EQ(pictures, most);
  EXPECT_EQ(sounds, most);
}

// The picture comes once a second, sound 50 times.
TEST(TsMux, SendsItsClockOftenWherePicturesAreRare) {
  TsMux mux;
  mux.set_tracks(TsMux::Video::h264, TsMux::Audio::aac);
  std::vector<std::int64_t> clocks;
  std::int64_t earliest = 0;
  for (std::int64_t at = second; at < 20 * second; at += second / 50) {
    Buffer packets;
    if (at % second == 0) packets = mux.write({.kind = Kind::video, .decoded = at, .data = picture_of(9, 1)});
    const Buffer more = mux.write({.kind = Kind::audio, .decoded = at, .data = sound_of(9, 1)});
    packets.insert(packets.end(), more.begin(), more.end());
    earliest = at;
    for (std::size_t i = 0; i < packets.size(); i += ts_packet_size)
      if ((packets[i + 3] & 0x20) != 0 && packets[i + 4] > 0 && (packets[i + 5] & 0x10) != 0)
        clocks.push_back(std::int64_t{packets[i + 6]} << 25 | std::int64_t{packets[i + 7]} << 17 |
                         std::int64_t{packets[i + 8]} << 9 | std::int64_t{packets[i + 9]} << 1 |
                         packets[i + 10] >> 7);
  }
  ASSERT_GT(clocks.size(), 190u);
  for (std::size_t i = 1; i < clocks.size(); ++i) {
    EXPECT_GE(clocks[i], clocks[i - 1]);
    EXPECT_LE(clocks[i] - clocks[i - 1], second / 10);
  }
  EXPECT_LE(clocks.back(), earliest);
}

TEST(TsMux, AnnouncesATrackThatBeginsLater) {
  TsMux mux;
  TsDemux demux;
  mux.set_tracks(TsMux::Video::none, TsMux::Audio::aac);
  std::vector<Unit> units;
  std::int64_t at = second;
  for (int i = 0; i < 50; ++i, at += 1800)
    append(units, demux.push(mux.write({.kind = Kind::audio, .decoded = at, .data = sound_of(90, 1)})));
  EXPECT_FALSE(demux.tracks().video);
  mux.set_tracks(TsMux::Video::h264, TsMux::Audio::aac);
  for (int i = 0; i < 50; ++i, at += 1800) {
    append(units, demux.push(mux.write({.decoded = at, .data = picture_of(500, 2)})));
    append(units, demux.push(mux.write({.kind = Kind::audio, .decoded = at, .data = sound_of(90, 1)})));
  }
  append(units, demux.finish());
  EXPECT_TRUE(demux.tracks().video);
  EXPECT_EQ(units.size(), 150u);
}

// Each packet in turn is missing.
TEST(TsDemux, ALostPacketDamagesOnlyItsFrame) {
  Buffer packets;
  TsMux mux;
  mux.set_tracks(TsMux::Video::h264, TsMux::Audio::aac);
  for (int i = 0; i < 6; ++i) {
    const std::int64_t at = second + i * 3600;
    for (const Buffer &more : {mux.write({.decoded = at, .data = picture_of(500, 2)}),
                               mux.write({.kind = Kind::audio, .decoded = at, .data = sound_of(200, 1)})})
      packets.insert(packets.end(), more.begin(), more.end());
  }
  const std::size_t tables = 2 * ts_packet_size;  // PAT and PMT
  for (std::size_t lost = tables; lost < packets.size(); lost += ts_packet_size) {
    Buffer rest = packets;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(lost),
               rest.begin() + static_cast<std::ptrdiff_t>(lost + ts_packet_size));
    TsDemux demux;
    std::vector<Unit> units = demux.push(rest);
    append(units, demux.finish());
    const bool is_payload = (packets[lost + 3] & 0x10) != 0 && packets[lost + 2] > 0x20;
    EXPECT_GE(units.size(), is_payload ? 11u : 12u) << lost / ts_packet_size;
    for (const Unit &unit : units) {
      const std::size_t size = unit.kind == Kind::video ? 505u : 200u;
      const bool is_last = unit.decoded == second + 5 * 3600;  // its end cannot be checked
      EXPECT_TRUE(unit.data.size() == size || is_last) << lost / ts_packet_size;
    }
  }
}

TEST(TsDemux, ReadsBytesInAnyPieces) {
  Buffer packets;
  TsMux mux;
  mux.set_tracks(TsMux::Video::h264, TsMux::Audio::aac);
  for (int i = 0; i < 6; ++i) {
    const Buffer more = mux.write({.decoded = second + i * 3600, .data = picture_of(500, 2)});
    packets.insert(packets.end(), more.begin(), more.end());
  }
  for (std::size_t size = 1; size < 400; size += 7) {
    TsDemux demux;
    std::vector<Unit> units;
    for (Bytes rest(packets); !rest.empty(); rest = rest.subspan(std::min(size, rest.size())))
      append(units, demux.push(rest.first(std::min(size, rest.size()))));
    append(units, demux.finish());
    EXPECT_EQ(units.size(), 6u) << size;
  }
}

// One picture a second: it does not wait for the next one.
TEST(TsDemux, SoundEndsThePictureBeforeIt) {
  TsMux mux;
  mux.set_tracks(TsMux::Video::h264, TsMux::Audio::aac);
  TsDemux demux;
  EXPECT_TRUE(demux.push(mux.write({.decoded = second, .data = picture_of(500, 2)})).empty());
  const Buffer sound = sound_of(90, 1);
  const auto units = demux.push(mux.write({.kind = Kind::audio, .decoded = second, .data = sound}));
  ASSERT_EQ(units.size(), 2u);
  EXPECT_EQ(units[0].data.size(), 505u);
}

// A multiplexer that puts stuffing and sound into the middle of a picture costs one picture, not each.
TEST(TsDemux, APictureMayGoOnAfterSound) {
  TsMux mux;
  mux.set_tracks(TsMux::Video::h264, TsMux::Audio::aac);
  TsDemux demux;
  std::vector<Unit> units;
  for (int i = 0; i < 5; ++i) {
    const std::int64_t at = second + i * 3600;
    const Buffer picture = mux.write({.decoded = at, .data = picture_of(100, 2)});
    append(units, demux.push(picture));
    append(units, demux.push(mux.write({.kind = Kind::audio, .decoded = at, .data = sound_of(90, 1)})));
    Buffer rest = mux.write({.decoded = at, .data = picture_of(100, 2)});
    rest.erase(rest.begin(), rest.end() - ts_packet_size);
    rest[1] &= 0xbf;  // not the start of a PES packet
    append(units, demux.push(rest));
  }
  append(units, demux.finish());
  std::size_t longer = 0;
  for (const Unit &unit : units) longer += unit.kind == Kind::video && unit.data.size() > 105 ? 1 : 0;
  EXPECT_EQ(longer, 4u);
}

TEST(TsDemux, AnAudioFrameMayCrossPesPackets) {
  TsMux mux;
  mux.set_tracks(TsMux::Video::none, TsMux::Audio::aac);
  Buffer frames;
  for (int i = 0; i < 4; ++i) {
    const Buffer frame = sound_of(101, static_cast<std::uint8_t>(i));
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  TsDemux demux;
  std::vector<Unit> units;
  for (std::size_t at = 0, i = 0; at < frames.size(); at += 150, ++i) {
    const Bytes piece = Bytes(frames).subspan(at, std::min<std::size_t>(150, frames.size() - at));
    const auto time = second + static_cast<std::int64_t>(i) * 1920;
    append(units, demux.push(mux.write({.kind = Kind::audio, .decoded = time, .data = piece})));
  }
  append(units, demux.finish());
  ASSERT_EQ(units.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(units[i].data, Buffer(101, static_cast<std::uint8_t>(i)));
  }
  EXPECT_EQ(units[1].decoded, second + 1920);
}

// MP3 of 128 kbit/s at 44.1 kHz. Its data may look like a head.
TEST(TsDemux, ReadsMpegAudio) {
  const auto frame_of = [](std::uint8_t fill) {
    Buffer frame(417, fill);
    std::copy_n(std::initializer_list<std::uint8_t>{0xff, 0xfb, 0x90, 0x64}.begin(), 4, frame.begin());
    return frame;
  };
  TsMux mux;
  mux.set_tracks(TsMux::Video::none, TsMux::Audio::mp3);
  TsDemux demux;
  std::vector<Unit> units;
  Buffer both = frame_of(1);
  const Buffer next = frame_of(0xff);
  both.insert(both.end(), next.begin(), next.end());
  const Bytes joined = Bytes(both).subspan(100);  // the first packet that comes begins inside a frame
  append(units, demux.push(mux.write({.kind = Kind::audio, .decoded = second, .data = joined})));
  for (int i = 1; i < 4; ++i)
    append(units, demux.push(mux.write({.kind = Kind::audio, .decoded = second + i * 4702, .data = both})));
  append(units, demux.finish());
  EXPECT_TRUE(demux.tracks().audio);
  ASSERT_EQ(units.size(), 7u);
  for (std::size_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(units[i].codec, Codec::mpeg_audio);
    EXPECT_EQ(units[i].layer, 3u);
    EXPECT_EQ(units[i].data, frame_of(i % 2 == 0 ? 0xff : 1));
    EXPECT_EQ(units[i].decoded,
              second + static_cast<std::int64_t>(i / 2 + i % 2) * 4702 + (i > 0 && i % 2 == 0 ? 2351 : 0));
  }
}

TEST(TsDemux, PrefersAacToMpegAudio) {
  TsDemux demux;
  const auto table = track::test::pmt({{mp3_type, track::test::audio_pid}, {aac_type, 0x50}});
  demux.push(track::test::pat());
  demux.push(table);
  TsMux mux;
  mux.set_tracks(TsMux::Video::none, TsMux::Audio::aac);
  std::vector<Unit> units;
  Buffer packets = mux.write({.kind = Kind::audio, .decoded = second, .data = sound_of(90, 1)});
  for (std::size_t at = 2 * ts_packet_size; at < packets.size(); at += ts_packet_size) packets[at + 2] = 0x50;
  append(units, demux.push(Bytes(packets).subspan(2 * ts_packet_size)));
  append(units, demux.finish());
  ASSERT_EQ(units.size(), 1u);
  EXPECT_EQ(units[0].codec, Codec::aac);
}

// Packets of 20 ms, two of them in one PES packet.
TEST(TsDemux, ReadsHevcAndOpus) {
  TsMux mux;
  mux.set_tracks(TsMux::Video::h265, TsMux::Audio::opus, 1);
  TsDemux demux;
  std::vector<Unit> units;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t at = second + static_cast<std::int64_t>(i) * 3600;
    Buffer sound(i == 0 ? 1 : 300 * i, 7);
    sound[0] = 0xfc;
    if (i == 1) {
      opus::put_head(sound, 2);
      sound.insert(sound.end(), {0x08, 1});
      // TsMux puts a head before both, so its size is that of the first one.
      Buffer packets = mux.write({.kind = Kind::audio, .decoded = at, .data = sound});
      const Buffer size{0x7f, 0xe0, 0xff, 50};
      const auto head = std::search(packets.begin(), packets.end(), size.begin(), size.end());
      ASSERT_NE(head, packets.end());
      head[3] = 45;
      append(units, demux.push(packets));
    } else {
      append(units, demux.push(mux.write({.kind = Kind::audio, .decoded = at, .data = sound})));
    }
    append(units, demux.push(mux.write({.kind = Kind::video, .decoded = at, .data = picture_of(500, 3)})));
  }
  append(units, demux.finish());
  EXPECT_EQ(demux.tracks().video, Codec::h265);
  EXPECT_EQ(demux.tracks().audio, Codec::opus);
  EXPECT_EQ(demux.tracks().channels, 1u);
  std::vector<std::int64_t> heard;
  std::vector<std::size_t> sizes;
  for (const Unit &unit : units) {
    EXPECT_EQ(unit.codec, unit.kind == Kind::video ? Codec::h265 : Codec::opus);
    if (unit.kind == Kind::video) {
      EXPECT_EQ(unit.data, picture_of(500, 3));
      continue;
    }
    heard.push_back(unit.decoded - second);
    sizes.push_back(unit.data.size());
  }
  EXPECT_EQ(heard, (std::vector<std::int64_t>{0, 3600, 5400, 7200}));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 300, 2, 600}));
}

TEST(TsDemux, LeavesOutOpusOfMoreThanTwoChannels) {
  for (const auto &[code, is_there] : {std::pair(0, true), std::pair(2, true), std::pair(6, false)}) {
    TsDemux demux;
    demux.push(track::test::pat());
    demux.push(
        track::test::pmt({{0x06,
                           track::test::audio_pid,
                           {5, 4, 'O', 'p', 'u', 's', 0x7f, 2, 0x80, static_cast<std::uint8_t>(code)}}}));
    EXPECT_EQ(demux.tracks().audio.has_value(), is_there) << code;
  }
}

// Parameter sets of x265, then a picture that a decoder can start with, in H.265 and then in H.264.
TEST(Pictures, BeginAgainWithAnotherCodec) {
  Pictures pictures;
  const auto take = [&](Codec codec, const std::vector<Buffer> &parts) {
    Unit unit{.codec = codec, .data = {}};
    for (const Buffer &part : parts) h264::put_after_start_code(unit.data, part);
    const auto picture = pictures.take(unit, Time{});
    return picture ? static_cast<int>(picture->units.size()) : 0;
  };
  const Buffer vps{0x40, 1, 1}, sps{0x42, 1, 1}, pps{0x44, 1, 1}, key{0x28, 1, 1}, later{0x02, 1, 1};
  EXPECT_EQ(take(Codec::h265, {later}), 0);
  EXPECT_EQ(take(Codec::h265, {vps, sps, pps, key}), 4);
  EXPECT_EQ(take(Codec::h265, {later}), 1);
  EXPECT_EQ(pictures.record()[22], 3);  // kinds of parameter sets
  const unsigned version = pictures.version();
  EXPECT_EQ(take(Codec::h264, {{0x41, 1, 1}}), 0);
  EXPECT_EQ(take(Codec::h264, {{0x67, 0x42, 0xc0, 0x0a, 0x80}, {0x68, 0x80}, {0x65, 1, 1}}), 3);
  EXPECT_GT(pictures.version(), version);
  EXPECT_EQ(pictures.record()[0], 1);
}

TEST(TsDemux, SurvivesRubbish) {
  std::uint32_t seed = 1;
  TsMux mux;
  mux.set_tracks(TsMux::Video::h264, TsMux::Audio::aac);
  for (int round = 0; round < 300; ++round) {
    TsDemux demux;
    for (int i = 0; i < 20; ++i) {
      Buffer packets = mux.write({.kind = i % 2 == 0 ? Kind::video : Kind::audio,
                                  .is_start = i % 5 == 0,
                                  .decoded = second + i * 3600,
                                  .data = i % 2 == 0 ? picture_of(300, 2) : sound_of(200, 1)});
      for (int bit = 0; bit < round % 8; ++bit) {
        seed = seed * 1664525 + 1013904223;
        packets[(seed >> 8) % packets.size()] = static_cast<std::uint8_t>(seed >> 24);
      }
      for (const Unit &unit : demux.push(packets)) {
        ASSERT_LT(unit.decoded, pes_round * 2);
      }
    }
    demux.finish();
  }
}

}  // namespace
}  // namespace astral::formats
