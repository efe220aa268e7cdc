// SPDX-License-Identifier: BSD-3-Clause
#include "api/bandwidth.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "glue/error.hpp"
#include "glue/time.hpp"

namespace astral::api {
namespace {

constexpr std::size_t up_bytes = 256 * 1024;
constexpr std::size_t down_bytes = 2 * 1024 * 1024;
constexpr guint timeout_seconds = 10;
constexpr std::size_t chunk = 64 * 1024;
// A gigabit and more cannot be told from a loopback by so few bytes.
constexpr std::uint64_t most_bps = 10'000'000'000;

std::uint64_t rate_bps(std::size_t bytes, Time took) {
  const auto micros = static_cast<std::uint64_t>(std::max<Time>(took, 1us) / 1us);
  return std::min<std::uint64_t>(most_bps, bytes * 8'000'000 / micros);
}

}  // namespace

struct Bandwidth::Run {
  Ref<SoupSession> session;
  Ref<GCancellable> cancellable;
  std::string url;
  Done done;
  bool up = true;
  Time began = {};
  std::size_t received = 0;
  std::uint64_t upstream_bps = 0;
  std::uint64_t downstream_bps = 0;
  Ref<SoupMessage> message = {};
  Ref<GInputStream> stream = {};

  // Both are done, or one could not be.
  static void end(std::unique_ptr<Run> run) {
    if (!g_cancellable_is_cancelled(run->cancellable.get()))
      run->done(run->upstream_bps, run->downstream_bps);
  }

  static void sent(GObject *session, GAsyncResult *result, gpointer data) noexcept {
    std::unique_ptr<Run> run(static_cast<Run *>(data));
    GError *raw = nullptr;
    run->stream = Ref<GInputStream>::adopt(soup_session_send_finish(SOUP_SESSION(session), result, &raw));
    const GErrorPtr error(raw);
    if (error || soup_message_get_status(run->message.get()) != 200) return end(std::move(run));
    read_on(std::move(run));
  }

  static void read_on(std::unique_ptr<Run> run) {
    GInputStream *stream = run->stream.get();
    GCancellable *cancellable = run->cancellable.get();
    g_input_stream_read_bytes_async(stream, chunk, G_PRIORITY_DEFAULT, cancellable, got, run.release());
  }

  static void got(GObject *stream, GAsyncResult *result, gpointer data) noexcept {
    std::unique_ptr<Run> run(static_cast<Run *>(data));
    GError *raw = nullptr;
    const auto bytes =
        Ref<GBytes>::adopt(g_input_stream_read_bytes_finish(G_INPUT_STREAM(stream), result, &raw));
    const GErrorPtr error(raw);
    if (error) return end(std::move(run));
    const std::size_t size = g_bytes_get_size(bytes.get());
    run->received += size;
    if (run->received > 2 * down_bytes) return end(std::move(run));
    if (size > 0) return read_on(std::move(run));
    if (run->up) {
      run->upstream_bps = rate_bps(up_bytes, now() - run->began);
      return send(std::move(run), false);
    }
    if (run->received == down_bytes) run->downstream_bps = rate_bps(down_bytes, now() - run->began);
    end(std::move(run));
  }
};

Bandwidth::Bandwidth()
    : session_(Ref<SoupSession>::adopt(
          soup_session_new_with_options("timeout", timeout_seconds, "user-agent", "astralnode", nullptr))),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())) {}

Bandwidth::~Bandwidth() {
  g_cancellable_cancel(cancellable_.get());
}

void Bandwidth::measure(const std::string &host, std::uint16_t port, Done done) {
  const bool six = host.find(':') != std::string::npos;
  const std::string url = "http://" + (six ? "[" + host + "]" : host) + ":" + std::to_string(port) + "/ping";
  send(std::unique_ptr<Run>(
           new Run{.session = session_, .cancellable = cancellable_, .url = url, .done = std::move(done)}),
       true);
}

void Bandwidth::send(std::unique_ptr<Run> run, bool up) {
  run->up = up;
  run->received = 0;
  const std::string url = up ? run->url : run->url + "?bytes=" + std::to_string(down_bytes);
  run->message = Ref<SoupMessage>::adopt(soup_message_new(up ? "POST" : "GET", url.c_str()));
  if (!run->message) return Run::end(std::move(run));
  if (up) {
    // Nothing on the way shall make it shorter.
    std::vector<char> noise(up_bytes);
    std::uint32_t state = g_random_int() | 1;
    for (char &byte : noise) {
      state = state * 1664525u + 1013904223u;
      byte = static_cast<char>(state >> 24);
    }
    const auto bytes = Ref<GBytes>::adopt(g_bytes_new(noise.data(), noise.size()));
    soup_message_set_request_body_from_bytes(run->message.get(), "application/octet-stream", bytes.get());
  }
  run->began = now();
  SoupSession *session = run->session.get();
  SoupMessage *message = run->message.get();
  GCancellable *cancellable = run->cancellable.get();
  soup_session_send_async(session, message, G_PRIORITY_DEFAULT, cancellable, Run::sent, run.release());
}

}  // namespace astral::api
