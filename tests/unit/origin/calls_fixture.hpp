// SPDX-License-Identifier: BSD-3-Clause
// Makes calls to the origin without a socket, and records status, headers and bodies.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http/signature.hpp"
#include "origin/routes.hpp"

namespace astral::origin {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
constexpr UnixTime start{1'700'000'000s};

struct Seen {
  unsigned status = 0;
  std::string type;
  std::string body;
  std::string location;
  std::string policy;
};

class OriginCalls : public ::testing::Test {
 protected:
  Seen call(const std::string &method, const std::string &path, std::string body = {},
            std::map<std::string, std::string> query = {}) {
    const http::Match found = http::match(routes_, method, path);
    if (!found.route) return {found.allow.empty() ? 404u : 405u, "", found.allow, "", ""};
    return send(made(method, path, std::move(body), std::move(query)));
  }

  http::Call made(const std::string &method, const std::string &path, std::string body = {},
                  std::map<std::string, std::string> query = {}) const {
    http::Call call;
    call.method = method;
    call.path = path;
    call.query = std::move(query);
    call.accept = accept_;
    call.content_type = content_type_;
    call.body = std::move(body);
    call.caller = caller_;
    call.authority = "origin.example";
    call.is_secure = is_secure_;
    if (key_) call.signature = http::sign(*key_, method, path, "", call.body, now_);
    return call;
  }

  Seen send(http::Call call) {
    const http::Match found = http::match(routes_, call.method, call.path);
    call.params = found.params;
    Seen seen;
    found.route->handle(call, [&](const http::Reply &reply) {
      seen = {reply.status, reply.type, reply.body, "", ""};
      while (!seen.body.empty() && seen.body.back() == '\n') seen.body.pop_back();
      for (const auto &[name, value] : reply.headers) {
        if (name == "Location") seen.location = value;
        if (name == "Content-Security-Policy") seen.policy = value;
      }
    });
    return seen;
  }

  UnixTime now_ = start;
  std::string token_;       // of an administrator
  std::optional<Key> key_;  // signs calls
  std::string caller_ = "192.0.2.9";
  bool is_secure_ = false;
  std::string accept_;
  std::string content_type_ = "application/json";
  Expected<void> disk_;
  Changes kept_;
  std::vector<std::string> asked_;
  bool may_ask_ = true;
  Registry registry_{core::Rng(1)};
  Edges edges_{
      .clock = [this] { return now_; },
      .keep =
          [this](Changes changes, const std::function<void(Expected<void>)> &kept) {
            kept_.add(std::move(changes));
            if (kept) kept(disk_);
          },
      .check =
          [this](const Check &check) {
            if (may_ask_)
              asked_.push_back(check.uuid + " " + check.ip_address + " " + std::to_string(check.port));
            return may_ask_;
          },
      .admin_token = "the administrator's"};
  std::vector<http::Route> routes_ = routes(registry_, edges_);
};

}  // namespace astral::origin
