// SPDX-License-Identifier: BSD-3-Clause
#include "peer/peer_handshake.hpp"

#include <cassert>
#include <utility>
#include <vector>

#include "glue/json.hpp"
#include "glue/random.hpp"
#include "protocol/message_codec.hpp"

namespace astral::peer {
namespace {

constexpr std::size_t nonce_size = 32;
constexpr std::size_t key_size = 44;  // bytes of an Ed25519 SubjectPublicKeyInfo, RFC 8410

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

constexpr json::Text hex_of(std::size_t bytes) {
  return {.min = 2 * bytes, .max = 2 * bytes, .good = is_hex, .wanted = "lower-case hex digits"};
}

}  // namespace

PeerHandshake::PeerHandshake(Key key, Side side, std::string binding)
    : key_(std::move(key)),
      side_(side),
      our_key_(to_hex(key_.public_key_der())),
      nonce_(to_hex(random_bytes<nonce_size>())),
      binding_(std::move(binding)),
      is_bound_(side == Side::connecting && !binding_.empty()) {}

std::string PeerHandshake::challenge() const {
  json::Builder out;
  out.set("type", "challenge").set("key", our_key_).set("nonce", nonce_);
  if (is_bound_) out.set("bound", true);
  return out.text();
}

std::string PeerHandshake::proof() const {
  assert(challenged());  // a precondition: Peers checks it
  json::Builder out;
  const std::string text = signed_by(side_);
  return out.set("type", "proof").set("signature", to_hex(key_.sign(as_bytes(text)))).text();
}

Expected<bool> PeerHandshake::hear(std::string_view text) {
  auto in = json::Reader::parse(text, {.max_bytes = protocol::max_message_bytes});
  if (!in) return tl::unexpected<Error>(in.error());
  const std::string type = in->text("type", {.min = 1, .max = 64});
  if (type == "challenge") {
    if (challenged()) return fail(Code::invalid, "challenge out of turn");
    std::string key = in->text("key", hex_of(key_size));
    their_nonce_ = in->text("nonce", hex_of(nonce_size));
    const bool is_bound = in->flag_if("bound").value_or(false);
    if (!in->good()) return tl::unexpected<Error>(in->error());
    if (side_ == Side::accepting) is_bound_ = is_bound;
    if (is_bound_ && binding_.empty())
      return fail(Code::refused, "your TLS ends before this node: something between the two takes it off");
    their_key_ = std::move(key);
    fingerprint_ = fingerprint_of(from_hex(their_key_));
    return true;
  }
  if (type == "proof") {
    if (!challenged() || proven_) return fail(Code::invalid, "proof out of turn");
    const std::string signature = in->text("signature", hex_of(Key::signature_size));
    if (!in->good()) return tl::unexpected<Error>(in->error());
    const std::string said = signed_by(side_ == Side::connecting ? Side::accepting : Side::connecting);
    if (!Key::verify(from_hex(their_key_), as_bytes(said), from_hex(signature)))
      return fail(Code::refused, "the signature does not fit the key in the challenge");
    proven_ = true;
    return true;
  }
  return in->result(false);
}

std::string PeerHandshake::signed_by(Side side) const {
  const std::string ours = our_key_ + " " + nonce_, theirs = their_key_ + " " + their_nonce_;
  const bool first = side_ == Side::connecting;
  return std::string("astral peer 2 ") + (side == Side::connecting ? "connecting " : "accepting ") +
         (is_bound_ ? binding_ : "-") + " " + (first ? ours : theirs) + " " + (first ? theirs : ours);
}

}  // namespace astral::peer
