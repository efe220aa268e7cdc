// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/kept_privacy.hpp"

#include <glib/gstdio.h>

#include <utility>

#include "glue/ref.hpp"
#include "protocol/slug.hpp"

namespace astral::runtime {
namespace {

constexpr std::size_t max_looked_up = 10'000;  // slugs in memory that have nothing in the state directory

// Nullopt: there is no file. Errors: too_large; failed.
Expected<std::optional<std::string>> contents(const std::string &file) {
  if (file.empty()) return std::nullopt;
  char *raw = nullptr;
  gsize size = 0;
  GError *error = nullptr;
  if (g_file_get_contents(file.c_str(), &raw, &size, &error)) {
    const GString_ text(raw);
    if (size > GuestBook::max_text) return fail(Code::too_large, file + " is too large");
    return std::string(text.get(), size);
  }
  const GErrorPtr why(error);
  if (g_error_matches(why.get(), G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
      g_error_matches(why.get(), G_FILE_ERROR, G_FILE_ERROR_NOTDIR))
    return std::nullopt;
  return fail(Code::failed, why->message);
}

}  // namespace

std::string KeptPrivacy::book_file(const core::Slug &slug) const {
  return state_dir_.empty() ? "" : state_dir_ + "/streams/" + slug + ".private";
}

std::string KeptPrivacy::invitation_file(const core::Slug &slug) const {
  return state_dir_.empty() ? "" : state_dir_ + "/invitations/" + slug;
}

Expected<void> KeptPrivacy::keep(const std::string &file, const std::string &text) const {
  if (file.empty()) return {};
  const GString_ folder(g_path_get_dirname(file.c_str()));
  GError *raw = nullptr;
  if (g_mkdir_with_parents(folder.get(), 0700) != 0)
    return fail(Code::failed, std::string("cannot make ") + folder.get());
  if (g_file_set_contents_full(file.c_str(), text.c_str(), static_cast<gssize>(text.size()),
                               G_FILE_SET_CONTENTS_CONSISTENT, 0600, &raw))
    return {};
  const GErrorPtr why(raw);
  return fail(Code::failed, why->message);
}

// A book that cannot be read is one without guests: the stream stays private.
const GuestBook *KeptPrivacy::book(const core::Slug &slug) {
  if (!protocol::is_slug(slug)) return nullptr;
  auto found = books_.find(slug);
  if (found == books_.end()) {
    std::optional<GuestBook> kept;
    const auto text = contents(book_file(slug));
    if (!text || *text) {
      auto read = text ? GuestBook::read(**text) : tl::unexpected<Error>(text.error());
      if (!read) g_warning("%s: %s", book_file(slug).c_str(), read.error().detail.c_str());
      kept = read ? std::move(*read) : GuestBook(Secret::random(), slug, "");
    }
    if (books_.size() >= max_looked_up) std::erase_if(books_, [](const auto &one) { return !one.second; });
    found = books_.emplace(slug, std::move(kept)).first;
  }
  return found->second ? &*found->second : nullptr;
}

Expected<void> KeptPrivacy::make(const core::Slug &slug, const std::string &name,
                                 const std::string &description) {
  if (book(slug) != nullptr) return fail(Code::conflict, "the stream is private already");
  GuestBook made(Secret::random(), name, description);
  if (auto kept = keep(book_file(slug), made.text()); !kept) return kept;
  books_.insert_or_assign(slug, std::move(made));
  return {};
}

Expected<void> KeptPrivacy::change(const core::Slug &slug,
                                   const std::function<Expected<void>(GuestBook &)> &edit) {
  const GuestBook *before = book(slug);
  if (before == nullptr) return fail(Code::not_found, "the stream '" + slug + "' is not private here");
  GuestBook changed = *before;
  if (auto done = edit(changed); !done) return done;
  if (auto kept = keep(book_file(slug), changed.text()); !kept) return kept;
  books_.insert_or_assign(slug, std::move(changed));
  return {};
}

void KeptPrivacy::forget(const core::Slug &slug) {
  books_.erase(slug);
  if (const std::string file = book_file(slug); !file.empty()) g_unlink(file.c_str());
}

std::optional<protocol::Invitation> KeptPrivacy::invitation(const core::Slug &slug, std::uint64_t now) {
  if (!protocol::is_slug(slug)) return std::nullopt;
  auto found = invitations_.find(slug);
  if (found == invitations_.end()) {
    std::optional<protocol::Invitation> kept;
    if (const auto text = contents(invitation_file(slug)); text && *text)
      if (auto read = protocol::read_invitation(**text); read && read->slug == slug) kept = std::move(*read);
    if (invitations_.size() >= max_looked_up)
      std::erase_if(invitations_, [](const auto &one) { return !one.second; });
    found = invitations_.emplace(slug, std::move(kept)).first;
  }
  return found->second && found->second->expires > now ? found->second : std::nullopt;
}

Expected<protocol::Invitation> KeptPrivacy::accept(std::string_view text, std::uint64_t now) {
  auto read = protocol::read_invitation(text);
  if (!read) return read;
  if (read->expires <= now) return fail(Code::refused, "the invitation has expired");
  if (book(read->slug) != nullptr)
    return fail(Code::conflict, "this node publishes the stream '" + read->slug + "' itself");
  if (auto kept = keep(invitation_file(read->slug), protocol::text_of(*read)); !kept)
    return tl::unexpected<Error>(kept.error());
  invitations_.insert_or_assign(read->slug, *read);
  return read;
}

}  // namespace astral::runtime
