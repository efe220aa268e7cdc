// SPDX-License-Identifier: BSD-3-Clause
// Two WebSockets over real TCP on this machine, and a WebSocket against servers that misbehave.
#include "http/websocket.hpp"

#include <gtest/gtest.h>

#include "pump.hpp"
#include "websocket/handshake.hpp"

namespace astral::http {
namespace {

using test::pump_until;

// A TCP server that gives one kind of answer to the handshake. If the answer is right, `socket` is its end of
// the WebSocket.
class Peer {
 public:
  enum class Answer { right, refused, endless, none, wrong };

  explicit Peer(Answer answer = Answer::right, WebSocketLimits limits = {})
      : answer_(answer), limits_(limits) {
    service_ = Ref<GSocketService>::adopt(g_socket_service_new());
    port_ = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(service_.get()), nullptr, nullptr);
    incoming_ = SignalHandler(service_.get(),
                              g_signal_connect(service_.get(), "incoming",
                                               G_CALLBACK(+[](GSocketService *, GSocketConnection *connection,
                                                              GObject *, gpointer self) -> gboolean {
                                                 static_cast<Peer *>(self)->await(connection);
                                                 return TRUE;
                                               }),
                                               this));
    g_socket_service_start(service_.get());
  }
  ~Peer() { g_socket_service_stop(service_.get()); }

  std::uint16_t port() const { return port_; }

  std::shared_ptr<WebSocket> socket;
  std::vector<std::string> texts;
  std::optional<CloseReason> closed;

 private:
  void await(GSocketConnection *connection) {
    stream_ = Ref<GIOStream>::retain(G_IO_STREAM(connection));
    if (answer_ == Answer::none) return;
    readable_ = Source(g_socket_create_source(g_socket_connection_get_socket(connection), G_IO_IN, nullptr));
    const GSocketSourceFunc ready = [](GSocket *, GIOCondition, gpointer self) -> gboolean {
      static_cast<Peer *>(self)->greet();
      return G_SOURCE_REMOVE;
    };
    g_source_set_callback(readable_.get(), G_SOURCE_FUNC(ready), this, nullptr);
    g_source_attach(readable_.get(), nullptr);
  }

