// SPDX-License-Identifier: BSD-3-Clause
#include "formats/webrtc/offer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "formats/webrtc/limits.hpp"
#include "formats/webrtc/sdp_tokens.hpp"

namespace astral::webrtc {
namespace {

constexpr std::string_view token_others = "!#$%&'*+-.^_`{|}~";  // RFC 8866, 9
constexpr std::string_view ice_others = "+/";                   // RFC 8839, 5.4

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool is_hexadecimal(std::string_view text) {
  return consists_of(text, "") &&
         std::all_of(text.begin(), text.end(), [](char c) { return lower(c) <= 'f'; });
}

bool is_ipv4(std::string_view text) {
  int groups = 0;
  for (bool more = true; more; ++groups) {
    more = text.find('.') != std::string_view::npos;
    const std::string_view group = take(text, '.');
    if (group.size() > 3 || !number(group, 255)) return false;
  }
  return groups == 4;
}

bool is_ipv6(std::string_view text) {
  if (text.size() < 2 || text.size() > 39) return false;
  const std::size_t gap = text.find("::");
  if (gap != std::string_view::npos && text.find("::", gap + 1) != std::string_view::npos) return false;
  if (text.starts_with(':') != (gap == 0)) return false;
  if (text.ends_with(':') != (gap == text.size() - 2)) return false;
  const auto groups = split(text, ':', 9);
  const bool are_sound = std::all_of(groups.begin(), groups.end(), [](std::string_view group) {
    return group.size() <= 4 && is_hexadecimal(group);
  });
  return are_sound && (gap == std::string_view::npos ? groups.size() == 8 : groups.size() <= 7);
}

Kind kind_of(std::string_view name) {
  return name == "audio" ? Kind::audio : name == "video" ? Kind::video : Kind::other;
}

class Parser {
 public:
  Expected<Offer> parse(std::string_view text) {
    if (text.size() > max_offer)
      return fail(Code::too_large, "the offer is larger than " + std::to_string(max_offer) + " bytes");
    while (!text.empty() && good()) {
      ++line_;
      std::string_view line = take(text, '\n');
      if (line.ends_with('\r')) line.remove_suffix(1);
      read(line);
    }
    if (good()) finish();
    if (!good()) return tl::unexpected<Error>(*error_);
    return std::move(offer_);
  }

 private:
  bool good() const { return !error_; }

  void refuse(std::string why, Code code = Code::invalid) {
    if (good()) error_ = {code, "SDP, line " + std::to_string(line_) + ": " + std::move(why)};
  }

  void read(std::string_view line) {
    if (line.empty()) return;  // the last one; some clients send more
    if (line_ > max_lines) return refuse("too many lines", Code::too_large);
    if (line.size() > max_line) return refuse("too long", Code::too_large);
    if (line.size() < 2 || line[1] != '=') return refuse("must be of the form x=…");
    if (line_ == 1 && line != "v=0") return refuse("must be v=0");
    const std::string_view value = line.substr(2);
    if (line[0] == 'm') return read_media(value);
    if (line[0] == 'b') return read_bandwidth(value);
    if (line[0] == 'a') return read_attribute(value);
  }

  // Only announces a rate, so what cannot be read is ignored.
  void read_bandwidth(std::string_view value) {
    if (offer_.media.empty()) return;
    const std::string_view type = take(value, ':');
    const auto figure = number(value, max_bandwidth);
    if (!figure || (type != "AS" && type != "TIAS")) return;
    std::uint32_t &kbps = offer_.media.back().bandwidth_kbps;
    if (type == "TIAS" || kbps == 0) kbps = type == "TIAS" ? *figure / 1000 : *figure;
  }

  void read_media(std::string_view value) {
    if (offer_.media.size() >= max_media) return refuse("too many m= lines", Code::too_large);
    const std::string_view name = take(value, ' '), port = take(value, ' '), protocol = take(value, ' ');
    Media media{.kind = kind_of(name),
                .name = std::string(name),
                .protocol = std::string(protocol),
                .transport = session_};
    if (!consists_of(name, "") || !number(port, 65535) || !consists_of(protocol, "/") || value.empty())
      return refuse("must be m=MEDIA PORT PROTOCOL FORMAT…");
    media.is_rejected = *number(port, 65535) == 0;
    const auto formats = split(value, ' ', max_payloads + 1);
    if (formats.size() > max_payloads) return refuse("too many formats", Code::too_large);
    for (const std::string_view format : formats) {
      if (!consists_of(format, token_others)) return refuse("a format is not a token");
      if (media.kind == Kind::other) continue;
      const auto type = number(format, 127);
      if (!type) return refuse("a payload type must be from 0 to 127");
      media.payloads.push_back({.type = *type, .codec = {}, .format = {}});
    }
    media.format = formats.empty() ? "0" : formats.front();
    media.sends = sends_;
    media.receives = receives_;
    offer_.media.push_back(std::move(media));
  }

