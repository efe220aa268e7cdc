// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/private_streams.hpp"

#include <glib.h>

#include <chrono>
#include <utility>

#include "glue/random.hpp"

namespace astral::runtime {
namespace {

constexpr std::size_t max_titles = 1'000;

std::uint64_t unix_seconds() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

}  // namespace

bool PrivateStreams::is_known(const core::Slug &slug) {
  return keys_.privacy().book(slug) != nullptr || keys_.privacy().invitation(slug, unix_seconds());
}

std::optional<media::Title> PrivateStreams::title(const core::Slug &slug) {
  if (const GuestBook *book = keys_.privacy().book(slug))
    return media::Title{.name = book->name(), .description = book->description()};
  if (const auto read = media_.title(slug)) {
    if (titles_.size() >= max_titles) titles_.clear();
    return titles_[slug] = *read;
  }
  const auto known = titles_.find(slug);
  return known == titles_.end() ? std::nullopt : std::optional(known->second);
}

Expected<void> PrivateStreams::make(const core::Slug &slug, const std::string &name,
                                    const std::string &description) {
  return keys_.privacy().make(slug, name, description);
}

void PrivateStreams::forget(const core::Slug &slug) {
  keys_.privacy().forget(slug);
}

Expected<protocol::Invitation> PrivateStreams::invite(const core::Slug &slug, const std::string &guest,
                                                      std::uint64_t seconds) {
  if (keys_.privacy().book(slug) == nullptr)
    return fail(Code::not_found, "the stream '" + slug + "' is not private here");
  const auto key = keys_.find(slug);
  if (!key) return tl::unexpected<Error>(key.error());
  std::optional<protocol::Invitation> invitation;
  const auto kept = keys_.privacy().change(slug, [&](GuestBook &book) -> Expected<void> {
    book.expire(unix_seconds());
    auto made = book.invite(*key, slug, guest, seconds, random_bytes<8>(), unix_seconds());
    if (!made) return tl::unexpected<Error>(made.error());
    invitation = std::move(*made);
    return {};
  });
  if (!kept) return tl::unexpected<Error>(kept.error());
  changed(slug);
  return *invitation;
}

Expected<void> PrivateStreams::revoke(const core::Slug &slug, const std::string &who) {
  const auto kept = keys_.privacy().change(slug, [&](GuestBook &book) { return book.revoke(who); });
  if (kept) changed(slug);
  return kept;
}

Expected<std::vector<InvitedGuest>> PrivateStreams::guests(const core::Slug &slug) {
  const GuestBook *book = keys_.privacy().book(slug);
  if (book == nullptr) return fail(Code::not_found, "the stream '" + slug + "' is not private here");
  return book->guests();
}

Expected<core::Slug> PrivateStreams::accept(const std::string &text) {
  const auto accepted = keys_.privacy().accept(text, unix_seconds());
  if (!accepted) return tl::unexpected<Error>(accepted.error());
  media_.set_invitation(accepted->slug, text);
  return accepted->slug;
}

void PrivateStreams::opened(const core::Slug &slug, bool own) {
  if (const GuestBook *book = own ? keys_.privacy().book(slug) : nullptr)
    media_.set_privacy(slug, book->privacy(unix_seconds()));
  if (const auto invitation = own ? std::nullopt : keys_.privacy().invitation(slug, unix_seconds()))
    media_.set_invitation(slug, protocol::text_of(*invitation));
}

Fingerprint PrivateStreams::key_of(const core::Slug &slug, const Fingerprint &known) {
  const auto invitation = keys_.privacy().invitation(slug, unix_seconds());
  if (!invitation) return known;
  const auto key = PublicKey::from_raw(invitation->key);
  return key ? key->fingerprint() : known;
}

void PrivateStreams::changed(const core::Slug &slug) {
  if (const GuestBook *book = keys_.privacy().book(slug))
    media_.set_privacy(slug, book->privacy(unix_seconds()));
  reworded_(slug);
}

void PrivateStreams::expire(const core::Slug &slug) {
  const GuestBook *book = keys_.privacy().book(slug);
  if (book == nullptr || book->next_expiry() > unix_seconds()) return;
  bool was_guest = false;
  const auto kept = keys_.privacy().change(slug, [&](GuestBook &edited) -> Expected<void> {
    was_guest = edited.expire(unix_seconds());
    return {};
  });
  if (!kept) g_warning("stream %s: %s", slug.c_str(), kept.error().detail.c_str());
  if (kept && was_guest) changed(slug);
}

}  // namespace astral::runtime
