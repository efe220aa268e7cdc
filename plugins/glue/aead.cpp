// SPDX-License-Identifier: BSD-3-Clause
#include "glue/aead.hpp"

#include <cassert>
#include <climits>

#include "glue/random.hpp"

namespace astral {
namespace {

constexpr std::size_t key_size = 16;

gnutls_datum_t datum_of(Bytes bytes) {
  assert(bytes.size() <= UINT_MAX);  // secrets and labels are short
  return {const_cast<unsigned char *>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

}  // namespace

Secret Secret::random() {
  Secret secret;
  secret.bytes_ = random_bytes<size>();
  return secret;
}

std::optional<Secret> Secret::from(Bytes bytes) {
  if (bytes.size() != size) return std::nullopt;
  Secret secret;
  std::ranges::copy(bytes, secret.bytes_.begin());
  return secret;
}

Secret derive(Bytes secret, Bytes salt, Bytes info) {
  const gnutls_datum_t ikm = datum_of(secret), with = datum_of(salt), label = datum_of(info);
  const Secret extracted = [&] {
    Secret key;
    const int status = gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &ikm, &with, key.bytes_.data());
    assert(status == 0);  // GnuTLS can hash any bytes
    static_cast<void>(status);
    return key;
  }();
  const gnutls_datum_t prk = datum_of(extracted.bytes());
  Secret key;
  const int status = gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &prk, &label, key.bytes_.data(), Secret::size);
  assert(status == 0);
  static_cast<void>(status);
  return key;
}

Aead::Aead(const Secret &key) {
  const gnutls_datum_t bytes = datum_of(key.bytes().first(key_size));
  gnutls_aead_cipher_hd_t made = nullptr;
  const int status = gnutls_aead_cipher_init(&made, GNUTLS_CIPHER_AES_128_GCM, &bytes);
  assert(status == 0);  // TLS 1.3 requires this cipher, so every GnuTLS has it
  static_cast<void>(status);
  cipher_.reset(made);
}

std::vector<std::uint8_t> Aead::seal(const Nonce &nonce, Bytes associated, Bytes plain) {
  std::vector<std::uint8_t> sealed(plain.size() + tag_size);
  std::size_t size = sealed.size();
  const int status = gnutls_aead_cipher_encrypt(cipher_.get(), nonce.data(), nonce.size(), associated.data(),
                                                associated.size(), tag_size, plain.data(), plain.size(),
                                                sealed.data(), &size);
  assert(status == 0 && size == sealed.size());  // with a key and room for the tag it cannot fail
  static_cast<void>(status);
  return sealed;
}

std::optional<std::vector<std::uint8_t>> Aead::open(const Nonce &nonce, Bytes associated, Bytes sealed) {
  if (sealed.size() < tag_size) return std::nullopt;
  std::vector<std::uint8_t> plain(sealed.size() - tag_size);
  std::size_t size = plain.size();
  std::uint8_t nothing = 0;  // GnuTLS takes no null pointer for an empty text
  const int status = gnutls_aead_cipher_decrypt(cipher_.get(), nonce.data(), nonce.size(), associated.data(),
                                                associated.size(), tag_size, sealed.data(), sealed.size(),
                                                plain.empty() ? &nothing : plain.data(), &size);
  if (status < 0) return std::nullopt;
  assert(size == plain.size());
  return plain;
}

}  // namespace astral
