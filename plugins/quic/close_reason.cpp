// SPDX-License-Identifier: BSD-3-Clause
#include "quic/close_reason.hpp"

#include <gnutls/gnutls.h>

#include <chrono>

#include "quic/ngtcp2_compat.hpp"

namespace astral::quic {
namespace {

constexpr std::uint64_t crypto_error = 0x100;  // RFC 9001, 4.8: plus the TLS alert
constexpr std::uint64_t alert_mask = 0xff;

bool about_the_key(std::uint64_t alert) {
  return alert == GNUTLS_A_BAD_CERTIFICATE || alert == GNUTLS_A_UNSUPPORTED_CERTIFICATE ||
         alert == GNUTLS_A_CERTIFICATE_UNKNOWN || alert == GNUTLS_A_UNKNOWN_CA ||
         alert == GNUTLS_A_ACCESS_DENIED || alert == GNUTLS_A_CERTIFICATE_REQUIRED;
}

std::string name_of(std::uint64_t alert) {
  const char *name = gnutls_alert_get_strname(static_cast<gnutls_alert_description_t>(alert));
  return "TLS alert " + std::to_string(alert) + (name ? std::string(" ") + name : std::string());
}

std::string milliseconds(Time time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string clean(text.substr(0, max_reason));
  for (char &letter : clean)
    if (letter < 0x20 || letter > 0x7e) letter = '?';
  return clean;
}

CloseReason closed_by_application(std::uint64_t code, std::string_view reason, bool by_peer) {
  std::string detail = by_peer ? "closed by the peer" : "closed";
  detail += " with code " + std::to_string(code);
  if (!reason.empty()) detail += ": " + printable(reason);
  return {CloseReason::Kind::application, by_peer, code, Error{Code::unreachable, std::move(detail)}};
}

CloseReason closed_by_peer(std::uint64_t code, std::string_view reason) {
  if (code >= crypto_error && code <= crypto_error + alert_mask) {
    const std::uint64_t alert = code & alert_mask;
    if (about_the_key(alert))
      return {CloseReason::Kind::handshake, true, code,
              Error{Code::refused,
                    "the peer refused our key: it expects another fingerprint (" + name_of(alert) + ")"}};
    if (alert == GNUTLS_A_NO_APPLICATION_PROTOCOL)
      return {CloseReason::Kind::handshake, true, code,
              Error{Code::refused, "the peer does not speak our protocol (ALPN)"}};
    return {CloseReason::Kind::handshake, true, code,
            Error{Code::unreachable, "the peer gave up the handshake: " + name_of(alert)}};
  }
  std::string detail = "closed by the peer with QUIC error " + std::to_string(code);
  if (!reason.empty()) detail += ": " + printable(reason);
  return {CloseReason::Kind::transport, true, code, Error{Code::unreachable, std::move(detail)}};
}

CloseReason closed_by_tls(std::uint8_t alert, const std::string &objection) {
  const std::uint64_t code = crypto_error + alert;
  if (!objection.empty()) return {CloseReason::Kind::handshake, false, code, Error{Code::refused, objection}};
  if (alert == GNUTLS_A_NO_APPLICATION_PROTOCOL)
    return {CloseReason::Kind::handshake, false, code,
            Error{Code::refused, "the peer does not speak our protocol (ALPN)"}};
  return {CloseReason::Kind::handshake, false, code,
          Error{Code::unreachable, "the handshake failed: " + name_of(alert)}};
}

CloseReason closed_by_library(int status, std::uint64_t code) {
  return {
      CloseReason::Kind::transport, false, code,
      Error{Code::unreachable, std::string("the peer broke the rules of QUIC: ") + ngtcp2_strerror(status)}};
}

CloseReason closed_by_silence(Time idle) {
  return {CloseReason::Kind::idle, false, 0,
          Error{Code::timeout, "nothing was heard from the peer for " + milliseconds(idle)}};
}

CloseReason closed_in_handshake(Time timeout) {
  return {CloseReason::Kind::handshake, false, 0,
          Error{Code::timeout, "no handshake within " + milliseconds(timeout)}};
}

}  // namespace astral::quic
