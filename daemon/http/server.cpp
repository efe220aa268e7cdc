// SPDX-License-Identifier: BSD-3-Clause
#include "http/server.hpp"

#include <algorithm>
#include <utility>

#include "http/websocket_handshake.hpp"

namespace astral::http {
namespace {

constexpr unsigned too_many_requests = 429;

// What a browser asks before it lets a page of a friendly origin make a call.
Reply preflight(const std::string &allow) {
  return {.status = 204,
          .type = "",
          .headers = {{"Access-Control-Allow-Methods", allow},
                      {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                      {"Access-Control-Max-Age", "600"}}};
}

Reply open_to_pages(Reply reply) {
  reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
  return reply;
}

// A proxy shows our paths under one of its own.
void put_before_location(const std::string &prefix, Reply &reply) {
  for (auto &[name, value] : reply.headers)
    if (same_word(name, "Location") && value.starts_with('/')) value.insert(0, prefix);
}

bool has_header(const Reply &reply, std::string_view name) {
  return std::any_of(reply.headers.begin(), reply.headers.end(),
                     [&](const auto &header) { return same_word(header.first, name); });
}

}  // namespace

Server::Server(std::vector<Route> routes, std::vector<SocketRoute> sockets, const ServerLimits &limits,
               Access::Rules rules)
    : routes_(std::move(routes)),
      sockets_(std::move(sockets)),
      limits_(limits),
      access_(std::move(rules)),
      body_rules_([this](const Call &call) {
        const Match found = match(routes_, call.method, call.path);
        return BodyRule{.max = found.route ? found.route->max_body : Route{}.max_body,
                        .is_kept = found.route && found.route->keeps_body};
      }),
      alive_(std::make_shared<Server *>(this)) {}

Server::~Server() {
  alive_.reset();
  connections_.clear();
}

Expected<std::unique_ptr<Server>> Server::open(const std::string &address, std::uint16_t port,
                                               std::vector<Route> routes, std::vector<SocketRoute> sockets,
                                               const ServerLimits &limits, Access::Rules rules) {
  std::unique_ptr<Server> server(new Server(std::move(routes), std::move(sockets), limits, std::move(rules)));
  Server *self = server.get();
  auto listener = HttpListener::open(
      address, port,
      {.guests = {.total = limits.connections, .reserved = limits.reserved, .per_place = limits.per_place},
       .head = limits.head,
       .patience = limits.for_head},
      {.on_request = [self](Guest guest) { self->accept(std::move(guest)); },
       .on_late = [self](ConnectionLimiter::Id id) { self->on_late(id); }});
  if (!listener) return tl::unexpected<Error>(listener.error());
  server->listener_ = std::move(*listener);
  return server;
}

void Server::accept(Guest guest) {
  const ConnectionLimiter::Id id = guest.id;
  const auto made = HttpConnection::make(std::move(guest), *this, limits_, body_rules_);
  connections_.emplace(id, made);
  made->start();
}

void Server::set_deadline(ConnectionLimiter::Id id, Time when) {
  listener_->wait_until(id, when);
}

void Server::on_late(ConnectionLimiter::Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const auto connection = found->second;
  connection->on_late();
}

bool Server::may_keep_alive() const {
  return listener_->guests() <= limits_.connections / 2;
}

void Server::on_ended(ConnectionLimiter::Id id) {
  connections_.erase(id);
}

void Server::on_request(HttpConnection &connection, Request request) {
  Call &call = request.call;
  access_.take_forwarded(call);
  const auto refuse = [&](const Error &error) { answer(connection, call.origin, reply_error(error)); };
  access_.recognize(call, wall_now());
  if (call.guesses_too_often) {
    Reply reply = reply_error(guesses_too_often(), too_many_requests);
    reply.headers.emplace_back("Retry-After", std::to_string(Guesses::pause.count()));
    return answer(connection, call.origin, std::move(reply));
  }
  if (const auto may = access_.may_come(call); !may) return refuse(may.error());
  for (const SocketRoute &socket : sockets_) {
    if (socket.path == call.path) return upgrade(connection, socket, request);
  }
  Match found = match(routes_, call.method, call.path);
  if (!found.route && found.allow.empty()) return refuse({Code::not_found, "nothing is at " + call.path});
  if (!found.route) {
    const bool is_for_all = is_open(routes_, call.path);
    if (call.method != "OPTIONS" || (!is_for_all && !access_.is_friend(call.origin)))
      return answer(connection, call.origin, method_not_allowed(found.allow));
    return answer(connection, call.origin,
                  is_for_all ? open_to_pages(preflight(found.allow)) : preflight(found.allow));
  }
  if (call.method != "GET" || found.route->who == Who::owner) {
    const auto may = access_.may_change(call, found.route->who, found.route->is_open);
    if (!may) return refuse(may.error());
  }
  call.params = std::move(found.params);
  handle(connection, *found.route, call);
}

void Server::handle(HttpConnection &connection, const Route &route, const Call &call) {
  ++waiting_;
  route.handle(call, [origin = call.origin, prefix = call.prefix, is_open = route.is_open,
                      is_answered = std::make_shared<bool>(false), weak = connection.weak_from_this(),
                      alive = std::weak_ptr<Server *>(alive_)](Reply reply) {
    const auto self = alive.lock();
    if (!self || std::exchange(*is_answered, true)) return;
    --(*self)->waiting_;
    if (is_open) reply = open_to_pages(std::move(reply));
    put_before_location(prefix, reply);
    const auto there = weak.lock();
    if (there && there->is_waiting()) return (*self)->answer(*there, origin, std::move(reply));
    if (reply.take_over) reply.take_over({}, "");
  });
}

void Server::answer(HttpConnection &connection, const std::string &origin, Reply reply) const {
  if (access_.is_friend(origin) && !has_header(reply, "Access-Control-Allow-Origin")) {
    reply.headers.emplace_back("Access-Control-Allow-Origin", origin);
    reply.headers.emplace_back("Vary", "Origin");
  }
  connection.answer(std::move(reply));
}

void Server::upgrade(HttpConnection &connection, const SocketRoute &route, const Request &request) {
  const Call &call = request.call;
  const auto refuse = [&](Reply reply) { answer(connection, call.origin, std::move(reply)); };
  if (call.method != "GET" || request.is_head) return refuse(method_not_allowed("GET"));
  if (const auto may = access_.may_open(call); !may) return refuse(reply_error(may.error()));
  const auto head = websocket_response(request);
  if (!head) return refuse(reply_error(head.error()));
  if (connection.has_more_input()) {
    return refuse(reply_error({Code::invalid, "a WebSocket is here: wait for the response before you send"}));
  }
  if (const auto may = route.may_open(call); !may) {
    const bool full = may.error().code == Code::no_room;
    return refuse(reply_error(may.error(), full ? std::optional(503u) : std::nullopt));
  }
  if (auto stream = connection.hand_over(*head)) route.open(std::move(stream), call);
}

}  // namespace astral::http
