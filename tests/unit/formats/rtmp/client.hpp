// SPDX-License-Identifier: BSD-3-Clause
// What clients send, byte by byte, written by the rules of RTMP and not by our own writer.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::rtmp {

class Sent {
 public:
  Sent &raw(std::initializer_list<unsigned> values) {
    for (const unsigned value : values) bytes_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  Sent &add(const Sent &other) {
    bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
    return *this;
  }
  Sent &number(std::uint64_t value, unsigned size) {
    while (size > 0) raw({static_cast<unsigned>(value >> 8 * --size) & 0xffu});
    return *this;
  }
  Sent &fill(std::size_t count, unsigned value) {
    for (; count > 0; --count) raw({value});
    return *this;
  }
  Sent &letters(std::string_view text) {
    for (const char c : text) raw({static_cast<unsigned char>(c)});
    return *this;
  }
  // AMF0.
  Sent &text(std::string_view text) { return raw({2}).number(text.size(), 2).letters(text); }
  Sent &zero() { return raw({0}).number(0, 8); }
  Sent &one() { return raw({0}).number(0x3ff0000000000000, 8); }
  Sent &two() { return raw({0}).number(0x4000000000000000, 8); }
  Sent &null() { return raw({5}); }
  Sent &name(std::string_view name) { return number(name.size(), 2).letters(name); }
  Sent &end() { return raw({0, 0, 9}); }

  Sent &greeting() { return raw({3}).number(0, 8).fill(1528, 0x5a); }
  Sent &confirmation() { return fill(1536, 0); }
  // A whole message: a full header, then the payload in chunks of `size`.
  Sent &message(unsigned chunk_stream, unsigned type, const Sent &body, std::uint32_t timestamp = 0,
                unsigned stream = 0, std::size_t size = 128) {
    raw({chunk_stream}).number(timestamp, 3).number(body.bytes_.size(), 3).raw({type, stream, 0, 0, 0});
    for (std::size_t at = 0; at < body.bytes_.size(); ++at) {
      if (at > 0 && at % size == 0) raw({0xc0u | chunk_stream});
      bytes_.push_back(body.bytes_[at]);
    }
    return *this;
  }

  Bytes bytes() const { return bytes_; }
  operator Bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

inline Sent connect_command(std::string_view app = "astral") {
  return Sent()
      .text("connect")
      .one()
      .raw({3})
      .name("app")
      .text(app)
      .name("type")
      .text("nonprivate")
      .name("flashVer")
      .text("FMLE/3.0 (compatible; Lavf59.27.100)")
      .name("tcUrl")
      .text("rtmp://127.0.0.1:1935/astral")
      .end();
}
inline Sent name_command(std::string_view command, const Sent &transaction, std::string_view name) {
  return Sent().text(command).add(transaction).null().text(name);
}
inline Sent publish_command(std::string_view key) {
  return name_command("publish", Sent().two(), key).text("live");
}
inline Sent play_command(std::string_view key) {
  return name_command("play", Sent().zero(), key).zero();
}

// AVC: a sequence header, a key frame 80 ms early, an inter frame; AAC: a sequence header, a frame.
inline Sent avc_config() {
  return Sent().raw({0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1e, 0xff, 0xe1, 0, 0, 1, 0, 0});
}
inline Sent avc_key() {
  return Sent().raw({0x17, 1, 0, 0, 80}).number(3, 4).raw({0x65, 1, 2});
}
inline Sent avc_inter() {
  return Sent().raw({0x27, 1, 0xff, 0xff, 0xd8}).number(3, 4).raw({0x41, 1, 2});
}
inline Sent aac_config() {
  return Sent().raw({0xaf, 0, 0x12, 0x10});
}
inline Sent aac_frame() {
  return Sent().raw({0xaf, 1, 0x21, 0x22});
}

// The bytes up to the publish or play command.
inline Sent like_ffmpeg() {
  return Sent()
      .greeting()
      .confirmation()
      .message(3, 20, connect_command())
      .message(2, 1, Sent().number(4096, 4))
      .message(3, 20, name_command("releaseStream", Sent().two(), "talk"), 0, 0, 4096)
      .message(3, 20, name_command("FCPublish", Sent().two(), "talk"), 0, 0, 4096)
      .message(3, 20, Sent().text("createStream").two().null(), 0, 0, 4096);
}
// ffmpeg's media, on its chunk streams, with its shortened headers.
inline Sent ffmpeg_media() {
  return Sent()
      .message(
          4, 18,
          Sent().text("@setDataFrame").text("onMetaData").raw({8}).number(1, 4).name("width").one().end(), 0,
          1, 4096)
      .message(6, 9, avc_config(), 0, 1, 4096)
      .message(4, 8, aac_config(), 0, 1, 4096)
      .raw({0x46})
      .number(40, 3)
      .number(avc_key().bytes().size(), 3)
      .raw({9})
      .add(avc_key())
      .raw({0x86})
      .number(40, 3)
      .add(avc_inter())
      .raw({0xc6})
      .add(avc_inter())
      .raw({0x44})
      .number(23, 3)
      .number(aac_frame().bytes().size(), 3)
      .raw({8})
      .add(aac_frame());
}
inline Sent ffmpeg_goodbye() {
  return Sent()
      .message(3, 20, name_command("FCUnpublish", Sent().two(), "talk"), 0, 0, 4096)
      .message(3, 20, Sent().text("deleteStream").two().null().one(), 0, 0, 4096);
}
// OBS sets its chunk size before anything else.
inline Sent like_obs() {
  return Sent()
      .greeting()
      .confirmation()
      .message(2, 1, Sent().number(4096, 4))
      .message(3, 20, connect_command(), 0, 0, 4096)
      .message(3, 20, name_command("releaseStream", Sent().two(), "talk"), 0, 0, 4096)
      .message(3, 20, name_command("FCPublish", Sent().two(), "talk"), 0, 0, 4096)
      .message(3, 20, Sent().text("createStream").two().null(), 0, 0, 4096)
      .message(4, 20, publish_command("talk"), 0, 1, 4096);
}
inline Sent like_rtmp2sink() {
  return Sent()
      .greeting()
      .confirmation()
      .message(3, 20, connect_command())
      .message(2, 5, Sent().number(2'500'000, 4))
      .message(3, 20, name_command("releaseStream", Sent().zero(), "talk"))
      .message(3, 20, name_command("FCPublish", Sent().zero(), "talk"))
      .message(3, 20, Sent().text("createStream").two().null())
      .message(4, 20, name_command("publish", Sent().zero(), "talk").text("live"), 0, 1)
      .message(2, 1, Sent().number(128, 4));
}
inline Sent rtmp2sink_goodbye() {
  return Sent().message(4, 20, name_command("deleteStream", Sent().zero(), "talk"), 0, 1);
}
// A player: ffmpeg, and rtmp2src with its second window size in a chunk without a header.
inline Sent like_ffplay() {
  return Sent()
      .greeting()
      .confirmation()
      .message(3, 20, connect_command())
      .message(2, 5, Sent().number(2'500'000, 4))
      .message(3, 20, Sent().text("createStream").two().null())
      .message(8, 20, name_command("getStreamLength", Sent().two(), "talk"))
      .message(8, 20, play_command("talk"), 0, 1)
      .message(2, 4, Sent().number(3, 2).number(1, 4).number(3000, 4));
}
inline Sent like_rtmp2src() {
  return Sent()
      .greeting()
      .confirmation()
      .message(3, 20, connect_command())
      .message(2, 5, Sent().number(2'500'000, 4))
      .raw({0xc2})
      .number(2'500'000, 4)
      .message(3, 20, Sent().text("createStream").two().null())
      .message(8, 20, play_command("talk"), 0, 1);
}

}  // namespace astral::rtmp
