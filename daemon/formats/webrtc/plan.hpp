// SPDX-License-Identifier: BSD-3-Clause
// Decides which media of an SDP offer are accepted and in which codec. Writes the offer that GStreamer's
// webrtcbin gets, with only the chosen media, and the answer that the offerer gets: webrtcbin's, with the
// other media marked as refused. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "formats/webrtc/offer.hpp"
#include "glue/error.hpp"

namespace astral::webrtc {

// The tracks of a stream that WebRTC can carry.
struct Tracks {
  bool has_video = false, has_audio = false;
  std::string profile = {};  // profile-level-id of the H.264 (RFC 6184)
};

struct Chosen {
  std::size_t media = 0;  // index in Offer::media
  Payload payload;
  unsigned transport_cc = 0;  // the extension's id; 0: not offered
  // The payload type of its retransmitted packets (RFC 4588); none without a=rtcp-fb nack.
  std::optional<unsigned> rtx = {};
};

class Plan {
 public:
  // For a viewer: we send H.264 and Opus. Errors: invalid; unsupported, if nothing fits.
  static Expected<Plan> to_send(Offer offer, const Tracks &tracks);
  // For a publisher: we receive Opus and H.264, or VP8 if there is no H.264. Errors: as above.
  static Expected<Plan> to_receive(Offer offer);

  const std::optional<Chosen> &video() const { return video_; }
  const std::optional<Chosen> &audio() const { return audio_; }
  const Media &media(const Chosen &chosen) const { return offer_.media[chosen.media]; }
  const std::string &fingerprint() const;  // which the other end's certificate must have

  std::string element_offer() const;
  // failed: webrtcbin's answer lacks a chosen m= line.
  Expected<std::string> answer(std::string_view of_element) const;

 private:
  explicit Plan(Offer offer) : offer_(std::move(offer)) {}
  Expected<void> check() const;
  const Chosen *chosen(std::size_t media) const;
  // Whether the medium is in front of all chosen ones, in their bundle, and so carries the bundle's transport
  // (RFC 8843, 7.1). Clients lose the connection if it is refused: it is inactive instead.
  bool is_idle(std::size_t media) const;
  std::string bundle() const;  // the line a=group of the answer
  // The first chosen medium's. A plan has at least one.
  const Transport &transport() const;

  Offer offer_;
  std::optional<Chosen> video_, audio_;
  bool sends_ = false;
};

}  // namespace astral::webrtc
