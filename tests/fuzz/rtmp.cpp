// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: an RTMP session whose publishers and players are accepted. The input's first byte gives the size of
// the pieces (0x3f, 0: one piece), whether output is never taken (0x40) and whether the handshake is done
// first (0x80). Memory stays within the limits. A session that closes gives one reason, and then no events;
// media that it passes on is not empty.
#include <algorithm>
#include <cassert>

#include "formats/rtmp/session.hpp"

using namespace astral::rtmp;

namespace {

Limits limits() {  // small, so that short inputs reach them
  Limits limits;
  limits.max_media = 8192;
  limits.max_command = 2048;
  limits.max_partial = 12'000;
  limits.max_chunk_streams = 5;
  limits.max_output = 4096;
  limits.max_values = 40;
  limits.max_depth = 4;
  limits.max_name = 64;
  return limits;
}

struct Server {
  void receive(astral::Bytes bytes) {
    const bool was_closed = session.closed();
    session.receive(bytes);
    settle();
    if (was_closed) assert(session.closed() && events == 0);
  }

  void settle() {
    session.check_invariants();
    assert(session.buffered() < 12'000 + 4096 + 16'384);
    events = 0;
    for (const Event &event : session.take_events()) {
      ++events;
      assert(!said_closed);
      said_closed = std::holds_alternative<Closed>(event);
      if (said_closed) assert(!std::get<Closed>(event).error.detail.empty());
      if (const auto *media = std::get_if<Media>(&event))
        std::visit([](const auto &content) { assert(!content.data.empty()); }, media->content);
      if (const auto *publish = std::get_if<PublishAsked>(&event)) answer(publish->address);
      if (const auto *play = std::get_if<PlayAsked>(&event)) answer(play->address);
    }
    if (session.closed() && !said_closed) return settle();  // accept() or refuse() closed it
    assert(said_closed == session.closed());
    if (takes_output) session.take_output();
  }

  void answer(const Address &address) {
    assert(address.key.size() <= 64 && address.app.size() <= 64);
    if (address.key == "refuse") return session.refuse({astral::Code::refused, "no"});
    session.accept();
    if (address.key == "finish") session.finish();
  }

  Session session{limits()};
  bool takes_output = true;
  bool said_closed = false;
  std::size_t events = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size == 0) return 0;
  Server server;
  const std::size_t piece = data[0] & 0x3fu;
  if ((data[0] & 0x80) != 0) {
    Buffer greeting(1 + 2 * 1536, 0);
    greeting[0] = 3;
    server.receive(greeting);
  }
  server.takes_output = (data[0] & 0x40) == 0;
  for (astral::Bytes rest(data + 1, size - 1); !rest.empty();) {
    const astral::Bytes some = rest.first(piece == 0 ? rest.size() : std::min(piece, rest.size()));
    rest = rest.subspan(some.size());
    server.receive(some);
  }
  return 0;
}
