// SPDX-License-Identifier: BSD-3-Clause
// What this node keeps of private streams, each in a file of the state directory: the guest books of its own,
// and the invitations that it has to those of others.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/types.hpp"
#include "runtime/guest_book.hpp"

namespace astral::runtime {

// **Thread**: the main one. **Owns** STATE_DIR/streams/SLUG.private and STATE_DIR/invitations/SLUG, mode
// 0600.
class KeptPrivacy {
 public:
  // `state_dir` empty: all lives as long as this object.
  explicit KeptPrivacy(std::string state_dir) : state_dir_(std::move(state_dir)) {}

  // Null: the stream is not private, or not this node's.
  const GuestBook *book(const core::Slug &slug);
  // Errors: conflict: it has one; failed.
  Expected<void> make(const core::Slug &slug, const std::string &name, const std::string &description);
  // Changes the book and keeps it; if that fails, the book is as before. Errors: those of `edit`; not_found:
  // the stream is not private; failed.
  Expected<void> change(const core::Slug &slug, const std::function<Expected<void>(GuestBook &)> &edit);
  void forget(const core::Slug &slug);

  // Nullopt: this node is not invited. An invitation that has expired is none.
  std::optional<protocol::Invitation> invitation(const core::Slug &slug, std::uint64_t now);
  // From now on this node is a guest. Errors: those of read_invitation(); refused: it has expired; conflict:
  // this node has another stream of that slug with a guest book; failed.
  Expected<protocol::Invitation> accept(std::string_view text, std::uint64_t now);

 private:
  std::string book_file(const core::Slug &slug) const;
  std::string invitation_file(const core::Slug &slug) const;
  Expected<void> keep(const std::string &file, const std::string &text) const;

  const std::string state_dir_;
  std::map<core::Slug, std::optional<GuestBook>> books_;                   // that were asked for
  std::map<core::Slug, std::optional<protocol::Invitation>> invitations_;  // the same
};

}  // namespace astral::runtime
