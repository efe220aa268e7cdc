// SPDX-License-Identifier: BSD-3-Clause
#include "origin/front.hpp"

#include <libsoup/soup.h>
#include <sys/socket.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "http/remote_address.hpp"
#include "origin/request.hpp"

namespace astral::origin {
namespace {

constexpr std::size_t chunk = 64 * 1024;

std::string date() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string wire(const http::Reply &reply, bool keeps, bool has_body) {
  std::size_t length = reply.body.size();
  for (const Slice &part : reply.parts) length += part.size();
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  text.append(soup_status_get_phrase(reply.status)).append("\r\nServer: astralorigin\r\nDate: ");
  text.append(date()).append("\r\nX-Content-Type-Options: nosniff\r\nContent-Type: ").append(reply.type);
  text.append("\r\nContent-Length: ").append(std::to_string(length)).append("\r\n");
  if (!keeps) text += "Connection: close\r\n";
  for (const auto &[name, value] : reply.headers) text.append(name).append(": ").append(value).append("\r\n");
  text += "\r\n";
  if (!has_body) return text;
  text += reply.body;
  for (const Slice &part : reply.parts) text.append(reinterpret_cast<const char *>(part.data()), part.size());
  return text;
}

}  // namespace

//   reading ──a request is whole──▶ answering ──the routes' answer──▶ writing ──▶ reading …
//      └──what may not be──▶ leaving: the answer is out, what still comes is thrown away
struct Front::Visit {
  enum class Stage { reading, answering, writing, leaving };

  http::ConnectionLimiter::Id id = 0;
  Ref<GSocketConnection> connection = {};
  http::RemoteAddress caller = {};
  std::string local = {};
  Source input = {};
  Source output = {};
  Stage stage = Stage::reading;
  std::string in = {};     // not yet taken
  std::size_t wanted = 0;  // bytes that the request under way needs
  std::string out = {};    // not yet written
  std::size_t thrown = 0;
  bool is_serving = false;
  bool has_ended = false;  // nothing more comes
  bool keeps = true;
  bool is_head = false;
  bool said_continue = false;

