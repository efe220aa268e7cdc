// SPDX-License-Identifier: BSD-3-Clause
#include "formats/webrtc/plan.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "formats/webrtc/sdp_tokens.hpp"

namespace astral::webrtc {
namespace {

constexpr std::string_view transport_cc_uri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

constexpr int never_taken = 100;
constexpr unsigned first_dynamic = 96;             // GStreamer's payloaders send no lower ones
using Rank = std::function<int(const Payload &)>;  // the lowest wins

bool is_h264(const Payload &payload) {
  return payload.codec == "H264" && payload.rate == 90000;
}

bool is_opus(const Payload &payload) {
  return payload.codec == "OPUS" && payload.rate == 48000 && payload.channels == 2;
}

std::string profile_of(const Payload &payload) {
  const std::string_view level = payload.parameter("profile-level-id");
  const bool is_sound = level.size() == 6 && consists_of(level, "");
  return is_sound ? std::string(level.substr(0, 4)) : "420a";  // RFC 6184, 8.1
}

bool is_constrained_baseline(const Payload &payload) {
  const std::string profile = profile_of(payload);
  return same_token(profile, "42e0") || same_token(profile, "42c0");
}

bool may_be_split(const Payload &payload) {
  return payload.parameter("packetization-mode") == "1";
}

int rank_to_send(const Payload &payload, const std::string &profile) {
  if (!is_h264(payload) || !may_be_split(payload) || payload.type < first_dynamic) return never_taken;
  if (profile.size() == 6 && same_token(profile_of(payload), profile.substr(0, 4))) return 0;
  const bool is_same_family =
      profile.size() == 6 && same_token(profile_of(payload).substr(0, 2), profile.substr(0, 2));
  return is_same_family ? 1 : 2;
}

int rank_to_receive(const Payload &payload) {
  if (payload.codec == "VP8" && payload.rate == 90000) return 10;
  if (!is_h264(payload)) return never_taken;
  return (is_constrained_baseline(payload) ? 0 : 1) + (may_be_split(payload) ? 0 : 2);
}

int rank_sound(const Payload &payload) {
  return is_opus(payload) && payload.type >= first_dynamic ? 0 : never_taken;
}

// RFC 3551, 6, without what RTCP would be taken for (RFC 5761, 4).
bool is_dynamic(unsigned type) {
  return type >= first_dynamic || (type >= 35 && type <= 63);
}

std::optional<unsigned> retransmission_of(const Payload &payload, const Media &media) {
  const auto is_it = [&](const Payload &other) {
    return other.codec == "RTX" && other.rate == payload.rate && other.type != payload.type &&
           is_dynamic(other.type) && number(other.parameter("apt"), 127) == payload.type;
  };
  const auto found = std::find_if(media.payloads.begin(), media.payloads.end(), is_it);
  const bool is_known = payload.nack && media.kind == Kind::video && found != media.payloads.end();
  return is_known ? std::optional(found->type) : std::nullopt;
}

bool fits(const Media &media, Kind kind, bool sends) {
  return media.kind == kind && !media.is_rejected && media.rtcp_mux &&
         media.protocol == "UDP/TLS/RTP/SAVPF" && (sends ? media.receives : media.sends);
}

std::optional<Chosen> choose(const Offer &offer, Kind kind, bool sends, const Rank &rank) {
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const Media &media = offer.media[i];
    if (!fits(media, kind, sends)) continue;
    const auto best = std::min_element(media.payloads.begin(), media.payloads.end(),
                                       [&](const Payload &a, const Payload &b) { return rank(a) < rank(b); });
    if (best == media.payloads.end() || rank(*best) == never_taken) continue;
    Chosen chosen{.media = i, .payload = *best, .rtx = retransmission_of(*best, media)};
    for (const Extension &extension : media.extensions)
      if (extension.uri == transport_cc_uri && best->transport_cc) chosen.transport_cc = extension.id;
    return chosen;
  }
  return std::nullopt;
}

bool has(const Offer &offer, Kind kind) {
  return std::any_of(offer.media.begin(), offer.media.end(),
                     [&](const Media &media) { return media.kind == kind && !media.is_rejected; });
}

void add(std::string &out, const std::string &line) {
  out.append(line).append("\r\n");
}

// What all m= lines of a bundle have in common.
bool is_of_transport(std::string_view line) {
  constexpr std::string_view begins[] = {"a=ice-",
                                         "a=fingerprint:", "a=setup:", "a=candidate:", "a=end-of-candidates"};
  return std::any_of(std::begin(begins), std::end(begins),
                     [&](std::string_view begin) { return line.starts_with(begin); });
}

const Payload *usable(const Media &media) {
  const auto found = std::find_if(media.payloads.begin(), media.payloads.end(),
                                  [](const Payload &payload) { return !payload.codec.empty(); });
  return found == media.payloads.end() ? nullptr : &*found;
}

// The parameters that we know, with checked values.
std::string parameters_of(const Payload &payload) {
  std::string out;
  const auto say = [&](std::string_view name, std::string_view value) {
    if (value.size() > 6 || !consists_of(value, "")) return;
    out.append(out.empty() ? "" : ";").append(name).append("=").append(value);
  };
  const bool video = is_h264(payload);
  for (const std::string_view name : {"level-asymmetry-allowed", "packetization-mode", "profile-level-id"})
    if (video) say(name, payload.parameter(name));
  for (const std::string_view name : {"minptime", "useinbandfec", "stereo", "sprop-stereo"})
    if (!video) say(name, payload.parameter(name));
  return out;
}

void add_payload(std::string &out, const Chosen &chosen) {
  const Payload &payload = chosen.payload;
  const std::string type = std::to_string(payload.type);
  add(out, "a=rtpmap:" + type + " " + payload.codec + "/" + std::to_string(payload.rate) +
               (payload.channels > 1 ? "/" + std::to_string(payload.channels) : ""));
  if (payload.nack) add(out, "a=rtcp-fb:" + type + " nack");
  if (payload.pli) add(out, "a=rtcp-fb:" + type + " nack pli");
  if (payload.fir) add(out, "a=rtcp-fb:" + type + " ccm fir");
  if (chosen.transport_cc > 0) {
    add(out, "a=rtcp-fb:" + type + " transport-cc");
    add(out, "a=extmap:" + std::to_string(chosen.transport_cc) + " " + std::string(transport_cc_uri));
  }
  if (const std::string parameters = parameters_of(payload); !parameters.empty())
    add(out, "a=fmtp:" + type + " " + parameters);
  if (!chosen.rtx) return;
  const std::string rtx = std::to_string(*chosen.rtx);
  add(out, "a=rtpmap:" + rtx + " rtx/" + std::to_string(payload.rate));
  add(out, "a=fmtp:" + rtx + " apt=" + type);
}

}  // namespace

