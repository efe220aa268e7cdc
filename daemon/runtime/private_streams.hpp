// SPDX-License-Identifier: BSD-3-Clause
// The private streams of a node, its own and those that it is a guest of: who is invited, and what the media
// has to know of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "media/media_backend.hpp"
#include "runtime/kept_stream_keys.hpp"

namespace astral::runtime {

// **Thread**: the main one. **Errors**: those of KeptPrivacy and GuestBook; not_found also: the stream is not
// private here.
class PrivateStreams {
 public:
  // `reworded`: what is said of this stream has changed, see core::StreamReworded. The others outlive this
  // object.
  PrivateStreams(KeptStreamKeys &keys, media::MediaBackend &media,
                 std::function<void(const core::Slug &)> reworded)
      : keys_(keys), media_(media), reworded_(std::move(reworded)) {}

  // From the node's own knowledge. What others say of a stream is in core::StreamInfo.
  bool is_known(const core::Slug &slug);
  // What only guests see; nullopt: it is not private, or this node is no guest, or has not read it yet.
  std::optional<media::Title> title(const core::Slug &slug);

  // A stream of this node is private from before its first object on, or never.
  Expected<void> make(const core::Slug &slug, const std::string &name, const std::string &description);
  void forget(const core::Slug &slug);
  Expected<protocol::Invitation> invite(const core::Slug &slug, const std::string &guest,
                                        std::uint64_t seconds);
  Expected<void> revoke(const core::Slug &slug, const std::string &who);  // an id or a name
  Expected<std::vector<InvitedGuest>> guests(const core::Slug &slug);
  // This node is a guest from now on. Returns the slug.
  Expected<core::Slug> accept(const std::string &text);

  // The media of this stream has been opened.
  void opened(const core::Slug &slug, bool own);
  // The fingerprint of the key that a guest's invitation names; otherwise `known`.
  Fingerprint key_of(const core::Slug &slug, const Fingerprint &known);
  // Ends the invitations to this stream whose time is over.
  void expire(const core::Slug &slug);

 private:
  void changed(const core::Slug &slug);

  KeptStreamKeys &keys_;
  media::MediaBackend &media_;
  const std::function<void(const core::Slug &)> reworded_;
  std::map<core::Slug, media::Title> titles_;  // of others' streams, as they were when last read
};

}  // namespace astral::runtime
