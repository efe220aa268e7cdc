// SPDX-License-Identifier: BSD-3-Clause
// What WHIP's and WHEP's calls have in common.
#pragma once

#include <string>

#include "api/http.hpp"
#include "glue/error.hpp"
#include "webrtc/offer.hpp"

namespace astral::api {

inline constexpr const char *sdp_type = "application/sdp";

// The body of a call. unsupported: it is not SDP.
Expected<webrtc::Offer> offer_of(const Call &call);
// 201 with the place where the session can be ended.
Reply created(const std::string &slug, const char *way, const std::string &id, const std::string &sdp);
// Nobody guesses it.
std::string new_session();

}  // namespace astral::api
