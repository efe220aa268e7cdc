// SPDX-License-Identifier: BSD-3-Clause
// The keys of the streams that this node publishes, each in a file of the state directory. They stay with the
// node, whoever publishes at it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/stream_keys.hpp"
#include "glue/key.hpp"
#include "runtime/kept_privacy.hpp"

namespace astral::runtime {

// **Thread**: the main one. **Owns** STATE_DIR/streams/SLUG.pem, mode 0600.
class KeptStreamKeys final : public core::StreamKeys {
 public:
  // `state_dir` empty: the keys live as long as this object.
  explicit KeptStreamKeys(std::string state_dir) : state_dir_(std::move(state_dir)), privacy_(state_dir_) {}

  Expected<void> sign(core::StreamInfo &stream) override;
  bool has(const core::Slug &slug, const std::string &fingerprint) override;
  core::Pass pass(const core::Slug &slug, std::int64_t unix_ms) override;
  // Whose streams are private. What is signed of them says nothing that only guests may know.
  KeptPrivacy &privacy() { return privacy_; }

  // The key of this slug. not_found: it has none. Else as Key::load().
  Expected<Key> find(const core::Slug &slug);
  // From now on the slug has this key. conflict: it has another one; invalid: it is none.
  Expected<Key> adopt(const core::Slug &slug, std::string_view pem);

 private:
  std::string file_of(const core::Slug &slug) const;
  Expected<Key> find_or_make(const core::Slug &slug);

  const std::string state_dir_;
  std::map<core::Slug, Key> keys_;  // that were used
  KeptPrivacy privacy_;
};

}  // namespace astral::runtime
