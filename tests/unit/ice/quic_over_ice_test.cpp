// SPDX-License-Identifier: BSD-3-Clause
// A QUIC connection between two agents on loopback, in real time.
#include "glue/loop.hpp"
#include "quic/connection.hpp"
#include "two_agents.hpp"

namespace astral::ice {
namespace {

// Drives an agent and a connection as an element does: datagrams in, one flush for each batch, one timer.
class Link : public quic::Handler {
 public:
  Link(GMainContext *context, Peer &peer) : peer_(peer), timer_(context, [this] { tick(); }) {}

  void open(const quic::Config &config) {
    auto opened = quic::Connection::open(config, *this, *peer_.agent, now());
    ASSERT_TRUE(opened) << opened.error().detail;
    connection = std::move(*opened);
    peer_.when_datagram = [this](Bytes data) { connection->receive(data, now()); };
    peer_.when_drained = [this] { flush(); };
  }
  void flush() {
    connection->flush(now());
    timer_.set(connection->deadline());
  }
  void tick() {
    connection->tick(now());
    timer_.set(connection->deadline());
  }

  void on_established() override { established = true; }
  void on_stream_data(quic::StreamId, Bytes data, bool fin) override {
    for (const std::uint8_t byte : data)
      intact = intact && byte == static_cast<std::uint8_t>(bytes++ * 31 >> 3);
    finished = finished || fin;
  }
  void on_stream_reset(quic::StreamId, std::uint64_t) override {}
  void on_stop_sending(quic::StreamId, std::uint64_t) override {}
  void on_stream_credit() override {}
  void on_closed(const quic::CloseReason &reason) override { closed = reason; }

  std::unique_ptr<quic::Connection> connection;
  bool established = false;
  bool intact = true;
  bool finished = false;
  std::uint64_t bytes = 0;
  std::optional<quic::CloseReason> closed;

 private:
  Peer &peer_;
  Timer timer_;
};

class QuicOverIce : public TwoAgents {
 protected:
  void open_links(bool wrong = false) {
    const Key one = *Key::generate(), two = *Key::generate();
    b_link_.open({.key = two, .peer_fingerprint = one.fingerprint(), .server = true});
    a_link_.open({.key = one, .peer_fingerprint = (wrong ? one : two).fingerprint()});
    a_link_.flush();
    b_link_.flush();
  }
  Link a_link_{context_.get(), a_}, b_link_{context_.get(), b_};
};

TEST_F(QuicOverIce, CarriesTensOfMegabytes) {
  ASSERT_TRUE(connect());
  open_links();
  ASSERT_TRUE(run([&] { return a_link_.established && b_link_.established; }));
  constexpr std::size_t size = 30'000'000;
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 >> 3);
  const auto id = b_link_.connection->open_stream(false);
  ASSERT_TRUE(id);
  b_link_.connection->send(*id, Slice::copy(bytes), true);
  b_link_.flush();
  ASSERT_TRUE(run([&] { return a_link_.finished; }));
  EXPECT_EQ(a_link_.bytes, size);
  EXPECT_TRUE(a_link_.intact);
  EXPECT_GT(b_.agent->stats().segmented, 100u);
  EXPECT_EQ(b_.agent->stats().single, 0u);
  a_link_.connection->close(7, "enough", now());
  EXPECT_TRUE(run([&] { return b_link_.closed.has_value(); }));
  EXPECT_EQ(b_link_.closed->code, 7u);
}

TEST_F(QuicOverIce, RefusesAnotherKey) {
  ASSERT_TRUE(connect());
  open_links(true);
  ASSERT_TRUE(run([&] { return a_link_.closed && b_link_.closed; }));
  EXPECT_EQ(a_link_.closed->error.code, Code::refused);
  EXPECT_EQ(b_link_.closed->error.code, Code::refused);
}

}  // namespace
}  // namespace astral::ice
