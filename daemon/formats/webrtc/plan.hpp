// SPDX-License-Identifier: BSD-3-Clause
// What of an offer is accepted, in which codec, and how both sides are told: GStreamer's element gets an
// offer that is written here and has nothing but what was chosen; the offerer gets the element's answer, and
// what was refused stands in it as refused. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "formats/webrtc/offer.hpp"
#include "glue/error.hpp"

namespace astral::webrtc {

// What a stream has for a player.
struct Tracks {
  bool has_video = false, has_audio = false;
  std::string profile = {};  // of the H.264: profile-level-id, as in RFC 6184
};

struct Chosen {
  std::size_t media = 0;  // which of the offer's
  Payload payload;
  unsigned transport_cc = 0;  // the extension's id; 0: not offered
};

class Plan {
 public:
  // Errors: invalid; unsupported, where nothing fits. We send H.264 and Opus.
  static Expected<Plan> to_send(Offer offer, const Tracks &tracks);
  // We get H.264, or else VP8, and Opus.
  static Expected<Plan> to_receive(Offer offer);

  const std::optional<Chosen> &video() const { return video_; }
  const std::optional<Chosen> &audio() const { return audio_; }
  const Media &media(const Chosen &chosen) const { return offer_.media[chosen.media]; }
  const std::string &fingerprint() const;  // that the other end's certificate must have

  std::string element_offer() const;
  // failed: the element's answer is not one.
  Expected<std::string> answer(std::string_view of_element) const;

 private:
  explicit Plan(Offer offer) : offer_(std::move(offer)) {}
  Expected<void> check() const;
  const Chosen *chosen(std::size_t media) const;
  // Of the first that is chosen: there is one, else there is no plan.
  const Transport &transport() const;

  Offer offer_;
  std::optional<Chosen> video_, audio_;
  bool sends_ = false;
};

}  // namespace astral::webrtc
