// SPDX-License-Identifier: BSD-3-Clause
#include "stun/message.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

#include "stun/attributes.hpp"

namespace astral::stun {
namespace {

constexpr std::uint16_t binding_request = 0x0001, binding_success = 0x0101, binding_error = 0x0111;
constexpr std::uint16_t mapped_address = 0x0001, unknown_attributes = 0x000a, xor_mapped_address = 0x0020,
                        software = 0x8022, other_address = 0x802c;
// USERNAME, MESSAGE-INTEGRITY, REALM, NONCE: understood in the sense that a Binding request needs none.
constexpr std::uint16_t ignored[] = {0x0006, 0x0008, 0x0014, 0x0015, 0x001c, 0x001e};
constexpr std::uint16_t first_optional = 0x8000;
constexpr std::uint8_t change_port = 2;                     // of CHANGE-REQUEST's flags
constexpr std::size_t full_request = header_size + 2 * 24;  // the length of an answer with two IPv6 addresses
constexpr std::uint8_t family_v4 = 1, family_v6 = 2;
constexpr std::uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// XOR-MAPPED-ADDRESS is the address XORed with the 16 bytes of cookie and id (RFC 8489, 14.2).
void scramble(Address &address, const TransactionId &id) {
  address.port = static_cast<std::uint16_t>(address.port ^ (id[0] << 8 | id[1]));
  for (std::size_t i = 0; i < address.size; ++i) address.bytes[i] ^= id[i];
}

std::optional<Address> read_address(Bytes value, const TransactionId *key) {
  if (value.size() < 4) return std::nullopt;
  Address address;
  address.size = value[1] == family_v4 ? 4 : value[1] == family_v6 ? 16 : 0;
  if (!address.is_set() || value.size() != 4u + address.size) return std::nullopt;
  address.port = number(value.subspan(2));
  std::ranges::copy(value.subspan(4), address.bytes.begin());
  if (key) scramble(address, *key);
  return address_of(address.host(), address.port);
}

bool is_ignored(std::uint16_t type) {
  return type >= first_optional || std::ranges::find(ignored, type) != std::end(ignored);
}

tl::unexpected<Error> bad(const char *what) {
  return fail(Code::invalid, std::string("a STUN message with ") + what);
}

}  // namespace

Address address_of(Bytes host, std::uint16_t port) {
  Address address;
  if (host.size() == 16 && std::ranges::equal(host.first(12), v4_mapped)) host = host.subspan(12);
  if (host.size() != 4 && host.size() != 16) return address;
  std::ranges::copy(host, address.bytes.begin());
  address.size = static_cast<std::uint8_t>(host.size());
  address.port = port;
  return address;
}

std::string to_text(const Address &address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (!address.is_set() ||
      !inet_ntop(address.size == 4 ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof text))
    return {};
  const std::string host = address.size == 4 ? text : "[" + std::string(text) + "]";
  return host + ":" + std::to_string(address.port);
}

std::optional<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::uint16_t port = 0;
  const char *end = text.data() + text.size();
  const auto [rest, wrong] = std::from_chars(text.data() + colon + 1, end, port);
  if (wrong != std::errc() || rest != end || port == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool six = host.front() == '[';
  if (six && (host.size() < 2 || host.back() != ']')) return std::nullopt;
  if (six) host = host.substr(1, host.size() - 2);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(six ? AF_INET6 : AF_INET, std::string(host).c_str(), bytes.data()) != 1) return std::nullopt;
  return address_of(Bytes(bytes).first(six ? 16 : 4), port);
}

TransactionId id_with_cookie(const std::array<std::uint8_t, 12> &random) {
  TransactionId id{cookie >> 24, cookie >> 16 & 0xff, cookie >> 8 & 0xff, cookie & 0xff};
  std::ranges::copy(random, id.begin() + 4);
  return id;
}

bool has_cookie(const TransactionId &id) {
  return (std::uint32_t{id[0]} << 24 | std::uint32_t{id[1]} << 16 | std::uint32_t{id[2]} << 8 | id[3]) ==
         cookie;
}

