// SPDX-License-Identifier: BSD-3-Clause
#include "origin/api.hpp"

#include <charconv>

#include "core/slug.hpp"
#include "origin/accept.hpp"
#include "origin/page.hpp"
#include "origin/wire.hpp"

namespace astral::origin {
namespace {

struct Status {
  unsigned status;
  const char *code;
};

Status status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return {400, "invalid"};
    case Code::too_large:
      return {413, "too-large"};
    case Code::not_found:
      return {404, "not-found"};
    case Code::no_room:
      return {503, "no-room"};
    case Code::refused:
      return {403, "refused"};
    case Code::unsupported:
      return {415, "unsupported"};
    case Code::conflict:
      return {409, "conflict"};
    case Code::unreachable:
      return {503, "unreachable"};
    case Code::timeout:
      return {503, "timeout"};
    case Code::failed:
      return {500, "failed"};
  }
  return {500, "failed"};
}

Reply wrong_method(const char *allow) {
  Reply reply{.status = 405, .body = write_error("method", std::string("this path takes ") + allow)};
  reply.allow = allow;
  return reply;
}

Reply not_found(std::string what) {
  return refusal({Code::not_found, std::move(what)});
}
Reply json(std::string body) {
  return {.body = std::move(body)};
}
Reply html(std::string body) {
  return {.type = "text/html; charset=utf-8", .body = std::move(body)};
}
Reply nothing() {
  return json("{}");
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

// A number of the query; `otherwise` when it is absent.
Expected<std::int64_t> number_of(const Request &request, const char *name, std::int64_t otherwise,
                                 std::int64_t max) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return otherwise;
  const std::string &text = found->second;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > max) {
    return fail(Code::invalid, std::string("query '") + name + "': must be from 0 to " + std::to_string(max));
  }
  return value;
}

Expected<Page> page_of(const Request &request) {
  const auto limit = number_of(request, "limit", default_page, max_page);
  if (!limit) return tl::unexpected(limit.error());
  const auto offset = number_of(request, "offset", 0, INT64_MAX);
  if (!offset) return tl::unexpected(offset.error());
  return Page{*limit, *offset};
}

Expected<Order> order_of(const Request &request) {
  const auto found = request.query.find("sort");
  if (found == request.query.end() || found->second == "live") return Order::live;
  if (found->second == "name") return Order::name;
  if (found->second == "viewers") return Order::viewers;
  if (found->second == "bitrate") return Order::bitrate;
  if (found->second == "created") return Order::created;
  return fail(Code::invalid, "query 'sort': must be live, name, viewers, bitrate or created");
}

// A form or text/plain can be posted by any web page in a visitor's name; JSON cannot without being asked.
Expected<void> require_json(const Request &request) {
  if (request.content_type == "application/json") return {};
  return fail(Code::unsupported, "the body must be application/json");
}

// Which node asks for a change, by its own word: a query's or a body's `uuid`, or `source`.
Expected<std::string> caller_of(const Request &request) {
  for (const char *name : {"uuid", "source"}) {
    const auto found = request.query.find(name);
    if (found != request.query.end() && core::is_uuid(found->second)) return found->second;
  }
  if (!request.body.empty()) {
    if (auto is_json = require_json(request); !is_json) return tl::unexpected(is_json.error());
    auto uuid = read_caller(request.body);
    if (!uuid || !uuid->empty()) return uuid;
  }
  return fail(Code::invalid, "field 'uuid': is missing, in the query or the body: who calls?");
}

}  // namespace

Reply refusal(const Error &error) {
  const Status status = status_of(error.code);
  return {.status = status.status, .body = write_error(status.code, error.detail)};
}

Reply Api::answer(const Request &request, UnixTime now) {
  const Segments path = segments_of(request.path);
  if (path.empty()) return request.method == "GET" ? home(request, now) : wrong_method("GET");
  if (path.size() == 1 && path[0] == "streams") return answer_streams(request, now);
  if (path.size() == 1 && path[0] == "nodes") return answer_nodes(request, now);
  if (path.size() == 1 && path[0] == "ping") {
    if (request.method == "GET") return json(write_ping(request.caller));
    return request.method == "POST" ? nothing() : wrong_method("GET, POST");
  }
  if (path.size() == 2 && path[0] == "stream") return answer_stream(request, std::string(path[1]), now);
  if (path.size() == 2 && path[0] == "node") return answer_node(request, std::string(path[1]), now);
  return not_found("no such path");
}

