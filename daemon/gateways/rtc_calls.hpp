// SPDX-License-Identifier: BSD-3-Clause
// What the HTTP calls of WHIP and WHEP share.
#pragma once

#include <string>
#include <vector>

#include "formats/webrtc/offer.hpp"
#include "gateways/whep.hpp"
#include "gateways/whip.hpp"
#include "glue/error.hpp"
#include "http/call.hpp"
#include "http/routes.hpp"

namespace astral::gateways {

inline constexpr const char *sdp_type = "application/sdp";

// The body of a call. unsupported: it is not SDP.
Expected<webrtc::Offer> offer_of(const http::Call &call);
// 201 with the URL of the session, which a DELETE ends.
http::Reply created(const std::string &slug, const char *way, const std::string &id, const std::string &sdp);
// An id that cannot be guessed.
std::string new_session();

void add_rtc_calls(std::vector<http::Route> &routes, Whep &whep, Whip &whip);

}  // namespace astral::gateways
