// SPDX-License-Identifier: BSD-3-Clause
// How much of the upstream is promised to children: the children of each stream times its measured rate. A
// request counts from the moment it is taken, so two requests never get the same room. A place may be
// overcommitted, that is, promised beyond the upstream, for a child that stood by and is fed already:
// otherwise it would be cut off because another child, perhaps a dead one, still has the room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "core/types.hpp"

namespace astral::core {

// Asserts that its callers release each reserved or overcommitted place exactly once, and cover each
// overcommitted place at most once.
class UpstreamBudget {
 public:
  UpstreamBudget(std::optional<std::uint64_t> limit_bps, std::uint32_t max_children)
      : limit_bps_(limit_bps), max_children_(max_children) {}

  bool fits(const Slug &slug) const;             // one more child
  std::uint32_t places(const Slug &slug) const;  // how many more, at most max_room
  void limit(std::uint64_t limit_bps) { limit_bps_ = limit_bps; }
  std::optional<std::uint64_t> limit_bps() const { return limit_bps_; }
  bool reserve(const Slug &slug);  // false, and nothing reserved, when it does not fit
  // Overcommits at most one child or a quarter of the upstream, whichever is more: a quarter of the upstream
  // of a small node is less than one child. The children's media is then late by up to a quarter of the time
  // for which a place is overcommitted; every store still has it.
  bool overcommit(const Slug &slug);
  bool cover(
      const Slug &slug);  // there is room now: one overcommitted place of the stream becomes a reserved one
  void release(const Slug &slug, bool overcommitted = false);

  // The rate rises at once and falls slowly: in a scene of few bits this node must not take a child that it
  // has no room for in the next scene. Places that were given stay, even above the limit.
  void measured(const Slug &slug, std::uint64_t rate_bps);
  void told(const StreamInfo &stream);  // the source's rate counts until we have measured ours
  void forget(const Slug &slug);        // it has no child any more

  std::uint64_t used_bps() const;
  std::uint64_t overcommitted_bps() const;  // of those
  std::uint32_t children() const { return children_; }
  std::uint32_t overcommitted() const { return overcommitted_; }  // of those
  std::uint32_t children(const Slug &slug) const;
  std::uint64_t rate_bps(const Slug &slug) const;

 private:
  struct Load {
    std::uint64_t rate_bps = 0;  // 0: unknown
    bool measured = false;
    std::uint32_t children = 0;
    std::uint32_t overcommitted = 0;
  };
  std::optional<std::uint64_t> limit_bps_;
  std::uint32_t max_children_;
  std::uint32_t children_ = 0;
  std::uint32_t overcommitted_ = 0;
  std::map<Slug, Load> loads_;
};

}  // namespace astral::core
