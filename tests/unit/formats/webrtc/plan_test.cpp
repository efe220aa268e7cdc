// SPDX-License-Identifier: BSD-3-Clause
#include "formats/webrtc/plan.hpp"

#include <gtest/gtest.h>

#include "offers.hpp"

namespace astral::webrtc {
namespace {

using test::offer;
using test::replaced;

constexpr const char *both = "42c01f";

Expected<Plan> to_send(const std::string &text, const Tracks &tracks = {true, true, both}) {
  return Plan::to_send(parse_offer(text).value(), tracks);
}

Expected<Plan> to_receive(const std::string &text) {
  return Plan::to_receive(parse_offer(text).value());
}

template <typename T>
std::string failure(const Expected<T> &result) {
  return result ? "" : result.error().detail;
}

bool contains(const std::string &text, const std::string &what) {
  return text.find(what) != std::string::npos;
}

TEST(Plan, ChoosesTheProfileOfTheStream) {
  const auto type = [](const std::string &profile) {
    return to_send(offer("recvonly"), {true, true, profile})->video()->payload.type;
  };
  EXPECT_EQ(type("42e01f"), 108u);
  EXPECT_EQ(type("42001e"), 102u);
  EXPECT_EQ(type("4d401f"), 116u);
  EXPECT_EQ(type("640028"), 102u);  // not offered: browsers decode more profiles than they offer
  EXPECT_EQ(type(""), 102u);
}

TEST(Plan, PrefersConstrainedBaseline) {
  EXPECT_EQ(to_receive(offer("sendonly"))->video()->payload.type, 108u);
  EXPECT_EQ(to_receive(offer("sendonly"))->video()->transport_cc, 4u);
  EXPECT_EQ(to_receive(replaced(offer("sendonly"), "rtpmap:108 H264", "rtpmap:108 X"))->video()->payload.type,
            102u);
  EXPECT_EQ(to_receive(replaced(offer("sendonly"), "H264", "X"))->video()->payload.codec, "VP8");
}

TEST(Plan, WebrtcbinGetsOnlyWhatWasChosen) {
  const auto plan = to_receive(offer("sendonly"));
  ASSERT_TRUE(plan) << plan.error().detail;
  const std::string text = plan->element_offer();
  EXPECT_TRUE(contains(text, "m=video 9 UDP/TLS/RTP/SAVPF 108\r\n")) << text;
  EXPECT_TRUE(contains(
      text, "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"));
  EXPECT_TRUE(contains(text, "a=group:BUNDLE 0 1\r\n"));
  EXPECT_FALSE(contains(text, "VP8")) << text;
  EXPECT_FALSE(contains(text, ".local")) << text;
  const auto again = parse_offer(text);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(Plan::to_receive(*again)->element_offer(), text);
}

// The offer with a=rtpmap and a=fmtp of a retransmission's payload type, as all browsers have them.
std::string with_rtx(const std::string &direction, const std::string &format = "apt=108",
                     const std::string &rtpmap = "rtx/90000", const std::string &type = "109") {
  return replaced(
      replaced(replaced(offer(direction), "SAVPF 96 102", "SAVPF " + type + " 96 102"), "a=ssrc-group",
               "a=rtpmap:" + type + " " + rtpmap + "\r\na=fmtp:" + type + " " + format + "\r\na=ssrc-group"),
      "a=rtcp-fb:108 ccm fir", "a=rtcp-fb:108 nack\r\na=rtcp-fb:108 ccm fir");
}

std::optional<unsigned> rtx_of(const std::string &text) {
  const auto plan = to_receive(text);
  return plan && plan->video()->payload.type == 108 ? plan->video()->rtx : 0;
}

TEST(Plan, LostVideoIsSentAgain) {
  for (const bool sends : {true, false}) {
    const std::string text = with_rtx(sends ? "recvonly" : "sendonly");
    const auto plan = sends ? to_send(text, {true, true, "42e01f"}) : to_receive(text);
    ASSERT_TRUE(plan) << plan.error().detail;
    EXPECT_EQ(plan->video()->rtx, 109u);
    EXPECT_FALSE(plan->audio()->rtx);
    const std::string offered = plan->element_offer();
    for (const char *line : {"m=video 9 UDP/TLS/RTP/SAVPF 108 109\r\n", "a=rtcp-fb:108 nack\r\n",
                             "a=rtpmap:109 rtx/90000\r\n", "a=fmtp:109 apt=108\r\n"})
      EXPECT_TRUE(contains(offered, line)) << line << offered;
    const auto again = parse_offer(offered);
    ASSERT_TRUE(again) << again.error().detail;
    const auto same = sends ? Plan::to_send(*again, {true, true, "42e01f"}) : Plan::to_receive(*again);
    EXPECT_EQ(same->element_offer(), offered);
  }
}

TEST(Plan, FindsTheRetransmissionsOfEachBrowser) {
  EXPECT_EQ(rtx_of(with_rtx("sendonly", "apt=108;rtx-time=3000")), 109u);
  EXPECT_EQ(rtx_of(with_rtx("sendonly", "rtx-time=3000; apt=108", "RTX/90000")), 109u);
  EXPECT_EQ(rtx_of(with_rtx("sendonly", "apt=108", "rtx/90000", "40")), 40u);
}

TEST(Plan, SendsNothingAgainWithoutASoundPayloadTypeForIt) {
  EXPECT_EQ(rtx_of(offer("sendonly")), std::nullopt);
  EXPECT_EQ(rtx_of(replaced(with_rtx("sendonly"), "a=rtcp-fb:108 nack\r\n", "")), std::nullopt);
  for (const char *format :
       {"apt=102", "apt=", "apt=x", "apt=108x", "apt=-1", "apt=4294967404", "apt=236", "108"})
    EXPECT_EQ(rtx_of(with_rtx("sendonly", format)), std::nullopt) << format;
  for (const char *rtpmap : {"rtx/8000", "rtx2/90000", "red/90000"})
    EXPECT_EQ(rtx_of(with_rtx("sendonly", "apt=108", rtpmap)), std::nullopt) << rtpmap;
  for (const char *type : {"0", "34", "64", "72", "95"})  // static, or taken for RTCP
    EXPECT_EQ(rtx_of(with_rtx("sendonly", "apt=108", "rtx/90000", type)), std::nullopt) << type;
}

TEST(Plan, TheAnswerRefusesWhatWasNotChosen) {
  const auto plan =
      to_send(offer("recvonly") + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n",
              {true, false, both});
  ASSERT_TRUE(plan) << plan.error().detail;
  EXPECT_FALSE(contains(plan->element_offer(), "m=audio"));
  const auto answer =
      plan->answer("v=0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 108\r\na=mid:0\r\n");
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(
      *answer,
      "v=0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 108\r\na=mid:0\r\n"
      "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=inactive\r\n"
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=inactive\r\n");
  EXPECT_FALSE(plan->answer("v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 108\r\n"));
  EXPECT_FALSE(plan->answer("v=0\r\n"));
}

TEST(Plan, WhatCarriesTheBundlesTransportIsInactiveAndNotRefused) {
  const auto plan = to_send(offer("recvonly"), {false, true, ""});
  ASSERT_TRUE(plan) << plan.error().detail;
  EXPECT_FALSE(contains(plan->element_offer(), "m=video"));
  const auto answer = plan->answer(
      "v=0\r\na=group:BUNDLE 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:u\r\na=setup:active\r\n"
      "a=mid:1\r\na=candidate:1 1 UDP 2122 192.0.2.1 9 typ host\r\n");
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_TRUE(answer->starts_with("v=0\r\na=group:BUNDLE 0 1\r\nm=video 9 UDP/TLS/RTP/SAVPF ")) << *answer;
  const std::string video = answer->substr(0, answer->find("m=audio"));
  for (const char *line :
       {"a=ice-ufrag:u\r\n", "a=setup:active\r\n", "a=candidate:1 1 UDP 2122 192.0.2.1 9 typ host\r\n",
        "a=mid:0\r\n", "a=inactive\r\n", "a=rtcp-mux\r\n", "a=rtpmap:"})
    EXPECT_TRUE(contains(video, line)) << line << video;
  const auto alone = to_send(replaced(offer("recvonly"), "BUNDLE 0 1", "BUNDLE 1"), {false, true, ""});
  ASSERT_TRUE(alone) << alone.error().detail;
  EXPECT_TRUE(contains(alone->answer("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n").value(), "m=video 0 "));
}

TEST(Plan, AnErrorSaysWhyNothingFits) {
  EXPECT_TRUE(contains(failure(to_send(offer("sendonly"))), "no m=video of the offer receives that"));
  EXPECT_TRUE(contains(failure(to_receive(offer("recvonly"))), "no m=video of the offer sends H.264 or VP8"));
  EXPECT_TRUE(contains(failure(to_receive("v=0\n")), "sends no H.264, VP8 or Opus"));
  EXPECT_TRUE(contains(failure(to_send("v=0\n")), "receives nothing that this stream has"));
  EXPECT_TRUE(contains(failure(to_send(replaced(offer("recvonly"), "a=rtcp-mux", "a=x"))), "a=rtcp-mux"));
  EXPECT_TRUE(
      contains(failure(to_send(replaced(offer("recvonly"), "a=ice-pwd:YSe8XtqS/9H5ZYsc3jrmX3w2", "a=x"))),
               "a=ice-ufrag and a=ice-pwd are missing"));
  EXPECT_TRUE(contains(failure(to_send(replaced(offer("recvonly"), "sha-256", "sha-1"))),
                       "a=fingerprint:sha-256 is missing"));
  EXPECT_TRUE(
      contains(failure(to_send(replaced(offer("recvonly"), "BUNDLE 0 1", "BUNDLE 0"))), "as one bundle"));
  EXPECT_TRUE(contains(failure(to_send(replaced(offer("recvonly"), "a=mid:", "a=x:"))), "has no a=mid"));
}

}  // namespace
}  // namespace astral::webrtc
