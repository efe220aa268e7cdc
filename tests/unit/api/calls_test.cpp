// SPDX-License-Identifier: BSD-3-Clause
// Every call of the HTTP API over real HTTP: its replies and its errors.
#include "api/calls.hpp"

#include <chrono>

#include "app_fixture.hpp"
#include "protocol/statement.hpp"

namespace astral::test {
namespace {

class Calls : public AppTest {};

TEST_F(Calls, NodesAreListedRegisteredAndForgotten) {
  EXPECT_EQ(http->get("/node").status, 200u);
  EXPECT_NE(http->get("/node").body.find(R"({"node":{"uuid":")" + uuid_named("here") +
                                         R"(","label":"here","ip_address":"127.0.0.1","port":)"),
            std::string::npos);
  EXPECT_EQ(http->get("/node/here").status, 200u);
  EXPECT_EQ(http->get("/node/nobody").error(), "not-found: no node 'nobody' is known");

  const HttpAnswer added = post("/nodes", R"({"uuid":"there","port":1})");
  EXPECT_EQ(added.status, 201u);
  EXPECT_EQ(added.headers.at("Location"), "/node/there");
  EXPECT_NE(added.body.find(R"("ip_address":"127.0.0.1")"), std::string::npos) << added.body;
  EXPECT_EQ(post("/nodes", R"({"uuid":"there","port":1})").status, 200u);
  EXPECT_NE(http->get("/nodes").body.find("\"there\""), std::string::npos);

  EXPECT_EQ(del("/node/there").status, 200u);
  EXPECT_EQ(del("/node/there").status, 404u);
  EXPECT_EQ(del("/node/here").status, 409u);
}

// Calls the handler of POST /nodes with another address, since a test has only one machine.
TEST_F(Calls, AStrangerRegistersOnlyNodesAtItsAddress) {
  std::vector<http::Route> routes;
  api::add_node_calls(routes, app->driver());
  const auto post_as = [&](const std::string &caller, const std::string &body) {
    http::Call call;
    call.content_type = "application/json";
    call.caller = caller;
    call.body = body;
    std::optional<http::Reply> reply;
    http::match(routes, "POST", "/nodes").route->handle(call, [&](http::Reply r) { reply = std::move(r); });
    EXPECT_TRUE(pump_until([&] { return reply.has_value(); }));
    return reply.value_or(http::Reply{.status = 0});
  };
  const std::string stranger = "192.0.2.9";
  EXPECT_EQ(post_as(stranger, R"({"uuid":"a","port":1,"updated":999999999999})").status, 201u);
  EXPECT_EQ(http->get("/node/a").body.find("updated"), std::string::npos);
  EXPECT_EQ(post_as(stranger, R"({"uuid":"a","port":1,"ip_address":"192.0.2.9"})").status, 200u);
  const http::Reply elsewhere = post_as(stranger, R"({"uuid":"b","port":1,"ip_address":"192.0.2.10"})");
  EXPECT_EQ(elsewhere.status, 403u);
  EXPECT_NE(elsewhere.body.find("must be your own, 192.0.2.9, or left out"), std::string::npos)
      << elsewhere.body;
  EXPECT_EQ(post_as(stranger, R"({"uuid":"b","port":1,"ip_address":"name.example"})").status, 403u);
  EXPECT_EQ(http->get("/node/b").status, 404u);

  for (const std::string &body :
       {std::string(R"({"uuid":"a","port":2})"), R"({"port":1,"uuid":")" + uuid_named("here") + "\"}"}) {
    EXPECT_EQ(post_as(stranger, body).status, 409u) << body;
  }
  EXPECT_EQ(post_as("192.0.2.10", R"({"uuid":"a","port":1})").status, 409u);
  EXPECT_NE(http->get("/node/a").body.find(R"("ip_address":"192.0.2.9","port":1,)"), std::string::npos);

  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(post_as(stranger, R"({"port":1,"uuid":"n)" + std::to_string(i) + "\"}").status, 201u) << i;
  }
  EXPECT_EQ(post_as(stranger, R"({"uuid":"one-more","port":1})").status, 503u);
  EXPECT_EQ(post_as("192.0.2.10", R"({"uuid":"one-more","port":1})").status, 201u);
}

