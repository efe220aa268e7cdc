// SPDX-License-Identifier: BSD-3-Clause
#include "trust/guest_list.hpp"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <tuple>

#include "glue/random.hpp"

namespace astral::trust {
namespace {

constexpr std::string_view label{"astral private guest 1\0", 23};
constexpr std::size_t salt_size = 16;
constexpr std::size_t id_size = std::tuple_size_v<GuestId>;
constexpr std::size_t sealed_size = Secret::size + Aead::tag_size;
constexpr std::size_t entry_size = id_size + sealed_size;

// The salt is new in each list, so each key seals one secret.
Aead key_of(const Guest &guest, Bytes salt, Bytes public_key) {
  std::vector<std::uint8_t> info(label.begin(), label.end());
  info.insert(info.end(), public_key.begin(), public_key.end());
  return Aead(derive(guest.secret.bytes(), salt, info));
}

}  // namespace

std::vector<std::uint8_t> encode_guests(const Secret &epoch, std::span<const Guest> guests,
                                        Bytes public_key) {
  assert(guests.size() <= max_guests);
  const auto salt = random_bytes<salt_size>();
  std::vector<std::uint8_t> list(salt.begin(), salt.end());
  for (const Guest &guest : guests) {
    const auto sealed = key_of(guest, salt, public_key).seal({}, guest.id, epoch.bytes());
    list.insert(list.end(), guest.id.begin(), guest.id.end());
    list.insert(list.end(), sealed.begin(), sealed.end());
  }
  return list;
}

Expected<Secret> find_guest(Bytes list, const Guest &guest, Bytes public_key) {
  if (list.size() < salt_size || (list.size() - salt_size) % entry_size != 0 ||
      (list.size() - salt_size) / entry_size > max_guests)
    return fail(Code::invalid, "the list of guests cannot be read");
  const Bytes salt = list.first(salt_size);
  for (Bytes rest = list.subspan(salt_size); !rest.empty(); rest = rest.subspan(entry_size)) {
    if (!std::ranges::equal(rest.first(id_size), guest.id)) continue;
    const auto opened =
        key_of(guest, salt, public_key).open({}, guest.id, rest.subspan(id_size, sealed_size));
    const auto secret = opened ? Secret::from(*opened) : std::nullopt;
    if (!secret) return fail(Code::forged, "the invitation has another secret than the stream knows");
    return *secret;
  }
  return fail(Code::refused, "the invitation is not valid any more");
}

}  // namespace astral::trust
