// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: bytes at a WebSocket's client, which reads the handshake's response and then frames. The first byte
// chooses text or binary messages, and at how many bytes the input is cut. A message is within its limit, and
// what is held is bounded; where the input is cut makes no difference.
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "websocket/frames.hpp"
#include "websocket/handshake.hpp"

using namespace astral;
using namespace astral::websocket;

namespace {

constexpr std::size_t max_message = 2048;

struct Outcome {
  bool is_open = false, is_over = false;
  std::vector<std::string> payloads;
  bool operator==(const Outcome &) const = default;
};

Outcome read(std::string_view input, FrameReader::Takes takes, std::size_t piece) {
  Outcome outcome;
  ClientHandshake handshake({'t', 'h', 'e', ' ', 's', 'a', 'm', 'p', 'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'});
  FrameReader reader(FrameReader::From::server, max_message, takes);
  while (!input.empty() && !outcome.is_over) {
    std::string bytes(input.substr(0, piece));
    input.remove_prefix(bytes.size());
    if (!outcome.is_open) {
      const auto taken = handshake.take(bytes);
      if (!taken) outcome.is_over = true;
      if (!taken || !*taken) continue;
      outcome.is_open = true;
      bytes = handshake.rest();
    }
    std::vector<FrameEvent> events;
    outcome.is_over = !reader.feed(as_bytes(bytes), events);
    assert(reader.held() <= 2 * max_message + 14 + piece);
    for (const FrameEvent &event : events) {
      assert(event.payload.size() <= max_message);
      outcome.payloads.push_back(event.payload);
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  // In one piece, more than the handshake's limit is too long only before its end.
  if (size == 0 || size > ClientHandshake::max_response) return 0;
  const std::string_view input(reinterpret_cast<const char *>(data) + 1, size - 1);
  const auto takes = data[0] & 1 ? FrameReader::Takes::binary : FrameReader::Takes::text;
  const Outcome whole = read(input, takes, size);
  assert(read(input, takes, 1 + (data[0] >> 1)) == whole);
  return 0;
}
