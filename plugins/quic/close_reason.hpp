// SPDX-License-Identifier: BSD-3-Clause
// Turns QUIC error codes and TLS alerts into a CloseReason with a text for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quic/connection.hpp"

namespace astral::quic {

inline constexpr std::size_t max_reason = 256;  // bytes; for reasons that we send and that we receive

// Makes a peer's text safe for logs and JSON: at most max_reason bytes, all printable ASCII.
std::string printable(std::string_view text);

CloseReason closed_by_application(std::uint64_t code, std::string_view reason, bool by_peer);
// The peer closed with a transport error. The TLS alerts among these codes mean that the peer refuses us.
CloseReason closed_by_peer(std::uint64_t code, std::string_view reason);
// Our TLS stack aborted with `alert`. `objection` says what is wrong with the peer's key; empty: nothing is.
CloseReason closed_by_tls(std::uint8_t alert, const std::string &objection);
// ngtcp2 returned the error `status`; `code` is the error code on the wire.
CloseReason closed_by_library(int status, std::uint64_t code);
CloseReason closed_by_silence(Time idle);
CloseReason closed_in_handshake(Time timeout);

}  // namespace astral::quic
