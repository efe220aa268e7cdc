// SPDX-License-Identifier: BSD-3-Clause
// How two nodes know whose key is at the other end of a WebSocket: each challenges the other to sign, and what
// is signed holds both challenges and the signer's side, so no proof fits another session or the way back.
//
//   both, at once        {"type":"challenge","key":HEX,"nonce":HEX}     the key as SubjectPublicKeyInfo in DER
//   both, in answer      {"type":"proof","signature":HEX}               Ed25519
//
// Elements keep no name that somebody could take, and do without. Pure but for the nonce.
#pragma once

#include <string>
#include <string_view>

#include "glue/error.hpp"
#include "glue/key.hpp"

namespace astral::peer {

class PeerHandshake {
 public:
  enum class Side { connecting, accepting };

  PeerHandshake(Key key, Side side);

  std::string challenge() const;  // to be sent first
  // False: the text is no part of a handshake. Errors: invalid (also out of turn), refused (no proof).
  Expected<bool> hear(std::string_view text);
  bool challenged() const { return !their_key_.empty(); }  // so the other waits for our proof
  std::string proof() const;                               // once challenged()
  bool proven() const { return proven_; }
  const Fingerprint &fingerprint() const { return fingerprint_; }  // of the other's key, once challenged()

 private:
  std::string signed_by(Side side) const;

  const Key key_;
  const Side side_;
  const std::string our_key_;
  const std::string nonce_;
  std::string their_key_;
  std::string their_nonce_;
  Fingerprint fingerprint_;
  bool proven_ = false;
};

}  // namespace astral::peer
