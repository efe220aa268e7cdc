// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/sealed.hpp"

#include <string>

#include "protocol/message_codec.hpp"
#include "protocol/slug.hpp"

namespace astral::protocol {
namespace {

// No uuid has a line break, so no two messages give the same text.
std::string signed_text(const Routed &routed) {
  return "astral sealed 1\n" + routed.from.uuid + "\n" + routed.to.uuid + "\n" +
         std::to_string(routed.sealed.number) + "\n" + routed.sealed.text;
}

}  // namespace

void seal(Routed &routed, const Key &key, std::uint64_t number) {
  Sealed &sealed = routed.sealed;
  sealed.text = write_message(routed.what->message);
  sealed.key = to_hex(key.public_key_raw());
  sealed.number = number;
  sealed.signature = to_hex(key.sign(as_bytes(signed_text(routed))));
  routed.what.reset();
}

Expected<void> open(Routed &routed) {
  const Sealed &sealed = routed.sealed;
  if (sealed.text.empty()) return fail(Code::invalid, "it is not signed");
  const auto key = PublicKey::from_raw(from_hex(sealed.key));
  if (!key) return tl::unexpected<Error>(key.error());
  if (uuid_of(key->fingerprint()) != routed.from.uuid)
    return fail(Code::invalid, "its author's uuid is not that of its key");
  if (!key->verify(as_bytes(signed_text(routed)), from_hex(sealed.signature)))
    return fail(Code::invalid, "its author has not signed it");
  auto what = read_inside(sealed.text);
  if (!what) return tl::unexpected<Error>(what.error());
  routed.what = std::move(*what);
  return {};
}

}  // namespace astral::protocol
