// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: the texts of invitations, and the lists of guests in catalogs. What is read has one coding; no bytes
// are an invitation that no key has signed, and no list gives a stranger a secret.
#include <cassert>

#include "protocol/invitation.hpp"
#include "trust/epoch_key.hpp"
#include "trust/guest_list.hpp"

using namespace astral;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const Key key = *Key::generate();
  static const trust::Guest guest{{1, 2, 3, 4, 5, 6, 7, 8}, Secret::random()};
  const Bytes bytes(data, size);

  const auto read = protocol::read_invitation(as_text(bytes));
  if (read)
    assert(protocol::text_of(*read) == as_text(bytes) && size <= protocol::max_invitation);
  else
    assert(!read.error().detail.empty());

  assert(!trust::find_guest(bytes, guest, key.public_key_raw()));
  trust::EpochKey epoch(guest.secret, key.public_key_raw());
  assert(!epoch.open({5, 0}, bytes) && !epoch.open_catalog(5, bytes));

  // Whatever is sealed opens again, in its place.
  trust::EpochKey ours(guest.secret, key.public_key_raw());
  const auto sealed = ours.seal({5, size}, bytes);
  const auto opened = epoch.open({5, size}, *sealed);
  assert(opened && std::ranges::equal(*opened, bytes));
  return 0;
}
