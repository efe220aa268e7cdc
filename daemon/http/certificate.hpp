// SPDX-License-Identifier: BSD-3-Clause
// What a server proves its name with: a certificate and its key, for GnuTLS sessions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "glue/error.hpp"

typedef struct gnutls_certificate_credentials_st *gnutls_certificate_credentials_t;

namespace astral::http {

// **Thread**: any; it does not change.
class Certificate {
 public:
  // PEM files; `certificate` may be followed by those that signed it, and both may be the same file.
  // **Errors**: not_found, invalid: they do not belong together, or are no PEM; the detail names the file.
  static Expected<std::shared_ptr<const Certificate>> load(const std::filesystem::path &certificate,
                                                           const std::filesystem::path &key);
  // A self-signed one, ECDSA P-256, which browsers take (they take no Ed25519). It is kept in `file` (mode
  // 0600) for a year, so that a browser asks its user only once, and made anew in the last month.
  // `names`: DNS names and IP addresses. **Errors**: failed, invalid: the file holds something else.
  static Expected<std::shared_ptr<const Certificate>> keep(const std::filesystem::path &file,
                                                           const std::vector<std::string> &names);
  ~Certificate();
  Certificate(const Certificate &) = delete;
  Certificate &operator=(const Certificate &) = delete;

  gnutls_certificate_credentials_t credentials() const { return credentials_; }
  // SHA-256 of the certificate, as browsers show it: 64 hexadecimal digits in pairs, "AB:CD:…".
  const std::string &fingerprint() const { return fingerprint_; }

 private:
  Certificate() = default;

  gnutls_certificate_credentials_t credentials_ = nullptr;
  std::string fingerprint_;
};

// What a self-signed certificate may say to strangers: localhost, and the IP address to listen on, unless
// that is any. Not the machine's other addresses and names.
std::vector<std::string> local_names(const std::string &listen);

}  // namespace astral::http
