// SPDX-License-Identifier: BSD-3-Clause
// Measures one link: QUIC on loopback, with the sender and the receiver on their own threads; over ICE, then
// directly between two UDP endpoints, of which the sender's has a thread of its own, as a node's has. Prints
// a JSON line for each: CPU seconds per gigabyte of each end and of the process, the rate, and the time until
// the link was up.
//   link_bench [MB] [Mbit/s]      500 MB; without a rate it sends at full speed
#include <glib.h>
#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "glue/loop.hpp"
#include "ice/agent.hpp"
#include "quic/connection.hpp"
#include "udp/endpoint.hpp"

namespace astral {
namespace {

// One thread waits until another opens the gate.
class Gate {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

double cpu_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double seconds(Time time) {
  return static_cast<double>(time.count()) / 1e9;
}

class End : ice::Handler, quic::Handler, quic::Path, udp::RouteHandler {
 public:
  End(const char *name, bool sender, bool direct, std::uint64_t size, std::uint64_t rate_bps)
      : sender_(sender), direct_(direct), size_(size), rate_bps_(rate_bps), loop_(name) {
    loop_.run([this] {
      timer_.emplace(loop_.context(), [this] { tick(); });
      if (direct_) return open_route();
      agent_ =
          ice::Agent::open({.controlling = !sender_, .context = loop_.context(), .loopback = true}, *this)
              .value();
    });
    if (!direct_) gathered.wait();
  }
  ~End() override {
    loop_.run([this] {
      connection_.reset();
      agent_.reset();
      route_.reset();
      timer_.reset();
    });
  }

  ice::Description describe() {
    ice::Description local;
    loop_.run([&] { local = agent_->local(); });
    return local;
  }
  void start(const ice::Description &remote, const Key &key, const Fingerprint &peer) {
    loop_.run([&] {
      connection_ = quic::Connection::open({.key = key, .peer_fingerprint = peer, .server = sender_},
                                           static_cast<quic::Handler &>(*this), *agent_, now())
                        .value();
      if (!agent_->set_remote(remote)) std::abort();
    });
  }
  void start_direct(End &peer, const Key &key, const Fingerprint &fingerprint) {
    const std::uint8_t loopback[] = {127, 0, 0, 1};
    const udp::Flow to{stun::address_of(loopback, peer.route_->endpoint().port()), {}};
    const udp::Secret secret = peer.route_->secret();
    loop_.run([&] {
      flow_ = to;
      quic::Config config{.key = key, .peer_fingerprint = fingerprint, .server = sender_};
      config.id_prefix = {route_->id().begin(), route_->id().end()};
      if (!sender_) config.first_id = {secret.begin(), secret.end()};
      connection_ = quic::Connection::open(config, static_cast<quic::Handler &>(*this),
                                           static_cast<quic::Path &>(*this), now())
                        .value();
      flush();
    });
  }
  double cpu() {
    double used = 0;
    loop_.run([&] { used = cpu_of(CLOCK_THREAD_CPUTIME_ID); });
    return used;
  }
  void begin() {
    loop_.run([this] {
      began_ = now();
      stream_ = connection_->open_stream(false).value();
      flush();
    });
  }
  void print(FILE *to) {
    loop_.run([&] {
      const auto stats = connection_->stats();
      ice::Agent::Stats ice;
      if (agent_)
        ice = agent_->stats();
      else
        ice.segmented = route_->segmented();
      std::fprintf(
          to, "\"rtt_ms\":%.2f,\"bursts\":%llu,\"datagrams\":%llu,\"segmented\":%llu,\"bypassed\":%llu",
          seconds(stats.rtt) * 1e3, static_cast<unsigned long long>(stats.bursts),
          static_cast<unsigned long long>(stats.datagrams_sent),
          static_cast<unsigned long long>(ice.segmented), static_cast<unsigned long long>(ice.bypassed));
    });
  }

  Gate gathered, established, finished;

 private:
  static constexpr std::size_t chunk = 64 * 1024;
  static constexpr std::size_t max_backlog = 1024 * 1024;

