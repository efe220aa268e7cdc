// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/guest_book.hpp"

#include <algorithm>

#include "glue/json.hpp"
#include "protocol/limits.hpp"
#include "protocol/object_codec.hpp"
#include "protocol/slug.hpp"

namespace astral::runtime {
namespace {

constexpr std::size_t max_guest_name = 100;  // bytes

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Expected<GuestBook> GuestBook::read(std::string_view text) {
  auto in = json::Reader::parse(text, {.max_bytes = max_text});
  if (!in) return tl::unexpected<Error>(in.error());
  const std::string secret =
      in->text("secret", {2 * Secret::size, 2 * Secret::size, is_hex, "64 hexadecimal digits"});
  const std::string name = in->text("name", protocol::name_rule);
  const std::string description = in->text("description", protocol::description_rule);
  std::vector<InvitedGuest> guests;
  for (json::Reader &guest : in->objects("guests", max_entries))
    guests.push_back({.id = guest.text("id", protocol::guest_id_rule),
                      .name = guest.text("name", {.min = 0, .max = max_guest_name}),
                      .expires = guest.number("expires", 0, protocol::max_unix_seconds),
                      .revoked = guest.flag("revoked")});
  if (!in->good()) return tl::unexpected<Error>(in->error());
  GuestBook book(*Secret::from(from_hex(secret)), name, description);
  book.guests_ = std::move(guests);
  return book;
}

std::string GuestBook::text() const {
  std::vector<json::Builder> guests;
  for (const InvitedGuest &guest : guests_)
    guests.push_back(json::Builder()
                         .set("id", guest.id)
                         .set("name", guest.name)
                         .set("expires", guest.expires)
                         .set("revoked", guest.revoked));
  return json::Builder()
      .set("secret", to_hex(secret_.bytes()))
      .set("name", name_)
      .set("description", description_)
      .set("guests", guests)
      .text();
}

Expected<protocol::Invitation> GuestBook::invite(const Key &key, const core::Slug &slug,
                                                 const std::string &name, std::uint64_t seconds,
                                                 std::array<std::uint8_t, 8> id, std::uint64_t now) {
  if (!protocol::is_text(name, max_guest_name))
    return fail(Code::invalid, "for: at most 100 bytes, no control characters");
  if (seconds == 0 || seconds > longest) return fail(Code::invalid, "expires: from a second to 366 days");
  const auto invited =
      std::ranges::count_if(guests_, [](const InvitedGuest &guest) { return !guest.revoked; });
  if (static_cast<std::size_t>(invited) >= max_guests || guests_.size() >= max_entries)
    return fail(Code::no_room, "a private stream has at most 127 guests: revoke an invitation first");
  guests_.push_back({.id = to_hex(id), .name = name, .expires = now + seconds});
  return protocol::invite(key, slug, id, now + seconds, protocol::guest_secret(secret_, id));
}

Expected<void> GuestBook::revoke(std::string_view who) {
  bool found = false;
  for (InvitedGuest &guest : guests_) {
    if (guest.id != who && (guest.name != who || guest.name.empty())) continue;
    found = guest.revoked = true;
  }
  if (!found) return fail(Code::not_found, "nobody of that id or name is invited");
  return {};
}

bool GuestBook::expire(std::uint64_t now) {
  bool was_guest = false;
  std::erase_if(guests_, [&](const InvitedGuest &guest) {
    if (guest.expires > now) return false;
    was_guest = was_guest || !guest.revoked;
    return true;
  });
  return was_guest;
}

std::uint64_t GuestBook::next_expiry() const {
  std::uint64_t next = UINT64_MAX;
  for (const InvitedGuest &guest : guests_) next = std::min(next, guest.expires);
  return next;
}

std::string GuestBook::privacy(std::uint64_t now) const {
  std::vector<json::Builder> guests;
  for (const InvitedGuest &guest : guests_) {
    if (guest.revoked || guest.expires <= now) continue;
    const Secret secret = protocol::guest_secret(secret_, from_hex(guest.id));
    guests.push_back(json::Builder().set("id", guest.id).set("secret", to_hex(secret.bytes())));
  }
  return json::Builder().set("name", name_).set("description", description_).set("guests", guests).text();
}

std::vector<std::string> GuestBook::revoked() const {
  std::vector<std::string> ids;
  for (auto guest = guests_.rbegin(); guest != guests_.rend() && ids.size() < core::max_revoked; ++guest)
    if (guest->revoked) ids.push_back(guest->id);
  return ids;
}

protocol::Invitation GuestBook::own(const Key &key, const core::Slug &slug, std::uint64_t now) const {
  constexpr std::array<std::uint8_t, 8> id{};
  return protocol::invite(key, slug, id, now + longest, protocol::guest_secret(secret_, id));
}

}  // namespace astral::runtime
