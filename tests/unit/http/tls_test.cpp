// SPDX-License-Identifier: BSD-3-Clause
// The certificate that a server keeps, and a server that takes TLS and plain HTTP on one port.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "http/certificate.hpp"
#include "http/server.hpp"
#include "http/websocket.hpp"
#include "pump.hpp"

namespace astral::http {
namespace {

using test::pump_until;

class Folder {
 public:
  Folder() : path_(std::filesystem::path(testing::TempDir()) / ("tls-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char *name) const { return path_ / name; }

 private:
  const std::filesystem::path path_;
};

void write(const std::filesystem::path &file, const std::string &text) {
  std::ofstream(file) << text;
}

TEST(CertificateTest, IsMadeOnceAndKept) {
  const Folder folder;
  const auto first = Certificate::keep(folder / "tls.pem", local_names("192.0.2.1"));
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ((*first)->fingerprint().size(), 32 * 3 - 1);
  struct stat found {};
  ASSERT_EQ(stat((folder / "tls.pem").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600);
  const auto second = Certificate::keep(folder / "tls.pem", local_names("0.0.0.0"));
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->fingerprint(), (*first)->fingerprint());
}

TEST(CertificateTest, OfAnotherKeyIsRefused) {
  const Folder folder;
  ASSERT_TRUE(Certificate::keep(folder / "a.pem", {"localhost"}));
  ASSERT_TRUE(Certificate::keep(folder / "b.pem", {"localhost"}));
  EXPECT_TRUE(Certificate::load(folder / "a.pem", folder / "a.pem"));
  const auto mixed = Certificate::load(folder / "a.pem", folder / "b.pem");
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Code::invalid);
}

TEST(CertificateTest, WhatIsNoneIsNotOverwritten) {
  const Folder folder;
  write(folder / "notes.txt", "not a certificate");
  const auto kept = Certificate::keep(folder / "notes.txt", {"localhost"});
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Code::invalid);
  EXPECT_EQ(std::filesystem::file_size(folder / "notes.txt"), 17);
  const auto missing = Certificate::load(folder / "none.pem", folder / "none.pem");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_FALSE(Certificate::keep(folder / "no-folder" / "tls.pem", {"localhost"}));
}

TEST(CertificateTest, TellsNoOtherAddresses) {
  EXPECT_EQ(local_names("0.0.0.0"), local_names("::"));
  EXPECT_EQ(local_names("0.0.0.0"), local_names("127.0.0.1"));
  EXPECT_EQ(local_names("192.0.2.1").back(), "192.0.2.1");
}

class TlsServerTest : public ::testing::Test {
 protected:
  TlsServerTest() { open({}); }

  void open(const ServerLimits &limits) {
    std::vector<Route> routes;
    routes.push_back({"GET", "/site", [](const Call &call, const Answer &answer) {
                        answer({.type = "text/plain", .body = call.site() + " " + call.caller});
                      }});
    routes.push_back({"GET", "/large", [](const Call &, const Answer &answer) {
                        answer({.type = "text/plain", .body = std::string(large, 'x')});
                      }});
    std::vector<SocketRoute> sockets;
    sockets.push_back({.path = "/echo",
                       .may_open = [](const Call &) { return Expected<void>(); },
                       .open =
                           [this](Ref<GIOStream> stream, const Call &call) {
                             binding_ = call.tls_binding;
                             echo_ = WebSocket::accept(
                                 std::move(stream),
                                 {.on_open = {},
                                  .on_text =
                                      [this](std::string_view text) {
                                        asked_ += text;
                                        echo_->send(text);
                                      },
                                  .on_closed = [this](const CloseReason &) { echo_.reset(); }});
                           }});
    auto opened = Server::open("127.0.0.1", 0, std::move(routes), std::move(sockets), limits);
    server_ = std::move(*opened);
    server_->use(*Certificate::keep(folder_ / "tls.pem", {"localhost"}));
  }

