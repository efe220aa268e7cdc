// SPDX-License-Identifier: BSD-3-Clause
// Who is invited to a private stream of this node, and what only its guests see. Pure: the caller brings the
// time and random bytes, and keeps the text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "glue/aead.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "protocol/invitation.hpp"

namespace astral::runtime {

struct InvitedGuest {
  std::string id = {};        // 16 hexadecimal digits
  std::string name = {};      // for people; may be empty
  std::uint64_t expires = 0;  // Unix seconds
  bool revoked = false;
  bool operator==(const InvitedGuest &) const = default;
};

// **Owns** the stream's secret.
class GuestBook {
 public:
  static constexpr std::size_t max_guests = 127;  // not revoked; the catalog's list holds one more
  static constexpr std::size_t max_entries = 512;
  static constexpr std::size_t max_text = 256 * 1024;
  static constexpr std::uint64_t longest = 366 * 24 * 3600;  // seconds
  static constexpr std::uint64_t default_time = 7 * 24 * 3600;

  GuestBook(const Secret &secret, std::string name, std::string description)
      : secret_(secret), name_(std::move(name)), description_(std::move(description)) {}
  // Errors: invalid, too_large.
  static Expected<GuestBook> read(std::string_view text);
  std::string text() const;

  const std::string &name() const { return name_; }
  const std::string &description() const { return description_; }
  const std::vector<InvitedGuest> &guests() const { return guests_; }

  // `key`: the stream's. Errors: invalid (the name, the time), no_room.
  Expected<protocol::Invitation> invite(const Key &key, const core::Slug &slug, const std::string &name,
                                        std::uint64_t seconds, std::array<std::uint8_t, 8> id,
                                        std::uint64_t now);
  // `who`: an id, or a name: then all of that name. Errors: not_found.
  Expected<void> revoke(std::string_view who);
  // Forgets who cannot read anything any more. True: one of them could until now.
  bool expire(std::uint64_t now);
  // When the next guest's time is over; UINT64_MAX: never.
  std::uint64_t next_expiry() const;

  // For the property "privacy" of astralrelay.
  std::string privacy(std::uint64_t now) const;
  std::vector<std::string> revoked() const;  // the newest, at most core::max_revoked
  // With which the node itself can get the stream, from nodes that carry it.
  protocol::Invitation own(const Key &key, const core::Slug &slug, std::uint64_t now) const;

 private:
  Secret secret_;
  std::string name_, description_;
  std::vector<InvitedGuest> guests_;  // oldest first
};

}  // namespace astral::runtime
