// SPDX-License-Identifier: BSD-3-Clause
// STUN Binding messages as bytes: RFC 8489, and RFC 3489, whose messages have no cookie; of RFC 5780 what a
// server with two ports needs. Does not decide who is answered.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::stun {

// An IP address and a UDP port.
struct Address {
  std::array<std::uint8_t, 16> bytes{};  // network order; an IPv4 address has the first four
  std::uint8_t size = 0;                 // 4 or 16; 0: none
  std::uint16_t port = 0;

  bool is_set() const { return size != 0; }
  Bytes host() const { return Bytes(bytes).first(size); }
  auto operator<=>(const Address &) const = default;
};

// Without the IPv4-mapped form: ::ffff:192.0.2.1 becomes 192.0.2.1, so that one address has one form.
Address address_of(Bytes host, std::uint16_t port);
// "192.0.2.1:3478" or "[2001:db8::1]:3478".
std::string to_text(const Address &address);
// Reads what to_text() writes. nullopt: not a numeric address, or port 0.
std::optional<Address> parse_address(std::string_view text);

// RFC 3489's 16 bytes; in RFC 8489 the first four are the cookie.
using TransactionId = std::array<std::uint8_t, 16>;
inline constexpr std::uint32_t cookie = 0x2112a442;  // RFC 8489, 5
inline constexpr std::size_t header_size = 20;
inline constexpr std::size_t max_message = 548;  // what every IPv4 path carries (RFC 8489, 6.1)
inline constexpr std::size_t max_unknown = 8;    // attributes that an error response names
inline constexpr std::uint16_t change_request = 0x0003;

// An id with the cookie and these 12 bytes.
TransactionId id_with_cookie(const std::array<std::uint8_t, 12> &random);
bool has_cookie(const TransactionId &id);

struct Message {
  enum class Kind { request, success, error };
  Kind kind = Kind::request;
  TransactionId id{};
  std::optional<Address> mapped{};  // XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS
  std::optional<Address> other{};   // OTHER-ADDRESS: the server has a second port, and answers there too
  bool changes_port = false;        // CHANGE-REQUEST: the answer shall come from the second port
  std::uint16_t error_code = 0;     // of an error response
  std::vector<std::uint16_t>
      unknown{};  // attributes that must be understood and are not; max_unknown at most
};

// Whether a datagram is STUN and not QUIC: its first byte, and its length. The first byte alone does not tell
// (RFC 7983): ngtcp2 0.12 clears the QUIC bit on half of the connections (RFC 9287). The message may still be
// malformed.
bool looks_like_stun(Bytes datagram);

// Errors: invalid (no Binding message, or malformed), too_large.
Expected<Message> parse(Bytes datagram);

// What a request is after, besides our address.
enum class Ask { nothing_else, other_port, answer_from_other_port };
// About the other port only a request is answered that is as long as the answer, so it is made that long.
std::vector<std::uint8_t> write_request(const TransactionId &id, Ask ask = Ask::nothing_else);
// In the form that the id has.
std::vector<std::uint8_t> write_success(const TransactionId &id, const Address &mapped,
                                        const Address &other = {});
// 420, RFC 8489, 6.3.1.
std::vector<std::uint8_t> write_unknown(const TransactionId &id, const std::vector<std::uint16_t> &unknown);

}  // namespace astral::stun
