// SPDX-License-Identifier: BSD-3-Clause
// A whole node in this process, on a port that the kernel chose, with a real core::Node and a fake media
// backend. Its clients use real HTTP and WebSockets while the test pumps the main context.
#pragma once

#include <gio/gio.h>
#include <gtest/gtest.h>
#include <libsoup/soup.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/slug.hpp"
#include "fake_media.hpp"
#include "glue/json.hpp"
#include "node/app.hpp"
#include "peer/peer_handshake.hpp"
#include "protocol/message_codec.hpp"
#include "pump.hpp"

namespace astral::test {

struct HttpAnswer {
  unsigned status = 0;  // 0: none came
  std::string body;
  std::map<std::string, std::string> headers;

  // "code: message" of an error body.
  std::string error() const {
    auto in = json::Reader::parse(body, {.max_bytes = 1 << 20});
    if (!in) return "no JSON: " + body;
    json::Reader what = in->object("error");
    const std::string code = what.text("code", {}), message = what.text("message", {.min = 1, .max = 4096});
    return in->good() ? code + ": " + message : "no error body: " + body;
  }
};

struct HttpRequest {
  std::string method = "GET";
  std::string path = "/";
  std::string body = {};
  std::string type = "application/json";
  std::map<std::string, std::string> headers = {};
};

class HttpClient {
 public:
  explicit HttpClient(std::string url)
      : url_(std::move(url)), session_(Ref<SoupSession>::adopt(soup_session_new())) {}

  HttpAnswer call(const HttpRequest &request) {
    const auto pending = begin(request);
    EXPECT_TRUE(pump_until([&] { return pending->done; })) << request.method << " " << request.path;
    return pending->answer;
  }
  HttpAnswer get(const std::string &path) { return call({.path = path}); }

  struct Pending {
    Ref<SoupMessage> message;
    HttpAnswer answer;
    bool done = false;
  };

  std::shared_ptr<Pending> begin(const HttpRequest &request) {
    auto pending = std::make_shared<Pending>();
    pending->message =
        Ref<SoupMessage>::adopt(soup_message_new(request.method.c_str(), (url_ + request.path).c_str()));
    soup_message_add_flags(pending->message.get(), SOUP_MESSAGE_NO_REDIRECT);
    SoupMessageHeaders *headers = soup_message_get_request_headers(pending->message.get());
    for (const auto &[name, value] : request.headers)
      soup_message_headers_replace(headers, name.c_str(), value.c_str());
    if (!request.body.empty()) {
      const auto bytes = Ref<GBytes>::adopt(g_bytes_new(request.body.data(), request.body.size()));
      soup_message_set_request_body_from_bytes(
          pending->message.get(), request.type.empty() ? nullptr : request.type.c_str(), bytes.get());
    }
    soup_session_send_and_read_async(session_.get(), pending->message.get(), G_PRIORITY_DEFAULT, nullptr,
                                     finish, new std::shared_ptr<Pending>(pending));
    return pending;
  }

 private:
  static void finish(GObject *session, GAsyncResult *result, gpointer data) {
    const std::unique_ptr<std::shared_ptr<Pending>> owned(static_cast<std::shared_ptr<Pending> *>(data));
    Pending &pending = **owned;
    GError *raw = nullptr;
    const auto bytes =
        Ref<GBytes>::adopt(soup_session_send_and_read_finish(SOUP_SESSION(session), result, &raw));
    const GErrorPtr error(raw);
    pending.done = true;
    if (error) {
      pending.answer.body = error->message;
      return;
    }
    pending.answer.status = soup_message_get_status(pending.message.get());
    gsize size = 0;
    const auto *text = static_cast<const char *>(g_bytes_get_data(bytes.get(), &size));
    pending.answer.body.assign(text ? text : "", size);
    SoupMessageHeadersIter iter;
    const char *name = nullptr, *value = nullptr;
    soup_message_headers_iter_init(&iter, soup_message_get_response_headers(pending.message.get()));
    while (soup_message_headers_iter_next(&iter, &name, &value)) pending.answer.headers[name] = value;
  }

