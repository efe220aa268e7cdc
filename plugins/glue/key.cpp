// SPDX-License-Identifier: BSD-3-Clause
#include "glue/key.hpp"

#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstring>

#include "glue/gnutls_handle.hpp"

namespace astral {
namespace {

using X509Key = OwnedHandle<gnutls_x509_privkey_t, gnutls_x509_privkey_deinit>;
using PrivateKey = OwnedHandle<gnutls_privkey_t, gnutls_privkey_deinit>;
using PublicKeyHandle = OwnedHandle<gnutls_pubkey_t, gnutls_pubkey_deinit>;

// Memory that GnuTLS allocated. The destructor wipes it, because it may hold a private key.
class Datum {
 public:
  Datum() = default;
  Datum(const Datum &) = delete;
  Datum &operator=(const Datum &) = delete;
  ~Datum() {
    if (!datum_.data) return;
    gnutls_memset(datum_.data, 0, datum_.size);
    gnutls_free(datum_.data);
  }
  gnutls_datum_t *out() { return &datum_; }
  Bytes bytes() const { return {datum_.data, datum_.size}; }

 private:
  gnutls_datum_t datum_{};
};

gnutls_datum_t datum_of(Bytes bytes) {
  assert(bytes.size() <= UINT_MAX);  // keys have a maximum size, and no caller signs 4 GB
  return {const_cast<unsigned char *>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

tl::unexpected<Error> tls_error(Code code, std::string_view what, int status) {
  return fail(code, std::string(what) + ": " + gnutls_strerror(status));
}

tl::unexpected<Error> system_error(std::string_view what, const std::filesystem::path &file, int number) {
  const Code code = number == ENOENT ? Code::not_found : Code::failed;
  return fail(code, std::string(what) + " " + file.string() + ": " + std::strerror(number));
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

bool write_all(int descriptor, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// Creates the file with all its bytes, unless a file is there already: that file is kept, and this is a
// success. Returns 0 or an errno.
int create_once(const std::filesystem::path &file, Bytes bytes) {
  std::string temporary = file.string() + ".XXXXXX";
  const File made(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!made) return errno;
  int status = 0;
  if (!write_all(made.get(), bytes) || ::fsync(made.get()) != 0) status = errno;
  if (status == 0 && ::link(temporary.c_str(), file.c_str()) != 0 && errno != EEXIST) status = errno;
  ::unlink(temporary.c_str());
  return status;
}

// The SubjectPublicKeyInfo of an Ed25519 key is this, and then the raw key (RFC 8410, 4).
constexpr std::array<std::uint8_t, 12> der_prefix = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                     0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

// Null if it is not an Ed25519 key.
PublicKeyHandle read_public_key(Bytes public_key_der) {
  gnutls_pubkey_t read = nullptr;
  if (gnutls_pubkey_init(&read) < 0) return nullptr;
  PublicKeyHandle key(read);
  const gnutls_datum_t der = datum_of(public_key_der);
  if (gnutls_pubkey_import(read, &der, GNUTLS_X509_FMT_DER) < 0) return nullptr;
  if (gnutls_pubkey_get_pk_algorithm(read, nullptr) != GNUTLS_PK_EDDSA_ED25519) return nullptr;
  return key;
}

bool verify_with(gnutls_pubkey_t key, Bytes data, Bytes signature) {
  if (signature.size() != Key::signature_size) return false;
  const gnutls_datum_t message = datum_of(data);
  const gnutls_datum_t signed_with = datum_of(signature);
  return gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_EDDSA_ED25519, 0, &message, &signed_with) >= 0;
}

}  // namespace

struct PublicKey::State {
  PublicKeyHandle key;
  std::array<std::uint8_t, der_prefix.size() + raw_size> der;
  Fingerprint fingerprint;
};

Expected<PublicKey> PublicKey::from_raw(Bytes raw) {
  if (raw.size() != raw_size) return fail(Code::invalid, "a public key has 32 bytes");
  auto state = std::make_shared<State>();
  std::copy(raw.begin(), raw.end(), std::copy(der_prefix.begin(), der_prefix.end(), state->der.begin()));
  state->key = read_public_key(state->der);
  if (!state->key) return fail(Code::invalid, "not an Ed25519 key");
  state->fingerprint = fingerprint_of(state->der);
  return PublicKey(std::move(state));
}

Bytes PublicKey::raw() const {
  return Bytes(state_->der).last(raw_size);
}
const Fingerprint &PublicKey::fingerprint() const {
  return state_->fingerprint;
}
bool PublicKey::verify(Bytes data, Bytes signature) const {
  return verify_with(state_->key.get(), data, signature);
}

struct Key::State {
  PrivateKey key;
  Datum pem;
  Datum der;
  Fingerprint fingerprint;
};

std::string to_hex(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::vector<std::uint8_t> from_hex(std::string_view digits) {
  assert(digits.size() % 2 == 0);  // precondition, see the header
  std::vector<std::uint8_t> bytes;
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(value(digits[i]) << 4 | value(digits[i + 1])));
  return bytes;
}

bool is_fingerprint(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Sha256 sha256(Bytes bytes) {
  Sha256 hash;
  const int status = gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.data(), bytes.size(), hash.data());
  assert(status == 0);  // GnuTLS can hash any bytes
  static_cast<void>(status);
  return hash;
}

Fingerprint fingerprint_of(Bytes public_key_der) {
  return to_hex(sha256(public_key_der));
}

Expected<Key> Key::generate() {
  gnutls_x509_privkey_t made = nullptr;
  int status = gnutls_x509_privkey_init(&made);
  if (status < 0) return tls_error(Code::failed, "no key", status);
  const X509Key key(made);
  status = gnutls_x509_privkey_generate(made, GNUTLS_PK_EDDSA_ED25519, 0, 0);
  if (status < 0) return tls_error(Code::failed, "cannot make an Ed25519 key", status);
  Datum pem;
  status =
      gnutls_x509_privkey_export2_pkcs8(made, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN, pem.out());
  if (status < 0) return tls_error(Code::failed, "cannot write a key as PKCS#8", status);
  return from_pem(pem.bytes());
}

Expected<Key> Key::from_seed(Bytes seed) {
  if (seed.size() != PublicKey::raw_size) return fail(Code::invalid, "a seed has 32 bytes");
  // PKCS#8 is this, and then the seed (RFC 8410, 7).
  std::array<std::uint8_t, 48> der = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                      0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
  std::copy(seed.begin(), seed.end(), der.end() - PublicKey::raw_size);
  auto key = from_pkcs8(der, GNUTLS_X509_FMT_DER);
  gnutls_memset(der.data(), 0, der.size());
  return key;
}

Expected<Key> Key::from_pem(Bytes pem) {
  if (pem.size() > max_file_size) return fail(Code::too_large, "larger than any key");
  return from_pkcs8(pem, GNUTLS_X509_FMT_PEM);
}

Expected<Key> Key::from_pkcs8(Bytes text, int format) {
  gnutls_x509_privkey_t read = nullptr;
  int status = gnutls_x509_privkey_init(&read);
  if (status < 0) return tls_error(Code::failed, "no key", status);
  X509Key x509(read);
  const gnutls_datum_t datum = datum_of(text);
  status = gnutls_x509_privkey_import_pkcs8(read, &datum, static_cast<gnutls_x509_crt_fmt_t>(format), nullptr,
                                            GNUTLS_PKCS_PLAIN);
  if (status < 0) return tls_error(Code::invalid, "no PKCS#8 key", status);
  if (gnutls_x509_privkey_get_pk_algorithm(read) != GNUTLS_PK_EDDSA_ED25519)
    return fail(Code::invalid, "the key is not Ed25519");

  auto state = std::make_shared<State>();
  status = gnutls_x509_privkey_export2_pkcs8(read, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN,
                                             state->pem.out());
  if (status < 0) return tls_error(Code::failed, "cannot write a key as PKCS#8", status);

  gnutls_privkey_t secret = nullptr;
  status = gnutls_privkey_init(&secret);
  if (status < 0) return tls_error(Code::failed, "no key", status);
  state->key.reset(secret);
  status = gnutls_privkey_import_x509(secret, read, GNUTLS_PRIVKEY_IMPORT_COPY);
  if (status < 0) return tls_error(Code::failed, "cannot use the key", status);

  gnutls_pubkey_t open = nullptr;
  status = gnutls_pubkey_init(&open);
  if (status < 0) return tls_error(Code::failed, "no key", status);
  const PublicKeyHandle public_key(open);
  status = gnutls_pubkey_import_privkey(open, secret, 0, 0);
  if (status == 0) status = gnutls_pubkey_export2(open, GNUTLS_X509_FMT_DER, state->der.out());
  if (status < 0) return tls_error(Code::failed, "cannot write the public key", status);
  state->fingerprint = fingerprint_of(state->der.bytes());
  return Key(std::move(state));
}

Expected<Key> Key::load(const std::filesystem::path &file) {
  const File opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return system_error("cannot open the key", file, errno);
  std::array<std::uint8_t, max_file_size + 1> buffer;
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(opened.get(), buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read the key", file, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  auto key = size > max_file_size ? fail(Code::too_large, "larger than any key")
                                  : from_pem(Bytes(buffer.data(), size));
  gnutls_memset(buffer.data(), 0, buffer.size());
  if (!key) return fail(key.error().code, file.string() + ": " + key.error().detail);
  return key;
}

Expected<Key> Key::load_or_create(const std::filesystem::path &file) {
  auto key = load(file);
  if (key || key.error().code != Code::not_found) return key;
  auto made = generate();
  if (!made) return made;
  if (const auto saved = made->save(file); !saved) return tl::unexpected<Error>(saved.error());
  return load(file);
}

Expected<void> Key::save(const std::filesystem::path &file) const {
  std::error_code ignored;  // if this matters, create_once() reports the error
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  if (const int status = create_once(file, private_key_pem()))
    return system_error("cannot create the key", file, status);
  return {};
}

const Fingerprint &Key::fingerprint() const {
  return state_->fingerprint;
}
Bytes Key::public_key_der() const {
  return state_->der.bytes();
}
Bytes Key::public_key_raw() const {
  return public_key_der().last(PublicKey::raw_size);
}
Bytes Key::private_key_pem() const {
  return state_->pem.bytes();
}

std::vector<std::uint8_t> Key::sign(Bytes data) const {
  const gnutls_datum_t message = datum_of(data);
  Datum signature;
  const int status =
      gnutls_privkey_sign_data2(state_->key.get(), GNUTLS_SIGN_EDDSA_ED25519, 0, &message, signature.out());
  // GnuTLS can sign any bytes with a key that it has imported.
  assert(status == 0 && signature.bytes().size() == signature_size);
  static_cast<void>(status);
  return {signature.bytes().begin(), signature.bytes().end()};
}

bool Key::verify(Bytes public_key_der, Bytes data, Bytes signature) {
  if (public_key_der.size() > max_public_key_size) return false;
  const PublicKeyHandle key = read_public_key(public_key_der);
  return key && verify_with(key.get(), data, signature);
}

}  // namespace astral
