// SPDX-License-Identifier: BSD-3-Clause
// What lets a guest into a private stream: the invitation, which the stream's key has signed, as the text of
// a link; and the pass, which a guest's node shows to providers instead, without the secret.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "glue/aead.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "protocol/types.hpp"

namespace astral::protocol {

struct Invitation {
  Slug slug;
  std::array<std::uint8_t, PublicKey::raw_size> key{};  // the stream's
  std::array<std::uint8_t, 8> id{};                     // random, the guest's
  std::uint64_t expires = 0;                            // Unix seconds
  Secret secret;                                        // the guest's
  std::array<std::uint8_t, Key::signature_size> signature{};

  std::string id_text() const { return to_hex(id); }
  bool operator==(const Invitation &) const = default;
};

inline constexpr std::size_t max_invitation = 300;  // characters; the longest slug makes 258
// How long a pass is good: relays show that of the guest for whom they get the stream, also much later.
inline constexpr std::uint64_t pass_time_ms = 24 * 60 * 60 * 1000;
// How far a guest's clock may be ahead of a provider's.
inline constexpr std::uint64_t pass_ahead_ms = 5 * 60 * 1000;

// The secret of the guest with this id. `stream_secret`: never leaves the publisher's node.
Secret guest_secret(const Secret &stream_secret, Bytes id);

// Precondition: 8 bytes of `id`.
Invitation invite(const Key &stream, const Slug &slug, Bytes id, std::uint64_t expires, const Secret &guest);

// Letters, digits, hyphens and underscores (RFC 4648, 5).
std::string text_of(const Invitation &invitation);
// Errors: too_large; invalid: cannot be read, or the stream's key in it has not signed it. Whether it has
// expired is not checked.
Expected<Invitation> read_invitation(std::string_view text);

Pass pass_of(const Invitation &invitation, std::uint64_t unix_ms);
// Errors: invalid: the pass was not made from an invitation that the stream's key (raw, hexadecimal) has
// signed for this slug; refused: the invitation has expired, or the pass was shown too long ago or too early.
Expected<void> check(const Pass &pass, const Slug &slug, std::string_view stream_key, std::uint64_t unix_ms);

}  // namespace astral::protocol
