// SPDX-License-Identifier: BSD-3-Clause
#include "peer/bandwidth.hpp"

#include <algorithm>

#include "glue/time.hpp"
#include "http/exchange.hpp"

namespace astral::peer {
namespace {

constexpr std::size_t up_bytes = 256 * 1024;
constexpr std::size_t down_bytes = 2 * 1024 * 1024;
constexpr guint ping_timeout_seconds = 10;  // of silence
constexpr Time ping_patience = 60s;         // a line that is slower cannot forward a stream
// 256 KiB are too few to measure a faster line: the time would be too short.
constexpr std::uint64_t most_bps = 10'000'000'000;

std::uint64_t rate_bps(std::size_t bytes, Time took) {
  const auto micros = static_cast<std::uint64_t>(std::max<Time>(took, 1us) / 1us);
  return std::min<std::uint64_t>(most_bps, bytes * 8'000'000 / micros);
}

// Random, so that no proxy or VPN can compress it.
std::string noise() {
  std::string bytes(up_bytes, 0);
  std::uint32_t state = g_random_int() | 1;
  for (char &byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace

Bandwidth::Bandwidth()
    : session_(Ref<SoupSession>::adopt(
          soup_session_new_with_options("timeout", ping_timeout_seconds, "user-agent", "astralnode", nullptr))),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())) {}

Bandwidth::~Bandwidth() {
  g_cancellable_cancel(cancellable_.get());
}

void Bandwidth::measure(const std::string &host, std::uint16_t port, const Done &done) {
  const bool six = host.find(':') != std::string::npos;
  const std::string url = "http://" + (six ? "[" + host + "]" : host) + ":" + std::to_string(port) + "/ping";
  const Time began = now();
  const http::Question up{.method = "POST",
                          .url = url,
                          .body = noise(),
                          .type = "application/octet-stream",
                          .patience = ping_patience};
  const auto asked = http::exchange(session_, up, cancellable_, [=, this](const Expected<http::Told> &told) {
    if (!told || told->status != 200) return done(0, 0);
    measure_down(url, rate_bps(up_bytes, now() - began), done);
  });
  if (!asked) done(0, 0);
}

void Bandwidth::measure_down(const std::string &url, std::uint64_t upstream_bps, const Done &done) {
  const Time began = now();
  const http::Question down{
      .url = url + "?bytes=" + std::to_string(down_bytes), .max_answer = down_bytes, .patience = ping_patience};
  const auto asked = http::exchange(session_, down, cancellable_, [=](const Expected<http::Told> &told) {
    const bool whole = told && told->status == 200 && told->body.size() == down_bytes;
    done(upstream_bps, whole ? rate_bps(down_bytes, now() - began) : 0);
  });
  if (!asked) done(upstream_bps, 0);
}

}  // namespace astral::peer
