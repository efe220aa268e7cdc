// SPDX-License-Identifier: BSD-3-Clause
// POST /stun, the same at a node and at an origin: sends one STUN response from the UDP port to the caller's.
// So the caller, whose port has sent nothing here, learns whether its NAT lets strangers in.
#pragma once

#include <functional>
#include <string>

#include "http/routes.hpp"

namespace astral::http {

// Gets the transaction id (32 hexadecimal digits, with the cookie) and "ADDRESS:PORT". False: there is no UDP
// port, which the caller learns as 404.
using SendStun = std::function<bool(const std::string &id, const std::string &address)>;

Route stun_call(SendStun send);

}  // namespace astral::http