  int fd() const { return g_socket_get_fd(g_socket_connection_get_socket(connection.get())); }
  bool send_now(std::string_view text) const {
    return send(fd(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
};

Front::Front(std::vector<http::Route> routes, const Limits &limits)
    : routes_(std::move(routes)), limits_(limits), chunk_(chunk), alive_(std::make_shared<Front *>(this)) {}

Front::~Front() {
  alive_.reset();
  visits_.clear();
}

Expected<std::unique_ptr<Front>> Front::open(const std::string &address, std::uint16_t port,
                                             std::vector<http::Route> routes, const Limits &limits) {
  std::unique_ptr<Front> front(new Front(std::move(routes), limits));
  Front *self = front.get();
  auto door = http::HttpListener::open(
      address, port,
      {.guests = {.total = limits.connections}, .head = limits.head, .patience = limits.for_head},
      {.on_request = [self](http::ConnectionLimiter::Id id,
                            Ref<GSocketConnection> connection) { self->receive(id, std::move(connection)); },
       .on_late = [self](http::ConnectionLimiter::Id id) { self->on_late(id); },
       .on_gone = [](http::ConnectionLimiter::Id) {}});
  if (!door) return tl::unexpected<Error>(door.error());
  front->listener_ = std::move(*door);
  return front;
}

void Front::receive(http::ConnectionLimiter::Id id, Ref<GSocketConnection> connection) {
  GSocketConnection *in = connection.get();
  const auto local = Ref<GSocketAddress>::adopt(g_socket_connection_get_local_address(in, nullptr));
  const auto remote = Ref<GSocketAddress>::adopt(g_socket_connection_get_remote_address(in, nullptr));
  if (!local || !remote) return;  // gone already
  const auto visit = std::make_shared<Visit>(Visit{.id = id,
                                                   .connection = std::move(connection),
                                                   .caller = http::remote_address_of(remote.get()),
                                                   .local = http::remote_address_of(local.get()).address});
  visits_.emplace(id, visit);
  look(visit);
  read_on(visit);
}

// Calls read_on() and write_on() from now on, when there is something to read.
void Front::look(const Visitor &visit) {
  using Thunk = std::pair<Front *, std::weak_ptr<Visit>>;
  const GSocketSourceFunc ready = [](GSocket *, GIOCondition, gpointer data) noexcept -> gboolean {
    const auto [self, weak] = *static_cast<Thunk *>(data);
    if (const auto there = weak.lock()) self->read_on(there);
    return G_SOURCE_CONTINUE;
  };
  GSocket *socket = g_socket_connection_get_socket(visit->connection.get());
  visit->input = Source(g_socket_create_source(socket, G_IO_IN, nullptr));
  g_source_set_callback(visit->input.get(), G_SOURCE_FUNC(ready), new Thunk(this, visit),
                        [](gpointer data) { delete static_cast<Thunk *>(data); });
  g_source_attach(visit->input.get(), nullptr);
}

void Front::read_on(const Visitor &visit) {
  const ssize_t got = recv(visit->fd(), chunk_.data(), chunk_.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) return end(visit);
  if (got == 0) {
    visit->has_ended = true;
    visit->input.reset();
    // Who has said all may still listen.
    if (visit->stage == Visit::Stage::reading || visit->stage == Visit::Stage::leaving) end(visit);
    return;
  }
  if (visit->stage == Visit::Stage::leaving) {
    visit->thrown += static_cast<std::size_t>(got);
    if (visit->thrown > limits_.drained) end(visit);
    return;
  }
  visit->in.append(chunk_.data(), static_cast<std::size_t>(got));
  // The next request waits in the kernel while this one is answered.
  if (visit->stage != Visit::Stage::reading) return visit->input.reset();
  serve(visit);
}

// One request after the other, as long as they are there and answered at once.
void Front::serve(const Visitor &visit) {
  if (std::exchange(visit->is_serving, true)) return;
  while (visit->stage == Visit::Stage::reading && take_request(visit)) {
  }
  visit->is_serving = false;
  if (visit->stage == Visit::Stage::reading && !visit->input && !visit->has_ended) look(visit);
  if (visit->stage == Visit::Stage::reading && visit->has_ended) end(visit);
}

// False: more bytes are needed, or it was refused.
bool Front::take_request(const Visitor &visit) {
  std::string &in = visit->in;
  if (in.empty() && visit->wanted == 0) {
    visit->wanted = 1;
    listener_->wait_until(visit->id, now() + limits_.idle);
  }
  if (in.size() < visit->wanted) return false;
  const auto sound = http::check_head(in, limits_.head);
  if (!sound) {
    refuse(visit, http::reply_error(sound.error().error, sound.error().status));
    return false;
  }
  if (!*sound) {
    if (visit->wanted <= 1) listener_->wait_until(visit->id, now() + limits_.for_head);
    visit->wanted = in.size() + 1;
    return false;
  }
  Request request = read_request(in);
  const http::Match found = http::match(routes_, request.call.method, request.call.path);
  const std::size_t max = found.route ? found.route->max_body : http::Route{}.max_body;
  if (request.length > max) {
    refuse(visit,
           http::reply_error({Code::too_large, "the body is larger than " + std::to_string(max) + " bytes"}));
    return false;
  }
  if (in.size() < request.head + request.length) {
    if (visit->wanted != request.head + request.length)
      listener_->wait_until(visit->id, now() + limits_.for_body);
    visit->wanted = request.head + request.length;
    if (request.waits && !std::exchange(visit->said_continue, true) &&
        !visit->send_now("HTTP/1.1 100 Continue\r\n\r\n"))
      end(visit);
    return false;
  }
  request.call.body = in.substr(request.head, request.length);
  in.erase(0, request.head + request.length);
  request.call.caller = visit->caller.address;
  request.call.is_loopback = visit->caller.is_loopback;
  request.call.is_near = visit->caller.is_near;
  request.call.local = visit->local;
  visit->wanted = 0;
  visit->said_continue = false;
  visit->keeps = request.keeps && listener_->guests() <= limits_.connections / 2;
  visit->is_head = request.is_head;
  visit->stage = Visit::Stage::answering;
  listener_->wait_until(visit->id, never);
  handle(visit, request.call);
  return true;
}

void Front::handle(const Visitor &visit, const http::Call &call) {
  http::Match found = http::match(routes_, call.method, call.path);
  if (!found.route) {
    return answer(visit, found.allow.empty()
                             ? http::reply_error({Code::not_found, "nothing is at " + call.path})
                             : http::method_not_allowed(found.allow));
  }
  if (call.method != "GET") {
    if (const auto may = access_.may_change(call, found.route->who); !may)
      return answer(visit, http::reply_error(may.error()));
  }
  http::Call complete = call;
  complete.params = std::move(found.params);
  found.route->handle(complete, [alive = std::weak_ptr<Front *>(alive_),
                                 weak = std::weak_ptr<Visit>(visit)](const http::Reply &reply) {
    const auto self = alive.lock();
    const auto there = weak.lock();
    if (self && there && there->stage == Visit::Stage::answering) (*self)->answer(there, reply);
  });
}

void Front::answer(const Visitor &visit, const http::Reply &reply) {
  visit->out = wire(reply, visit->keeps, !visit->is_head);
  visit->stage = Visit::Stage::writing;
  write_on(visit);
}

void Front::write_on(const Visitor &visit) {
  const ssize_t put = send(visit->fd(), visit->out.data(), visit->out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN && errno != EINTR) return end(visit);
  if (put > 0) visit->out.erase(0, static_cast<std::size_t>(put));
  if (visit->out.empty()) {
    visit->output.reset();
    if (!visit->keeps) return end(visit);
    visit->stage = Visit::Stage::reading;
    return serve(visit);
  }
  if (visit->output) return;
  listener_->wait_until(visit->id, now() + limits_.for_answer);
  using Thunk = std::pair<Front *, std::weak_ptr<Visit>>;
  const GSocketSourceFunc ready = [](GSocket *, GIOCondition, gpointer data) noexcept -> gboolean {
    const auto [self, weak] = *static_cast<Thunk *>(data);
    if (const auto there = weak.lock()) self->write_on(there);
    return G_SOURCE_CONTINUE;
  };
  GSocket *socket = g_socket_connection_get_socket(visit->connection.get());
  visit->output = Source(g_socket_create_source(socket, G_IO_OUT, nullptr));
  g_source_set_callback(visit->output.get(), G_SOURCE_FUNC(ready), new Thunk(this, visit),
                        [](gpointer data) { delete static_cast<Thunk *>(data); });
  g_source_attach(visit->output.get(), nullptr);
}

// Many clients write all before they read the answer; a close with bytes unread would throw it away.
void Front::refuse(const Visitor &visit, const http::Reply &reply) {
  visit->stage = Visit::Stage::leaving;
  visit->in = {};
  visit->send_now(wire(reply, false, true));
  shutdown(visit->fd(), SHUT_WR);
  listener_->wait_until(visit->id, now() + limits_.farewell);
}

void Front::on_late(http::ConnectionLimiter::Id id) {
  const auto found = visits_.find(id);
  if (found == visits_.end()) return;
  const Visitor visit = found->second;
  if (visit->stage != Visit::Stage::reading || visit->in.empty()) return end(visit);
  refuse(visit, http::reply_error({Code::timeout, "the request did not come in time"}, 408));
}

void Front::end(const Visitor &visit) {
  const Visitor keep = visit;
  keep->input.reset();
  keep->output.reset();
  keep->stage = Visit::Stage::leaving;
  visits_.erase(keep->id);
}

}  // namespace astral::origin
