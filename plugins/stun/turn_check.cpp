// SPDX-License-Identifier: BSD-3-Clause
#include "stun/turn_check.hpp"

#include <glib.h>

#include <utility>

#include "stun/attributes.hpp"

namespace astral::stun {
namespace {

constexpr std::uint16_t allocate_request = 0x0003, refresh_request = 0x0004, allocate_success = 0x0103,
                        allocate_error = 0x0113;
constexpr std::uint16_t username = 0x0006, message_integrity = 0x0008, lifetime = 0x000d, realm = 0x0014,
                        nonce = 0x0015, requested_transport = 0x0019;
constexpr int unauthorized = 401, wrong_credentials = 441, stale_nonce = 438;
constexpr std::size_t max_text = 763;  // bytes of a realm and of a nonce (RFC 8489, 14.9)
constexpr std::size_t sha1_size = 20;

Bytes bytes_of(const std::string &text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

// RFC 8489, 14.5: the length counts this attribute already.
void add_integrity(std::vector<std::uint8_t> &message, const std::string &credentials) {
  std::array<std::uint8_t, 16> key{};
  gsize size = key.size();
  GChecksum *checksum = g_checksum_new(G_CHECKSUM_MD5);
  g_checksum_update(checksum, bytes_of(credentials).data(), static_cast<gssize>(credentials.size()));
  g_checksum_get_digest(checksum, key.data(), &size);
  g_checksum_free(checksum);
  set_length(message, message.size() + 4 + sha1_size - header_size);
  std::array<std::uint8_t, sha1_size> digest{};
  size = digest.size();
  GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, key.data(), key.size());
  g_hmac_update(hmac, message.data(), static_cast<gssize>(message.size()));
  g_hmac_get_digest(hmac, digest.data(), &size);
  g_hmac_unref(hmac);
  add(message, message_integrity, digest);
}

struct Reply {
  bool is_success = false;
  int code = 0;
  std::string realm, nonce;
};

// nullopt: no answer to an Allocate request with this id.
std::optional<Reply> read(Bytes message, const TransactionId &id) {
  if (!looks_like_stun(message) || !std::ranges::equal(message.subspan(4, id.size()), id))
    return std::nullopt;
  const std::uint16_t type = number(message);
  if (type != allocate_success && type != allocate_error) return std::nullopt;
  Reply reply;
  reply.is_success = type == allocate_success;
  const bool is_whole = read_attributes(message, [&](std::uint16_t attribute, Bytes value) {
    const std::string text(value.begin(), value.end());
    if (attribute == error_code && value.size() >= 4) reply.code = code_of(value);
    if (attribute == realm && value.size() <= max_text) reply.realm = text;
    if (attribute == nonce && value.size() <= max_text) reply.nonce = text;
  });
  return is_whole ? std::optional(std::move(reply)) : std::nullopt;
}

}  // namespace

std::vector<std::uint8_t> TurnCheck::with_credentials(std::vector<std::uint8_t> message) const {
  add(message, username, bytes_of(user_));
  add(message, realm, bytes_of(realm_));
  add(message, nonce, bytes_of(nonce_));
  add_integrity(message, user_ + ":" + realm_ + ":" + password_);
  return message;
}

void TurnCheck::ask(Time now, Messages &out) {
  std::vector<std::uint8_t> message = begin(allocate_request, ids_[step_]);
  add(message, requested_transport, Bytes(std::array<std::uint8_t, 4>{17, 0, 0, 0}));  // UDP
  out.push_back(step_ == 0 ? std::move(message) : with_credentials(std::move(message)));
  next_ = now + first_timeout * (1 << requests_++);
}

void TurnCheck::start(Time now, Messages &out) {
  ask(now, out);
}

void TurnCheck::tick(Time now, Messages &out) {
  if (done() || now < next_) return;
  requests_ == max_requests ? conclude(TurnAnswer::silent) : ask(now, out);
}

void TurnCheck::handle(Bytes message, Time now, Messages &out) {
  if (done()) return;
  auto reply = read(message, ids_[step_]);
  if (!reply) return;
  if (reply->is_success) {
    if (step_ == 1) {  // the address is not needed: its time shall be zero
      std::vector<std::uint8_t> refresh = begin(refresh_request, ids_[2]);
      add(refresh, lifetime, Bytes(std::array<std::uint8_t, 4>{}));
      out.push_back(with_credentials(std::move(refresh)));
    }
    return conclude(TurnAnswer::allocated);
  }
  error_code_ = reply->code;
  const bool asks_for_credentials = step_ == 0 && reply->code == unauthorized;
  const bool is_stale = step_ == 1 && reply->code == stale_nonce && !was_stale_;
  if ((asks_for_credentials || is_stale) && !reply->nonce.empty()) {
    if (asks_for_credentials) realm_ = std::move(reply->realm);
    nonce_ = std::move(reply->nonce);
    was_stale_ = is_stale;
    step_ = 1;
    requests_ = 0;
    return ask(now, out);
  }
  conclude(reply->code == unauthorized || reply->code == wrong_credentials ? TurnAnswer::wrong_credentials
                                                                           : TurnAnswer::refused);
}

void TurnCheck::conclude(TurnAnswer answer) {
  answer_ = answer;
  next_ = never;
}

}  // namespace astral::stun
