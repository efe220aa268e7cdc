// SPDX-License-Identifier: BSD-3-Clause
#include "http/certificate.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>

#include "glue/gnutls_handle.hpp"

namespace astral::http {
namespace {

constexpr std::time_t day = 24 * 3600;
constexpr std::time_t lifetime = 365 * day;  // some clients take no certificate that lives longer than 397
constexpr std::time_t last_month = 30 * day;
constexpr std::size_t max_names = 64;

using Key = OwnedHandle<gnutls_x509_privkey_t, gnutls_x509_privkey_deinit>;
using Leaf = OwnedHandle<gnutls_x509_crt_t, gnutls_x509_crt_deinit>;

tl::unexpected<Error> gnutls_error(Code code, const std::string &what, int status) {
  return fail(code, what + ": " + gnutls_strerror(status));
}

gnutls_datum_t datum_of(const std::string &text) {
  return {reinterpret_cast<unsigned char *>(const_cast<char *>(text.data())),
          static_cast<unsigned>(text.size())};
}

std::string text_of(gnutls_datum_t datum) {
  std::string text(reinterpret_cast<const char *>(datum.data), datum.size);
  gnutls_memset(datum.data, 0, datum.size);
  gnutls_free(datum.data);
  return text;
}

Expected<std::string> read(const std::filesystem::path &file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Code::not_found, file.string() + ": " + std::strerror(errno));
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text.size() > INT_MAX) return fail(Code::invalid, file.string() + ": too long");
  return text;
}

// A reader sees the old file or the new one.
Expected<void> write(const std::filesystem::path &file, const std::string &text) {
  const std::string draft = file.string() + ".new";
  const int descriptor = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool done = descriptor >= 0 &&
                    ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                    fsync(descriptor) == 0;
  const int why = errno;
  if (descriptor >= 0) close(descriptor);
  if (!done || rename(draft.c_str(), file.c_str()) != 0)
    return fail(Code::failed, "cannot write " + file.string() + ": " + std::strerror(done ? errno : why));
  return {};
}

int add_name(gnutls_x509_crt_t leaf, const std::string &name) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (inet_pton(AF_INET, name.c_str(), address.data()) == 1)
    return gnutls_x509_crt_set_subject_alt_name(leaf, GNUTLS_SAN_IPADDRESS, address.data(), sizeof(in_addr),
                                                GNUTLS_FSAN_APPEND);
  if (inet_pton(AF_INET6, name.c_str(), address.data()) == 1)
    return gnutls_x509_crt_set_subject_alt_name(leaf, GNUTLS_SAN_IPADDRESS, address.data(), sizeof(in6_addr),
                                                GNUTLS_FSAN_APPEND);
  return gnutls_x509_crt_set_subject_alt_name(leaf, GNUTLS_SAN_DNSNAME, name.data(),
                                              static_cast<unsigned>(name.size()), GNUTLS_FSAN_APPEND);
}

int fill(gnutls_x509_crt_t leaf, gnutls_x509_privkey_t key, const std::vector<std::string> &names) {
  std::array<unsigned char, 16> serial{};
  int status = gnutls_rnd(GNUTLS_RND_NONCE, serial.data(), serial.size());
  serial[0] = (serial[0] & 0x7F) | 0x01;               // a positive number
  const std::time_t begin = std::time(nullptr) - day;  // a client's clock may be slow
  const auto then = [&](int next) {
    if (status >= 0) status = next;
  };
  then(gnutls_x509_crt_set_version(leaf, 3));
  then(gnutls_x509_crt_set_serial(leaf, serial.data(), serial.size()));
  then(gnutls_x509_crt_set_activation_time(leaf, begin));
  then(gnutls_x509_crt_set_expiration_time(leaf, begin + lifetime));
  then(gnutls_x509_crt_set_dn(leaf, "CN=Astral", nullptr));
  then(gnutls_x509_crt_set_basic_constraints(leaf, 0, -1));
  then(gnutls_x509_crt_set_key_usage(leaf, GNUTLS_KEY_DIGITAL_SIGNATURE));
  then(gnutls_x509_crt_set_key_purpose_oid(leaf, GNUTLS_KP_TLS_WWW_SERVER, 0));
  for (std::size_t i = 0; i < std::min(names.size(), max_names); ++i) then(add_name(leaf, names[i]));
  then(gnutls_x509_crt_set_key(leaf, key));
  then(gnutls_x509_crt_sign2(leaf, leaf, key, GNUTLS_DIG_SHA256, 0));
  return status;
}

