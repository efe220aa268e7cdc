// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/kept_stream_keys.hpp"

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
  protocol::sign(stream, *key);
  return {};
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
