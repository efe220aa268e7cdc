// SPDX-License-Identifier: BSD-3-Clause
#include "origin/routes.hpp"

#include <charconv>
#include <memory>

#include "core/slug.hpp"
#include "origin/accept.hpp"
#include "origin/page.hpp"
#include "origin/wire.hpp"

namespace astral::origin {
namespace {

using api::Call;
using api::Reply;

Reply refusal(const Error &error) {
  // A full origin is a matter of time; at a node no_room is an answer of the network, 412.
  if (error.code == Code::no_room) return api::reply_error(error, 503);
  return api::reply_error(error);
}

Reply found_nothing(std::string what) {
  return api::reply_error({Code::not_found, std::move(what)});
}

Reply html(std::string body) {
  Reply reply{.status = 200, .type = "text/html; charset=utf-8", .body = std::move(body)};
  reply.headers = {
      {"Cache-Control", "no-store"},
      {"Vary", "Accept"},
      {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}};
  return reply;
}

Reply json(const json::Builder &body) {
  Reply reply = api::reply(body);
  reply.headers.emplace_back("Vary", "Accept");
  return reply;
}

Reply changed(Reply reply, Change change, std::string location) {
  if (change == Change::created) {
    reply.status = 201;
    reply.headers.emplace_back("Location", std::move(location));
  }
  return reply;
}

// A number of the query; `otherwise` when it is absent.
Expected<std::int64_t> number_of(const Call &call, const char *name, std::int64_t otherwise,
                                 std::int64_t max) {
  const auto found = call.query.find(name);
  if (found == call.query.end()) return otherwise;
  const std::string &text = found->second;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > max) {
    return fail(Code::invalid, std::string("query '") + name + "': must be from 0 to " + std::to_string(max));
  }
  return value;
}

Expected<Page> page_of(const Call &call) {
  const auto limit = number_of(call, "limit", default_page, max_page);
  if (!limit) return tl::unexpected(limit.error());
  const auto offset = number_of(call, "offset", 0, INT64_MAX);
  if (!offset) return tl::unexpected(offset.error());
  return Page{*limit, *offset};
}

Expected<Order> order_of(const Call &call) {
  const auto found = call.query.find("sort");
  if (found == call.query.end() || found->second == "live") return Order::live;
  if (found->second == "name") return Order::name;
  if (found->second == "viewers") return Order::viewers;
  if (found->second == "bitrate") return Order::bitrate;
  if (found->second == "created") return Order::created;
  return fail(Code::invalid, "query 'sort': must be live, name, viewers, bitrate or created");
}

// Not a form, and nothing without a type: any web page can post those in a visitor's name.
Expected<void> require_json(const Call &call) {
  if (call.content_type == "application/json") return {};
  return fail(Code::unsupported, "the body must be application/json");
}

// Which node asks for a change, by its own word: a query's or a body's `uuid`, or `source`.
Expected<std::string> caller_of(const Call &call) {
  for (const char *name : {"uuid", "source"}) {
    const auto found = call.query.find(name);
    if (found != call.query.end() && core::is_uuid(found->second)) return found->second;
  }
  if (!call.body.empty()) {
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    auto uuid = read_caller(call.body);
    if (!uuid || !uuid->empty()) return uuid;
  }
  return fail(Code::invalid, "field 'uuid': is missing, in the query or the body: who calls?");
}

// A method per path; what fails becomes a reply in answer() below.
class Calls {
 public:
  Calls(Store &store, Clock clock) : store_(store), clock_(std::move(clock)) {}

  Expected<Reply> home(const Call &call) {
    const auto found = list(call);
    if (!found) return tl::unexpected(found.error());
    return html(streams_page(*found, *order_of(call), clock_()));
  }

  Expected<Reply> streams(const Call &call) {
    if (wants_html(call.accept)) return home(call);
    const auto found = list(call);
    if (!found) return tl::unexpected(found.error());
    return json(streams_json(*found, clock_()));
  }

  Expected<Reply> publish(const Call &call) {
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    const auto stream = read_stream(call.body, clock_());
    if (!stream) return tl::unexpected(stream.error());
    const auto change = store_.put(*stream);
    if (!change) return tl::unexpected(change.error());
    const auto kept = store_.stream(stream->slug);  // `created` may be older
    if (!kept) return tl::unexpected(kept.error());
    return changed(json(stream_json(kept->value_or(*stream), clock_())), *change, "/stream/" + stream->slug);
  }

  Expected<Reply> stream(const Call &call) {
    const auto stream = find(call);
    if (!stream) return tl::unexpected(stream.error());
    if (!wants_html(call.accept)) return json(stream_json(*stream, clock_()));
    const auto source = store_.node(stream->source, clock_());
    if (!source) return tl::unexpected(source.error());
    return html(stream_page(*stream, *source ? &**source : nullptr, clock_()));
  }

