// SPDX-License-Identifier: BSD-3-Clause
// WebSocket frames (RFC 6455), both roles: bytes in, events out. Pure: no socket, no clock, no random source.
// **Why** not SoupWebsocketConnection: libsoup 3.2 bounds neither the fragments of a message nor its send
// queue, and reads past the end of a short unmasked frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::websocket {

enum class Opcode : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// RFC 6455, 7.4.1
namespace close_code {
inline constexpr std::uint16_t normal = 1000, going_away = 1001, protocol_error = 1002,
                               unsupported_data = 1003, none = 1005, abnormal = 1006, bad_data = 1007,
                               policy = 1008, too_big = 1009, try_later = 1013;
}

// What a frame means.
struct FrameEvent {
  Opcode opcode = Opcode::text;  // text or binary (a whole message), ping, pong, close
  std::string payload;           // of a close: its reason
  std::uint16_t code = 0;        // of a close
};

// The code and the reason of the close frame that ends a connection.
struct CloseReason {
  std::uint16_t code = close_code::normal;
  std::string text;
};

// **Errors** are final: after the first one feed() takes nothing more.
class FrameReader {
 public:
  enum class From { client, server };  // the sender: a client masks its frames, a server does not
  enum class Takes { text, binary };   // messages of the other kind end the connection

  FrameReader(From from, std::size_t max_message, Takes takes = Takes::text)
      : from_(from), takes_(takes), max_message_(max_message) {}

  // Appends to `out` the messages and control frames that are whole now.
  tl::expected<void, CloseReason> feed(Bytes bytes, std::vector<FrameEvent> &out);

  std::size_t held() const { return buffer_.size() - taken_ + message_.size(); }

 private:
  tl::expected<bool, CloseReason> take_frame(std::vector<FrameEvent> &out);  // false: more bytes are needed
  tl::expected<void, CloseReason> take_control(Opcode opcode, std::string payload,
                                               std::vector<FrameEvent> &out);
  Opcode message_kind() const { return takes_ == Takes::text ? Opcode::text : Opcode::binary; }

  const From from_;
  const Takes takes_;
  const std::size_t max_message_;
  std::string buffer_;     // at most one frame that is not whole, and the bytes that came with it
  std::size_t taken_ = 0;  // of buffer_, by frames that were whole
  std::string message_;  // the fragments so far
  bool in_message_ = false;
  bool ended_ = false;
};

// A whole frame. `mask`: four random bytes for a client's frame, nullptr for a server's.
std::string frame(Opcode opcode, std::string_view payload, const std::uint8_t *mask);
std::string close_frame(const CloseReason &reason,
                        const std::uint8_t *mask);  // the reason is cut at 123 bytes

}  // namespace astral::websocket