TEST_F(Calls, AStunResponseGoesToTheCallersOwnAddress) {
  const std::string id = "2112a442000102030405060708090a0b";
  const std::string body = R"({"id":")" + id + R"(","port":4000})";
  EXPECT_EQ(post("/stun", body).status, 404u);  // this node has no UDP port
  std::vector<std::pair<std::string, std::string>> sent;
  app->send_stun = [&](const std::string &its_id, const std::string &address) {
    sent.emplace_back(its_id, address);
    return true;
  };
  EXPECT_EQ(post("/stun", body).body, R"({"address":"127.0.0.1:4000"})"
                                      "\n");
  for (const char *bad : {R"({"port":4000})", R"({"id":"00000000000102030405060708090a0b","port":4000})",
                          R"({"id":"2112a442000102030405060708090a0B","port":4000})",
                          R"({"id":"2112a442000102030405060708090a0b","port":0})"})
    EXPECT_EQ(post("/stun", bad).status, 400u) << bad;
  EXPECT_EQ(sent, (std::vector<std::pair<std::string, std::string>>{{id, "127.0.0.1:4000"}}));
}

TEST_F(Calls, AStreamIsCreatedChangedAndDeletedByJson) {
  const HttpAnswer made = post("/streams", R"({"name":"My Talk!","description":"d"})");
  EXPECT_EQ(made.status, 201u);
  EXPECT_EQ(made.headers.at("Location"), "/stream/my-talk");
  EXPECT_EQ(made.headers.at("Content-Type"), "application/json");
  for (const char *field :
       {R"({"stream":{"slug":"my-talk")", R"("name":"My Talk!")", R"("description":"d")",
        R"("source_label":"here")", R"("streaming":false)", R"("viewers":0)", R"("bitrate_kbps":0)"}) {
    EXPECT_NE(made.body.find(field), std::string::npos) << field << made.body;
  }
  EXPECT_EQ(post("/streams", R"({"name":"My Talk!"})").status, 200u);
  EXPECT_NE(http->get("/streams").body.find(R"({"streams":[{"slug":"my-talk")"), std::string::npos);
  EXPECT_EQ(http->get("/stream/my-talk").status, 200u);
  EXPECT_EQ(http->get("/stream/my-talk/tickets").body, "{\"tickets\":[],\"count\":0}\n");
  EXPECT_EQ(put("/stream/my-talk", R"({"streaming":false})").status, 200u);
  EXPECT_EQ(del("/stream/my-talk").status, 200u);
  EXPECT_EQ(http->get("/stream/my-talk").error(), "not-found: stream 'my-talk': no such stream");
  EXPECT_EQ(http->get("/streams").body, "{\"streams\":[]}\n");
}

TEST_F(Calls, AFormCreatesAStreamAndRedirects) {
  const HttpAnswer made = http->call({.method = "POST",
                                      .path = "/streams",
                                      .body = "name=My+Talk%21&description=x",
                                      .type = "application/x-www-form-urlencoded"});
  EXPECT_EQ(made.status, 303u);
  EXPECT_EQ(made.headers.at("Location"), "/stream/my-talk/publish");
  EXPECT_EQ(http->get("/stream/my-talk/publish").status, 302u);
}

std::string of_another() {
  core::StreamInfo stream{.slug = "talk",
                          .name = "Talk",
                          .source = uuid_named("other"),
                          .streaming = true,
                          .updated = 1,
                          .expires = 4'000'000'000'000};
  protocol::sign(stream, *Key::generate());
  return protocol::write_message(core::Streams{.streams = {stream}});
}

TEST_F(Calls, AStreamOfAnotherNodeIsAConflict) {
  SocketClient other(port(), "/peer");
  ASSERT_TRUE(other.wait_open());
  ASSERT_TRUE(other.join("other"));
  other.send(of_another());
  ASSERT_TRUE(pump_until([&] { return http->get("/stream/talk").status == 200; }));
  EXPECT_EQ(post("/streams", R"({"name":"Talk"})").status, 409u);
  EXPECT_NE(http->get("/nodes").body.find("\"other\""), std::string::npos);
  EXPECT_NE(del("/stream/talk").status, 200u);
}

