// SPDX-License-Identifier: BSD-3-Clause
// What a reverse proxy says of the client for which it makes a call (X-Forwarded-For, -Proto, -Host,
// -Prefix), and when that is believed. Pure.
#pragma once

#include <gio/gio.h>

#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "http/call.hpp"

namespace astral::http {

class TrustedProxies {
 public:
  TrustedProxies() = default;
  // Each an IP address, or a network ADDRESS/BITS. Error: invalid.
  static Expected<TrustedProxies> read(const std::vector<std::string> &addresses);

  // `call` has the address of the connection. If that is a trusted proxy's, the call becomes the client's:
  // its address, whether it came by TLS, the host that it named, and the path under which it sees this
  // program. A call that any other program forwarded is nobody's: it has no rights of this machine or its
  // network.
  void apply(Call &call) const;

 private:
  bool trusts(std::string_view address) const;

  std::vector<Ref<GInetAddressMask>> networks_;
};

}  // namespace astral::http
