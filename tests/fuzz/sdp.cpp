// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: an SDP offer from the network. An understood offer is within its limits. The offer that is made of it
// for GStreamer has plain lines only, and gives the same offer when it is read again. The answer has an m=
// line for each one of the offer.
#include <algorithm>
#include <cassert>

#include "formats/webrtc/limits.hpp"
#include "formats/webrtc/plan.hpp"
#include "glue/bytes.hpp"

using namespace astral::webrtc;

namespace {

std::size_t count(const std::string &text, const std::string &what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

void hold(const Offer &offer) {
  assert(offer.media.size() <= max_media && offer.candidates.size() <= max_candidates);
  for (const Media &media : offer.media) {
    assert(media.payloads.size() <= max_payloads && media.extensions.size() <= max_extensions);
    assert(media.sources.size() <= max_sources && media.mid.size() <= max_mid);
    assert(media.transport.fingerprint.empty() || media.transport.fingerprint.size() == 95);
  }
}

template <typename Make>
void hold(const Offer &offer, const astral::Expected<Plan> &plan, const Make &again) {
  if (!plan) return assert(!plan.error().detail.empty());
  const std::string text = plan->element_offer();
  assert(std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 0x20 && c <= 0x7e) || c == '\r' || c == '\n'; }));
  if (plan->video() && plan->video()->rtx)
    assert(*plan->video()->rtx < 128 && *plan->video()->rtx != plan->video()->payload.type);
  const auto parsed = parse_offer(text);
  assert(parsed && parsed->media.size() <= 2);
  const auto same = again(*parsed);
  assert(same && same->element_offer() == text);
  const auto answer = plan->answer(text);
  assert(answer && count(*answer, "\r\nm=") == offer.media.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const auto offer = parse_offer(astral::as_text({data, size}));
  if (!offer) {
    assert(!offer.error().detail.empty());
    return 0;
  }
  hold(*offer);
  for (const bool has_audio : {false, true}) {
    const auto send = [&](const Offer &of) { return Plan::to_send(of, {true, has_audio, "64001f"}); };
    hold(*offer, send(*offer), send);
  }
  hold(*offer, Plan::to_receive(*offer), [](const Offer &of) { return Plan::to_receive(of); });
  return 0;
}