Expected<Plan> Plan::to_send(Offer offer, const Tracks &tracks) {
  Plan plan(std::move(offer));
  plan.sends_ = true;
  if (tracks.has_video)
    plan.video_ = choose(plan.offer_, Kind::video, true,
                         [&](const Payload &payload) { return rank_to_send(payload, tracks.profile); });
  if (tracks.has_audio) plan.audio_ = choose(plan.offer_, Kind::audio, true, rank_sound);
  if (tracks.has_video && !plan.video_ && has(plan.offer_, Kind::video))
    return fail(Code::unsupported,
                "the video is H.264, and no m=video of the offer receives that (a=recvonly, a=rtcp-mux, "
                "packetization-mode=1)");
  if (!plan.video_ && !plan.audio_)
    return fail(Code::unsupported, "the offer receives nothing that this stream has");
  if (const auto checked = plan.check(); !checked) return tl::unexpected<Error>(checked.error());
  return plan;
}

Expected<Plan> Plan::to_receive(Offer offer) {
  Plan plan(std::move(offer));
  plan.video_ = choose(plan.offer_, Kind::video, false, rank_to_receive);
  plan.audio_ = choose(plan.offer_, Kind::audio, false, rank_sound);
  if (!plan.video_ && has(plan.offer_, Kind::video))
    return fail(Code::unsupported, "no m=video of the offer sends H.264 or VP8 (a=sendonly, a=rtcp-mux)");
  if (!plan.video_ && !plan.audio_) return fail(Code::unsupported, "the offer sends no H.264, VP8 or Opus");
  if (const auto checked = plan.check(); !checked) return tl::unexpected<Error>(checked.error());
  return plan;
}

Expected<void> Plan::check() const {
  const Transport &way = transport();
  if (way.ufrag.empty() || way.pwd.empty())
    return fail(Code::invalid, "SDP: a=ice-ufrag and a=ice-pwd are missing");
  if (way.fingerprint.empty()) return fail(Code::invalid, "SDP: a=fingerprint:sha-256 is missing");
  for (const auto *one : {&video_, &audio_})
    if (*one && media(**one).mid.empty()) return fail(Code::invalid, "SDP: an m= line has no a=mid");
  if (video_ && audio_ && !(media(*video_).is_bundled && media(*audio_).is_bundled))
    return fail(Code::unsupported, "video and audio must be offered as one bundle (a=group:BUNDLE)");
  return {};
}

