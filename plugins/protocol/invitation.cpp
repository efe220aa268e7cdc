// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/invitation.hpp"

#include <glib.h>

#include <algorithm>
#include <cassert>
#include <optional>
#include <vector>

#include "glue/ref.hpp"
#include "protocol/slug.hpp"

namespace astral::protocol {
namespace {

// No other text of ours is signed, or a key derived from it, like these.
constexpr std::string_view secret_label{"astral guest secret 1\0", 22};
constexpr std::string_view key_label{"astral guest key 1\0", 19};
constexpr std::string_view invitation_context{"astral invitation 1\0", 20};
constexpr std::string_view pass_context{"astral pass 1\0", 14};

constexpr std::uint8_t version = 1;
constexpr std::size_t fixed_size = 1 + PublicKey::raw_size + 8 + 8 + Secret::size + Key::signature_size;

using Buffer = std::vector<std::uint8_t>;

void put(Buffer &out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
void put(Buffer &out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

// The key with which the guest's node proves that it has the secret.
Key guest_key(const Secret &guest) {
  auto key = Key::from_seed(derive(guest.bytes(), {}, as_bytes(key_label)).bytes());
  assert(key);  // every seed of 32 bytes is a key
  return *key;
}

// All fields but the slug have a fixed size.
Buffer promise(Bytes id, std::uint64_t expires, Bytes guest_public_key, const Slug &slug) {
  Buffer out;
  put(out, as_bytes(invitation_context));
  put(out, id);
  put(out, expires);
  put(out, guest_public_key);
  put(out, as_bytes(slug));
  return out;
}

Buffer showing(const std::string &key, std::uint64_t shown, const Slug &slug) {
  Buffer out;
  put(out, as_bytes(pass_context));
  put(out, as_bytes(key));
  put(out, shown);
  put(out, as_bytes(slug));
  return out;
}

std::string to_base64url(Bytes bytes) {
  const GString_ text(g_base64_encode(bytes.data(), bytes.size()));
  std::string out = text.get();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  while (out.ends_with('=')) out.pop_back();
  return out;
}

// One coding only.
std::optional<Buffer> from_base64url(std::string_view text) {
  std::string padded(text);
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  while (padded.size() % 4 != 0) padded += '=';
  gsize size = 0;
  const std::unique_ptr<guchar, GFree> bytes(g_base64_decode(padded.c_str(), &size));
  if (to_base64url({bytes.get(), size}) != text) return std::nullopt;
  return Buffer(bytes.get(), bytes.get() + size);
}

}  // namespace

Secret guest_secret(const Secret &stream_secret, Bytes id) {
  Buffer info;
  put(info, as_bytes(secret_label));
  put(info, id);
  return derive(stream_secret.bytes(), {}, info);
}

Invitation invite(const Key &stream, const Slug &slug, Bytes id, std::uint64_t expires, const Secret &guest) {
  Invitation invitation{.slug = slug, .expires = expires, .secret = guest};
  assert(id.size() == invitation.id.size());
  std::ranges::copy(id, invitation.id.begin());
  std::ranges::copy(stream.public_key_raw(), invitation.key.begin());
  std::ranges::copy(stream.sign(promise(id, expires, guest_key(guest).public_key_raw(), slug)),
                    invitation.signature.begin());
  return invitation;
}

std::string text_of(const Invitation &invitation) {
  Buffer out{version};
  put(out, invitation.key);
  put(out, invitation.id);
  put(out, invitation.expires);
  put(out, invitation.secret.bytes());
  put(out, invitation.signature);
  put(out, as_bytes(invitation.slug));
  return to_base64url(out);
}

Expected<Invitation> read_invitation(std::string_view text) {
  if (text.size() > max_invitation) return fail(Code::too_large, "the invitation is too long");
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() <= fixed_size || bytes->front() != version)
    return fail(Code::invalid, "not an invitation, or a part of it is missing");
  Bytes rest = Bytes(*bytes).subspan(1);
  const auto take = [&](std::size_t size) {
    const Bytes part = rest.first(size);
    rest = rest.subspan(size);
    return part;
  };
  const Bytes key = take(PublicKey::raw_size), id = take(8), expires = take(8), secret = take(Secret::size),
              signature = take(Key::signature_size);
  Invitation invitation{.slug = std::string(as_text(rest)), .secret = *Secret::from(secret)};
  if (!is_slug(invitation.slug)) return fail(Code::invalid, "the invitation names no stream");
  std::ranges::copy(key, invitation.key.begin());
  std::ranges::copy(id, invitation.id.begin());
  for (const std::uint8_t byte : expires) invitation.expires = invitation.expires << 8 | byte;
  std::ranges::copy(signature, invitation.signature.begin());
  const auto stream = PublicKey::from_raw(key);
  const Key guest = guest_key(invitation.secret);
  if (!stream ||
      !stream->verify(promise(id, invitation.expires, guest.public_key_raw(), invitation.slug), signature))
    return fail(Code::invalid, "the stream's key has not signed this invitation");
  return invitation;
}

Pass pass_of(const Invitation &invitation, std::uint64_t unix_ms) {
  const Key guest = guest_key(invitation.secret);
  Pass pass{.id = invitation.id_text(),
            .expires = invitation.expires,
            .key = to_hex(guest.public_key_raw()),
            .signature = to_hex(invitation.signature),
            .shown = unix_ms};
  pass.proof = to_hex(guest.sign(showing(pass.key, pass.shown, invitation.slug)));
  return pass;
}

Expected<void> check(const Pass &pass, const Slug &slug, std::string_view stream_key, std::uint64_t unix_ms) {
  if (pass.id.size() != 16 || pass.key.size() != 2 * PublicKey::raw_size ||
      stream_key.size() != 2 * PublicKey::raw_size || pass.signature.size() != 2 * Key::signature_size ||
      pass.proof.size() != 2 * Key::signature_size)
    return fail(Code::invalid, "no invitation is shown");
  const auto stream = PublicKey::from_raw(from_hex(stream_key));
  const auto guest = PublicKey::from_raw(from_hex(pass.key));
  if (!stream || !guest ||
      !stream->verify(promise(from_hex(pass.id), pass.expires, guest->raw(), slug), from_hex(pass.signature)))
    return fail(Code::invalid, "the stream's key has not signed this invitation");
  if (!guest->verify(showing(pass.key, pass.shown, slug), from_hex(pass.proof)))
    return fail(Code::invalid, "the invitation is another guest's");
  if (pass.expires <= unix_ms / 1000) return fail(Code::refused, "the invitation has expired");
  if (pass.shown > unix_ms + pass_ahead_ms || unix_ms > pass.shown + pass_time_ms)
    return fail(Code::refused, "the invitation was shown at another time: is a clock wrong?");
  return {};
}

}  // namespace astral::protocol