  // What the server answers until it ends the connection; empty: it spoke no TLS.
  std::string ask(const std::string &request, bool tls) {
    struct Asking {
      const std::string request;
      std::string heard;
      bool is_over = false;
      std::array<char, 16384> buffer;
      Ref<GIOStream> stream;

      void read() {
        g_input_stream_read_async(
            g_io_stream_get_input_stream(stream.get()), buffer.data(), buffer.size(), 0, nullptr,
            [](GObject *from, GAsyncResult *result, gpointer self) {
              auto *asking = static_cast<Asking *>(self);
              const gssize got = g_input_stream_read_finish(G_INPUT_STREAM(from), result, nullptr);
              if (got <= 0) return static_cast<void>(asking->is_over = true);
              asking->heard.append(asking->buffer.data(), static_cast<std::size_t>(got));
              asking->read();
            },
            this);
      }
    } asking{.request = request, .heard = {}, .is_over = false, .buffer = {}, .stream = {}};
    const auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
    g_socket_client_set_tls(client.get(), tls);
    const auto accept = +[](GSocketClient *, GSocketClientEvent event, GSocketConnectable *,
                            GIOStream *connection, gpointer) {
      if (event != G_SOCKET_CLIENT_TLS_HANDSHAKING) return;
      const auto any =
          +[](GTlsConnection *, GTlsCertificate *, GTlsCertificateFlags, gpointer) { return gboolean{TRUE}; };
      g_signal_connect(connection, "accept-certificate", G_CALLBACK(any), nullptr);
    };
    g_signal_connect(client.get(), "event", G_CALLBACK(accept), nullptr);
    g_socket_client_connect_to_host_async(
        client.get(), "127.0.0.1", server_->port(), nullptr,
        [](GObject *from, GAsyncResult *result, gpointer self) {
          auto *given = static_cast<Asking *>(self);
          given->stream = Ref<GIOStream>::adopt(
              G_IO_STREAM(g_socket_client_connect_finish(G_SOCKET_CLIENT(from), result, nullptr)));
          if (!given->stream) return static_cast<void>(given->is_over = true);
          g_output_stream_write_all_async(
              g_io_stream_get_output_stream(given->stream.get()), given->request.data(),
              given->request.size(), 0, nullptr,
              [](GObject *to, GAsyncResult *written, gpointer) {
                g_output_stream_write_all_finish(G_OUTPUT_STREAM(to), written, nullptr, nullptr);
              },
              nullptr);
          given->read();
        },
        &asking);
    EXPECT_TRUE(pump_until([&] { return asking.is_over; }));
    return asking.heard;
  }
  std::string get(const std::string &path, bool tls) {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", tls);
  }

