// SPDX-License-Identifier: BSD-3-Clause
#include "origin/routes.hpp"

#include <charconv>

#include "core/slug.hpp"
#include "http/access.hpp"
#include "origin/calls.hpp"
#include "origin/wire.hpp"

namespace astral::origin {
namespace {

using http::Call;
using http::Reply;

constexpr std::int64_t default_node_port = 8000;  // where a node listens by default

// The content security policy: this origin's own files, and the nodes that a page plays from or posts to.
std::string policy(std::uint16_t node_port, const std::string &url) {
  const std::string node = node_port == 0 ? "" : " http://127.0.0.1:" + std::to_string(node_port);
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
         "connect-src 'self'" +
         node + (url.empty() ? "" : " " + url) + "; form-action 'self'" + node +
         "; base-uri 'none'; frame-ancestors 'none'";
}

}  // namespace

Reply refusal(const Error &error) {
  // 503, because the origin may have room later. At a node no_room is an answer of the network: 412.
  if (error.code == Code::no_room) return http::reply_error(error, 503);
  return http::reply_error(error);
}

// With a form for the visitor's own node the browser must send the page's Origin; under no-referrer it would
// send "null".
Reply html(std::string body, std::uint16_t node_port, const std::string &url) {
  Reply reply{.status = 200, .type = "text/html; charset=utf-8", .body = std::move(body)};
  reply.headers = {{"Cache-Control", "no-store"},
                   {"Vary", "Accept"},
                   {"Referrer-Policy", "origin"},
                   {"Content-Security-Policy", policy(node_port, url)}};
  return reply;
}

Reply json_text(std::string body) {
  Reply reply{.status = 200, .body = std::move(body)};
  reply.headers = {{"Cache-Control", "no-store"}, {"Vary", "Accept"}};
  return reply;
}

Reply json_reply(const json::Builder &body) {
  return json_text(body.text() + "\n");
}

Reply changed(Reply reply, Change change, std::string location) {
  if (change == Change::created) {
    reply.status = 201;
    reply.headers.emplace_back("Location", std::move(location));
  }
  return reply;
}

Expected<std::int64_t> number_of(const Call &call, const char *name, std::int64_t otherwise, std::int64_t min,
                                 std::int64_t max) {
  const auto found = call.query.find(name);
  if (found == call.query.end()) return otherwise;
  const std::string &text = found->second;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    return fail(Code::invalid, std::string("query '") + name + "': must be from " + std::to_string(min) +
                                   " to " + std::to_string(max));
  }
  return value;
}

Expected<Page> page_of(const Call &call) {
  const auto limit = number_of(call, "limit", default_page, 0, max_page);
  if (!limit) return tl::unexpected(limit.error());
  const auto offset = number_of(call, "offset", 0, 0, INT64_MAX);
  if (!offset) return tl::unexpected(offset.error());
  return Page{*limit, *offset};
}

Expected<std::uint16_t> node_port_of(const Call &call) {
  const auto port = number_of(call, "node", default_node_port, 1, 65535);
  if (!port) return tl::unexpected(port.error());
  return static_cast<std::uint16_t>(*port);
}

// Refuses forms and bodies without a type: any web page can post those in a visitor's name.
Expected<void> require_json(const Call &call) {
  if (call.content_type == "application/json") return {};
  return fail(Code::unsupported, "the body must be application/json");
}

// The `uuid` or `source` of the query, otherwise of the body.
Expected<std::string> uuid_of(const Call &call) {
  for (const char *name : {"uuid", "source"}) {
    const auto found = call.query.find(name);
    if (found != call.query.end() && core::is_uuid(found->second)) return found->second;
  }
  if (!call.body.empty()) {
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    auto uuid = read_uuid(call.body);
    if (!uuid || !uuid->empty()) return uuid;
  }
  return fail(Code::invalid, "field 'uuid': is missing, in the query or the body: who calls?");
}

Expected<Author> Authors::author_of(const Call &call, UnixTime now) {
  const auto signer = http::verify(call);
  if (!signer) return tl::unexpected<Error>(signer.error());
  Author author{.address = call.caller};
  if (*signer) {
    if (auto fresh = fresh_.accept(**signer, now); !fresh) return tl::unexpected<Error>(fresh.error());
    author.key = (*signer)->key;
  }
  if (auto admitted = registry_.bans().admit(author); !admitted) return tl::unexpected(admitted.error());
  return author;
}

Expected<void> Authors::admit_admin(const Call &call) const {
  if (admin_token_.empty())
    return fail(Code::refused,
                "nobody administers this origin; --admin-token FILE gives it an administrator");
  if (http::same_secret(call.token, admin_token_)) return {};
  return fail(Code::refused, "only an administrator may do that: 'Authorization: Bearer TOKEN'");
}

// The answers for programs are signed, so that a node knows the origin again.
http::Handle signed_by(const Key &key, const Clock &clock, http::Handle handle) {
  return [key, clock, handle = std::move(handle)](const Call &call, const http::Answer &done) {
    handle(call, [=, path = call.prefix + call.path, query = call.raw_query](Reply reply) {
      if (reply.type == "application/json" && reply.parts.empty() && !reply.take_over) {
        Call::Signature made = http::sign(
            key, {.status = reply.status, .path = path, .query = query, .body = reply.body}, clock());
        reply.headers.emplace_back("Content-Digest", std::move(made.digest));
        reply.headers.emplace_back("Signature-Input", std::move(made.input));
        reply.headers.emplace_back("Signature", std::move(made.signature));
      }
      done(std::move(reply));
    });
  };
}

std::vector<http::Route> routes(Registry &registry, const Edges &edges) {
  std::vector<http::Route> table;
  const auto authors = std::make_shared<Authors>(registry, edges.admin_token);
  add_node_calls(table, registry, edges, authors);
  add_stream_calls(table, registry, edges, authors);
  add_admin_calls(table, registry, edges, authors);
  add_page_calls(table);
  table.push_back(http::stun_call(edges.send_stun));
  if (!edges.key) return table;
  for (http::Route &route : table) {
    if (route.method == "GET") route.handle = signed_by(*edges.key, edges.clock, std::move(route.handle));
  }
  return table;
}

void found(Registry &registry, const Edges &edges, const std::string &uuid, bool answered) {
  const UnixTime now = edges.clock();
  const Node *node = registry.node(uuid, now);
  if (!node) return;
  if (!answered && node->reachable == true) {
    registry.remove_node(uuid);
    return edges.keep(registry.take_changes(), {});
  }
  registry.found(uuid, answered, now);
}

}  // namespace astral::origin
