// SPDX-License-Identifier: BSD-3-Clause
// The handshake by which two nodes prove to each other, over a WebSocket, that they hold the private keys of
// their Ed25519 public keys. Each end signs both challenges and its own side, so a proof is useless in
// another session and cannot be reflected. A session by TLS is bound to it (RFC 9266), so nobody between the
// two can read or change it.
//
//   both ends, first      {"type":"challenge","key":HEX,"nonce":HEX}     key: SubjectPublicKeyInfo in DER
//                         of the connecting end also "bound":true      it signs the binding of its TLS
//   both ends, in answer  {"type":"proof","signature":HEX}               Ed25519, see signed_by()
//
// Elements skip the handshake: they have no uuid of a key. Pure, apart from the random nonce.
#pragma once

#include <string>
#include <string_view>

#include "glue/error.hpp"
#include "glue/key.hpp"

namespace astral::peer {

class PeerHandshake {
 public:
  enum class Side { connecting, accepting };

  // `binding`: of the session's TLS, as this end sees it (http::TlsTunnel::Opened); empty: none. The
  // accepting end uses it only if the other one does: that may have trusted the certificate instead.
  PeerHandshake(Key key, Side side, std::string binding = {});

  std::string challenge() const;  // send it first
  // Reads one message of the other end. Returns false if the message is no part of a handshake. Errors:
  // invalid (cannot be parsed, or out of turn), refused (the signature does not verify, or the other end is
  // bound to a TLS session that does not reach us).
  Expected<bool> hear(std::string_view text);
  bool challenged() const { return !their_key_.empty(); }  // the other end now waits for proof()
  std::string proof() const;                               // requires challenged()
  bool proven() const { return proven_; }
  // Of the other end's key; requires challenged(). It is verified once proven().
  const Fingerprint &fingerprint() const { return fingerprint_; }

 private:
  // The text that `side` signs: "astral peer 2 SIDE BINDING KEY NONCE KEY NONCE", the connecting end's key
  // and nonce first; BINDING is - without one.
  std::string signed_by(Side side) const;

  const Key key_;
  const Side side_;
  const std::string our_key_;
  const std::string nonce_;
  const std::string binding_;
  bool is_bound_;
  std::string their_key_;
  std::string their_nonce_;
  Fingerprint fingerprint_;
  bool proven_ = false;
};

}  // namespace astral::peer