  void open_route() {
    const auto endpoint =
        udp::Endpoint::open({.context = sender_ ? nullptr : loop_.context(), .answers_stun = false}).value();
    route_ = endpoint->open_route(loop_.context(), *this);
  }
  bool send(Bytes packets, std::size_t segment) override { return route_->send(packets, segment, flow_); }
  void on_route_datagram(Bytes data, const udp::Flow &flow) override {
    flow_ = flow;
    on_datagram(data);
  }
  void on_route_drained() override { flush(); }
  void on_route_stream(const udp::Flow &, bool) override {}
  void on_local_candidate(const std::string &) override {}
  void on_gathered() override { gathered.open(); }
  void on_connected() override { flush(); }
  void on_datagram(Bytes data) override {
    if (connection_) connection_->receive(data, now());
  }
  void on_drained() override { flush(); }
  void on_failed(const Error &error) override {
    std::fprintf(stderr, "%s\n", error.detail.c_str());
    std::exit(1);
  }
  void on_established() override { established.open(); }
  void on_stream_data(quic::StreamId, Bytes, bool fin) override {
    if (fin) finished.open();
  }
  void on_stream_reset(quic::StreamId, std::uint64_t) override {}
  void on_stop_sending(quic::StreamId, std::uint64_t) override {}
  void on_stream_credit() override {}
  void on_closed(const quic::CloseReason &reason) override {
    std::fprintf(stderr, "%s\n", reason.error.detail.c_str());
    std::exit(1);
  }

  Time next_chunk() const {
    return rate_bps_ == 0 ? Time{} : began_ + Time(sent_ * 8 * 1'000'000'000 / rate_bps_);
  }
  void flush() {
    if (!connection_) return;
    Time wake = never;
    if (stream_ && sent_ < size_) {
      while (sent_ < size_ && connection_->backlog() < max_backlog && next_chunk() <= now()) {
        const std::size_t part = std::min<std::uint64_t>(chunk, size_ - sent_);
        sent_ += part;
        connection_->send(*stream_, payload_.part(0, part), sent_ == size_);
      }
      if (rate_bps_ > 0) wake = next_chunk();
    }
    connection_->flush(now());
    timer_->set(std::min(wake, connection_->deadline()));
  }
  void tick() {
    if (connection_->deadline() <= now()) connection_->tick(now());
    flush();
  }

  const bool sender_;
  const bool direct_;
  const std::uint64_t size_;
  const std::uint64_t rate_bps_;
  const Slice payload_ = Slice::copy(std::vector<std::uint8_t>(chunk, 0x47));
  std::optional<Timer> timer_;
  std::unique_ptr<ice::Agent> agent_;
  std::unique_ptr<udp::Route> route_;
  udp::Flow flow_;
  std::unique_ptr<quic::Connection> connection_;
  std::optional<quic::StreamId> stream_;
  Time began_{};
  std::uint64_t sent_ = 0;
  LoopThread loop_;  // last: it stops first
};

void measure(bool direct, std::uint64_t size, std::uint64_t rate) {
  const Key a = Key::generate().value(), b = Key::generate().value();
  End sender("sender", true, direct, size, rate), receiver("receiver", false, direct, size, rate);
  const auto from_sender = direct ? ice::Description{} : sender.describe();
  const auto from_receiver = direct ? ice::Description{} : receiver.describe();
  const Time begin = now();
  if (direct) {
    sender.start_direct(receiver, a, b.fingerprint());
    receiver.start_direct(sender, b, a.fingerprint());
  } else {
    sender.start(from_receiver, a, b.fingerprint());
    receiver.start(from_sender, b, a.fingerprint());
  }
  sender.established.wait();
  receiver.established.wait();
  const Time up = now() - begin;
  const double sender_before = sender.cpu(), receiver_before = receiver.cpu();
  const double before = cpu_of(CLOCK_PROCESS_CPUTIME_ID);
  const Time start = now();
  sender.begin();
  receiver.finished.wait();
  const double gigabytes = static_cast<double>(size) / 1e9;
  const double took = seconds(now() - start);
  const double all = cpu_of(CLOCK_PROCESS_CPUTIME_ID) - before;
  std::printf(
      "{\"bench\":\"link\",\"way\":\"%s\",\"megabytes\":%llu,\"up_ms\":%.1f,\"rate_mbps\":%.0f,"
      "\"send_cpu_s_per_gb\":%.2f,\"receive_cpu_s_per_gb\":%.2f,\"all_cpu_s_per_gb\":%.2f,\"sender\":{",
      direct ? "direct" : "ice", static_cast<unsigned long long>(size / 1'000'000), seconds(up) * 1e3,
      gigabytes * 8e3 / took, (sender.cpu() - sender_before) / gigabytes,
      (receiver.cpu() - receiver_before) / gigabytes, all / gigabytes);
  sender.print(stdout);
  std::printf("},\"receiver\":{");
  receiver.print(stdout);
  std::printf("}}\n");
}

int run(int argc, char **argv) {
  const std::uint64_t size = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500) * 1'000'000;
  const std::uint64_t rate = (argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0) * 1'000'000;
  for (const bool direct : {false, true}) measure(direct, size, rate);
  return 0;
}

}  // namespace
}  // namespace astral

int main(int argc, char **argv) {
  return astral::run(argc, argv);
}