  void read_attribute(std::string_view value) {
    const std::string_view name = take(value, ':');
    Transport &transport = offer_.media.empty() ? session_ : offer_.media.back().transport;
    if (name == "ice-ufrag") return read_credential(value, min_ufrag, transport.ufrag);
    if (name == "ice-pwd") return read_credential(value, min_pwd, transport.pwd);
    if (name == "fingerprint") return read_fingerprint(value, transport);
    if (name == "setup") return read_setup(value, transport);
    if (name == "candidate") return read_candidate(value);
    if (name == "group") return read_group(value);
    if (name == "sendonly" || name == "recvonly" || name == "sendrecv" || name == "inactive")
      return read_direction(name);
    if (offer_.media.empty()) return;
    Media &media = offer_.media.back();
    if (name == "mid") return read_mid(value, media);
    if (name == "rtcp-mux") media.rtcp_mux = true;
    if (media.kind == Kind::other) return;
    if (name == "rtpmap") return read_rtpmap(value, media);
    if (name == "fmtp") return read_format(value, media);
    if (name == "rtcp-fb") return read_feedback(value, media);
    if (name == "extmap") return read_extension(value, media);
    if (name == "ssrc") return read_source(value, media);
  }

  void read_credential(std::string_view value, std::size_t min, std::string &out) {
    if (value.size() < min || value.size() > max_credential || !consists_of(value, ice_others))
      return refuse("must be " + std::to_string(min) + " to " + std::to_string(max_credential) +
                    " letters, digits, + and /");
    out = value;
  }

