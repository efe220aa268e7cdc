// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/kept_stream_keys.hpp"

#include <algorithm>
#include <utility>

#include "glue/bytes.hpp"
#include "protocol/statement.hpp"

namespace astral::runtime {

std::string KeptStreamKeys::file_of(const core::Slug &slug) const {
  return state_dir_ + "/streams/" + slug + ".pem";
}

Expected<Key> KeptStreamKeys::find(const core::Slug &slug) {
  if (const auto used = keys_.find(slug); used != keys_.end()) return used->second;
  if (state_dir_.empty()) return fail(Code::not_found, "the stream '" + slug + "' has no key here");
  auto kept = Key::load(file_of(slug));
  if (!kept && kept.error().code == Code::not_found)
    return fail(Code::not_found, "the stream '" + slug + "' has no key here");
  if (kept) keys_.emplace(slug, *kept);
  return kept;
}

Expected<Key> KeptStreamKeys::find_or_make(const core::Slug &slug) {
  auto key = find(slug);
  if (key || key.error().code != Code::not_found) return key;
  auto made = state_dir_.empty() ? Key::generate() : Key::load_or_create(file_of(slug));
  if (!made) return fail(Code::failed, "the stream's key cannot be kept: " + made.error().detail);
  keys_.emplace(slug, *made);
  return made;
}

Expected<void> KeptStreamKeys::sign(core::StreamInfo &stream) {
  const auto key = find_or_make(stream.slug);
  if (!key) return tl::unexpected<Error>(key.error());
  const GuestBook *book = privacy_.book(stream.slug);
  stream.is_private = book != nullptr;
  stream.revoked.clear();
  if (book != nullptr) {
    stream.name = stream.slug;
    stream.description.clear();
    stream.media.clear();
    stream.revoked = book->revoked();
  }
  protocol::sign(stream, *key);
  return {};
}

core::Pass KeptStreamKeys::pass(const core::Slug &slug, std::int64_t unix_ms) {
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms, 0));
  if (const GuestBook *book = privacy_.book(slug)) {
    const auto key = find(slug);
    return key ? protocol::pass_of(book->own(*key, slug, now / 1000), now) : core::Pass{};
  }
  const auto invitation = privacy_.invitation(slug, now / 1000);
  return invitation ? protocol::pass_of(*invitation, now) : core::Pass{};
}

bool KeptStreamKeys::has(const core::Slug &slug, const std::string &fingerprint) {
  const auto key = find(slug);
  return key && key->fingerprint() == fingerprint;
}

Expected<Key> KeptStreamKeys::adopt(const core::Slug &slug, std::string_view pem) {
  auto given = Key::from_pem(as_bytes(pem));
  if (!given) return given;
  if (const auto there = find(slug)) {
    if (there->fingerprint() == given->fingerprint()) return there;
    return fail(Code::conflict, "the stream '" + slug + "' has another key here");
  }
  if (!state_dir_.empty())
    if (const auto kept = given->save(file_of(slug)); !kept) return tl::unexpected<Error>(kept.error());
  keys_.emplace(slug, *given);
  return given;
}

}  // namespace astral::runtime