  void greet() {
    std::string request(4096, '\0');
    const gssize got = g_input_stream_read(g_io_stream_get_input_stream(stream_.get()), request.data(),
                                           request.size(), nullptr, nullptr);
    request.resize(static_cast<std::size_t>(std::max<gssize>(got, 0)));
    const std::size_t at = request.find("Sec-WebSocket-Key: ") + 19;
    const std::string key = request.substr(at, request.find("\r\n", at) - at);
    std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n"
        "sec-websocket-accept:  " +
        websocket::accept_of(answer_ == Answer::wrong ? "x" : key) + "\r\n\r\n";
    if (answer_ == Answer::refused) answer = "HTTP/1.1 403 Forbidden\r\n\r\n";
    if (answer_ == Answer::endless) answer = "HTTP/1.1 101 Yes\r\n" + std::string(20'000, 'x');
    g_output_stream_write_all(g_io_stream_get_output_stream(stream_.get()), answer.data(), answer.size(),
                              nullptr, nullptr, nullptr);
    if (answer_ != Answer::right) return;
    socket = WebSocket::accept(stream_,
                               {.on_open = {},
                                .on_text = [this](std::string_view text) { texts.emplace_back(text); },
                                .on_closed = [this](const CloseReason &reason) { closed = reason; }},
                               limits_);
  }

  const Answer answer_;
  const WebSocketLimits limits_;
  Ref<GSocketService> service_;
  std::uint16_t port_ = 0;
  Ref<GIOStream> stream_;
  SignalHandler incoming_;
  Source readable_;
};

struct Client {
  explicit Client(std::uint16_t port, const std::string &host = "127.0.0.1", WebSocketLimits limits = {}) {
    socket = WebSocket::connect({.host = host, .port = port, .path = "/peer"},
                                {.on_open = [this] { open = true; },
                                 .on_text = [this](std::string_view text) { texts.emplace_back(text); },
                                 .on_closed =
                                     [this](const CloseReason &reason) {
                                       closed = reason;
                                       socket.reset();
                                     }},
                                limits);
  }
  bool open = false;
  std::vector<std::string> texts;
  std::optional<CloseReason> closed;
  std::shared_ptr<WebSocket> socket;
};

TEST(WebSocket, TalksBothWaysAndClosesProperly) {
  Peer peer;
  Client client(peer.port());
  ASSERT_TRUE(pump_until([&] { return client.open && peer.socket; }));
  const std::string large(60'000, 'x');
  client.socket->send("hé");
  client.socket->send(large);
  client.socket->ping();
  peer.socket->send("yes");
  ASSERT_TRUE(pump_until([&] { return peer.texts.size() == 2 && client.texts.size() == 1; }));
  EXPECT_EQ(peer.texts, (std::vector<std::string>{"hé", large}));
  EXPECT_EQ(client.texts[0], "yes");
  peer.socket->close({close_code::bad_data, "because"});
  ASSERT_TRUE(pump_until([&] { return client.closed && peer.closed; }));
  EXPECT_EQ(client.closed->code, close_code::bad_data);
  EXPECT_EQ(client.closed->text, "because");
  EXPECT_EQ(peer.closed->code, close_code::bad_data);
}

TEST(WebSocket, DestroyingItCutsTheConnection) {
  Peer peer;
  Client client(peer.port());
  ASSERT_TRUE(pump_until([&] { return client.open && peer.socket; }));
  peer.socket.reset();
  ASSERT_TRUE(pump_until([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, close_code::abnormal);
  EXPECT_FALSE(peer.closed);
}

TEST(WebSocket, RefusesAMessageThatIsTooBig) {
  Peer peer(Peer::Answer::right, {.message_bytes = 100});
  Client client(peer.port());
  ASSERT_TRUE(pump_until([&] { return client.open; }));
  client.socket->send(std::string(101, 'x'));
  ASSERT_TRUE(pump_until([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, close_code::too_big);
  EXPECT_TRUE(peer.texts.empty());
}

TEST(WebSocket, ASlowReaderIsCutOff) {
  Peer peer(Peer::Answer::right, {.queue_bytes = 100'000});
  Client client(peer.port());
  ASSERT_TRUE(pump_until([&] { return client.open && peer.socket; }));
  const std::string large(60'000, 'x');  // the client reads only while the context is pumped
  for (int i = 0; i < 1000; ++i) peer.socket->send(large);
  ASSERT_TRUE(pump_until([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->text, "the other side reads too slowly");
}

struct NoServer {
  Peer::Answer answer;
  const char *text;
};

TEST(WebSocket, SaysWhyItCouldNotConnect) {
  for (const NoServer &bad : {NoServer{Peer::Answer::refused, "no WebSocket there: HTTP/1.1 403 Forbidden"},
                              NoServer{Peer::Answer::wrong, "no WebSocket there: a wrong handshake"},
                              NoServer{Peer::Answer::endless, "the answer to the handshake is too long"},
                              NoServer{Peer::Answer::none, "no connection within the time limit"}}) {
    Peer peer(bad.answer);
    Client client(peer.port(), "127.0.0.1",
                  {.connect = bad.answer == Peer::Answer::none ? Time(200ms) : Time(10s)});
    ASSERT_TRUE(pump_until([&] { return client.closed.has_value(); }));
    EXPECT_EQ(client.closed->code, close_code::abnormal);
    EXPECT_EQ(client.closed->text, bad.text);
    EXPECT_FALSE(client.open);
  }
}

TEST(WebSocket, ReportsAClosedPort) {
  std::uint16_t port = 0;
  {
    Peer peer;
    port = peer.port();
  }
  Client client(port);
  ASSERT_TRUE(pump_until([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->code, close_code::abnormal);
  EXPECT_FALSE(client.closed->text.empty());
}

TEST(WebSocket, CanBeDestroyedWhileItConnects) {
  Peer peer;
  auto client = std::make_unique<Client>(peer.port());
  client.reset();
  Client other(peer.port());
  ASSERT_TRUE(pump_until([&] { return other.open; }));
}

}  // namespace
}  // namespace astral::http
