// SPDX-License-Identifier: BSD-3-Clause
// A whole node and its surroundings, driven by a script with one step per line; its first letter chooses the
// step. Real: App with its routes, /peer and /events, WebSockets, handshakes, messages, core::Node and the
// players' gateways. Sockets are socket pairs, time is virtual (outside.hpp), the media backend is a fake.
// Left out: libsoup (a request's head is parsed as the origin parses it), the listening socket, GStreamer.
#pragma once

#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fake_media.hpp"
#include "http/request.hpp"
#include "http/request_head.hpp"
#include "http/response.hpp"
#include "message_samples.hpp"
#include "node/app.hpp"
#include "outside.hpp"
#include "peer/peer_handshake.hpp"
#include "protocol/message_codec.hpp"

namespace astral::fuzz {

inline constexpr std::size_t max_steps = 64;     // lines of a script; longer ones find nothing more
inline constexpr std::size_t max_sessions = 10;  // further steps open none
inline constexpr std::size_t max_requests = 32;  // further steps send none
inline constexpr const char *token = "secret";

// Drops log messages, but aborts on a critical one, which means a bug of ours.
inline void watch_log() {
  static const bool done = [] {
    const GLogWriterFunc write = [](GLogLevelFlags level, const GLogField *fields, gsize count,
                                    gpointer) noexcept {
      if (!(level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR))) return G_LOG_WRITER_HANDLED;
      g_log_writer_standard_streams(level, fields, count, nullptr);
      std::abort();
    };
    g_log_set_writer_func(write, nullptr, nullptr);
    return true;
  }();
  assert(done);
}

inline void settle() {
  for (int i = 0; i < 400 && g_main_context_iteration(nullptr, FALSE); ++i) {
  }
}

inline Ref<GIOStream> stream_of(int fd) {
  const auto socket = Ref<GSocket>::adopt(g_socket_new_from_fd(fd, nullptr));
  assert(socket);
  return Ref<GIOStream>::adopt(G_IO_STREAM(g_socket_connection_factory_create_connection(socket.get())));
}

inline const Key &key(std::size_t which) {
  static const std::array<Key, 4> keys{*Key::generate(), *Key::generate(), *Key::generate(),
                                       *Key::generate()};
  return keys.at(which % keys.size());
}

// The value of "name":"…" in a text, or empty.
inline std::string field(std::string_view text, const std::string &name) {
  const std::string mark = "\"" + name + "\":\"";
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + mark.size());
  return std::string(rest.substr(0, rest.find('"')));
}

// The other end of a WebSocket: a node that proves its key, or a peer that proves none.
class Session {
 public:
  Session(int fd, const Key *key, bool is_dialled)
      : fd_(fd),
        reader_(is_dialled ? websocket::FrameReader::From::client : websocket::FrameReader::From::server,
                1 << 20),
        is_dialled_(is_dialled),
        is_open_(!is_dialled) {
    using Side = peer::PeerHandshake::Side;
    if (key) handshake_.emplace(*key, is_dialled ? Side::accepting : Side::connecting);
    if (handshake_ && is_open_) say(handshake_->challenge());
  }
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;
  ~Session() { close(fd_); }

