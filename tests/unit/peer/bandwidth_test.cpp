// SPDX-License-Identifier: BSD-3-Clause
// Measurements between two ends on this machine, over real sockets. How fast it is does not matter here.
#include "peer/bandwidth.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "http/server.hpp"
#include "peer/bandwidth_guests.hpp"
#include "pump.hpp"

namespace astral::peer {
namespace {

using test::pump_until;

struct Measurements : testing::Test {
  Measurements() {
    std::vector<http::Route> routes;
    routes.push_back({.method = "POST",
                      .pattern = "/ping",
                      .handle =
                          [this](const http::Call &, const http::Answer &answer) {
                            ++pings;
                            answer(http::reply(json::Builder().set("return", "Pong!")));
                          },
                      .max_body = 256 * 1024,
                      .keeps_body = false});
    std::vector<http::SocketRoute> sockets;
    sockets.push_back({.path = "/bandwidth",
                       .may_open = [](const http::Call &) { return Expected<void>(); },
                       .open =
                           [this](Ref<GIOStream> stream, const http::Call &call) {
                             guests.accept(std::move(stream),
                                           {.address = address, .run = call.query.at("run")});
                           }});
    auto opened = http::Server::open("127.0.0.1", 0, std::move(routes), std::move(sockets));
    EXPECT_TRUE(opened);
    server = std::move(*opened);
  }
  LineFigures measure(bool upstream = true) {
    Bandwidth bandwidth;
    std::optional<LineFigures> figures;
    bandwidth.measure({.host = "127.0.0.1",
                       .port = server->port(),
                       .upstream = upstream,
                       .pings = pings_only,
                       .may_send = [this] { return guest_may_send; }},
                      [&](const LineFigures &told) { figures = told; });
    EXPECT_TRUE(pump_until([&] { return figures.has_value(); }));
    return figures.value_or(LineFigures{});
  }

