// SPDX-License-Identifier: BSD-3-Clause
// /peer and /events over real WebSockets: valid and invalid messages, and the event of each change.
#include <unistd.h>

#include <filesystem>

#include "app_fixture.hpp"
#include "http/certificate.hpp"

namespace astral::test {
namespace {

// With which nodes connect to each other.
std::shared_ptr<const http::Certificate> certificate() {
  const auto file =
      std::filesystem::path(testing::TempDir()) / ("sockets-" + std::to_string(getpid()) + ".pem");
  auto made = http::Certificate::keep(file, {"127.0.0.1"});
  std::filesystem::remove(file);
  EXPECT_TRUE(made);
  return made ? *made : nullptr;
}

class Sockets : public AppTest {};

struct Rubbish {
  const char *what;
  bool after_hello;
  std::string text;
  std::uint16_t code;
};

TEST_F(Sockets, AnInvalidMessageDisconnectsThePeerWithAReason) {
  for (const Rubbish &bad : {
           Rubbish{"no JSON", false, "rubbish", 1007},
           Rubbish{"no object", false, "[]", 1007},
           Rubbish{"no type", false, "{}", 1007},
           Rubbish{"half a surrogate", false, R"({"type":"\ud800x"})", 1007},
           Rubbish{"deep", false, std::string(1000, '['), 1009},
           Rubbish{"too large", false, std::string(70'000, ' '), 1009},
           Rubbish{"no hello first", false, R"({"type":"heartbeat","tickets":[]})", 1008},
           Rubbish{"hello without uuid", false, R"({"type":"hello"})", 1007},
           Rubbish{"bad request", true, R"({"type":"request","ticket":"","slug":"a","destination":"n"})",
                   1007},
           Rubbish{"hello twice", true, element_hello, 1008},
       }) {
    SocketClient peer(port(), "/peer");
    ASSERT_TRUE(peer.wait_open());
    if (bad.after_hello) {
      peer.send(element_hello);
      ASSERT_NE(peer.take("welcome"), "");
    }
    peer.send(bad.text);
    ASSERT_TRUE(peer.wait_closed()) << bad.what;
    EXPECT_EQ(peer.closed->code, bad.code) << bad.what;
    EXPECT_FALSE(peer.closed->text.empty()) << bad.what;
  }
  EXPECT_EQ(http->get("/health").status, 200u);
}

// GLib resolves every name in .localhost. The other node does not accept this name as Host.
TEST_F(Sockets, ANodeSendsTheAddressOfTheOtherAsHost) {
  bool open = false;
  std::optional<http::CloseReason> closed;
  const auto by_name =
      http::WebSocket::connect({.host = "other.localhost", .port = port(), .path = "/peer"},
                               {.on_open = [&] { open = true; },
                                .on_text = {},
                                .on_closed = [&](const http::CloseReason &why) { closed = why; }});
  ASSERT_TRUE(pump_until([&] { return open || closed; }));
  EXPECT_TRUE(open) << closed->text;
  EXPECT_EQ(http->call({.path = "/ping", .headers = {{"Host", "other.localhost"}}}).status, 403u);
}

TEST_F(Sockets, AWebSocketForALinkGoesToTheLink) {
  struct Taken {
    std::string id;
    Ref<GIOStream> stream;
  } taken;
  app->links = {.expects = [](const std::string &id) { return id == "known"; },
                .accept =
                    [&](const std::string &id, GIOStream *stream) {
                      taken = {id, Ref<GIOStream>::retain(stream)};
                    }};
  SocketClient link(port(), "/link?id=known");
  ASSERT_TRUE(link.wait_open());
  EXPECT_EQ(taken.id, "known");
  EXPECT_TRUE(taken.stream);
  SocketClient stranger(port(), "/link?id=unknown"), nobody(port(), "/link");
  ASSERT_TRUE(stranger.wait_closed() && nobody.wait_closed());
  EXPECT_NE(stranger.closed->text.find("404"), std::string::npos) << stranger.closed->text;
  EXPECT_NE(nobody.closed->text.find("400"), std::string::npos) << nobody.closed->text;
}

TEST_F(Sockets, UnknownMessagesAndTicketsAreIgnored) {
  SocketClient peer(port(), "/peer");
  ASSERT_TRUE(peer.wait_open());
  peer.send(element_hello);
  const std::string welcome = peer.take("welcome");
  EXPECT_NE(welcome.find("\"here\""), std::string::npos);
  peer.send(R"({"type":"tomorrow"})");
  peer.send(R"({"type":"cancel","ticket":"nope","code":"x"})");
  peer.send(R"({"type":"request","ticket":"t1","slug":"nope","destination":"sink"})");
  const std::string refusal = peer.take("refusal");
  EXPECT_NE(refusal.find("no-stream"), std::string::npos) << refusal;
  EXPECT_FALSE(peer.closed);
}

TEST_F(Sockets, TwoNodesFindEachOther) {
  app->use(certificate());
  FakeMedia other_media;
  node::App::Settings settings;
  settings.driver.key = key_of("there");
  settings.driver.node.bootstrap = {{"127.0.0.1", port()}};
  settings.listen = "127.0.0.1";
  settings.port = 0;
  auto other = node::App::open(std::move(settings), other_media);
  ASSERT_TRUE(other);
  HttpClient there((*other)->server().url());
  ASSERT_TRUE(pump_until([&] {
    return app->driver().node().find_node(uuid_named("there")) &&
           (*other)->driver().node().find_node(uuid_named("here"));
  }));
  EXPECT_EQ(app->driver().node().find_node(uuid_named("there"))->ip_address, "127.0.0.1");
  EXPECT_EQ(app->driver().node().find_node(uuid_named("there"))->port, (*other)->server().port());
  EXPECT_EQ(post("/streams", R"({"name":"Talk"})").status, 201u);
  ASSERT_TRUE(pump_until([&] { return (*other)->driver().node().find_stream("talk").has_value(); }));
  EXPECT_NE(there.get("/stream/talk").body.find(R"("source_label":"here")"), std::string::npos);
  EXPECT_EQ(there.call({.method = "POST", .path = "/streams", .body = R"({"name":"talk"})"}).status, 409u);
  bool other_gone = false;
  (*other)->on_gone = [&] { other_gone = true; };
  (*other)->shut_down();
  ASSERT_TRUE(pump_until([&] { return other_gone && !app->driver().node().find_node(uuid_named("there")); }));
}

TEST_F(Sockets, ABootstrapNodeThatIsDownIsTriedAgain) {
  FakeMedia other_media;
  const std::uint16_t port = free_port();
  node::App::Settings lonely;
  lonely.driver.key = key_of("lonely");
  lonely.driver.node.timeouts.reconnect = 10ms;
  lonely.driver.node.bootstrap = {{"127.0.0.1", port}};
  lonely.listen = "127.0.0.1";
  lonely.port = 0;
  auto first = node::App::open(std::move(lonely), other_media);
  ASSERT_TRUE(first);
  FakeMedia late_media;
  node::App::Settings late;
  late.driver.key = key_of("late");
  late.listen = "127.0.0.1";
  late.port = port;
  auto second = node::App::open(std::move(late), late_media);
  ASSERT_TRUE(second) << second.error().detail;
  (*second)->use(certificate());
  EXPECT_TRUE(
      pump_until([&] { return (*first)->driver().node().find_node(uuid_named("late")).has_value(); }));
}

TEST_F(Sockets, EveryChangeIsAnEvent) {
  SocketClient events(port(), "/events");
  ASSERT_TRUE(events.wait_open());
  EXPECT_EQ(post("/nodes", R"({"uuid":"there","port":1})").status, 201u);
  EXPECT_NE(events.take("node").find(R"("data":{"uuid":"there")"), std::string::npos);
  EXPECT_EQ(del("/node/there").status, 200u);
  EXPECT_NE(events.take("node").find(R"("gone":true)"), std::string::npos);

  const auto sink = publish();
  EXPECT_NE(events.take("stream").find(R"("data":{"slug":"talk")"), std::string::npos);
  EXPECT_NE(events.take("ticket").find(R"("stream":"talk")"), std::string::npos);
  EXPECT_EQ(del("/stream/talk").status, 200u);
  std::string ended;
  for (int i = 0; i < 20 && ended.find("\"gone\":true") == std::string::npos; ++i)
    ended = events.take("ticket");
  EXPECT_NE(ended.find(R"("stream":"talk")"), std::string::npos);
  EXPECT_NE(ended.find(R"("state":"ended")"), std::string::npos);
  for (int i = 0; i < 20 && ended.find("\"slug\":\"talk\",\"gone\":true") == std::string::npos; ++i)
    ended = events.take("stream");
  EXPECT_NE(ended.find(R"("gone":true)"), std::string::npos);
  events.send("an incoming message is ignored");
  EXPECT_EQ(post("/nodes", R"({"uuid":"again","port":1})").status, 201u);
  EXPECT_NE(events.take("node"), "");
}

TEST_F(Sockets, SixteenClientsMayListenToEvents) {
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (std::size_t i = 0; i < api::Events::max_sockets; ++i) {
    clients.push_back(std::make_unique<SocketClient>(port(), "/events"));
    ASSERT_TRUE(clients.back()->wait_open());
  }
  SocketClient one_more(port(), "/events");
  EXPECT_FALSE(one_more.wait_open());
  EXPECT_NE(one_more.closed->text.find("503"), std::string::npos) << one_more.closed->text;
  clients.front()->close();
  ASSERT_TRUE(clients.front()->wait_closed());
  SocketClient again(port(), "/events");
  EXPECT_TRUE(again.wait_open());
}

// A fake origin.
class Origins : public AppTest {
 protected:
  void SetUp() override {
    std::vector<http::Route> routes;
    routes.push_back({.method = "POST",
                      .pattern = "/nodes",
                      .handle = [this](const http::Call &call, const http::Answer &answer) {
                        node = call.body;
                        json::Builder body;
                        answer(http::reply(body));
                      }});
    routes.push_back(
        {.method = "GET",
         .pattern = "/nodes",
         .handle = [this](const http::Call &, const http::Answer &answer) { answer({.body = nodes}); }});
    routes.push_back(
        {.method = "GET",
         .pattern = "/streams",
         .handle = [this](const http::Call &, const http::Answer &answer) { answer({.body = streams}); }});
    routes.push_back({.method = "POST",
                      .pattern = "/streams",
                      .handle = [this](const http::Call &call, const http::Answer &answer) {
                        stream = call.body;
                        if (conflict) return answer(http::reply_error({Code::conflict, "taken"}));
                        answer({.status = 201, .body = "{\"stream\":" + call.body + "}"});
                      }});
    routes.push_back({.method = "DELETE",
                      .pattern = "/stream/:slug",
                      .handle = [this](const http::Call &call, const http::Answer &answer) {
                        deleted = call.params.at("slug") + " " + call.query.at("uuid");
                        json::Builder body;
                        answer(http::reply(body));
                      }});
    routes.push_back({.method = "DELETE",
                      .pattern = "/node/:uuid",
                      .handle = [this](const http::Call &call, const http::Answer &answer) {
                        deleted = call.params.at("uuid");
                        json::Builder body;
                        answer(http::reply(body));
                      }});
    auto opened = http::Server::open("127.0.0.1", 0, std::move(routes), {});
    ASSERT_TRUE(opened);
    origin = std::move(*opened);
    start({.driver = {.node = {}, .origin = origin->url()}});
  }

  std::unique_ptr<http::Server> origin;
  std::string node, stream, deleted;
  std::string nodes =
      R"({"nodes":[{"uuid":"far","ip_address":"127.0.0.1","port":1,"primary_supernode_uuid":null}]})";
  std::string streams =
      R"({"streams":[{"slug":"show","name":"Show","source":"far","streaming":true,"updated":1}]})";
  bool conflict = false;
};

TEST_F(Origins, TheNodeRegistersAndFetchesTheLists) {
  ASSERT_TRUE(pump_until([&] { return app->driver().node().find_stream("show").has_value(); }));
  EXPECT_NE(node.find("\"here\""), std::string::npos);
  EXPECT_TRUE(app->driver().node().find_node("far"));
  EXPECT_EQ(post("/streams", R"({"name":"Talk"})").status, 201u);
  EXPECT_NE(stream.find(R"("slug":"talk")"), std::string::npos);
  EXPECT_EQ(del("/stream/talk").status, 200u);
  EXPECT_TRUE(pump_until([&] { return deleted == "talk " + uuid_named("here"); }));
  app->shut_down();
  EXPECT_TRUE(pump_until([&] { return gone; }));
  EXPECT_EQ(deleted, uuid_named("here"));
}

TEST_F(Origins, TheOriginDecidesWhoOwnsAName) {
  conflict = true;
  const HttpAnswer answer = post("/streams", R"({"name":"Talk"})");
  EXPECT_EQ(answer.status, 409u);
  EXPECT_NE(answer.error().find("taken"), std::string::npos);
  EXPECT_EQ(http->get("/stream/talk").status, 404u);
}

TEST_F(Origins, TheNodeSurvivesAnInvalidOrAbsentOrigin) {
  nodes = "rubbish";
  start({.driver = {.node = {}, .origin = origin->url()}});
  EXPECT_EQ(post("/streams", R"({"name":"Talk"})").status, 201u);
  nodes = R"({"nodes":[{"uuid":"a b"}]})";
  streams = R"({"streams":3})";
  start({.driver = {.node = {}, .origin = origin->url()}});
  EXPECT_EQ(post("/streams", R"({"name":"Talk"})").status, 201u);
  const std::string url = origin->url();
  origin.reset();
  start({.driver = {.node = {}, .origin = url}});
  EXPECT_NE(post("/streams", R"({"name":"Talk"})").status, 201u);
  EXPECT_EQ(http->get("/health").status, 200u);
}

}  // namespace
}  // namespace astral::test
