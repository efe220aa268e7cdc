// SPDX-License-Identifier: BSD-3-Clause
// A TURN server as people write it: turn://USER:PASSWORD@HOST[:PORT][?transport=udp|tcp], the form that
// GStreamer's webrtcbin takes. Errors do not show the text, because it holds a password. Resolves no names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "glue/error.hpp"

namespace astral {

struct TurnServer {
  std::string host{};  // a name or an IP address without brackets; empty: no server
  std::uint16_t port = 3478;
  std::string user{};
  std::string password{};
  bool over_tcp = false;  // of this end; what the server relays is UDP
  bool operator==(const TurnServer &) const = default;
};

inline constexpr std::size_t max_turn_uri = 1024;        // bytes
inline constexpr std::size_t max_turn_credential = 256;  // bytes of the user and of the password, decoded

// User and password are percent-encoded. Errors: invalid, too_large, unsupported (turns://).
Expected<TurnServer> parse_turn_uri(const std::string &text);
std::string to_uri(const TurnServer &server);

}  // namespace astral
