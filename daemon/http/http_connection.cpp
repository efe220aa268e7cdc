// SPDX-License-Identifier: BSD-3-Clause
#include "http/http_connection.hpp"

#include <glib-unix.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace astral::http {
namespace {

constexpr std::size_t read_at_once = 64 * 1024;

}  // namespace

std::shared_ptr<HttpConnection> HttpConnection::make(Guest guest, Owner &owner, const ServerLimits &limits,
                                                     const BodyRules &rules) {
  return std::shared_ptr<HttpConnection>(new HttpConnection(std::move(guest), owner, limits, rules));
}

HttpConnection::HttpConnection(Guest guest, Owner &owner, const ServerLimits &limits, const BodyRules &rules)
    : guest_(std::move(guest)), owner_(owner), limits_(limits), reader_(limits.head, rules) {}

HttpConnection::~HttpConnection() {
  input_.reset();  // before its descriptor is closed
  output_.reset();
}

void HttpConnection::start() {
  watch_input();
  read();
}

void HttpConnection::watch_input() {
  input_ = Epoll::Watch(g_main_context_default(), fd(), [weak = weak_from_this()] {
    if (const auto there = weak.lock()) there->read();
  });
}

void HttpConnection::watch_output() {
  using Weak = std::weak_ptr<HttpConnection>;
  const GUnixFDSourceFunc writable = [](gint, GIOCondition, gpointer data) noexcept -> gboolean {
    if (const auto there = static_cast<Weak *>(data)->lock()) there->write();
    return G_SOURCE_CONTINUE;
  };
  output_ = Source(g_unix_fd_source_new(fd(), G_IO_OUT));
  g_source_set_callback(output_.get(), G_SOURCE_FUNC(writable), new Weak(weak_from_this()),
                        [](gpointer data) { delete static_cast<Weak *>(data); });
  g_source_attach(output_.get(), g_main_context_default());
}

void HttpConnection::read() {
  static std::array<char, read_at_once> buffer;
  const ssize_t got = recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) return end();
  if (got == 0) {
    has_ended_input_ = true;
    input_.reset();
    return on_end_of_input();
  }
  const auto size = static_cast<std::size_t>(got);
  if (state_ == State::leaving) {
    dropped_ += size;
    if (dropped_ > limits_.drained) end();
    return;
  }
  reader_.add({buffer.data(), size});
  // The next request waits in the kernel while this one is answered.
  if (state_ != State::reading) return input_.reset();
  read_requests();
}

void HttpConnection::read_requests() {
  if (std::exchange(is_reading_requests_, true)) return;
  const auto keep = shared_from_this();
  while (state_ == State::reading && read_request()) {
  }
  is_reading_requests_ = false;
  if (state_ != State::reading && state_ != State::leaving) return;
  if (has_ended_input_) return on_end_of_input();
  if (!input_) watch_input();
  if (state_ == State::reading) set_read_deadline();
}

// False: more bytes are needed, or the request was refused.
bool HttpConnection::read_request() {
  switch (reader_.advance()) {
    case RequestReader::State::idle:
    case RequestReader::State::head:
    case RequestReader::State::body:
      if (reader_.take_expectation() && !send_now("HTTP/1.1 100 Continue\r\n\r\n")) end();
      return false;
    case RequestReader::State::refused:
      refuse(reader_.refusal());
      return false;
    case RequestReader::State::whole:
      break;
  }
  Request request = reader_.take();
  request.call.caller = guest_.remote.address;
  request.call.is_loopback = guest_.remote.is_loopback;
  request.call.is_near = guest_.remote.is_near;
  request.call.is_secure = guest_.is_secure;
  if (guest_.tls_binding) request.call.tls_binding = *guest_.tls_binding;
  request.call.local = guest_.local;
  keep_alive_ = request.keep_alive && owner_.may_keep_alive();
  is_head_ = request.is_head;
  state_ = State::waiting;
  deadline_for_.reset();
  owner_.set_deadline(guest_.id, never);  // the routes have deadlines of their own
  owner_.on_request(*this, std::move(request));
  return true;
}

void HttpConnection::set_read_deadline() {
  const RequestReader::State state = reader_.state();
  if (deadline_for_ == state) return;
  deadline_for_ = state;
  Time wait = limits_.idle;
  if (state == RequestReader::State::head) wait = limits_.for_head;
  if (state == RequestReader::State::body) wait = limits_.for_body;
  owner_.set_deadline(guest_.id, now() + wait);
}

// A client that has sent all may still read the response.
void HttpConnection::on_end_of_input() {
  if (state_ == State::waiting || state_ == State::writing) return;
  if (state_ == State::leaving || reader_.state() == RequestReader::State::idle) return end();
  const bool has_head = reader_.state() == RequestReader::State::body;
  refuse(reply_error(
      {Code::invalid, has_head ? "the body broke off" : "the request ended before its headers did"}));
}

void HttpConnection::answer(Reply reply) {
  if (state_ != State::waiting) return;
  const std::string head = response_head(reply, keep_alive_, limits_.name);
  if (reply.take_over) {
    const auto take_over = std::move(reply.take_over);
    if (!is_head_) return take_over(release(), head);
    take_over({}, "");
    keep_alive_ = false;
  }
  out_.add(head);
  if (!is_head_) {
    out_.add(std::move(reply.body));
    for (Slice &part : reply.parts) out_.add(std::move(part));
  }
  state_ = State::writing;
  write();
}

void HttpConnection::write() {
  if (!out_.send(fd())) return end();
  if (!out_.empty()) {
    if (output_) return;
    owner_.set_deadline(guest_.id, now() + limits_.for_answer);
    return watch_output();
  }
  output_.reset();
  if (!keep_alive_) return has_unread_bytes() ? leave() : end();
  state_ = State::reading;
  read_requests();
}

void HttpConnection::refuse(const Reply &reply) {
  send_now(response(reply, limits_.name));
  leave();
}

// A close with bytes unread would make the kernel throw the response away. So this side ends its half first.
void HttpConnection::leave() {
  if (has_ended_input_) return end();
  shutdown(fd(), SHUT_WR);
  state_ = State::leaving;
  owner_.set_deadline(guest_.id, now() + limits_.linger);
  if (!input_) watch_input();
}

Ref<GIOStream> HttpConnection::hand_over(std::string_view head) {
  if (send_now(head)) return release();
  end();
  return {};
}

void HttpConnection::on_late() {
  const bool has_begun = state_ == State::reading && reader_.state() != RequestReader::State::idle;
  if (!has_begun) return end();
  refuse(reply_error({Code::timeout, "the request did not come in time"}, 408));
}

// If the socket does not take even these few bytes, the client does not read, and it gets nothing.
bool HttpConnection::send_now(std::string_view text) const {
  return send(fd(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(text.size());
}

bool HttpConnection::has_unread_bytes() const {
  char byte = 0;
  return reader_.has_rest() || recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

Ref<GIOStream> HttpConnection::release() {
  const auto keep = shared_from_this();
  input_.reset();
  output_.reset();
  owner_.set_deadline(guest_.id, never);
  state_ = State::ended;
  auto stream = Ref<GIOStream>::adopt(G_IO_STREAM(guest_.connection.release()));
  owner_.on_ended(guest_.id);
  return stream;
}

void HttpConnection::end() {
  if (state_ != State::ended) release();
}

}  // namespace astral::http
