// SPDX-License-Identifier: BSD-3-Clause
#include "peer/bandwidth.hpp"

#include <algorithm>
#include <utility>

#include "glue/key.hpp"
#include "glue/random.hpp"
#include "glue/time.hpp"
#include "http/exchange.hpp"
#include "http/remote_address.hpp"

namespace astral::peer {
namespace {

constexpr std::size_t ping_bytes = 256 * 1024;
constexpr guint ping_timeout_seconds = 10;  // of silence
constexpr Time ping_patience = 60s;         // a line that is slower cannot forward a stream
// The other node measures with one node at a time.
constexpr Time measuring_patience = 60s;
constexpr std::uint64_t most_bps = 10'000'000'000;

std::uint64_t rate_bps(std::size_t bytes, Time took) {
  const auto micros = static_cast<std::uint64_t>(std::max<Time>(took, 1us) / 1us);
  return std::min<std::uint64_t>(most_bps, bytes * 8'000'000 / micros);
}

// Random, so that no proxy or VPN can compress it.
std::string noise() {
  std::string bytes(ping_bytes, 0);
  std::uint32_t state = g_random_int() | 1;
  for (char &byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace

Bandwidth::Bandwidth()
    : patience_(g_main_context_default(), [this] { end_measurement(); }),
      session_(Ref<SoupSession>::adopt(soup_session_new_with_options("timeout", ping_timeout_seconds,
                                                                     "user-agent", "astralnode", nullptr))),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())) {}

Bandwidth::~Bandwidth() {
  g_cancellable_cancel(cancellable_.get());
}

void Bandwidth::measure(Order order, Done done) {
  if (done_) return;
  order_ = std::move(order);
  done_ = std::move(done);
  const auto address =
      Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(order_.host.c_str(), order_.port));
  figures_ = {.near = address && http::remote_address_of(address.get()).is_near};
  if (order_.pings)
    end_measurement();
  else
    begin_measurement();
}

// First the other end sends, so that it knows its own upstream early, then this end.
void Bandwidth::begin_measurement() {
  measurement_ = std::make_unique<Measurement>(Measurement::Handler{.on_asked = {},
                                                                    .on_sent = [this] { on_sent(); },
                                                                    .on_heard = [this] { on_heard(); },
                                                                    .on_gone = [this] { end_measurement(); },
                                                                    .may_send = order_.may_send});
  const std::string path = "/bandwidth?run=" + to_hex(random_bytes<16>());
  for (std::size_t i = 0; i < Measurement::max_sockets; ++i)
    measurement_->add([&](http::WebSocket::Handler handler) {
      return http::WebSocket::connect({.host = order_.host, .port = order_.port, .path = path},
                                      std::move(handler), Measurement::socket_limits());
    });
  measurement_->ask();
  patience_.set(now() + measuring_patience);
}

void Bandwidth::on_heard() {
  figures_.downstream_bps = measurement_->received_bps();
  if (order_.upstream)
    measurement_->send();
  else
    end_measurement();
}

void Bandwidth::on_sent() {
  figures_.upstream_bps = measurement_->sent_bps();
  figures_.rough = measurement_->interrupted();
  end_measurement();
}

void Bandwidth::end_measurement() {
  patience_.set(never);
  measurement_.reset();
  if (order_.upstream && figures_.upstream_bps == 0) return ping();
  finish();
}

void Bandwidth::ping() {
  const bool six = order_.host.find(':') != std::string::npos;
  const std::string host = six ? "[" + order_.host + "]" : order_.host;
  const Time began = now();
  const http::Question up{.method = "POST",
                          .url = "http://" + host + ":" + std::to_string(order_.port) + "/ping",
                          .body = noise(),
                          .type = "application/octet-stream",
                          .patience = ping_patience};
  const auto asked = http::exchange(session_, up, cancellable_, [=, this](const Expected<http::Told> &told) {
    if (told && told->status == 200) figures_.upstream_bps = rate_bps(ping_bytes, now() - began);
    figures_.rough = true;
    finish();
  });
  if (!asked) finish();
}

void Bandwidth::finish() {
  const Done done = std::exchange(done_, nullptr);
  done(figures_);
}

}  // namespace astral::peer
