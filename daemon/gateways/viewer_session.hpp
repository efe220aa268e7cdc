// SPDX-License-Identifier: BSD-3-Clause
// Tells the people apart who watch by HLS from behind one address: a cookie, as long as a browser is open.
// It proves nothing.
#pragma once

#include <string>

#include "http/call.hpp"
#include "runtime/asking_players.hpp"

namespace astral::gateways {

runtime::AskingPlayer player_of(const http::Call &call);
// The value of Set-Cookie that begins a session. Empty: the caller has one.
std::string begin_session(const http::Call &call);

}  // namespace astral::gateways
