// SPDX-License-Identifier: BSD-3-Clause
// What WHIP's and WHEP's calls have in common.
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
// 201 with the place where the session can be ended.
http::Reply created(const std::string &slug, const char *way, const std::string &id, const std::string &sdp);
// Nobody guesses it.
std::string new_session();

void add_rtc_calls(std::vector<http::Route> &routes, Whep &whep, Whip &whip);

}  // namespace astral::gateways