  // The offer may have other hashes too.
  void read_fingerprint(std::string_view value, Transport &transport) {
    if (!same_token(take(value, ' '), "sha-256")) return;
    std::string bytes;
    int count = 0;
    for (; !value.empty(); ++count) {
      const std::string_view byte = take(value, ':');
      if (byte.size() != 2 || !is_hexadecimal(byte)) return refuse("must be bytes in hexadecimal");
      if (count > 0) bytes += ':';
      for (const char c : byte) bytes += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (count != 32) return refuse("a SHA-256 has 32 bytes");
    transport.fingerprint = std::move(bytes);
  }

  void read_setup(std::string_view value, Transport &transport) {
    if (value != "actpass" && value != "active" && value != "passive")
      return refuse("must be actpass, active or passive");
    transport.setup = value;
  }

  void read_candidate(std::string_view value) {
    std::string candidate = usable_candidate(value);
    auto &all = offer_.candidates;
    if (candidate.empty() || all.size() >= max_candidates) return;
    if (std::find(all.begin(), all.end(), candidate) == all.end()) all.push_back(std::move(candidate));
  }

  void read_group(std::string_view value) {
    if (take(value, ' ') != "BUNDLE" || !bundle_.empty()) return;
    for (const std::string_view mid : split(value, ' ', max_media + 1)) bundle_.emplace_back(mid);
    if (bundle_.size() > max_media) refuse("too many m= lines in a bundle", Code::too_large);
  }

  void read_direction(std::string_view name) {
    const bool sends = name == "sendonly" || name == "sendrecv";
    const bool receives = name == "recvonly" || name == "sendrecv";
    (offer_.media.empty() ? sends_ : offer_.media.back().sends) = sends;
    (offer_.media.empty() ? receives_ : offer_.media.back().receives) = receives;
  }

  void read_mid(std::string_view value, Media &media) {
    if (value.size() > max_mid || !consists_of(value, "-_.")) return refuse("a=mid is not a token");
    const auto is_same = [&](const Media &other) { return other.mid == value; };
    if (std::any_of(offer_.media.begin(), offer_.media.end(), is_same))
      return refuse("two m= lines have the same a=mid");
    media.mid = value;
  }

  static Payload *find(Media &media, std::string_view type) {
    const auto wanted = number(type, 127);
    const auto found = std::find_if(media.payloads.begin(), media.payloads.end(),
                                    [&](const Payload &payload) { return payload.type == wanted; });
    return found == media.payloads.end() ? nullptr : &*found;
  }

  void read_rtpmap(std::string_view value, Media &media) {
    Payload *payload = find(media, take(value, ' '));
    if (!payload) return;
    const std::string_view codec = take(value, '/');
    const auto rate = number(take(value, '/'), 1'000'000);
    const auto channels = value.empty() ? std::optional<std::uint32_t>(1) : number(value, 255);
    if (!consists_of(codec, token_others) || !rate || !channels)
      return refuse("must be a=rtpmap:TYPE CODEC/RATE");
    payload->codec.clear();
    for (const char c : codec) payload->codec += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    payload->rate = *rate;
    payload->channels = *channels;
  }

  void read_format(std::string_view value, Media &media) {
    Payload *payload = find(media, take(value, ' '));
    if (!payload) return;
    if (!is_printable(value)) return refuse("a=fmtp must be of printable ASCII");
    payload->format = value;
  }

  void read_feedback(std::string_view value, Media &media) {
    const std::string_view type = take(value, ' ');
    for (Payload &payload : media.payloads) {
      if (type != "*" && number(type, 127) != payload.type) continue;
      payload.nack = payload.nack || value == "nack";
      payload.pli = payload.pli || value == "nack pli";
      payload.fir = payload.fir || value == "ccm fir";
      payload.transport_cc = payload.transport_cc || value == "transport-cc";
    }
  }

  void read_extension(std::string_view value, Media &media) {
    std::string_view id = take(value, ' ');
    id = take(id, '/');  // drops the direction
    const auto known = number(id, 14);
    const std::string_view uri = take(value, ' ');
    if (!known || *known == 0) return;  // a two-byte id, which we do not use
    if (uri.empty() || !is_printable(uri)) return refuse("must be a=extmap:ID URI");
    if (media.extensions.size() >= max_extensions) return refuse("too many extensions", Code::too_large);
    media.extensions.push_back({*known, std::string(uri)});
  }

  void read_source(std::string_view value, Media &media) {
    const auto ssrc = number(take(value, ' '), 0xffffffff);
    if (!ssrc) return refuse("an SSRC is a number of 32 bits");
    auto &all = media.sources;
    if (*ssrc == 0) return;  // means "none" to GStreamer
    if (std::find(all.begin(), all.end(), *ssrc) != all.end()) return;
    if (all.size() >= max_sources) return refuse("too many SSRCs", Code::too_large);
    all.push_back(*ssrc);
  }

  void finish() {
    if (line_ == 0) return refuse("the offer is empty");
    for (Media &media : offer_.media) {
      media.is_bundled =
          !media.mid.empty() && std::find(bundle_.begin(), bundle_.end(), media.mid) != bundle_.end();
      // An m= line with a=bundle-only has port 0 too (RFC 9143, 6).
      media.is_rejected = media.is_rejected && !media.is_bundled;
    }
  }

  Offer offer_;
  Transport session_;
  bool sends_ = true, receives_ = true;
  std::vector<std::string> bundle_;
  std::size_t line_ = 0;
  std::optional<Error> error_;
};

}  // namespace

std::string_view Payload::parameter(std::string_view name) const {
  for (std::string_view rest = format; !rest.empty();) {
    std::string_view value = take(rest, ';');
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (same_token(take(value, '='), name)) return value;
  }
  return {};
}

std::string usable_candidate(std::string_view value) {
  const auto tokens = split(value, ' ', 10);
  if (tokens.size() < 8 || tokens[6] != "typ") return {};
  const bool is_address = is_ipv4(tokens[4]) || is_ipv6(tokens[4]);
  const bool is_type =
      tokens[7] == "host" || tokens[7] == "srflx" || tokens[7] == "prflx" || tokens[7] == "relay";
  const auto priority = number(tokens[3], 0x7fffffff), port = number(tokens[5], 65535);
  if (tokens[0].size() > 32 || !consists_of(tokens[0], ice_others) || tokens[1] != "1" ||
      !same_token(tokens[2], "udp") || !priority || !port || *port == 0 || !is_address || !is_type)
    return {};
  return std::string(tokens[0]) + " 1 UDP " + std::to_string(*priority) + " " + std::string(tokens[4]) + " " +
         std::to_string(*port) + " typ " + std::string(tokens[7]);
}

Expected<Offer> parse_offer(std::string_view text) {
  return Parser().parse(text);
}

}  // namespace astral::webrtc
