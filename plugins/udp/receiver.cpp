// SPDX-License-Identifier: BSD-3-Clause
#include "udp/receiver.hpp"

#include <algorithm>

#include "glue/time.hpp"

namespace astral::udp {
namespace {

// Acknowledgements of many children come one by one, just when their relay is busy sending. Each would cost a
// wake-up. So after a batch of nothing else the socket rests a little and the next ones gather. A batch with
// media in it is never followed by a rest.
constexpr Time rest = 1ms;
constexpr std::size_t small = 120;  // bytes; an acknowledgement has 30 to 60

}  // namespace

// Its loop looks at the members before each poll. g_source_modify_unix_fd() and g_source_set_ready_time()
// would cost a system call each and another turn of the loop.
struct Receiver::PolledSource {
  GSource source;
  GPollFD poll;
  Time rests_until;

  static gboolean prepare(GSource *source, gint *timeout_ms) noexcept {
    auto &self = *reinterpret_cast<PolledSource *>(source);
    *timeout_ms = -1;
    self.poll.events = G_IO_IN;
    const Time left = self.rests_until - now();
    if (left <= Time::zero()) return FALSE;
    self.poll.events = 0;
    *timeout_ms = static_cast<gint>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
    return FALSE;
  }
  static gboolean check(GSource *source) noexcept {
    const auto &self = *reinterpret_cast<PolledSource *>(source);
    return (self.poll.revents & G_IO_IN) != 0;
  }
};

Receiver::PolledSource &Receiver::polled() const {
  return *reinterpret_cast<PolledSource *>(source_.get());
}

Receiver::Receiver(Socket &socket, GMainContext *context, ReceiverHandler &handler)
    : socket_(socket), handler_(handler) {
  static GSourceFuncs functions{
      &PolledSource::prepare,
      &PolledSource::check,
      [](GSource *, GSourceFunc call, gpointer data) noexcept -> gboolean { return call(data); },
      nullptr,
      nullptr,
      nullptr};
  source_ = Source(g_source_new(&functions, sizeof(PolledSource)));
  g_source_set_static_name(source_.get(), "astral UDP port");
  polled().poll = {.fd = socket_.descriptor(), .events = G_IO_IN, .revents = 0};
  g_source_add_poll(source_.get(), &polled().poll);
  g_source_set_callback(
      source_.get(),
      [](gpointer data) noexcept -> gboolean {
        static_cast<Receiver *>(data)->handler_.on_readable();
        return G_SOURCE_CONTINUE;
      },
      this, nullptr);
  g_source_attach(source_.get(), context);
}

std::size_t Receiver::receive(bool gathers, const Take &take) {
  std::size_t datagrams = 0, bytes = 0;
  socket_.receive([&](Bytes run, std::size_t segment, const Flow &flow) {
    bytes += run.size();
    while (!run.empty()) {
      const Bytes one = run.first(std::min(segment, run.size()));
      ++datagrams;
      take(one, flow);
      run = run.subspan(one.size());
    }
  });
  const bool rests = gathers && datagrams > 0 && bytes < datagrams * small;
  if (rests) polled().rests_until = now() + rest;
  return datagrams;
}

}  // namespace astral::udp
