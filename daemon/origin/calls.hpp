// SPDX-License-Identifier: BSD-3-Clause
// What the origin's calls have in common: how they read a call's query and body and make a reply. Each
// add_…_calls() adds its routes to the table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "glue/json.hpp"
#include "http/routes.hpp"
#include "http/signature.hpp"
#include "origin/registry.hpp"
#include "origin/routes.hpp"

namespace astral::origin {

// The result of a call: its reply or its error. answer() and answer_when_kept() make an http::Handle of a
// method that returns it.
using Outcome = Expected<http::Reply>;

http::Reply refusal(const Error &error);
// The page's policy allows it to reach the visitor's own node at `node_port` (0: not) and the node at `url`.
http::Reply html(std::string body, std::uint16_t node_port = 0, const std::string &url = {});
http::Reply json_reply(const json::Builder &body);
http::Reply json_text(std::string body);
http::Reply changed(http::Reply reply, Change change, std::string location);

// A number of the query; `otherwise` if it is absent.
Expected<std::int64_t> number_of(const http::Call &call, const char *name, std::int64_t otherwise,
                                 std::int64_t min, std::int64_t max);
Expected<Page> page_of(const http::Call &call);
Expected<std::uint16_t> node_port_of(const http::Call &call);  // ?node=: the port of the visitor's own node
Expected<void> require_json(const http::Call &call);
Expected<std::string> uuid_of(const http::Call &call);  // the calling node's uuid, as it says itself

// Finds out who makes a call.
class Authors {
 public:
  Authors(const Registry &registry, std::string admin_token)
      : registry_(registry), admin_token_(std::move(admin_token)) {}

  // **Errors** invalid, refused: the call's signature. refused: the author is banned.
  Expected<Author> author_of(const http::Call &call, UnixTime now);
  // **Errors** refused: the call has no administrator's token.
  Expected<void> admit_admin(const http::Call &call) const;

 private:
  const Registry &registry_;
  const std::string admin_token_;  // empty: there is no administrator
  http::Freshness fresh_;
};

// Sends what `method` returns at once.
template <typename T>
http::Handle answer(const std::shared_ptr<T> &calls, Outcome (T::*method)(const http::Call &)) {
  return [calls, method](const http::Call &call, const http::Answer &done) {
    auto reply = ((*calls).*method)(call);
    done(reply ? std::move(*reply) : refusal(reply.error()));
  };
}

// Sends what `method` returns once all its changes are on the disk; an error at once.
template <typename T>
http::Handle answer_when_kept(const std::shared_ptr<T> &calls, Outcome (T::*method)(const http::Call &),
                              Registry &registry, const Keep &keep) {
  return [calls, method, &registry, keep](const http::Call &call, const http::Answer &done) {
    auto reply = ((*calls).*method)(call);
    if (!reply) return done(refusal(reply.error()));
    keep(registry.take_changes(), [done, reply = std::move(*reply)](const Expected<void> &kept) {
      done(kept ? reply : refusal(kept.error()));
    });
  };
}

void add_node_calls(std::vector<http::Route> &table, Registry &registry, const Edges &edges,
                    std::shared_ptr<Authors> authors);
void add_stream_calls(std::vector<http::Route> &table, Registry &registry, const Edges &edges,
                      std::shared_ptr<Authors> authors);
void add_admin_calls(std::vector<http::Route> &table, Registry &registry, const Edges &edges,
                     std::shared_ptr<Authors> authors);
void add_page_calls(std::vector<http::Route> &table);

}  // namespace astral::origin