  static constexpr std::size_t large = 3'000'000;  // more than the buffers of all sockets on the way
  const Folder folder_;
  std::shared_ptr<WebSocket> echo_;
  std::string binding_;  // of the client of /echo
  std::string asked_;    // by the client of /echo
  std::unique_ptr<Server> server_;
};

// A client of /echo.
struct Echo {
  Echo(std::uint16_t port, Ref<GTlsDatabase> authorities, bool is_bound = false)
      : socket(WebSocket::connect({.host = "localhost",
                                   .port = port,
                                   .path = "/echo",
                                   .is_secure = !is_bound,
                                   .authorities = std::move(authorities),
                                   .is_bound = is_bound},
                                  {.on_open = [this] { is_open = true; },
                                   .on_text = [this](std::string_view text) { heard += text; },
                                   .on_closed = [this](const CloseReason &reason) { closed = reason; }})) {}
  bool is_open = false;
  std::string heard;
  std::optional<CloseReason> closed;
  std::shared_ptr<WebSocket> socket;
};

TEST_F(TlsServerTest, TheFirstByteTells) {
  EXPECT_TRUE(get("/site", true).ends_with("\r\n\r\nhttps://localhost 127.0.0.1"));
  EXPECT_TRUE(get("/site", false).ends_with("\r\n\r\nhttp://localhost 127.0.0.1"));
}

TEST_F(TlsServerTest, ALargeAnswerArrivesWhole) {
  const std::string heard = get("/large", true);
  EXPECT_EQ(heard.size() - heard.find("\r\n\r\n") - 4, large);
}

TEST_F(TlsServerTest, AWebSocketGoesByTls) {
  const auto authorities =
      Ref<GTlsDatabase>::adopt(g_tls_file_database_new((folder_ / "tls.pem").c_str(), nullptr));
  ASSERT_TRUE(authorities);
  Echo echo(server_->port(), authorities);
  ASSERT_TRUE(pump_until([&] { return echo.is_open || echo.closed; }));
  ASSERT_TRUE(echo.is_open) << echo.closed->text;
  std::string sent;
  for (char c = 'a'; c <= 'd'; ++c) {  // more than TLS holds in one record, and than is read at once
    sent += std::string(60'000, c);
    echo.socket->send(sent.substr(sent.size() - 60'000));
  }
  ASSERT_TRUE(pump_until([&] { return echo.heard.size() == sent.size() || echo.closed; }));
  EXPECT_EQ(echo.heard, sent);
  echo.socket->close({close_code::normal, "done"});
  EXPECT_TRUE(pump_until([&] { return echo.closed && !echo_; }));
}

TEST_F(TlsServerTest, BothEndsOfASessionHaveItsBinding) {
  std::string before;
  for (int i = 0; i < 2; ++i) {
    Echo echo(server_->port(), {}, true);
    ASSERT_TRUE(pump_until([&] { return (echo.is_open && !binding_.empty()) || echo.closed; }));
    ASSERT_TRUE(echo.is_open) << echo.closed->text;
    EXPECT_EQ(binding_.size(), 64);
    EXPECT_EQ(echo.socket->binding(), binding_);
    EXPECT_NE(binding_, before);
    before = std::exchange(binding_, "");
    echo.socket->close({close_code::normal, "done"});
    ASSERT_TRUE(pump_until([&] { return echo.closed && !echo_; }));
  }
}

// A node says where its viewers find their streams, and ends.
TEST_F(TlsServerTest, ALastWordArrivesAlthoughTheClientEndsAtOnce) {
  Echo echo(server_->port(), {}, true);
  ASSERT_TRUE(pump_until([&] { return (echo.is_open && echo_) || echo.closed; }));
  const std::string last(60'000, 'x');
  echo.socket->send(last);
  echo.socket.reset();
  ASSERT_TRUE(pump_until([&] { return !echo_; }));
  EXPECT_EQ(asked_, last);
}

TEST_F(TlsServerTest, TheServersLastWordArrivesToo) {
  Echo echo(server_->port(), {}, true);
  ASSERT_TRUE(pump_until([&] { return (echo.is_open && echo_) || echo.closed; }));
  const std::string last(60'000, 'x');
  echo_->send(last);
  echo_.reset();
  server_.reset();
  ASSERT_TRUE(pump_until([&] { return echo.closed.has_value(); }));
  EXPECT_EQ(echo.heard, last);
}

TEST_F(TlsServerTest, AServerWithoutTlsHearsNothing) {
  const auto listener = Ref<GSocketListener>::adopt(g_socket_listener_new());
  const std::uint16_t port = g_socket_listener_add_any_inet_port(listener.get(), nullptr, nullptr);
  Ref<GSocketConnection> server;
  g_socket_listener_accept_async(
      listener.get(), nullptr,
      [](GObject *from, GAsyncResult *result, gpointer to) {
        auto &accepted = *static_cast<Ref<GSocketConnection> *>(to);
        accepted = Ref<GSocketConnection>::adopt(
            g_socket_listener_accept_finish(G_SOCKET_LISTENER(from), result, nullptr, nullptr));
        const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
        g_socket_send(g_socket_connection_get_socket(accepted.get()), answer.data(), answer.size(), nullptr,
                      nullptr);
      },
      &server);
  Echo echo(port, {}, true);
  ASSERT_TRUE(pump_until([&] { return server && echo.closed; }));
  EXPECT_EQ(echo.closed->text, "it opened no TLS session");
  std::array<char, 4096> bytes;
  const gssize got = g_socket_receive(g_socket_connection_get_socket(server.get()), bytes.data(),
                                      bytes.size(), nullptr, nullptr);
  ASSERT_GT(got, 0);
  const std::string_view heard(bytes.data(), static_cast<std::size_t>(got));
  EXPECT_TRUE(heard.starts_with("\x16\x03"));
  EXPECT_EQ(heard.find("GET"), std::string_view::npos);
}

TEST_F(TlsServerTest, AWebSocketToAnUnknownCertificateIsNotOpened) {
  Echo echo(server_->port(), {});
  ASSERT_TRUE(pump_until([&] { return echo.is_open || echo.closed; }));
  EXPECT_FALSE(echo.is_open);
  EXPECT_FALSE(echo_);
}

TEST_F(TlsServerTest, ABadRequestIsAnswered) {
  EXPECT_TRUE(ask("nonsense\r\n\r\n", true).starts_with("HTTP/1.1 400 "));
}

TEST_F(TlsServerTest, AClientThatSaysNothingMoreIsLetGo) {
  ServerLimits limits;
  limits.for_head = limits.idle = 300ms;
  open(limits);
  EXPECT_EQ(ask("", true), "");
  EXPECT_EQ(ask("\x16", false), "");  // no handshake follows
  EXPECT_TRUE(pump_until([&] { return server_->connections() == 0; }));
}

TEST_F(TlsServerTest, WhatIsNoHandshakeEndsTheConnection) {
  EXPECT_TRUE(ask("\x16" + std::string(500, 'x'), false).starts_with('\x15'));  // an alert
  EXPECT_TRUE(pump_until([&] { return server_->connections() == 0; }));
}

TEST_F(TlsServerTest, WithoutACertificateThereIsNoTls) {
  server_->use(std::shared_ptr<const Certificate>());
  EXPECT_EQ(get("/site", true), "");
  EXPECT_TRUE(get("/site", false).starts_with("HTTP/1.1 200 "));
}

TEST_F(TlsServerTest, ItEndsWithOpenConnections) {
  const auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
  const auto silent = Ref<GSocketConnection>::adopt(
      g_socket_client_connect_to_host(client.get(), "127.0.0.1", server_->port(), nullptr, nullptr));
  ASSERT_TRUE(silent);
  g_output_stream_write(g_io_stream_get_output_stream(G_IO_STREAM(silent.get())), "\x16", 1, nullptr,
                        nullptr);
  ASSERT_TRUE(pump_until([&] { return server_->connections() == 1; }));
  server_.reset();
}

}  // namespace
}  // namespace astral::http