  const std::string url_;
  const Ref<SoupSession> session_;
};

// Sends and receives raw bytes.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) {
    const auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
    const std::string address = "127.0.0.1:" + std::to_string(port);
    connection_ = Ref<GSocketConnection>::adopt(
        g_socket_client_connect_to_host(client.get(), address.c_str(), 0, nullptr, nullptr));
    if (connection_) g_socket_set_blocking(socket(), FALSE);
  }
  bool connected() const { return static_cast<bool>(connection_); }

  // Returns false if the other end accepts no more or `enough` returns true.
  bool send(
      std::string_view bytes, const std::function<bool()> &enough = [] { return false; }) {
    while (!bytes.empty()) {
      if (enough()) return false;
      GError *raw = nullptr;
      const gssize put = g_socket_send(socket(), bytes.data(), bytes.size(), nullptr, &raw);
      const GErrorPtr error(raw);
      if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
      if (put < 0 && !g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) return false;
      if (put < 0) g_main_context_iteration(nullptr, FALSE);
    }
    return true;
  }

  void end() { g_socket_shutdown(socket(), FALSE, TRUE, nullptr); }

  // Receives until `marker` or the end of the connection.
  std::string receive_until(std::string_view marker) {
    std::size_t looked = 0;
    pump_until([&] {
      char buffer[64 * 1024];
      gssize got = 0;
      while (!ended_ && (got = g_socket_receive(socket(), buffer, sizeof buffer, nullptr, nullptr)) > 0)
        received_.append(buffer, static_cast<std::size_t>(got));
      if (got == 0) ended_ = true;
      if (got < 0) g_main_context_iteration(nullptr, FALSE);
      const std::size_t from = std::exchange(looked, received_.size());
      return ended_ || (!marker.empty() &&
                        received_.find(marker, from - std::min(from, marker.size())) != std::string::npos);
    });
    return received_;
  }
  bool ended() const { return ended_; }

 private:
  GSocket *socket() const { return g_socket_connection_get_socket(connection_.get()); }

  Ref<GSocketConnection> connection_;
  std::string received_;
  bool ended_ = false;
};

// The key and the uuid of the node of that name: the same ones in each run.
inline Key key_of(const std::string &name) {
  return Key::from_seed(sha256(as_bytes(name))).value();
}
inline core::Uuid uuid_named(const std::string &name) {
  return core::uuid_of(key_of(name).fingerprint());
}

// A client of /peer or /events.
class SocketClient {
 public:
  SocketClient(std::uint16_t port, const std::string &path) {
    socket_ =
        http::WebSocket::connect({.host = "127.0.0.1", .port = port, .path = path},
                                 {.on_open = [this] { open = true; },
                                  .on_text = [this](std::string_view text) { texts.emplace_back(text); },
                                  .on_closed = [this](const http::CloseReason &reason) { closed = reason; }},
                                 {.message_bytes = 1 << 20});
  }
  bool wait_open() {
    return pump_until([this] { return open || closed; }) && open;
  }
  // The handshake of a node, before its hello.
  bool prove(const Key &key) {
    peer::PeerHandshake handshake(key, peer::PeerHandshake::Side::connecting);
    send(handshake.challenge());
    if (!handshake.hear(take("challenge")).value_or(false)) return false;
    send(handshake.proof());
    return handshake.hear(take("proof")).value_or(false);
  }
  // Comes in as the node of that name, of the handshake and its hello. False: it was not let in.
  bool join(const std::string &name) {
    if (!prove(key_of(name))) return false;
    send(R"({"type":"hello","uuid":")" + uuid_named(name) + R"(","label":")" + name + R"(","port":1})");
    return !take("welcome").empty();
  }
  void send(std::string_view text) { socket_->send(text); }
  void close() { socket_->close({}); }

