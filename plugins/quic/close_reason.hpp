// SPDX-License-Identifier: BSD-3-Clause
// What the end of a connection is called: QUIC's and TLS's numbers in, words that people read out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quic/connection.hpp"

namespace astral::quic {

inline constexpr std::size_t max_reason = 256;  // bytes, of either end's

// For logs and JSON whatever the peer wrote: at most max_reason bytes, all of them printable ASCII.
std::string printable(std::string_view text);

CloseReason closed_by_application(std::uint64_t code, std::string_view reason, bool by_peer);
// A transport error that the peer sent; TLS alerts among them say that it refuses us.
CloseReason closed_by_peer(std::uint64_t code, std::string_view reason);
// Our TLS gave up with `alert`; `objection` says what is wrong with the peer's key, if that was it.
CloseReason closed_by_tls(std::uint8_t alert, const std::string &objection);
// ngtcp2 returned `status`, which goes over the wire as `code`.
CloseReason closed_by_library(int status, std::uint64_t code);
CloseReason closed_by_silence(Time idle);
CloseReason closed_in_handshake(Time timeout);

}  // namespace astral::quic
