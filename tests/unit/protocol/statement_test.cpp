// SPDX-License-Identifier: BSD-3-Clause
// What a stream's key says: nobody else can say it, and nobody can change a word of it.
#include "protocol/statement.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "protocol/object_codec.hpp"

namespace astral::protocol {
namespace {

StreamInfo talk() {
  return {.slug = "talk",
          .name = "Talk",
          .description = "about it",
          .source = "n1",
          .streaming = true,
          .media = "video/mpegts",
          .bitrate_kbps = 4000,
          .created = 1'700'000'000,
          .updated = 1'700'000'000'123,
          .expires = 1'700'000'900'000};
}

struct Lie {
  const char *name;
  std::function<void(StreamInfo &)> change;
};

class Lies : public testing::TestWithParam<Lie> {};

TEST_P(Lies, AreNotSigned) {
  StreamInfo stream = talk();
  sign(stream, *Key::generate());
  ASSERT_TRUE(check(stream));
  GetParam().change(stream);
  EXPECT_FALSE(check(stream));
}

INSTANTIATE_TEST_SUITE_P(
    Statement, Lies,
    testing::Values(
        Lie{"Slug", [](StreamInfo &s) { s.slug = "tal"; }},
        Lie{"NameIntoDescription", [](StreamInfo &s) { s.name += "a", s.description.erase(0, 1); }},
        Lie{"Source", [](StreamInfo &s) { s.source = "n2"; }},
        Lie{"Streaming", [](StreamInfo &s) { s.streaming = false; }},
        Lie{"Paused", [](StreamInfo &s) { s.paused = true; }},
        Lie{"Ended", [](StreamInfo &s) { s.ended = true; }},
        Lie{"Deleted", [](StreamInfo &s) { s.deleted = true; }},
        Lie{"Private", [](StreamInfo &s) { s.is_private = true; }},
        Lie{"Media", [](StreamInfo &s) { s.media.clear(); }},
        Lie{"BitRate", [](StreamInfo &s) { ++s.bitrate_kbps; }},
        Lie{"Updated", [](StreamInfo &s) { ++s.updated; }},
        Lie{"Expires", [](StreamInfo &s) { ++s.expires; }},
        Lie{"Fingerprint", [](StreamInfo &s) { s.fingerprint = std::string(64, 'a'); }},
        Lie{"Signature", [](StreamInfo &s) { s.signature[0] = s.signature[0] == '0' ? '1' : '0'; }},
        Lie{"NoSignature", [](StreamInfo &s) { s.signature.clear(); }},
        Lie{"ShortKey", [](StreamInfo &s) { s.key.resize(62); }},
        Lie{"OtherKey",
            [](StreamInfo &s) {
              const Key other = *Key::generate();
              s.key = to_hex(other.public_key_raw());
              s.fingerprint = other.fingerprint();
            }}),
    [](const auto &row) { return row.param.name; });

TEST(Statement, SurvivesTheCodecAndAnOriginsDate) {
  StreamInfo stream = talk();
  sign(stream, *Key::generate());
  json::Reader in = *json::Reader::parse(stream_json(stream).text());
  StreamInfo read = read_stream(in);
  ASSERT_TRUE(in.good()) << in.error().detail;
  EXPECT_EQ(read, stream);
  read.created = 5;
  EXPECT_TRUE(check(read));
}

TEST(Statement, OfAPrivateStreamNamesWhoWasRevoked) {
  StreamInfo stream = talk();
  stream.is_private = true;
  stream.revoked = {"0123456789abcdef", "00000000000000ff"};
  sign(stream, *Key::generate());
  json::Reader in = *json::Reader::parse(stream_json(stream).text());
  StreamInfo read = read_stream(in);
  ASSERT_TRUE(in.good()) << in.error().detail;
  EXPECT_EQ(read, stream);
  ASSERT_TRUE(check(read));
  read.revoked.pop_back();
  EXPECT_FALSE(check(read));
  read = stream;
  read.is_private = false;
  EXPECT_FALSE(check(read));
}

TEST(Statement, ThatIsStrippedCountsAsUnsigned) {
  StreamInfo stream = talk();
  sign(stream, *Key::generate());
  EXPECT_TRUE(stream.is_signed());
  strip(stream);
  EXPECT_FALSE(stream.is_signed());
  StreamInfo bare = talk();
  bare.expires = 0;
  EXPECT_EQ(stream, bare);
}

TEST(Statement, IsNotShownToPeople) {
  StreamInfo stream = talk();
  sign(stream, *Key::generate());
  const std::string shown = plain_stream_json(stream).text();
  EXPECT_NE(shown.find(stream.fingerprint), std::string::npos);
  for (const char *field : {"\"key\"", "\"signature\"", "\"expires\""})
    EXPECT_EQ(shown.find(field), std::string::npos) << field;
}

}  // namespace
}  // namespace astral::protocol
