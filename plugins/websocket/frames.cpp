// SPDX-License-Identifier: BSD-3-Clause
#include "websocket/frames.hpp"

#include <glib.h>

#include <cassert>
#include <utility>

namespace astral::websocket {
namespace {

constexpr std::size_t max_control = 125;
constexpr std::uint8_t fin_bit = 0x80, reserved_bits = 0x70, mask_bit = 0x80;

tl::unexpected<CloseReason> end(std::uint16_t code, std::string text) {
  return tl::unexpected<CloseReason>(CloseReason{code, std::move(text)});
}

bool is_utf8(std::string_view text) {
  return text.empty() || g_utf8_validate_len(text.data(), text.size(), nullptr);
}

bool is_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != close_code::none &&
          code != close_code::abnormal) ||
         (code >= 3000 && code <= 4999);
}

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

}  // namespace

tl::expected<void, CloseReason> FrameReader::feed(Bytes bytes, std::vector<FrameEvent> &out) {
  if (ended_) return {};
  buffer_.append(as_text(bytes));
  for (;;) {
    const auto taken = take_frame(out);
    if (!taken) {
      ended_ = true;
      buffer_.clear();
      taken_ = 0;
      message_.clear();
      return tl::unexpected<CloseReason>(taken.error());
    }
    if (!*taken || ended_) break;
  }
  buffer_.erase(0, taken_);
  taken_ = 0;
  return {};
}

tl::expected<bool, CloseReason> FrameReader::take_frame(std::vector<FrameEvent> &out) {
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  if (rest.size() < 2) return false;
  const std::uint8_t first = byte_at(rest, 0), second = byte_at(rest, 1);
  const bool fin = first & fin_bit, masked = second & mask_bit;
  const unsigned opcode = first & 0x0F;
  if (first & reserved_bits) return end(close_code::protocol_error, "reserved bits are set");
  if (masked != (from_ == From::client)) {
    return end(close_code::protocol_error,
               masked ? "a server's frame is masked" : "a client's frame is not masked");
  }
  std::size_t at = 2;
  std::uint64_t length = second & 0x7F;
  if (length >= 126) {
    const std::size_t bytes = length == 126 ? 2 : 8;
    if (rest.size() < at + bytes) return false;
    length = 0;
    for (std::size_t i = 0; i < bytes; ++i) length = length << 8 | byte_at(rest, at + i);
    at += bytes;
    if (length < (bytes == 2 ? 126u : 65536u))
      return end(close_code::protocol_error, "a length in too many bytes");
  }
  const bool control = opcode & 8;
  const bool is_message =
      opcode == static_cast<unsigned>(Opcode::text) || opcode == static_cast<unsigned>(Opcode::binary);
  if (control) {
    if (opcode > 10) return end(close_code::protocol_error, "an unknown kind of frame");
    if (!fin || length > max_control)
      return end(close_code::protocol_error, "a control frame that is cut or too long");
  } else if (is_message && opcode != static_cast<unsigned>(message_kind())) {
    return end(close_code::unsupported_data,
               takes_ == Takes::text ? "only text is taken" : "only binary messages are taken");
  } else if (opcode != 0 && !is_message) {
    return end(close_code::protocol_error, "an unknown kind of frame");
  } else if ((opcode == 0) != in_message_) {
    return end(close_code::protocol_error, "a fragment out of order");
  } else if (length > max_message_ - message_.size()) {
    return end(close_code::too_big, "a message of more than " + std::to_string(max_message_) + " bytes");
  }
  const std::size_t size = static_cast<std::size_t>(length);
  const std::size_t payload_at = at + (masked ? 4 : 0);
  if (rest.size() < payload_at + size) return false;
  std::string payload(rest.substr(payload_at, size));
  if (masked) {
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(payload[i] ^ rest[at + i % 4]);
  }
  taken_ += payload_at + size;

  if (control) {
    if (const auto taken = take_control(static_cast<Opcode>(opcode), std::move(payload), out); !taken) {
      return tl::unexpected<CloseReason>(taken.error());
    }
    return true;
  }
  message_ += payload;
  in_message_ = !fin;
  if (fin) {
    if (takes_ == Takes::text && !is_utf8(message_)) return end(close_code::bad_data, "not UTF-8");
    out.push_back({message_kind(), std::exchange(message_, {}), 0});
  }
  return true;
}

tl::expected<void, CloseReason> FrameReader::take_control(Opcode opcode, std::string payload,
                                                          std::vector<FrameEvent> &out) {
  if (opcode != Opcode::close) {
    out.push_back({opcode, std::move(payload), 0});
    return {};
  }
  FrameEvent event{Opcode::close, {}, close_code::none};
  if (payload.size() == 1) return end(close_code::protocol_error, "half a close code");
  if (payload.size() >= 2) {
    event.code = static_cast<std::uint16_t>(byte_at(payload, 0) << 8 | byte_at(payload, 1));
    event.payload = payload.substr(2);
    if (!is_close_code(event.code)) return end(close_code::protocol_error, "an invalid close code");
    if (!is_utf8(event.payload)) return end(close_code::bad_data, "a close reason that is not UTF-8");
  }
  ended_ = true;
  taken_ = buffer_.size();
  message_.clear();
  out.push_back(std::move(event));
  return {};
}

std::string frame(Opcode opcode, std::string_view payload, const std::uint8_t *mask) {
  std::string out;
  out.reserve(payload.size() + 14);
  out += static_cast<char>(fin_bit | static_cast<std::uint8_t>(opcode));
  const std::uint8_t mark = mask ? mask_bit : 0;
  const std::size_t bytes = payload.size() < 126 ? 0 : payload.size() <= 0xFFFF ? 2 : 8;
  out += static_cast<char>(mark | (bytes == 0 ? payload.size() : bytes == 2 ? 126u : 127u));
  for (std::size_t i = bytes; i > 0; --i) out += static_cast<char>(payload.size() >> (8 * (i - 1)) & 0xFF);
  if (!mask) return out.append(payload);
  for (std::size_t i = 0; i < 4; ++i) out += static_cast<char>(mask[i]);
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

std::string close_frame(const CloseReason &reason, const std::uint8_t *mask) {
  if (reason.code == close_code::none) return frame(Opcode::close, "", mask);
  std::size_t size = reason.text.size();
  if (size > max_control - 2) {
    size = max_control - 2;
    while (size > 0 && (byte_at(reason.text, size) & 0xC0) == 0x80) --size;
  }
  std::string payload;
  payload += static_cast<char>(reason.code >> 8);
  payload += static_cast<char>(reason.code & 0xFF);
  payload.append(reason.text, 0, size);
  return frame(Opcode::close, payload, mask);
}

}  // namespace astral::websocket
