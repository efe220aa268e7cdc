// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: MOQT control messages. A message that can be decoded can be encoded; decoding and encoding those
// bytes again gives the same bytes.
#include <cassert>

#include "moqt/messages.hpp"

using namespace astral::moqt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  for (const Version version : {Version::draft18, Version::draft19}) {
    astral::Bytes rest(data, size);
    while (true) {
      const auto frame = next_frame(rest);
      if (!frame || frame->size == 0) break;
      rest = rest.subspan(frame->size);
      const auto message = decode(frame->type, frame->body, version);
      if (!message) {
        assert(!message.error().reason.empty());
        continue;
      }
      const auto wire = encode(*message, version);
      const auto again = next_frame(wire);
      assert(again && again->size == wire.size() && again->type == frame->type);
      const auto same = decode(again->type, again->body, version);
      assert(same && encode(*same, version) == wire);
    }
  }
  return 0;
}
