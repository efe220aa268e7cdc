// SPDX-License-Identifier: BSD-3-Clause
// An HTTP call and its reply as values: all that the handlers of the API see. No socket.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/json.hpp"
#include "glue/ref.hpp"

namespace astral::http {

struct Call {
  // The X-Forwarded- headers, as they came; TrustedProxies decides whether they are believed.
  struct Forwarded {
    std::string addresses, protocol, host, prefix;
  };
  // Content-Digest, Signature-Input and Signature, as they came; verify() reads them.
  struct Signature {
    std::string digest, input, signature;
  };
  std::string method;  // HEAD comes as GET
  std::string path;
  std::map<std::string, std::string> params;  // match() sets one for each name in the route's pattern
  std::map<std::string, std::string> query;
  std::string raw_query;     // as it came
  std::string content_type;  // without parameters, lower case; empty: none
  std::string accept;
  std::string accept_encoding, if_none_match;
  std::string host;       // of the Host header, without its port
  std::string authority;  // the Host header
  std::string origin;     // the Origin header: the site whose page makes the call
  std::string token;      // of "Authorization: Bearer"
  bool guesses_too_often = false;  // it had one, which was not looked at. Access decides
  std::string cookies;    // the Cookie header
  std::string user_agent;
  std::string body;
  Forwarded forwarded;
  Signature signature;
  std::string prefix;        // the path before ours by which the client sees us: /PATH; empty: none
  std::string caller;        // the client's IP address
  std::string local;         // the IP address of this side of the connection
  bool is_secure = false;    // it came by TLS
  std::string tls_binding;   // of that TLS, as far as this program; see TlsTunnel::Opened. Empty: none
  bool is_loopback = false;  // the client is on this machine
  bool is_near = false;      // or on its local network
  std::string device;        // the id of the paired device that makes it; empty: none. Access decides
  bool is_owner = false;     // may do everything; Access decides
  bool may_see_peers = false;  // may see which nodes and tickets this node knows; Access decides
  bool may_watch = false;    // may have a stream brought to this node; Access decides
  bool may_watch_private = false;  // … and see what this node has an invitation to; Access decides

  // scheme://host[:port] of this server, as the client knows it; an origin of its pages.
  std::string site() const { return (is_secure ? "https://" : "http://") + authority; }
  std::string base() const { return site() + prefix; }  // what stands before our paths
};

struct Reply {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body = {};
  std::vector<Slice> parts = {};  // sent after `body`, without a copy
  std::vector<std::pair<std::string, std::string>> headers = {};
  // For a body without an end. Called once with the connection; the callee owns it, sends `head` and then the
  // body. Called with null if the client has gone, or has asked for the head only.
  std::function<void(Ref<GIOStream>, std::string head)> take_over = {};
};

// A handler calls it once, now or later, on the server's context.
using Answer = std::function<void(Reply)>;
using Handle = std::function<void(const Call &, Answer)>;

Reply reply(const json::Builder &body, unsigned status = 200);

// {"error":{"code","message"}} with the status of the code; `status` overrides it.
Reply reply_error(const Error &error, std::optional<unsigned> status = std::nullopt);
Reply method_not_allowed(const std::string &allow);

// The body as an object: JSON, or a browser's form, all fields of which are strings. With `may_be_empty`, an
// empty body is an empty object. **Errors**: unsupported (415), invalid.
Expected<json::Reader> read_body(const Call &call, bool may_be_empty = false);
bool is_form(const Call &call);

}  // namespace astral::http
