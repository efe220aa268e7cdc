// SPDX-License-Identifier: BSD-3-Clause
// Where the origin is, and whom its certificate may be signed by.
#pragma once

#include <gio/gio.h>

#include <cstdint>
#include <optional>
#include <string>

#include "glue/ref.hpp"

namespace astral::peer {

struct OriginUrl {
  std::string host;
  std::uint16_t port;
  std::string path;  // empty, or /PATH without a slash at its end: a proxy shows the origin there
  bool is_secure;

  // Of http[s]://HOST[:PORT][/PATH]. Nothing: it has no host.
  static std::optional<OriginUrl> parse(const std::string &url);
};

// A PEM file of the authorities to trust, which may be the origin's certificate itself. Null: `file` is
// empty, and those that this system trusts are meant; or it cannot be read, which is logged.
Ref<GTlsDatabase> read_authorities(const std::string &file);

}  // namespace astral::peer
