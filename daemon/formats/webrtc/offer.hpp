// SPDX-License-Identifier: BSD-3-Clause
// Parses an SDP offer (RFC 8866, 8829) that is not trusted into values. Unknown lines are ignored. No other
// code reads the text. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"

namespace astral::webrtc {

enum class Kind { audio, video, other };

struct Payload {
  unsigned type = 0;
  std::string codec;  // upper case; empty: there is no rtpmap
  std::uint32_t rate = 0;
  unsigned channels = 1;
  std::string format;  // a=fmtp as it was sent; printable ASCII
  bool nack = false;
  bool pli = false;
  bool fir = false;
  bool transport_cc = false;

  // "" if the format has no such parameter.
  std::string_view parameter(std::string_view name) const;
};

struct Extension {
  unsigned id = 0;
  std::string uri;
};

// ICE and DTLS of the offerer, for one m= line or for the whole session.
struct Transport {
  std::string ufrag, pwd;
  std::string fingerprint;  // SHA-256: upper-case hexadecimal with colons
  std::string setup;        // actpass, active or passive
};

struct Media {
  Kind kind = Kind::other;
  std::string name;         // audio, video, application…
  std::string protocol;     // UDP/TLS/RTP/SAVPF
  std::string format = {};  // the first one as it was sent
  std::string mid = {};
  bool is_rejected = false;  // its port is 0 and it is not bundled
  bool is_bundled = false;
  bool sends = true, receives = true;
  bool rtcp_mux = false;
  Transport transport = {};
  std::vector<Payload> payloads = {};
  std::vector<Extension> extensions = {};
  std::vector<std::uint32_t> sources = {};  // SSRCs
  std::uint32_t bandwidth_kbps = 0;         // b=TIAS or b=AS (RFC 8866, 5.8); 0: not given
};

struct Offer {
  std::vector<Media> media = {};
  std::vector<std::string> candidates = {};  // UDP, component 1: "1 1 UDP 2122 192.0.2.1 9 typ host"
};

// Errors: too_large; invalid, with the number of the line.
Expected<Offer> parse_offer(std::string_view text);

// `value`: of an a=candidate line. Returns it as GStreamer gets it; empty if it cannot be used.
std::string usable_candidate(std::string_view value);

}  // namespace astral::webrtc
