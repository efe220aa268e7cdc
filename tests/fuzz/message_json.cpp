// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: the JSON messages of /peer. A message that can be read can be written; reading and writing that text
// again gives the same text.
#include <cassert>
#include <string_view>

#include "protocol/message_codec.hpp"

using namespace astral::protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const auto message = read_message({reinterpret_cast<const char *>(data), size});
  if (!message) {
    assert(!message.error().detail.empty());
    return 0;
  }
  if (!*message) return 0;  // a message type of a later version
  const auto *routed = std::get_if<astral::protocol::Routed>(&**message);
  if (routed != nullptr && !routed->what && routed->sealed.text.empty())
    return 0;  // contains a type of a later version: not written
  const std::string text = write_message(**message);
  const auto again = read_message(text);
  assert(again && *again && (*again)->index() == (*message)->index());
  assert(write_message(**again) == text);
  return 0;
}