Reply Api::answer_streams(const Request &request, UnixTime now) {
  if (request.method == "POST") {
    if (auto is_json = require_json(request); !is_json) return refusal(is_json.error());
    const auto stream = read_stream(request.body, now);
    if (!stream) return refusal(stream.error());
    const auto change = store_.put(*stream);
    if (!change) return refusal(change.error());
    const auto kept = store_.stream(stream->slug);  // `created` may be older
    if (!kept) return refusal(kept.error());
    Reply reply = json(write_stream(kept->value_or(*stream), now));
    if (*change == Change::created) {
      reply.status = 201;
      reply.location = "/stream/" + stream->slug;
    }
    return reply;
  }
  if (request.method != "GET") return wrong_method("GET, POST");
  if (wants_html(request.accept)) return home(request, now);
  const auto order = order_of(request);
  if (!order) return refusal(order.error());
  const auto page = page_of(request);
  if (!page) return refusal(page.error());
  const auto streams = store_.streams(*order, *page, now);
  return streams ? json(write_streams(*streams, now)) : refusal(streams.error());
}

Reply Api::answer_stream(const Request &request, const std::string &slug, UnixTime now) {
  const bool changes = request.method == "PUT" || request.method == "DELETE";
  if (!changes && request.method != "GET") return wrong_method("GET, PUT, DELETE");
  const auto stream = store_.stream(slug);
  if (!stream) return refusal(stream.error());
  if (!*stream) return not_found("no stream " + slug.substr(0, core::max_slug));
  if (!changes)
    return wants_html(request.accept) ? stream_page(**stream, now) : json(write_stream(**stream, now));

  const auto caller = caller_of(request);
  if (!caller) return refusal(caller.error());
  if (auto allowed = allow(**stream, *caller); !allowed) return refusal(allowed.error());
  if (request.method == "DELETE") {
    const auto removed = store_.remove_stream(slug);
    return removed ? nothing() : refusal(removed.error());
  }
  if (auto is_json = require_json(request); !is_json) return refusal(is_json.error());
  const auto changed = read_changes(request.body, **stream, now);
  if (!changed) return refusal(changed.error());
  const auto put = store_.put(*changed);
  return put ? json(write_stream(*changed, now)) : refusal(put.error());
}

Reply Api::answer_nodes(const Request &request, UnixTime now) {
  if (request.method == "POST") {
    if (auto is_json = require_json(request); !is_json) return refusal(is_json.error());
    const auto node = read_node(request.body, request.caller, now);
    if (!node) return refusal(node.error());
    const auto change = store_.put(*node);
    if (!change) return refusal(change.error());
    Reply reply = json(write_node(*node));
    if (*change == Change::created) {
      reply.status = 201;
      reply.location = "/node/" + node->uuid;
    }
    return reply;
  }
  if (request.method != "GET") return wrong_method("GET, POST");
  const auto page = page_of(request);
  if (!page) return refusal(page.error());
  const auto nodes = store_.nodes(*page, now);
  if (!nodes) return refusal(nodes.error());
  return wants_html(request.accept) ? html(nodes_page(*nodes)) : json(write_nodes(*nodes));
}

Reply Api::answer_node(const Request &request, const std::string &uuid, UnixTime now) {
  if (request.method != "GET" && request.method != "DELETE") return wrong_method("GET, DELETE");
  const auto missing = [&] { return not_found("no node " + uuid.substr(0, core::max_uuid)); };
  if (request.method == "DELETE") {
    const auto removed = store_.remove_node(uuid);
    if (!removed) return refusal(removed.error());
    return *removed ? nothing() : missing();
  }
  const auto node = store_.node(uuid, now);
  if (!node) return refusal(node.error());
  if (!*node) return missing();
  return wants_html(request.accept) ? html(nodes_page({**node})) : json(write_node(**node));
}

Reply Api::home(const Request &request, UnixTime now) {
  const auto order = order_of(request);
  if (!order) return refusal(order.error());
  const auto page = page_of(request);
  if (!page) return refusal(page.error());
  const auto streams = store_.streams(*order, *page, now);
  if (!streams) return refusal(streams.error());
  return html(streams_page(*streams, *order, now));
}

Reply Api::stream_page(const Stream &stream, UnixTime now) {
  const auto source = store_.node(stream.source, now);
  if (!source) return refusal(source.error());
  return html(origin::stream_page(stream, *source ? &**source : nullptr, now));
}

}  // namespace astral::origin
