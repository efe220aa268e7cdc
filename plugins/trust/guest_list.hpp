// SPDX-License-Identifier: BSD-3-Clause
// How the guests of a private stream get the secret of a key epoch: the catalog has it once for each of them,
// encrypted with the secret of the guest's invitation. Pure, but for a random salt.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "glue/aead.hpp"
#include "glue/error.hpp"

namespace astral::trust {

using GuestId = std::array<std::uint8_t, 8>;  // random; one invitation's

struct Guest {
  GuestId id{};
  Secret secret;  // of the invitation
};

// Bounds the list, which is in each catalog: 7 KiB.
inline constexpr std::size_t max_guests = 128;

// Precondition: at most max_guests. Salt (16), then for each guest the id and the epoch's secret, sealed.
// `public_key` is the stream's.
std::vector<std::uint8_t> encode_guests(const Secret &epoch, std::span<const Guest> guests, Bytes public_key);

// The epoch's secret, for this guest. Errors: invalid: not a list; refused: this guest is not on it; forged:
// the entry was not made for this guest.
Expected<Secret> find_guest(Bytes list, const Guest &guest, Bytes public_key);

}  // namespace astral::trust