  Expected<Reply> change_stream(const Call &call) {
    const auto stream = find_own(call);
    if (!stream) return tl::unexpected(stream.error());
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    const auto changes = read_changes(call.body, *stream, clock_());
    if (!changes) return tl::unexpected(changes.error());
    if (const auto put = store_.put(*changes); !put) return tl::unexpected(put.error());
    return json(stream_json(*changes, clock_()));
  }

  Expected<Reply> end_stream(const Call &call) {
    const auto stream = find_own(call);
    if (!stream) return tl::unexpected(stream.error());
    if (const auto removed = store_.remove_stream(stream->slug); !removed)
      return tl::unexpected(removed.error());
    return json({});
  }

  Expected<Reply> nodes(const Call &call) {
    const auto page = page_of(call);
    if (!page) return tl::unexpected(page.error());
    const auto nodes = store_.nodes(*page, clock_());
    if (!nodes) return tl::unexpected(nodes.error());
    return wants_html(call.accept) ? html(nodes_page(*nodes)) : json(nodes_json(*nodes));
  }

  Expected<Reply> report(const Call &call) {
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    const auto node = read_node(call.body, call.caller, clock_());
    if (!node) return tl::unexpected(node.error());
    const auto change = store_.put(*node);
    if (!change) return tl::unexpected(change.error());
    return changed(json(node_json(*node)), *change, "/node/" + node->uuid);
  }

  Expected<Reply> node(const Call &call) {
    const std::string &uuid = call.params.at("uuid");
    const auto node = store_.node(uuid, clock_());
    if (!node) return tl::unexpected(node.error());
    if (!*node) return found_nothing("no node " + uuid.substr(0, core::max_uuid));
    return wants_html(call.accept) ? html(nodes_page({**node})) : json(node_json(**node));
  }

  Expected<Reply> forget_node(const Call &call) {
    const std::string &uuid = call.params.at("uuid");
    const auto removed = store_.remove_node(uuid);
    if (!removed) return tl::unexpected(removed.error());
    return *removed ? json({}) : found_nothing("no node " + uuid.substr(0, core::max_uuid));
  }

  Expected<Reply> ping(const Call &call) { return json(json::Builder().set("ip", call.caller)); }
  Expected<Reply> take(const Call &) { return json({}); }

 private:
  Expected<std::vector<Stream>> list(const Call &call) {
    const auto order = order_of(call);
    if (!order) return tl::unexpected(order.error());
    const auto page = page_of(call);
    if (!page) return tl::unexpected(page.error());
    return store_.streams(*order, *page, clock_());
  }

  Expected<Stream> find(const Call &call) {
    const std::string &slug = call.params.at("slug");
    auto stream = store_.stream(slug);
    if (!stream) return tl::unexpected(stream.error());
    if (!*stream) return fail(Code::not_found, "no stream " + slug.substr(0, core::max_slug));
    return std::move(**stream);
  }

  Expected<Stream> find_own(const Call &call) {
    auto stream = find(call);
    if (!stream) return stream;
    const auto caller = caller_of(call);
    if (!caller) return tl::unexpected(caller.error());
    if (auto allowed = allow(*stream, *caller); !allowed) return tl::unexpected(allowed.error());
    return stream;
  }

  Store &store_;
  Clock clock_;
};

}  // namespace

std::vector<api::Route> routes(Store &store, Clock clock) {
  const auto calls = std::make_shared<Calls>(store, std::move(clock));
  const auto answer = [calls](Expected<Reply> (Calls::*method)(const Call &)) -> api::Handle {
    return [calls, method](const Call &call, const api::Answer &done) {
      auto reply = ((*calls).*method)(call);
      done(reply ? std::move(*reply) : refusal(reply.error()));
    };
  };
  std::vector<api::Route> table = {
      {"GET", "/", answer(&Calls::home)},
      {"GET", "/streams", answer(&Calls::streams)},
      {"POST", "/streams", answer(&Calls::publish)},
      {"GET", "/stream/:slug", answer(&Calls::stream)},
      {"PUT", "/stream/:slug", answer(&Calls::change_stream)},
      {"DELETE", "/stream/:slug", answer(&Calls::end_stream)},
      {"GET", "/nodes", answer(&Calls::nodes)},
      {"POST", "/nodes", answer(&Calls::report)},
      {"GET", "/node/:uuid", answer(&Calls::node)},
      {"DELETE", "/node/:uuid", answer(&Calls::forget_node)},
      {"GET", "/ping", answer(&Calls::ping)},
      {"POST", "/ping", answer(&Calls::take), api::Who::anyone, max_ping_body, false},
  };
  return table;
}

}  // namespace astral::origin
