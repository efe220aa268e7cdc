// SPDX-License-Identifier: BSD-3-Clause
// The origin's API without HTTP: a request as a value in, a reply as a value out. Decides paths, methods,
// status codes and formats; no socket, no clock, so that a test calls it as the server does.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
#include "origin/records.hpp"
#include "origin/store.hpp"

namespace astral::origin {

struct Request {
  std::string method;  // HEAD comes as GET
  std::string path;    // percent-decoded
  std::map<std::string, std::string> query;
  std::string accept;
  std::string content_type;  // without parameters
  std::string body;
  std::string caller;  // IP address
};

struct Reply {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body = {};
  std::string location = {};  // empty: none, as `allow`
  std::string allow = {};
};

Reply refusal(const Error &error);

class Api {
 public:
  explicit Api(Store &store) : store_(store) {}

  Reply answer(const Request &request, UnixTime now);

 private:
  using Segments = std::vector<std::string_view>;

  Reply answer_streams(const Request &request, UnixTime now);
  Reply answer_stream(const Request &request, const std::string &slug, UnixTime now);
  Reply answer_nodes(const Request &request, UnixTime now);
  Reply answer_node(const Request &request, const std::string &uuid, UnixTime now);
  Reply home(const Request &request, UnixTime now);
  Reply stream_page(const Stream &stream, UnixTime now);

  Store &store_;
};

}  // namespace astral::origin
