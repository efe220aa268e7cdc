// SPDX-License-Identifier: BSD-3-Clause
// Offers as a browser makes them, for the tests to change.
#pragma once

#include <string>
#include <string_view>

namespace astral::test {

inline constexpr const char *certificate =
    "0E:B6:E7:29:4B:AE:62:EF:E4:09:17:61:64:F9:CF:D8:67:94:F2:BC:C8:F9:CB:AB:F6:15:17:1C:39:F6:38:B1";

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

inline std::string transport_lines() {
  return "c=IN IP4 "
         "0.0.0.0\r\na=ice-ufrag:kvki\r\na=ice-pwd:YSe8XtqS/9H5ZYsc3jrmX3w2\r\na=fingerprint:sha-256 " +
         std::string(certificate) + "\r\na=setup:actpass\r\na=rtcp-mux\r\n";
}

// DIRECTION stands for sendonly or recvonly.
inline std::string offer(std::string_view direction) {
  const std::string text =
      "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96 102 104 108 116\r\n" +
      transport_lines() +
      "a=candidate:14 1 udp 2122194687 192.0.2.2 34262 typ host generation 0 network-id 1\r\n"
      "a=candidate:15 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active generation 0\r\n"
      "a=candidate:16 1 udp 2122194687 e3b0c442-98fc.local 34262 typ host\r\n"
      "a=mid:0\r\na=DIRECTION\r\n"
      "a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
      "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n"
      "a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 transport-cc\r\na=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack "
      "pli\r\n"
      "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n"
      "a=rtpmap:104 H264/90000\r\n"
      "a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n"
      "a=rtpmap:108 H264/90000\r\na=rtcp-fb:108 transport-cc\r\na=rtcp-fb:108 ccm fir\r\n"
      "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
      "a=rtpmap:116 H264/90000\r\n"
      "a=fmtp:116 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f\r\n"
      "a=ssrc-group:FID 31 32\r\na=ssrc:31 cname:x\r\na=ssrc:32 cname:x\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n" +
      transport_lines() +
      "a=mid:1\r\na=DIRECTION\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
      "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\n";
  return replaced(text, "DIRECTION", direction);
}

}  // namespace astral::test