TEST_F(Calls, AHeldTicketIsShownConfirmedAndKeptWhilePublished) {
  const auto sink = publish();
  HttpAnswer ticket = http->get("/stream/talk/ticket");
  EXPECT_EQ(ticket.status, 200u) << ticket.body;
  for (const char *field :
       {R"({"ticket":{"stream":"talk")", R"("destination_label":"here")", R"("confirmed":true)",
        R"("role":"active")", R"("hops":)", R"("source_port":)", R"("expires":)"}) {
    EXPECT_NE(ticket.body.find(field), std::string::npos) << field << ticket.body;
  }
  EXPECT_EQ(http->get("/stream/talk/ticket/here").status, 200u);
  EXPECT_NE(http->get("/tickets").body.find("\"talk\""), std::string::npos);
  EXPECT_NE(http->get("/stream/talk/tickets").body.find("\"talk\""), std::string::npos);
  const HttpAnswer asked = post("/stream/talk/tickets", "{}");
  EXPECT_EQ(asked.status, 303u) << asked.body;
  EXPECT_EQ(asked.headers.at("Location"), "/stream/talk/ticket");
  EXPECT_EQ(http->call({.method = "POST", .path = "/stream/talk/tickets"}).status, 303u);
  EXPECT_EQ(put("/stream/talk/ticket", R"({"confirmed":true})").status, 200u);
  EXPECT_EQ(put("/stream/talk/ticket", R"({"confirmed":false})").error(),
            "invalid: field 'confirmed': must be true: DELETE gives a ticket up");
  EXPECT_EQ(del("/stream/talk/ticket").status, 409u);  // it is published here

  EXPECT_EQ(http->get("/stream/talk").status, 200u);
  EXPECT_NE(http->get("/stream/talk").body.find(R"("streaming":true)"), std::string::npos);
}

TEST_F(Calls, DeletingAGivenTicketCancelsItAtTheChild) {
  const auto sink = publish();
  SocketClient player(port(), "/peer");
  ASSERT_TRUE(player.wait_open());
  ASSERT_TRUE(player.join("child"));
  player.send(R"({"type":"register"})");
  ASSERT_NE(player.take("registered"), "");
  const std::string child = uuid_named("child");
  player.send(R"({"type":"find","slug":"talk","destination":")" + child +
              R"(","search":"q1","asker":{"uuid":")" + child + R"("},"stage":0,"carriers":0})");
  ASSERT_TRUE(pump_until([&] { return !media.to_relay.empty(); }));
  const auto request = protocol::read_message(media.to_relay.back());
  ASSERT_TRUE(request && *request);
  media.listener->on_relay_message(
      "talk", R"({"type":"offer","slug":"talk","source":")" + uuid_named("here") + R"(","hops":1,"path":[")" +
                  uuid_named("here") + R"("],"ticket":")" + std::get<core::Request>(**request).ticket +
                  R"(","fingerprint":")" + fingerprint + R"(","ice":)" + ice + "}");
  const std::string offer = player.take("offer");
  EXPECT_NE(offer.find(R"("search":"q1")"), std::string::npos) << offer;
  EXPECT_NE(offer.find(R"("stream":[{"slug":"talk")"), std::string::npos) << offer;
  EXPECT_EQ(http->get("/stream/talk/ticket/child").status, 200u);
  EXPECT_EQ(del("/stream/talk/ticket/child").status, 200u);
  EXPECT_NE(player.take("cancel"), "");
  EXPECT_EQ(http->get("/stream/talk/ticket/child").status, 404u);
}

