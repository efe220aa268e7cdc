// SPDX-License-Identifier: BSD-3-Clause
// Who may do what: by the Host that was asked for, the page that asks (Origin), the caller's address and its
// token. Pure; the reasons are for the caller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
#include "http/call.hpp"
#include "http/routes.hpp"

namespace astral::http {

class Access {
 public:
  struct Rules {
    // A name of another's may point here (DNS rebinding): only IP addresses, localhost and `hosts` are asked
    // for.
    bool checks_host = false;
    std::vector<std::string> hosts = {};
    std::vector<std::string> origins = {};  // scheme://host[:port] whose pages may do what the node's own may
    std::string token = {};                 // whoever sends it counts as this machine; empty: nobody
  };

  explicit Access(Rules rules);

  // **Errors**: refused.
  Expected<void> may_come(const Call &call) const;
  Expected<void> may_open(const Call &call) const;  // a WebSocket
  Expected<void> may_change(const Call &call, Who who) const;

  // By RTMP, where there are no headers: `query` is what stands behind the stream's key.
  Expected<void> may_publish(bool is_loopback, const std::string &query) const;

  bool is_owner(const Call &call) const;
  bool is_friend(std::string_view origin) const;  // one of `origins`

 private:
  Expected<void> may_page(const Call &call, const char *what) const;
  bool is_token(std::string_view token) const;

  const Rules rules_;
};

}  // namespace astral::http