  // Waits for a message of this type and removes it. Returns an empty string if none comes.
  std::string take(const std::string &type) {
    const std::string mark = "\"type\":\"" + type + "\"";
    std::string found;
    pump_until([&] {
      for (auto text = texts.begin(); text != texts.end(); ++text) {
        if (text->find(mark) == std::string::npos) continue;
        found = *text;
        texts.erase(text);
        return true;
      }
      return closed.has_value();
    });
    return found;
  }
  bool wait_closed() {
    return pump_until([this] { return closed.has_value(); });
  }

  bool open = false;
  std::vector<std::string> texts;
  std::optional<http::CloseReason> closed;

 private:
  std::shared_ptr<http::WebSocket> socket_;
};

inline const std::string fingerprint(64, 'a');
inline constexpr const char *ice =
    R"({"ufrag":"abcd","pwd":"0123456789012345678901","candidates":["candidate:1"]})";
inline constexpr const char *element_hello = R"({"type":"hello","uuid":"sink","kind":"element","port":0})";

// A TCP port that nobody has. Below the ports that the kernel gives to connections (32768 and more), because
// one of another test could get it before it is used.
inline std::uint16_t free_port() {
  for (int port = 20'000 + getpid() % 10'000; port < 32'768; ++port) {
    const auto listener = Ref<GSocketListener>::adopt(g_socket_listener_new());
    if (g_socket_listener_add_inet_port(listener.get(), static_cast<guint16>(port), nullptr, nullptr))
      return static_cast<std::uint16_t>(port);
  }
  return 0;
}

class AppTest : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }

  void start(node::App::Settings settings) {
    app.reset();
    settings.driver.key = key_of("here");
    settings.driver.node.self.label = "here";
    settings.driver.node.self.ip_address = "127.0.0.1";
    settings.listen = "127.0.0.1";
    settings.port = 0;
    auto opened = node::App::open(std::move(settings), media);
    ASSERT_TRUE(opened) << opened.error().detail;
    app = std::move(*opened);
    app->on_gone = [this] { gone = true; };
    http = std::make_unique<HttpClient>(app->server().url());
  }

  std::uint16_t port() const { return app->server().port(); }

  HttpAnswer post(const std::string &path, const std::string &body) {
    return http->call({.method = "POST", .path = path, .body = body});
  }
  HttpAnswer put(const std::string &path, const std::string &body) {
    return http->call({.method = "PUT", .path = path, .body = body});
  }
  HttpAnswer del(const std::string &path) { return http->call({.method = "DELETE", .path = path}); }

  // Publishes "talk" as astralsink does, up to the link to this node.
  std::unique_ptr<SocketClient> publish() {
    auto sink = std::make_unique<SocketClient>(port(), "/peer");
    EXPECT_TRUE(sink->wait_open());
    sink->send(element_hello);
    EXPECT_NE(sink->take("welcome"), "");
    sink->send(R"({"type":"publish","slug":"talk","name":"Talk","media":"video/mpegts"})");
    EXPECT_NE(sink->take("published"), "");
    auto request = protocol::read_message(sink->take("request"));
    EXPECT_TRUE(request && *request);
    if (!request || !*request) return sink;
    const std::string ticket = std::get<core::Request>(**request).ticket;
    sink->send(R"({"type":"offer","slug":"talk","source":"sink","hops":0,"path":[],"ticket":")" + ticket +
               R"(","fingerprint":")" + fingerprint + R"(","ice":)" + ice + "}");
    EXPECT_TRUE(pump_until([&] { return media.sources.contains(ticket); }));
    media.listener->on_source_message("talk", ticket,
                                      R"({"type":"confirm","ticket":")" + ticket + R"(","fingerprint":")" +
                                          fingerprint + R"(","ice":)" + ice + "}");
    EXPECT_NE(sink->take("confirm"), "");
    return sink;
  }

  FakeMedia media;
  bool gone = false;
  std::unique_ptr<node::App> app;
  std::unique_ptr<HttpClient> http;
};

}  // namespace astral::test