namespace {

bool has_length(Bytes datagram) {
  const std::size_t length = number(datagram.subspan(2));
  return length % 4 == 0 && length == datagram.size() - header_size;
}

}  // namespace

bool looks_like_stun(Bytes datagram) {
  return datagram.size() >= header_size && datagram[0] < 4 && has_length(datagram);
}

Expected<Message> parse(Bytes datagram) {
  if (datagram.size() > max_message) return fail(Code::too_large, "a STUN message of more than 548 bytes");
  if (!looks_like_stun(datagram)) return bad("no header with the datagram's length");
  Message message;
  switch (number(datagram)) {
    case binding_request:
      message.kind = Message::Kind::request;
      break;
    case binding_success:
      message.kind = Message::Kind::success;
      break;
    case binding_error:
      message.kind = Message::Kind::error;
      break;
    default:
      return bad("another method than Binding");
  }
  std::ranges::copy(datagram.subspan(4, message.id.size()), message.id.begin());
  bool is_xored = false, has_bad_address = false, has_bad_code = false;
  const bool is_whole = read_attributes(datagram, [&](std::uint16_t type, Bytes value) {
    if ((type == mapped_address && !is_xored) || type == xor_mapped_address) {
      is_xored = type == xor_mapped_address;
      message.mapped = read_address(value, is_xored ? &message.id : nullptr);
      has_bad_address |= !message.mapped;
    } else if (type == other_address) {
      message.other = read_address(value, nullptr);
    } else if (type == change_request && value.size() == 4 && value[3] == change_port) {
      message.changes_port = true;
    } else if (type == error_code) {
      has_bad_code |= value.size() < 4;
      if (value.size() >= 4) message.error_code = code_of(value);
    } else if (type != mapped_address && type != unknown_attributes && !is_ignored(type) &&
               message.unknown.size() < max_unknown) {
      message.unknown.push_back(type);
    }
  });
  if (!is_whole) return bad("half an attribute");
  if (has_bad_address) return bad("a bad address");
  if (has_bad_code) return bad("a bad error code");
  if (message.kind == Message::Kind::success && !message.mapped) return bad("no address");
  return message;
}

std::vector<std::uint8_t> write_request(const TransactionId &id, Ask ask) {
  std::vector<std::uint8_t> message = begin(binding_request, id);
  if (ask == Ask::answer_from_other_port)
    add(message, change_request, Bytes(std::array<std::uint8_t, 4>{0, 0, 0, change_port}));
  if (ask == Ask::nothing_else) return message;
  std::string name = "Astral";
  name.resize(full_request - message.size() - 4, ' ');
  add(message, software, {reinterpret_cast<const std::uint8_t *>(name.data()), name.size()});
  return message;
}

namespace {

void add_address(std::vector<std::uint8_t> &message, std::uint16_t type, const Address &address) {
  std::vector<std::uint8_t> value{0, address.size == 4 ? family_v4 : family_v6};
  put(value, address.port);
  value.insert(value.end(), address.host().begin(), address.host().end());
  add(message, type, value);
}

}  // namespace

std::vector<std::uint8_t> write_success(const TransactionId &id, const Address &mapped,
                                        const Address &other) {
  std::vector<std::uint8_t> message = begin(binding_success, id);
  Address shown = mapped;
  if (has_cookie(id)) scramble(shown, id);
  add_address(message, has_cookie(id) ? xor_mapped_address : mapped_address, shown);
  if (other.is_set()) add_address(message, other_address, other);
  return message;
}

std::vector<std::uint8_t> write_unknown(const TransactionId &id, const std::vector<std::uint16_t> &unknown) {
  std::vector<std::uint8_t> message = begin(binding_error, id);
  add(message, error_code, Bytes(std::array<std::uint8_t, 4>{0, 0, 4, 20}));
  std::vector<std::uint8_t> types;
  for (const std::uint16_t type : unknown) put(types, type);
  add(message, unknown_attributes, types);
  return message;
}

}  // namespace astral::stun
