// SPDX-License-Identifier: BSD-3-Clause
// Encryption with a secret key that also proves what it encrypted (AEAD), and the derivation of keys (HKDF).
// Uses GnuTLS. Does not decide which key or nonce is for what.
#pragma once

#include <gnutls/crypto.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/gnutls_handle.hpp"

namespace astral {

// 256 secret bits. The destructor wipes them.
class Secret {
 public:
  static constexpr std::size_t size = 32;

  static Secret random();
  // nullopt: not `size` bytes.
  static std::optional<Secret> from(Bytes bytes);

  Secret(const Secret &) = default;
  Secret &operator=(const Secret &) = default;
  ~Secret() { gnutls_memset(bytes_.data(), 0, bytes_.size()); }
  Bytes bytes() const { return bytes_; }
  bool operator==(const Secret &) const = default;

 private:
  Secret() = default;
  friend Secret derive(Bytes, Bytes, Bytes);
  std::array<std::uint8_t, size> bytes_{};
};

// HKDF with SHA-256 (RFC 5869): extracts with `salt`, expands with `info`.
Secret derive(Bytes secret, Bytes salt, Bytes info);

// AES-128-GCM (RFC 5116, 5.1) with the first 16 bytes of a secret. **Thread**: one. Owns the cipher's state.
class Aead {
 public:
  static constexpr std::size_t tag_size = 16;
  using Nonce = std::array<std::uint8_t, 12>;  // used once with each key; never twice

  explicit Aead(const Secret &key);

  // `plain`, encrypted, and the tag, which proves it and `associated`.
  std::vector<std::uint8_t> seal(const Nonce &nonce, Bytes associated, Bytes plain);
  // Nullopt: the key has not sealed this with this nonce and `associated`.
  std::optional<std::vector<std::uint8_t>> open(const Nonce &nonce, Bytes associated, Bytes sealed);

 private:
  OwnedHandle<gnutls_aead_cipher_hd_t, gnutls_aead_cipher_deinit> cipher_;
};

}  // namespace astral