TEST_F(Calls, PingSettingsAndHealthAnswer) {
  EXPECT_EQ(http->get("/ping").body, "{\"return\":\"Pong!\"}\n");
  EXPECT_EQ(http->get("/ping?bytes=0").body, "");
  EXPECT_EQ(http->get("/ping?bytes=1234").body.size(), 1234u);
  EXPECT_EQ(http->get("/ping?bytes=2097152").body.size(), 2097152u);
  EXPECT_EQ(http->get("/ping?bytes=2097153").error(), "invalid: query 'bytes': must be from 0 to 2097152");
  EXPECT_EQ(http->get("/ping?bytes=-1").status, 400u);
  EXPECT_EQ(http->get("/ping?bytes=x").status, 400u);
  EXPECT_EQ(http->call({.method = "POST", .path = "/ping", .body = std::string(256 * 1024, 'x')}).status,
            200u);
  EXPECT_NE(http->get("/settings").body.find(R"("rtmp_resource":"astral")"), std::string::npos);
  EXPECT_NE(http->get("/health").body.find(R"({"status":"ok","uuid":")" + uuid_named("here")),
            std::string::npos);
}

TEST_F(Calls, SettingsSayTheNodesClock) {
  using namespace std::chrono;
  const auto clock = [] {
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  };
  const auto before = clock();
  const std::string body = http->get("/settings").body;
  const auto after = clock();
  const std::string field = "\"time_ms\":";
  const std::size_t at = body.find(field);
  ASSERT_NE(at, std::string::npos) << body;
  const auto said = std::stoll(body.substr(at + field.size()));
  EXPECT_LE(before, said);
  EXPECT_LE(said, after);
}

struct Refused {
  const char *method;
  const char *path;
  const char *body;
  unsigned status;
  const char *error;
};

TEST_F(Calls, ABadCallIsRefusedWithAReason) {
  for (const Refused &bad : {
           Refused{"GET", "/nope", "", 404, "not-found: nothing is at /nope"},
           Refused{"GET", "/nope/nope", "", 404, "not-found: nothing is at /nope/nope"},
           Refused{"POST", "/nodes", "{", 400,
                   "invalid: not JSON at byte 1: a field name in double quotes expected"},
           Refused{"POST", "/nodes", "[]", 400, "invalid: the JSON must be an object"},
           Refused{"POST", "/nodes", R"({"port":1})", 400, "invalid: field 'uuid': is missing"},
           Refused{"POST", "/nodes", R"({"uuid":"a","port":0})", 400,
                   "invalid: field 'port': must be from 1 to 65535"},
           Refused{"POST", "/nodes", R"({"uuid":"a","port":1,"ip_address":"a/b"})", 400,
                   "invalid: field 'ip_address': must be an address"},
           Refused{"POST", "/streams", "{}", 400, "invalid: field 'name': is missing"},
           Refused{"POST", "/streams", R"({"name":7})", 400, "invalid: field 'name': must be a string"},
           Refused{"POST", "/streams", R"({"name":" \t"})", 400, "invalid: name: needs a letter or a digit"},
           Refused{"GET", "/slug", "", 400, "invalid: query 'name': is missing"},
           Refused{"GET", "/slug?name=%20", "", 400, "invalid: name: needs a letter or a digit"},
           Refused{"POST", "/streams", "", 415, "unsupported: the body must be application/json or a form"},
           Refused{"PUT", "/stream/nope", R"({"streaming":true})", 404,
                   "not-found: stream 'nope': no such stream"},
           Refused{"PUT", "/stream/nope", R"({"streaming":"yes"})", 400,
                   "invalid: field 'streaming': must be true or false"},
           Refused{"DELETE", "/stream/nope", "", 404, "not-found: stream 'nope': no such stream"},
           Refused{"GET", "/stream/nope/tickets", "", 404, "not-found: stream 'nope': no such stream"},
           Refused{"POST", "/stream/nope/tickets", "{}", 404, nullptr},
           Refused{"POST", "/stream/NO/tickets", "{}", 404, "not-found: stream 'NO': no such stream"},
           Refused{"POST", "/stream/nope/tickets", R"({"destination_uuid":"a b"})", 400,
                   "invalid: field 'destination_uuid': must be letters, digits and hyphens"},
           Refused{"GET", "/stream/nope/ticket", "", 404, "not-found: stream 'nope': no such ticket"},
           Refused{"GET", "/stream/nope/ticket/a%20b", "", 404, "not-found: stream 'nope': no such ticket"},
           Refused{"PUT", "/stream/nope/ticket", R"({"confirmed":true})", 404,
                   "not-found: stream 'nope': no such ticket"},
           Refused{"DELETE", "/stream/nope/ticket", "", 404, "not-found: stream 'nope': no such ticket"},
           Refused{"DELETE", "/node/nobody", "", 404, "not-found: no such node"},
           Refused{"PATCH", "/streams", "", 405, "method: this resource takes GET, HEAD, POST"},
           Refused{"POST", "/node", "{}", 405, "method: this resource takes GET, HEAD, DELETE"},
           Refused{"GET", "/stream/nope/hls/index.m3u8", "", 404, "not-found: stream 'nope': no such stream"},
           Refused{"GET", "/stream/nope/hls/1.ts", "", 404, nullptr},
           Refused{"GET", "/peer", "", 400, nullptr},
           Refused{"POST", "/events", "", 405, "method: this resource takes GET"},
       }) {
    const HttpAnswer answer = http->call({.method = bad.method, .path = bad.path, .body = bad.body});
    EXPECT_EQ(answer.status, bad.status) << bad.method << " " << bad.path << " " << bad.body << answer.body;
    if (bad.error) {
      EXPECT_EQ(answer.error(), bad.error);
    }
    EXPECT_EQ(answer.headers.contains("Allow"), bad.status == 405);
  }
  EXPECT_EQ(http->get("/streams").body, "{\"streams\":[]}\n");  // nothing has changed
}

