// SPDX-License-Identifier: BSD-3-Clause
// An HTTP call and its reply as values: what the handlers of the API see. No socket, no libsoup.
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
  std::string method;  // HEAD comes as GET
  std::string path;
  std::map<std::string, std::string> params;  // of the route's pattern: match() gives each name that is in it
  std::map<std::string, std::string> query;
  std::string raw_query;     // as it came
  std::string content_type;  // without parameters, lower case; empty: none
  std::string accept;
  std::string host;       // of the Host header, without its port
  std::string authority;  // the Host header
  std::string origin;     // the Origin header: whose page asks
  std::string token;      // of "Authorization: Bearer"
  std::string body;
  std::string caller;        // IP address
  std::string local;         // the IP address that was called
  bool is_loopback = false;  // the caller is this machine
  bool is_near = false;      // or its local network (private or link-local addresses)
  bool is_owner = false;     // may do everything: Access says who
};

struct Reply {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body = {};
  std::vector<Slice> parts = {};  // after the body, not copied
  std::vector<std::pair<std::string, std::string>> headers = {};
  // A body without an end: who gets the connection, to send the head and then what there is. Called once,
  // with null when there is nobody any more, or who wanted the head only.
  std::function<void(Ref<GIOStream>, std::string head)> take_over = {};
};

// Called once, now or later, on the context of the server.
using Answer = std::function<void(Reply)>;
using Handle = std::function<void(const Call &, Answer)>;

Reply reply(const json::Builder &body, unsigned status = 200);

// {"error":{"code","message"}} with the status of the code; `status` overrides it.
Reply reply_error(const Error &error, std::optional<unsigned> status = std::nullopt);
Reply method_not_allowed(const std::string &allow);

// All of an answer without parts, as bytes; the connection ends after it.
std::string wire(const Reply &reply);
std::string wire_head(const Reply &reply);  // of one whose body ends with the connection

// The body as an object: JSON, or a browser's form, whose fields are all texts. An empty body is an empty
// object where `may_be_empty`. Errors: unsupported (415), invalid.
Expected<json::Reader> read_body(const Call &call, bool may_be_empty = false);
bool is_form(const Call &call);

}  // namespace astral::http