Expected<std::string> make(const std::vector<std::string> &names) {
  gnutls_x509_privkey_t made_key = nullptr;
  int status = gnutls_x509_privkey_init(&made_key);
  const Key key(made_key);
  gnutls_x509_crt_t made_leaf = nullptr;
  if (status >= 0) status = gnutls_x509_crt_init(&made_leaf);
  const Leaf leaf(made_leaf);
  if (status >= 0)
    status = gnutls_x509_privkey_generate(made_key, GNUTLS_PK_ECDSA,
                                          GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
  if (status >= 0) status = fill(made_leaf, made_key, names);
  gnutls_datum_t key_pem{};
  gnutls_datum_t leaf_pem{};
  if (status >= 0)
    status = gnutls_x509_privkey_export2_pkcs8(made_key, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN,
                                               &key_pem);
  std::string text = text_of(key_pem);
  if (status >= 0) status = gnutls_x509_crt_export2(made_leaf, GNUTLS_X509_FMT_PEM, &leaf_pem);
  text += text_of(leaf_pem);
  if (status < 0) return gnutls_error(Code::failed, "cannot make a certificate", status);
  return text;
}

Expected<Leaf> read_leaf(const std::filesystem::path &file, const std::string &pem) {
  gnutls_x509_crt_t made = nullptr;
  int status = gnutls_x509_crt_init(&made);
  Leaf leaf(made);
  const gnutls_datum_t text = datum_of(pem);
  if (status >= 0) status = gnutls_x509_crt_import(made, &text, GNUTLS_X509_FMT_PEM);
  if (status < 0) return gnutls_error(Code::invalid, file.string() + ": no certificate", status);
  return leaf;
}

std::string fingerprint_of(gnutls_x509_crt_t leaf) {
  std::array<unsigned char, 32> hash{};
  std::size_t size = hash.size();
  if (gnutls_x509_crt_get_fingerprint(leaf, GNUTLS_DIG_SHA256, hash.data(), &size) < 0) return "";
  constexpr const char *digits = "0123456789ABCDEF";
  std::string text;
  for (const unsigned char byte : hash) {
    if (!text.empty()) text += ':';
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace

Certificate::~Certificate() {
  if (credentials_) gnutls_certificate_free_credentials(credentials_);
}

Expected<std::shared_ptr<const Certificate>> Certificate::load(const std::filesystem::path &certificate,
                                                               const std::filesystem::path &key) {
  const auto chain = read(certificate);
  if (!chain) return tl::unexpected(chain.error());
  const auto secret = read(key);
  if (!secret) return tl::unexpected(secret.error());
  const auto leaf = read_leaf(certificate, *chain);
  if (!leaf) return tl::unexpected(leaf.error());
  const std::shared_ptr<Certificate> made(new Certificate);
  made->fingerprint_ = fingerprint_of(leaf->get());
  int status = gnutls_certificate_allocate_credentials(&made->credentials_);
  const gnutls_datum_t chain_pem = datum_of(*chain);
  const gnutls_datum_t key_pem = datum_of(*secret);
  if (status >= 0)
    status =
        gnutls_certificate_set_x509_key_mem(made->credentials_, &chain_pem, &key_pem, GNUTLS_X509_FMT_PEM);
  if (status < 0)
    return gnutls_error(Code::invalid, certificate.string() + " with the key " + key.string(), status);
  return made;
}

Expected<std::shared_ptr<const Certificate>> Certificate::keep(const std::filesystem::path &file,
                                                               const std::vector<std::string> &names) {
  if (const auto there = read(file)) {
    const auto leaf = read_leaf(file, *there);
    if (!leaf) return tl::unexpected(leaf.error());
    if (gnutls_x509_crt_get_expiration_time(leaf->get()) > std::time(nullptr) + last_month)
      return load(file, file);
  }
  const auto text = make(names);
  if (!text) return tl::unexpected(text.error());
  if (const auto written = write(file, *text); !written) return tl::unexpected(written.error());
  return load(file, file);
}

std::vector<std::string> local_names(const std::string &listen) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  const bool is_any = listen == "0.0.0.0" || listen == "::";
  if (!is_any && std::ranges::find(names, listen) == names.end()) names.push_back(listen);
  return names;
}

}  // namespace astral::http
