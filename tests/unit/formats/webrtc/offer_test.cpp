// SPDX-License-Identifier: BSD-3-Clause
#include "formats/webrtc/offer.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "formats/webrtc/limits.hpp"
#include "offers.hpp"

namespace astral::webrtc {
namespace {

using test::offer;
using test::replaced;

std::string failure(const std::string &text) {
  const auto parsed = parse_offer(text);
  return parsed ? "" : parsed.error().detail;
}

TEST(Offer, OfABrowserIsRead) {
  const auto parsed = parse_offer(offer("sendonly"));
  ASSERT_TRUE(parsed) << parsed.error().detail;
  ASSERT_EQ(parsed->media.size(), 2u);
  const Media &video = parsed->media[0];
  EXPECT_EQ(video.kind, Kind::video);
  EXPECT_EQ(video.mid, "0");
  EXPECT_TRUE(video.sends && !video.receives && video.rtcp_mux && video.is_bundled && !video.is_rejected);
  EXPECT_EQ(video.transport.ufrag, "kvki");
  EXPECT_EQ(video.transport.fingerprint, test::certificate);
  EXPECT_EQ(video.transport.setup, "actpass");
  EXPECT_EQ(video.sources, (std::vector<std::uint32_t>{31, 32}));
  ASSERT_EQ(video.payloads.size(), 5u);
  EXPECT_EQ(video.payloads[1].codec, "H264");
  EXPECT_EQ(video.payloads[1].parameter("packetization-mode"), "1");
  EXPECT_EQ(video.payloads[1].parameter("Profile-Level-Id"), "42001f");
  EXPECT_EQ(video.payloads[1].parameter("none"), "");
  EXPECT_TRUE(video.payloads[1].nack && video.payloads[1].pli && !video.payloads[1].fir);
  const Payload &opus = parsed->media[1].payloads[0];
  EXPECT_EQ(opus.codec, "OPUS");
  EXPECT_EQ(opus.rate, 48000u);
  EXPECT_EQ(opus.channels, 2u);
}

TEST(Offer, AnnouncesTheRateOfAMedium) {
  const auto kbps = [](const std::string &lines) {
    const auto parsed = parse_offer("v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96\n" + lines);
    return parsed ? parsed->media[0].bandwidth_kbps : 1;
  };
  EXPECT_EQ(kbps(""), 0u);
  EXPECT_EQ(kbps("b=AS:2500\n"), 2'500u);
  EXPECT_EQ(kbps("b=AS:2500\nb=TIAS:2400000\n"), 2'400u);
  EXPECT_EQ(kbps("b=TIAS:2400000\nb=AS:2500\n"), 2'400u);
  EXPECT_EQ(kbps("b=CT:9\nb=AS:x\nb=AS:-1\nb=AS\n"), 0u);
}

// SSRC 0 means "none" to GStreamer.
TEST(Offer, LeavesOutSsrc0) {
  const auto parsed =
      parse_offer("v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96\na=ssrc:0 cname:x\na=ssrc:7 cname:x\n");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->media[0].sources, std::vector<std::uint32_t>{7});
}

TEST(Offer, OnlyNumericUdpCandidatesAreKept) {
  const auto parsed = parse_offer(offer("sendonly"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->candidates, std::vector<std::string>{"14 1 UDP 2122194687 192.0.2.2 34262 typ host"});
}

TEST(Offer, KeepsOnlyWellFormedCandidates) {
  for (const char *bad :
       {"", "1 1 udp 5 192.0.2.2 9", "1 2 udp 5 192.0.2.2 9 typ host", "1 1 udp 5 192.0.2 9 typ host",
        "1 1 udp 5 192.0.2.256 9 typ host", "1 1 udp 5 192.0.2.2 0 typ host",
        "1 1 udp 5 192.0.2.2 65536 typ host", "1 1 udp 5 192.0.2.2 9 typ other",
        "1 1 udp x 192.0.2.2 9 typ host", "1 1 udp 5 name 9 typ host", "1 1 udp 5 1:2:3 9 typ host",
        "1 1 udp 5 1::2::3 9 typ host", "1 1 udp 5 :1 9 typ host", "1 1 udp 5 1:2:3:4:5:6:7:8:9 9 typ host",
        "1 1 udp 5 12345:: 9 typ host", "1 1 udp 5 g:: 9 typ host"})
    EXPECT_EQ(usable_candidate(bad), "") << bad;
  for (const char *address : {"192.0.2.2", "fd00::2", "::1", "::", "1:2:3:4:5:6:7:8", "fe80::"})
    EXPECT_EQ(usable_candidate(std::string("1 1 udp 5 ") + address + " 9 typ srflx raddr 192.0.2.1 rport 1"),
              std::string("1 1 UDP 5 ") + address + " 9 typ srflx");
}

TEST(Offer, SessionAttributesAreForAllMedia) {
  const auto parsed = parse_offer(
      "v=0\na=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\na=recvonly\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96\nm=audio 9 UDP/TLS/RTP/SAVPF 0\na=sendonly\n");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->media[1].transport.ufrag, "abcd");
  EXPECT_TRUE(parsed->media[0].receives && !parsed->media[0].sends);
  EXPECT_TRUE(parsed->media[1].sends && !parsed->media[1].receives);
}

TEST(Offer, AnErrorNamesTheLine) {
  EXPECT_EQ(failure(""), "SDP, line 0: the offer is empty");
  EXPECT_EQ(failure("hello"), "SDP, line 1: must be of the form x=…");
  EXPECT_EQ(failure("s=-"), "SDP, line 1: must be v=0");
  EXPECT_EQ(failure("v=0\nm=video"), "SDP, line 2: must be m=MEDIA PORT PROTOCOL FORMAT…");
  EXPECT_EQ(failure("v=0\nm=video 9 UDP/TLS/RTP/SAVPF 128"),
            "SDP, line 2: a payload type must be from 0 to 127");
  EXPECT_EQ(failure("v=0\na=ice-ufrag:abc"), "SDP, line 2: must be 4 to 256 letters, digits, + and /");
  EXPECT_EQ(failure("v=0\na=fingerprint:sha-256 AA:BB"), "SDP, line 2: a SHA-256 has 32 bytes");
  EXPECT_EQ(failure("v=0\na=setup:holdconn"), "SDP, line 2: must be actpass, active or passive");
  EXPECT_EQ(failure(replaced(offer("sendonly"), "a=mid:1", "a=mid:0")).substr(10),
            "44: two m= lines have the same a=mid");
  EXPECT_EQ(failure("v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 H264"),
            "SDP, line 3: must be a=rtpmap:TYPE CODEC/RATE");
}

TEST(Offer, KeepsWithinItsLimits) {
  const auto code = [](const std::string &text) {
    const auto parsed = parse_offer(text);
    return parsed ? std::string("fine") : parsed.error().code == Code::too_large ? "too large" : "invalid";
  };
  const auto times = [](std::size_t count, const std::string &line) {
    std::string text = "v=0\n";
    for (std::size_t i = 0; i < count; ++i) text += line;
    return text;
  };
  EXPECT_EQ(code(std::string(max_offer + 1, 'v')), "too large");
  EXPECT_EQ(code(times(max_lines - 1, "a=x\n")), "fine");
  EXPECT_EQ(code(times(max_lines, "a=x\n")), "too large");
  EXPECT_EQ(code("v=0\na=" + std::string(max_line, 'x')), "too large");
  EXPECT_EQ(code(times(max_media, "m=audio 9 UDP/TLS/RTP/SAVPF 0\n")), "fine");
  EXPECT_EQ(code(times(max_media + 1, "m=audio 9 UDP/TLS/RTP/SAVPF 0\n")), "too large");
  EXPECT_EQ(code("v=0\nm=audio 9 UDP/TLS/RTP/SAVPF" + replaced(std::string(130, '1'), "1", " 1")),
            "too large");
}

}  // namespace
}  // namespace astral::webrtc
