// SPDX-License-Identifier: BSD-3-Clause
// A stranger's SDP offer (RFC 8866, 8829): what of it is understood, as values. What it says besides is left
// out; nobody else reads the text. Pure.
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
  std::string codec;  // upper case; empty: no rtpmap
  std::uint32_t rate = 0;
  unsigned channels = 1;
  std::string format;  // a=fmtp, as it stands: printable ASCII
  bool nack = false;
  bool pli = false;
  bool fir = false;
  bool transport_cc = false;

  // "" when the format has no such parameter.
  std::string_view parameter(std::string_view name) const;
};

struct Extension {
  unsigned id = 0;
  std::string uri;
};

// How the offerer wants to be reached; of an m= line, or of the session for all of them.
struct Transport {
  std::string ufrag, pwd;
  std::string fingerprint;  // of SHA-256: upper-case hexadecimal, with colons
  std::string setup;        // actpass, active or passive
};

struct Media {
  Kind kind = Kind::other;
  std::string name;         // audio, video, application…
  std::string protocol;     // UDP/TLS/RTP/SAVPF
  std::string format = {};  // the first one, as it stands
  std::string mid = {};
  bool is_rejected = false;  // its port is 0, and it is in no bundle
  bool is_bundled = false;
  bool sends = true, receives = true;
  bool rtcp_mux = false;
  Transport transport = {};
  std::vector<Payload> payloads = {};
  std::vector<Extension> extensions = {};
  std::vector<std::uint32_t> sources = {};  // SSRCs
};

struct Offer {
  std::vector<Media> media = {};
  std::vector<std::string> candidates = {};  // UDP, component 1, numeric; "1 1 UDP 2122 192.0.2.1 9 typ host"
};

// Errors: too_large; invalid, with the number of the line.
Expected<Offer> parse_offer(std::string_view text);

// Of an a=candidate line without its name: how it is said to others, or nothing where it cannot be used.
std::string usable_candidate(std::string_view value);

}  // namespace astral::webrtc
