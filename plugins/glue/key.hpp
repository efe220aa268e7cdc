// SPDX-License-Identifier: BSD-3-Clause
// The Ed25519 key of a node or a publisher: generation, its file, its fingerprint, signing and verifying.
// Uses GnuTLS. Does not know links or tickets.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral {

// Lower-case hex of the SHA-256 of a SubjectPublicKeyInfo in DER: 64 characters.
using Fingerprint = std::string;

// Both use lower case. from_hex() requires an even number of digits.
std::string to_hex(Bytes bytes);
std::vector<std::uint8_t> from_hex(std::string_view digits);

bool is_fingerprint(std::string_view text);
Fingerprint fingerprint_of(Bytes public_key_der);

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(Bytes bytes);

// The public half of an Ed25519 key, ready to verify. Immutable and shared. **Thread**: any.
class PublicKey {
 public:
  static constexpr std::size_t raw_size = 32;  // RFC 8032, 5.1.5

  // Errors: invalid: not raw_size bytes. Bytes that are no point of the curve verify nothing.
  static Expected<PublicKey> from_raw(Bytes raw);

  Bytes raw() const;
  const Fingerprint &fingerprint() const;
  bool verify(Bytes data, Bytes signature) const;

 private:
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

// Immutable and shared; a copy costs one reference count. **Thread**: any.
class Key {
 public:
  static constexpr std::size_t max_file_size = 16 * 1024;
  static constexpr std::size_t signature_size = 64;
  static constexpr std::size_t max_public_key_size = 256;  // bytes of DER; an Ed25519 key has 44

  static Expected<Key> generate();
  // The key of this seed (RFC 8032, 5.1.5). Errors: invalid: not PublicKey::raw_size bytes.
  static Expected<Key> from_seed(Bytes seed);
  // Reads a PKCS#8 PEM text. Errors: too_large, invalid (no Ed25519 key in it).
  static Expected<Key> from_pem(Bytes pem);
  // Reads a PKCS#8 PEM file. Errors: not_found, too_large, invalid (no Ed25519 key in it), failed (system
  // call).
  static Expected<Key> load(const std::filesystem::path &file);
  // As load(); if there is no file, creates it atomically with mode 0600. If several processes do this at
  // once, all of them get the same key.
  static Expected<Key> load_or_create(const std::filesystem::path &file);

  // Makes the file, atomically and with mode 0600, and its folders; one that is there stays as it is. Error:
  // failed.
  Expected<void> save(const std::filesystem::path &file) const;

  const Fingerprint &fingerprint() const;
  Bytes public_key_der() const;   // SubjectPublicKeyInfo
  Bytes public_key_raw() const;   // PublicKey::raw_size bytes
  Bytes private_key_pem() const;  // PKCS#8; both fit gnutls_certificate_set_rawpk_key_mem()
  std::vector<std::uint8_t> sign(Bytes data) const;  // signature_size bytes

  // Also returns false if public_key_der is not an Ed25519 key.
  static bool verify(Bytes public_key_der, Bytes data, Bytes signature);

 private:
  struct State;
  static Expected<Key> from_pkcs8(Bytes text, int format);
  explicit Key(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace astral