const Chosen *Plan::chosen(std::size_t at) const {
  for (const auto *one : {&video_, &audio_})
    if (*one && (*one)->media == at) return &**one;
  return nullptr;
}

bool Plan::is_idle(std::size_t at) const {
  const Media &media = offer_.media[at];
  if (media.kind == Kind::other || media.is_rejected || !media.is_bundled || !media.rtcp_mux ||
      media.protocol != "UDP/TLS/RTP/SAVPF" || media.mid.empty() || !usable(media))
    return false;
  for (std::size_t i = 0; i < offer_.media.size(); ++i)
    if (chosen(i) && (i <= at || !offer_.media[i].is_bundled)) return false;
  return true;
}

std::string Plan::bundle() const {
  std::string line = "a=group:BUNDLE";
  for (std::size_t i = 0; i < offer_.media.size(); ++i)
    if (chosen(i) || is_idle(i)) line += " " + offer_.media[i].mid;
  return line;
}

const Transport &Plan::transport() const {
  for (std::size_t i = 0; i < offer_.media.size(); ++i)
    if (chosen(i)) return offer_.media[i].transport;
  return offer_.media.front().transport;
}

const std::string &Plan::fingerprint() const {
  return transport().fingerprint;
}

std::string Plan::element_offer() const {
  const Transport &way = transport();
  std::string bundle, media_text;
  for (std::size_t i = 0; i < offer_.media.size(); ++i) {
    const Chosen *one = chosen(i);
    if (!one) continue;
    const Media &from = offer_.media[i];
    bundle += " " + from.mid;
    add(media_text, "m=" + from.name + " 9 UDP/TLS/RTP/SAVPF " + std::to_string(one->payload.type) +
                        (one->rtx ? " " + std::to_string(*one->rtx) : ""));
    add(media_text, "c=IN IP4 0.0.0.0");
    add(media_text, "a=ice-ufrag:" + way.ufrag);
    add(media_text, "a=ice-pwd:" + way.pwd);
    add(media_text, "a=fingerprint:sha-256 " + way.fingerprint);
    add(media_text, "a=setup:" + (way.setup.empty() ? "actpass" : way.setup));
    add(media_text, "a=mid:" + from.mid);
    add(media_text, sends_ ? "a=recvonly" : "a=sendonly");
    add(media_text, "a=rtcp-mux");
    add_payload(media_text, *one);
    for (const std::uint32_t source : sends_ ? std::vector<std::uint32_t>() : from.sources)
      add(media_text, "a=ssrc:" + std::to_string(source) + " cname:publisher");
    for (const std::string &candidate : offer_.candidates) add(media_text, "a=candidate:" + candidate);
  }
  std::string out;
  add(out, "v=0");
  add(out, "o=- 0 0 IN IP4 127.0.0.1");
  add(out, "s=-");
  add(out, "t=0 0");
  add(out, "a=group:BUNDLE" + bundle);
  return out + media_text;
}

Expected<std::string> Plan::answer(std::string_view of_element) const {
  std::vector<std::string> parts(1);
  std::string transport_lines;  // of the first medium
  while (!of_element.empty()) {
    std::string_view line = take(of_element, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("m=")) parts.emplace_back();
    if (parts.size() == 2 && is_of_transport(line)) add(transport_lines, std::string(line));
    if (!line.empty()) add(parts.back(), line.starts_with("a=group:BUNDLE") ? bundle() : std::string(line));
  }
  std::string out = parts.front();
  std::size_t next = 1;
  for (std::size_t i = 0; i < offer_.media.size(); ++i) {
    const Media &from = offer_.media[i];
    if (chosen(i)) {
      const bool is_there = next < parts.size() && parts[next].starts_with("m=" + from.name + " ") &&
                            !parts[next].starts_with("m=" + from.name + " 0 ");
      if (!is_there) return fail(Code::failed, "GStreamer did not accept the " + from.name + " of the offer");
      out += parts[next++];
      continue;
    }
    if (is_idle(i)) {
      const Payload &payload = *usable(from);
      add(out, "m=" + from.name + " 9 " + from.protocol + " " + std::to_string(payload.type));
      add(out, "c=IN IP4 0.0.0.0");
      out += transport_lines;
      add(out, "a=mid:" + from.mid);
      add(out, "a=inactive");
      add(out, "a=rtcp-mux");
      add_payload(out, {.media = i, .payload = payload});
      continue;
    }
    add(out, "m=" + from.name + " 0 " + from.protocol + " " + from.format);
    add(out, "c=IN IP4 0.0.0.0");
    if (!from.mid.empty()) add(out, "a=mid:" + from.mid);
    add(out, "a=inactive");
  }
  return out;
}

}  // namespace astral::webrtc