TEST_F(Calls, ATicketForAnotherNodeMakesThatNodeTakeTheStream) {
  SocketClient other(port(), "/peer");
  ASSERT_TRUE(other.wait_open());
  ASSERT_TRUE(other.join("other"));
  for (const bool done : {true, false}) {
    const auto asked = http->begin(
        {.method = "POST", .path = "/stream/talk/tickets", .body = R"({"destination_uuid":"other"})"});
    const auto seed = protocol::read_message(other.take("seed"));
    ASSERT_TRUE(seed && *seed);
    EXPECT_EQ(std::get<core::Seed>(**seed).slug, "talk");
    other.send(R"({"type":"seeded","call":)" + std::to_string(std::get<core::Seed>(**seed).call) +
               (done ? R"(,"done":true})" : R"(,"done":false,"message":"not here"})"));
    ASSERT_TRUE(pump_until([&] { return asked->done; }));
    EXPECT_EQ(asked->answer.status, done ? 201u : 412u) << asked->answer.body;
    EXPECT_NE(asked->answer.body.find(done ? "\"seeded\":\"" + uuid_named("other") : "not here"),
              std::string::npos)
        << asked->answer.body;
  }
}

TEST_F(Calls, ATicketIs412WhenNoNodeHasRoom) {
  SocketClient other(port(), "/peer");
  ASSERT_TRUE(other.wait_open());
  ASSERT_TRUE(other.join("other"));
  other.send(R"({"type":"register"})");
  ASSERT_NE(other.take("registered"), "");
  other.send(of_another());
  other.send(R"({"type":"carrying","slug":"talk","hops":1,"room":1})");
  ASSERT_TRUE(pump_until([&] { return http->get("/stream/talk").status == 200; }));
  const auto asked = http->begin({.method = "POST", .path = "/stream/talk/tickets", .body = "{}"});
  auto request = protocol::read_message(other.take("request"));
  ASSERT_TRUE(request && *request);
  EXPECT_EQ(std::get<core::Request>(**request).asker.uuid, uuid_named("here"));
  other.send(R"({"type":"refusal","code":"no-room","message":"full","slug":"talk","search":")" +
             std::get<core::Request>(**request).search + "\"}");
  ASSERT_TRUE(pump_until([&] { return asked->done; }));
  EXPECT_EQ(asked->answer.status, 412u) << asked->answer.body;
}

TEST_F(Calls, HeadAnswersWithoutABody) {
  const HttpAnswer answer = http->call({.method = "HEAD", .path = "/streams"});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.headers.at("Content-Length"), "15");
}

