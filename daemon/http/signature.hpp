// SPDX-License-Identifier: BSD-3-Clause
// Requests and answers that prove whose they are: HTTP message signatures (RFC 9421) by Ed25519 keys. That of
// a request covers the method, the path, the query, and the body by its digest (RFC 9530); that of an answer
// the status, the path and the query of the request, and the body. Pure, apart from the random nonce.
//
//   Content-Digest: sha-256=:BASE64:
//   Signature-Input: key=("@method" "@path" "@query"
//   "content-digest");created=SECONDS;nonce="HEX";keyid="HEX";alg="ed25519" Signature: key=:BASE64:
//
// An answer's components are ("@status" "@path";req "@query";req "content-digest").
// `keyid` is the public key itself, a SubjectPublicKeyInfo in DER. Only this form is read: the components in
// this order, the parameters in this order, and one signature.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "glue/error.hpp"
#include "glue/key.hpp"
#include "http/call.hpp"

namespace astral::http {

// A request is fresh for so long before and after it was made, by the server's clock.
inline constexpr std::chrono::seconds signature_window{300};

// The three headers of a request. `path` begins with '/'; `query` has no '?'.
Call::Signature sign(const Key &key, std::string_view method, std::string_view path, std::string_view query,
                     std::string_view body, std::chrono::sys_seconds created);

struct Signer {
  Fingerprint key;
  std::chrono::sys_seconds created;
  std::string nonce;  // 32 hex digits
};

// Who signed the call; nobody if it has no signature. The path that counts is the client's (`call.prefix`).
// **Errors** invalid: cannot be read. refused: the signature does not fit.
Expected<std::optional<Signer>> verify(const Call &call);

// The same for an answer. Only its body and its headers need to have come from the signer.
struct SignedAnswer {
  unsigned status;
  std::string_view path, query;  // of the request, as its client sees it
  std::string_view body;
};
Call::Signature sign(const Key &key, const SignedAnswer &answer, std::chrono::sys_seconds created);
Expected<std::optional<Signer>> verify(const SignedAnswer &answer, const Call::Signature &said);

// Accepts each signature once, and only while it is fresh. When it remembers `most`, it forgets the oldest.
class Freshness {
 public:
  explicit Freshness(std::size_t most = 500'000) : most_(most) {}

  // **Errors** refused: the request is too old, or from the future, or was seen before.
  Expected<void> accept(const Signer &signer, std::chrono::sys_seconds now);

 private:
  using Seen = std::pair<std::chrono::sys_seconds, std::string>;  // when it was made; nonce and key
  const std::size_t most_;
  std::set<Seen> seen_;
};

}  // namespace astral::http
