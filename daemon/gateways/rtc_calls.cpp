// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/rtc_calls.hpp"

#include "formats/endpoints.hpp"
#include "glue/random.hpp"

namespace astral::gateways {

Expected<webrtc::Offer> offer_of(const http::Call &call) {
  if (call.content_type != sdp_type)
    return fail(Code::unsupported, "the body must be an SDP offer with type application/sdp");
  return webrtc::parse_offer(call.body);
}

http::Reply created(const std::string &slug, const char *way, const std::string &id, const std::string &sdp) {
  return {.status = 201,
          .type = sdp_type,
          .body = sdp,
          .headers = {{"Location", "/stream/" + slug + "/" + way + "/" + id},
                      {"Access-Control-Expose-Headers", "Location"},
                      {"Cache-Control", "no-store"}}};
}

std::string new_session() {
  return to_hex(random_bytes<16>());
}

void add_rtc_calls(std::vector<http::Route> &routes, Whep &whep, Whip &whip) {
  routes.push_back(
      {.method = "POST",
       .pattern = "/stream/:slug" + formats::whep.path,
       .handle = [w = &whep](const http::Call &call, const http::Answer &answer) { w->watch(call, answer); },
       .is_open = true});
  routes.push_back(
      {.method = "DELETE",
       .pattern = "/stream/:slug/whep/:session",
       .handle = [w = &whep](const http::Call &call, const http::Answer &answer) { w->remove(call, answer); },
       .is_open = true});
  routes.push_back({.method = "POST",
                    .pattern = "/stream/:slug" + formats::whip.path,
                    .handle = [w = &whip](const http::Call &call,
                                          const http::Answer &answer) { w->publish(call, answer); },
                    .who = http::Who::owner,
                    .is_open = true});
  routes.push_back(
      {.method = "DELETE",
       .pattern = "/stream/:slug/whip/:session",
       .handle = [w = &whip](const http::Call &call, const http::Answer &answer) { w->remove(call, answer); },
       .who = http::Who::owner,
       .is_open = true});
}

}  // namespace astral::gateways