  std::string address = "127.0.0.1";
  bool pings_only = false;
  bool may_send = true, may_receive = true, guest_may_send = true;
  std::vector<std::uint64_t> measured;
  int pings = 0, begun = 0, ended = 0;
  BandwidthGuests guests{{.may_send = [this] { return may_send; },
                          .may_receive = [this] { return may_receive; },
                          .on_begun = [this] { ++begun; },
                          .on_measured =
                              [this](std::uint64_t bps, bool) {
                                ++ended;
                                if (bps > 0) measured.push_back(bps);
                              }}};
  std::unique_ptr<http::Server> server;
};

TEST_F(Measurements, BothEndsLearnTheirUpstream) {
  const LineFigures figures = measure();
  EXPECT_GT(figures.upstream_bps, 0u);
  EXPECT_GT(figures.downstream_bps, 0u);
  EXPECT_FALSE(figures.rough);
  EXPECT_TRUE(figures.near);
  EXPECT_EQ(measured.size(), 1u);
  EXPECT_EQ(pings, 0);
}

TEST_F(Measurements, ANodeThatFeedsOthersSendsNothingButReceives) {
  may_send = false;
  const LineFigures figures = measure();
  EXPECT_GT(figures.upstream_bps, 0u);
  EXPECT_EQ(figures.downstream_bps, 0u);
  EXPECT_TRUE(measured.empty());
}

TEST_F(Measurements, ANodeThatIsFedRefusesAndIsPingedInstead) {
  may_receive = false;
  const LineFigures figures = measure();
  EXPECT_TRUE(figures.rough);
  EXPECT_GT(figures.upstream_bps, 0u);
  EXPECT_EQ(pings, 1);
}

TEST_F(Measurements, AGuestThatBeginsToWatchStopsAndMeasuresRoughly) {
  guest_may_send = false;
  const LineFigures figures = measure();
  EXPECT_TRUE(figures.rough);
  EXPECT_GT(figures.downstream_bps, 0u);
}

TEST_F(Measurements, AnUpstreamThatIsGivenIsNotMeasured) {
  const LineFigures figures = measure(false);
  EXPECT_EQ(figures.upstream_bps, 0u);
  EXPECT_GT(figures.downstream_bps, 0u);
  EXPECT_EQ(measured.size(), 1u);
  EXPECT_EQ(pings, 0);
}

TEST_F(Measurements, GuestsAreServedOneAfterAnother) {
  std::vector<std::unique_ptr<Bandwidth>> crowd;
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    crowd.push_back(std::make_unique<Bandwidth>());
    crowd.back()->measure({.host = "127.0.0.1", .port = server->port()}, [&](const LineFigures &figures) {
      EXPECT_FALSE(figures.rough);
      ++done;
    });
  }
  EXPECT_TRUE(pump_until([&] { return done == 3; }));
  EXPECT_EQ(measured.size(), 3u);
}

TEST_F(Measurements, AGuestThatGoesAwayLetsTheNextOneCome) {
  {
    Bandwidth gone;
    gone.measure({.host = "127.0.0.1", .port = server->port()}, [](const LineFigures &) { ADD_FAILURE(); });
    EXPECT_TRUE(pump_until([&] { return !guests.idle(); }));
  }
  EXPECT_FALSE(measure().rough);
  EXPECT_TRUE(pump_until([&] { return guests.idle(); }));
  EXPECT_EQ(begun, ended);
}

TEST_F(Measurements, AStrangerMeasuresFourTimesAMinute) {
  address = "192.0.2.1";
  for (std::size_t i = 0; i < BandwidthGuests::per_minute; ++i) EXPECT_FALSE(measure().rough);
  EXPECT_TRUE(measure().rough);
  address = "192.0.2.2";
  EXPECT_FALSE(measure().rough);
}

TEST_F(Measurements, ALineThatOnlyAnOriginCanMeasureIsPinged) {
  pings_only = true;
  const LineFigures figures = measure();
  EXPECT_TRUE(figures.rough);
  EXPECT_GT(figures.upstream_bps, 0u);
  EXPECT_EQ(pings, 1);
  EXPECT_EQ(begun, 0);
}

// A stranger's socket, of which the test says what it sends.
struct Stranger {
  Stranger(const http::Server &server, const std::string &run)
      : socket(http::WebSocket::connect(
            {.host = "127.0.0.1", .port = server.port(), .path = "/bandwidth?run=" + run},
            {.on_open = [this] { open = true; },
             .on_text = [this](std::string_view text) { heard += text.size(); },
             .on_closed =
                 [this](const http::CloseReason &reason) {
                   closed = true;
                   code = reason.code;
                 }},
            {.message_bytes = 4 << 10, .queue_bytes = 32 << 20})) {
    EXPECT_TRUE(pump_until([this] { return open || closed; }));
  }
  bool open = false, closed = false;
  std::uint16_t code = 0;
  std::size_t heard = 0;
  std::shared_ptr<http::WebSocket> socket;
};

TEST_F(Measurements, AStrangerWhoSendsUnaskedIsCutOff) {
  for (const char *text : {"data", "x", ""}) {
    Stranger stranger(*server, "one");
    stranger.socket->send(text);
    EXPECT_TRUE(pump_until([&] { return stranger.closed; })) << text;
    EXPECT_EQ(stranger.code, http::close_code::policy);
  }
  EXPECT_EQ(begun, 0);
}

TEST_F(Measurements, AStrangerWhoSendsForEverIsCutOff) {
  may_send = false;  // so that it is the stranger's turn at once
  Stranger stranger(*server, "one");
  stranger.socket->send("s");
  const std::string data(4 << 10, 'd');
  EXPECT_TRUE(pump_until([&] { return stranger.heard > 0; }));
  for (std::uint64_t sent = 0; sent <= RateMeter::most_bytes; sent += data.size())
    stranger.socket->send(data);
  EXPECT_TRUE(pump_until([&] { return stranger.closed; }));
  EXPECT_EQ(begun, ended);
}

TEST_F(Measurements, AStrangerWhoDoesNotAskKeepsNobodyWaiting) {
  Stranger stranger(*server, "one");
  EXPECT_FALSE(measure().rough);
  EXPECT_FALSE(stranger.closed);
}

TEST_F(Measurements, AnAddressOfASixtyFourIsOnePlace) {
  for (std::size_t i = 0; i <= BandwidthGuests::per_minute; ++i) {
    address = "2001:db8::" + std::to_string(i);
    EXPECT_EQ(measure().rough, i == BandwidthGuests::per_minute) << i;
  }
}

TEST_F(Measurements, ANodeWithoutTheCallIsPinged) {
  std::vector<http::Route> routes;
  routes.push_back({.method = "POST",
                    .pattern = "/ping",
                    .handle =
                        [](const http::Call &, const http::Answer &answer) {
                          answer(http::reply(json::Builder().set("return", "Pong!")));
                        },
                    .max_body = 256 * 1024,
                    .keeps_body = false});
  auto old = http::Server::open("127.0.0.1", 0, std::move(routes), {});
  ASSERT_TRUE(old);
  server = std::move(*old);
  const LineFigures figures = measure();
  EXPECT_TRUE(figures.rough);
  EXPECT_GT(figures.upstream_bps, 0u);
}

}  // namespace
}  // namespace astral::peer
