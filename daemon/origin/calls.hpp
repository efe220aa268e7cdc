// SPDX-License-Identifier: BSD-3-Clause
// What the origin's calls have in common: what they reach of the world, how they read a call's query and body
// and word a reply. Each add_…_calls() adds its part of the table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "glue/json.hpp"
#include "http/routes.hpp"
#include "origin/registry.hpp"
#include "origin/routes.hpp"

namespace astral::origin {

// A call that is done with fails or has its reply; answer_… below make a Handle of it.
using Outcome = Expected<http::Reply>;

http::Reply refusal(const Error &error);
// Its page may reach the visitor's own node, and the one at that URL.
http::Reply html(std::string body, std::uint16_t node_port = 0, const std::string &url = {});
http::Reply json_reply(const json::Builder &body);
http::Reply json_text(std::string body);
http::Reply changed(http::Reply reply, Change change, std::string location);

// A number of the query; `otherwise` when it is absent.
Expected<std::int64_t> number_of(const http::Call &call, const char *name, std::int64_t otherwise,
                                 std::int64_t min, std::int64_t max);
Expected<Page> page_of(const http::Call &call);
Expected<std::uint16_t> node_port_of(const http::Call &call);  // ?node=: where the visitor's own node listens
Expected<void> require_json(const http::Call &call);
Expected<std::string> caller_of(const http::Call &call);  // the uuid of the node that calls, by its own word

// Answers what `method` returns at once.
template <typename T>
http::Handle answer(const std::shared_ptr<T> &calls, Outcome (T::*method)(const http::Call &)) {
  return [calls, method](const http::Call &call, const http::Answer &done) {
    auto reply = ((*calls).*method)(call);
    done(reply ? std::move(*reply) : refusal(reply.error()));
  };
}

// Answers it when all that it changed is on the disk.
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

void add_node_calls(std::vector<http::Route> &table, Registry &registry, const Edges &edges);
void add_stream_calls(std::vector<http::Route> &table, Registry &registry, const Edges &edges);
void add_page_calls(std::vector<http::Route> &table);

}  // namespace astral::origin