TEST_F(Calls, DeletingTheNodeSaysGoodbyeAndEndsIt) {
  SocketClient peer(port(), "/peer"), listener(port(), "/events");
  ASSERT_TRUE(peer.wait_open() && listener.wait_open());
  ASSERT_TRUE(peer.join("other"));
  EXPECT_EQ(del("/node").status, 200u);
  EXPECT_NE(peer.take("goodbye"), "");
  EXPECT_TRUE(peer.wait_closed() && listener.wait_closed());
  EXPECT_EQ(listener.closed->code, http::close_code::going_away);
  EXPECT_TRUE(pump_until([&] { return gone; }));
}

class Playing : public AppTest {};

TEST_F(Playing, ServesPlaylistAndSegmentsWithTheirHeaders) {
  const auto sink = publish();
  media.streams.insert_or_assign("talk", Expected<std::string>("#EXTM3U\n"));
  const HttpAnswer playlist = http->get("/stream/talk/hls/index.m3u8");
  EXPECT_EQ(playlist.status, 200u);
  EXPECT_EQ(playlist.body, "#EXTM3U\n");
  EXPECT_EQ(playlist.headers.at("Content-Type"), "application/vnd.apple.mpegurl");
  EXPECT_EQ(playlist.headers.at("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(playlist.headers.at("Cache-Control"), "no-cache");
  const HttpAnswer segment = http->get("/stream/talk/hls/7.ts");
  EXPECT_EQ(segment.status, 200u);
  EXPECT_EQ(segment.body, "segment");
  EXPECT_EQ(segment.headers.at("Content-Type"), "video/mp2t");
  EXPECT_EQ(segment.headers.at("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(http->get("/stream/talk/hls/8.ts").status, 404u);
  EXPECT_EQ(http->get("/stream/talk/hls/8.ts").headers.at("Access-Control-Allow-Origin"), "*");
}

TEST_F(Playing, WaitsForTheFirstSegments) {
  const auto sink = publish();
  const auto waiting = http->begin({.path = "/stream/talk/hls/index.m3u8"});
  ASSERT_TRUE(pump_until([&] { return app->server().waiting() == 1; }));
  media.streams.insert_or_assign("talk", Expected<std::string>("#EXTM3U\n"));
  ASSERT_TRUE(pump_until([&] { return waiting->done; }));
  EXPECT_EQ(waiting->answer.status, 200u);
}

TEST_F(Playing, AnswersRetryAfterWhenNoSegmentComes) {
  start({.driver = {}, .hls_patience = 200ms});
  const auto sink = publish();
  const HttpAnswer answer = http->get("/stream/talk/hls/index.m3u8");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(answer.headers.at("Retry-After"), "1");
}

TEST_F(Playing, HoldsABlockingReloadUntilThePlaylistChanges) {
  const auto sink = publish();
  media.streams.insert_or_assign("talk", fail(Code::unreachable, "not there yet"));
  media.patience = 30s;
  const auto reload =
      http->begin({.path = "/stream/talk/hls/index.m3u8?_HLS_msn=8&_HLS_part=0&_HLS_skip=YES"});
  const auto hinted = http->begin({.path = "/stream/talk/hls/8.0.ts"});
  ASSERT_TRUE(pump_until([&] { return app->server().waiting() == 2; }));
  EXPECT_EQ(media.asked, (formats::PlaylistQuery{.sequence = 8, .part = 0, .may_skip = true}));
  media.streams.insert_or_assign("talk", Expected<std::string>("#EXTM3U\n"));
  media.has_hint = false;
  media.hls_news("another");
  media.hls_news("talk");
  EXPECT_EQ(app->server().waiting(), 0u);
  ASSERT_TRUE(pump_until([&] { return reload->done && hinted->done; }));
  EXPECT_EQ(reload->answer.body, "#EXTM3U\n");
  EXPECT_EQ(hinted->answer.body, "segment");
}

TEST_F(Playing, AnswersABlockingReloadWith503AfterItsTime) {
  const auto sink = publish();
  media.streams.insert_or_assign("talk", fail(Code::unreachable, "not there yet"));
  media.patience = 50ms;
  EXPECT_EQ(http->get("/stream/talk/hls/index.m3u8?_HLS_msn=8").status, 503u);
  EXPECT_EQ(http->get("/stream/talk/hls/8.0.ts").status, 503u);
}

TEST_F(Playing, RefusesAnInvalidReload) {
  const auto sink = publish();
  media.streams.insert_or_assign("talk", Expected<std::string>("#EXTM3U\n"));
  for (const char *query : {"_HLS_part=1", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=1&_HLS_msn=2"})
    EXPECT_EQ(http->get(std::string("/stream/talk/hls/index.m3u8?") + query).status, 400u) << query;
  media.streams.insert_or_assign("talk", fail(Code::invalid, "that segment is too far ahead"));
  EXPECT_EQ(http->get("/stream/talk/hls/index.m3u8?_HLS_msn=99").status, 400u);
}

TEST_F(Playing, AnswersUnsupportedForMediaThatHlsCannotCarry) {
  const auto sink = publish();
  media.streams.insert_or_assign("talk", fail(Code::unsupported, "MPEG-TS cannot carry image/jpeg"));
  const HttpAnswer answer = http->get("/stream/talk/hls/index.m3u8");
  EXPECT_EQ(answer.status, 415u);
  EXPECT_EQ(answer.error(), "unsupported: MPEG-TS cannot carry image/jpeg");
}

TEST_F(Playing, FetchesAKnownStreamForAPlayer) {
  SocketClient other(port(), "/peer");
  ASSERT_TRUE(other.wait_open());
  ASSERT_TRUE(other.join("other"));
  other.send(R"({"type":"register"})");
  ASSERT_NE(other.take("registered"), "");
  other.send(of_another());
  other.send(R"({"type":"carrying","slug":"talk","hops":1,"room":1})");
  ASSERT_TRUE(pump_until([&] { return http->get("/stream/talk").status == 200; }));
  const auto playing = http->begin({.path = "/stream/talk/hls/index.m3u8"});
  auto request = protocol::read_message(other.take("request"));
  ASSERT_TRUE(request && *request);
  const std::string ticket = "t1";
  const std::string source = uuid_named("other");
  other.send(R"({"type":"offer","slug":"talk","source":")" + source + R"(","hops":1,"path":[")" + source +
             R"("],"ticket":"t1","search":")" + std::get<core::Request>(**request).search +
             R"(","fingerprint":")" + fingerprint + R"(","ice":)" + ice + "}");
  ASSERT_TRUE(pump_until([&] { return media.sources.contains(ticket); }));
  media.listener->on_source_message("talk", ticket,
                                    R"({"type":"confirm","ticket":")" + ticket + R"(","fingerprint":")" +
                                        fingerprint + R"(","ice":)" + ice + "}");
  media.streams.insert_or_assign("talk", Expected<std::string>("#EXTM3U\n"));
  ASSERT_TRUE(pump_until([&] { return playing->done; }));
  EXPECT_EQ(playing->answer.status, 200u) << playing->answer.body;
  EXPECT_EQ(del("/stream/talk/ticket").status, 200u);
  EXPECT_NE(other.take("cancel"), "");
  EXPECT_FALSE(media.streams.contains("talk"));
}

TEST_F(Playing, TheNodeSurvivesMediaThatCannotBeOpened) {
  media.broken = true;
  SocketClient sink(port(), "/peer");
  ASSERT_TRUE(sink.wait_open());
  sink.send(element_hello);
  ASSERT_NE(sink.take("welcome"), "");
  sink.send(R"({"type":"publish","slug":"talk","name":"Talk","media":"video/mpegts"})");
  ASSERT_NE(sink.take("published"), "");
  auto request = protocol::read_message(sink.take("request"));
  ASSERT_TRUE(request && *request);
  sink.send(R"({"type":"offer","slug":"talk","source":"sink","hops":0,"path":[],"ticket":")" +
            std::get<core::Request>(**request).ticket + R"(","fingerprint":")" + fingerprint + R"(","ice":)" +
            ice + "}");
  EXPECT_NE(sink.take("cancel"), "");
  EXPECT_EQ(http->get("/health").status, 200u);
}

}  // namespace
}  // namespace astral::test