  void say_bytes(std::string_view bytes) {
    // What does not fit into the socket is lost, so the node may receive half a message.
    static_cast<void>(send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  void say(std::string_view text) {
    constexpr std::uint8_t mask[4] = {1, 2, 3, 4};
    say_bytes(websocket::frame(websocket::Opcode::text, text, is_dialled_ ? nullptr : mask));
  }
  void say_goodbye(std::uint16_t code) {
    constexpr std::uint8_t mask[4] = {1, 2, 3, 4};
    say_bytes(websocket::close_frame({code, "bye"}, is_dialled_ ? nullptr : mask));
  }
  void hang_up() { shutdown(fd_, SHUT_RDWR); }

  // Reads what the node has sent; all of it must be valid.
  template <typename Heard>
  void listen(Heard heard) {
    char buffer[16 * 1024];
    ssize_t got = 0;
    while ((got = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
      const std::string_view bytes(buffer, static_cast<std::size_t>(got));
      is_open_ ? take(bytes, heard) : answer(bytes, heard);
    }
  }

 private:
  template <typename Heard>
  void take(std::string_view bytes, Heard heard) {
    std::vector<websocket::FrameEvent> events;
    const auto fed = reader_.feed(as_bytes(bytes), events);
    assert(fed);
    for (const websocket::FrameEvent &event : events) {
      if (event.opcode != websocket::Opcode::text) continue;
      if (handshake_ && !handshake_->proven() && introduce(event.payload)) continue;
      heard(event.payload);
    }
  }

  bool introduce(std::string_view text) {
    const bool before = handshake_->challenged();
    const auto known = handshake_->hear(text);
    if (!known || !*known) return false;
    if (!before && handshake_->challenged()) say(handshake_->proof());
    return true;
  }

  // The server's half of the handshake.
  template <typename Heard>
  void answer(std::string_view bytes, Heard heard) {
    request_.append(bytes.substr(0, 1 << 16));
    const std::size_t end = request_.find("\r\n\r\n");
    const std::size_t at = request_.find("Sec-WebSocket-Key: ");
    if (end == std::string::npos || at > end || !request_.starts_with("GET /peer ")) return;
    const std::string_view rest = std::string_view(request_).substr(at + 19);
    is_open_ = true;
    say_bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
              websocket::accept_of(rest.substr(0, rest.find('\r'))) + "\r\n\r\n");
    if (handshake_) say(handshake_->challenge());
    take(std::string_view(request_).substr(end + 4), heard);
  }

  const int fd_;
  websocket::FrameReader reader_;
  const bool is_dialled_;
  bool is_open_;
  std::string request_;
  std::optional<peer::PeerHandshake> handshake_;
};

// One HTTP call and its answer.
struct Request {
  bool is_answered = false;
  unsigned status = 0;
  std::string text;
  int fd = -1;  // of the connection, if an endless answer took it over
  ~Request() {
    if (fd >= 0) close(fd);
  }
};

class NodeWorld {
 public:
  NodeWorld(test::FakeMedia &media, core::Role role, std::vector<core::Address> bootstrap)
      : media_(media), access_(rules()) {
    watch_log();
    node::App::Settings settings;
    settings.driver.node.self.uuid = "here";
    settings.driver.node.self.ip_address = "127.0.0.1";
    settings.driver.node.role = role;
    settings.driver.node.bootstrap = std::move(bootstrap);
    settings.driver.key = key(0);
    settings.driver.dials_by_tls = false;
    settings.listen = "127.0.0.1";
    settings.port = 0;
    settings.access = rules();
    auto opened = node::App::open(std::move(settings), media_);
    assert(opened);
    app_ = std::move(*opened);
    settle();
  }
  NodeWorld(const NodeWorld &) = delete;
  NodeWorld &operator=(const NodeWorld &) = delete;

  // Ends the sessions before or after the node; no callback may run after that.
  ~NodeWorld() {
    if (sessions_.size() % 2 == 0) sessions_.clear();
    app_.reset();
    settle();
    for (const Dialled &one : take_dialled()) close(one.fd);
  }

  node::App &app() { return *app_; }

  void open_session(const std::string &path, const Key *with_key, bool is_near) {
    if (sessions_.size() >= max_sessions) return;
    for (const http::SocketRoute &route : app_->server().sockets()) {
      http::Call call;
      if (route.path != path || !route.may_open(call)) continue;
      const Pair pair = make_pair();
      call.caller = is_near ? "127.0.0.1" : "192.0.2." + std::to_string(1 + sessions_.size());
      call.is_secure = true;
      route.open(stream_of(pair.ours), call);
      sessions_.push_back(std::make_unique<Session>(pair.theirs, with_key, false));
    }
  }

  Session *session(char which) {
    if (sessions_.empty()) return nullptr;
    return sessions_[static_cast<unsigned char>(which) % sessions_.size()].get();
  }
  void drop_session(char which) {
    if (sessions_.empty()) return;
    sessions_.erase(sessions_.begin() +
                    static_cast<std::ptrdiff_t>(static_cast<unsigned char>(which) % sessions_.size()));
  }

  // Replaces @T and @Q with the ticket and the search that were named last.
  std::string filled(std::string_view text) const {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::string_view two = text.substr(i, 2);
      if (two == "@T") out += ticket_;
      if (two == "@Q") out += search_;
      if (two == "@T" || two == "@Q")
        ++i;
      else
        out += text[i];
    }
    return out;
  }

  const std::string &ticket() const { return ticket_; }

  // Called with each answer at once.
  std::function<void(const http::Call &, const Request &)> answered = [](const http::Call &,
                                                                         const Request &) {};

  // Reads a request from bytes and handles it as the server does. `who`: l this machine, n its network,
  // s a stranger, t a stranger with the token. Null if the server would refuse it before the routes.
  std::shared_ptr<Request> ask(char who, std::string_view bytes) {
    if (requests_.size() >= max_requests) return nullptr;
    const auto sound = http::check_head(bytes);
    if (!sound) assert(sound.error().status >= 400 && sound.error().status < 500);
    if (!sound || !*sound) return nullptr;
    http::Request head = http::read_request(bytes);
    http::Call &call = head.call;
    if (head.body_size > bytes.size() - head.head_size) return nullptr;
    call.body = bytes.substr(head.head_size, head.body_size);
    call.caller = who == 'l' ? "127.0.0.1" : "192.0.2.9";
    call.local = "127.0.0.1";
    call.is_loopback = who == 'l';
    call.is_near = who == 'l' || who == 'n';
    if (who == 't') call.token = token;
    return answer(std::move(call));
  }

  // Every call has been answered.
  void check_answers() const {
    for (const auto &request : requests_) assert(request->is_answered);
  }

  void look() {
    settle();
    for (const Dialled &one : take_dialled()) {
      if (sessions_.size() < max_sessions)
        sessions_.push_back(std::make_unique<Session>(one.fd, &key(one.port), true));
      else
        close(one.fd);
    }
    for (const auto &session : sessions_) session->listen([this](const std::string &text) { hear(text); });
    for (const std::string &text : std::exchange(media_.to_relay, {})) learn(text);
    for (const std::string &text : std::exchange(media_.to_source, {})) learn(text);
    for (const auto &[id, offer] : media_.sources) ticket_ = id;
    settle();
    app_->driver().node().check_invariants();
  }

 private:
  static http::Access::Rules rules() {
    return {.checks_host = true,
            .hosts = {"node.example"},
            .origins = {"https://friend.example"},
            .token = token};
  }

  void hear(const std::string &text) {
    learn(text);
    assert(json::check(text, {.max_bytes = 1 << 20}));
    // Another node can read what this node sends on /peer.
    if (!text.starts_with("{\"type\":")) assert(protocol::read_message(text));
  }
  void learn(const std::string &text) {
    if (const std::string found = field(text, "ticket"); !found.empty()) ticket_ = found;
    if (const std::string found = field(text, "search"); !found.empty()) search_ = found;
  }

  // Checks and routes the call as the server does.
  std::shared_ptr<Request> answer(http::Call call) {
    auto request = std::make_shared<Request>();
    call.is_owner = access_.is_owner(call);
    if (!access_.may_come(call)) return nullptr;
    const auto &routes = app_->server().routes();
    http::Match found = http::match(routes, call.method, call.path);
    if (!found.route) return nullptr;
    if (call.body.size() > found.route->max_body) return nullptr;
    if ((call.method != "GET" || found.route->who == http::Who::owner) &&
        !access_.may_change(call, found.route->who))
      return nullptr;
    call.params = std::move(found.params);
    requests_.push_back(request);
    found.route->handle(call, [this, call, request](const http::Reply &reply) {
      assert(!request->is_answered);
      request->is_answered = true;
      check_reply(*request, reply);
      answered(call, *request);
      if (!reply.take_over) return;
      const Pair pair = make_pair();
      request->fd = pair.theirs;
      // Half of the callers have hung up by the time that the connection is handed over.
      const bool is_there = request->text.size() % 2 == 0;
      reply.take_over(is_there ? stream_of(pair.ours) : Ref<GIOStream>(), http::response_head(reply));
      if (!is_there) close(pair.ours);
    });
    return request;
  }

  static void check_reply(Request &request, const http::Reply &reply) {
    request.status = reply.status;
    request.text = reply.body;
    for (const Slice &part : reply.parts) request.text += as_text(part.bytes());
    assert(reply.status >= 200 && reply.status < 600);
    for (const auto &[name, value] : reply.headers)
      assert(value.find_first_of("\r\n") == std::string::npos && value.find('\0') == std::string::npos);
    if (reply.type == "application/json" && !reply.body.empty())
      assert(json::check(request.text, {.max_bytes = 4 << 20}));
    if (reply.status >= 400) assert(!reply.body.empty());
  }

  test::FakeMedia &media_;
  const http::Access access_;
  std::vector<std::shared_ptr<Request>> requests_;
  std::string ticket_ = "t-1", search_ = "q-1";
  std::vector<std::unique_ptr<Session>> sessions_;
  std::unique_ptr<node::App> app_;
};

// Calls `step` with each line.
template <typename Step>
void run_script(std::string_view script, Step step) {
  for (std::size_t i = 0; i < max_steps && !script.empty(); ++i) {
    const std::size_t end = std::min(script.find('\n'), script.size());
    if (end > 0) step(script.substr(0, end));
    script.remove_prefix(std::min(end + 1, script.size()));
  }
}

inline Time time_of(char digit) {
  constexpr std::array<Time, 8> steps{1ms, 100ms, 500ms, 1s, 5s, 12s, 31s, 150s};
  return steps.at(static_cast<unsigned char>(digit) % steps.size());
}

// In a script, a tab stands for CRLF.
inline std::string request_of(std::string_view line) {
  std::string out;
  for (const char c : line) c == '\t' ? (void)out.append("\r\n") : out.push_back(c);
  return out;
}

}  // namespace astral::fuzz
