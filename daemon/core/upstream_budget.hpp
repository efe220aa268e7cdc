// SPDX-License-Identifier: BSD-3-Clause
// How much of the upstream is promised to children: the children of each stream times what the line carries
// for one of them, which is more than the media. A request counts from the moment it is taken, so two
// requests never get the same room. A place may be overcommitted, that is, promised beyond the upstream, for
// a child that stood by and is fed already: otherwise it would be cut off because another child, perhaps a
// dead one, still has the room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "core/limits.hpp"
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
  // A measured line. `tries_one`: it is not known well, so one child may always come, by which more is
  // learned.
  void line(std::uint64_t line_bps, bool tries_one = false) {
    limit_bps_ = line_bps - line_bps / free_part;
    tries_one_ = tries_one;
    unknown_ = false;
  }
  // Nothing is known of the line: nothing but that one child, and not even that one while it is measured.
  void unknown_line(bool tries_one) {
    unknown_ = true;
    tries_one_ = tries_one;
  }
  bool full() const { return children_ >= max_children_; }  // whatever the upstream carries
  // Why one more does not fit, for the node that is refused.
  const char *objection() const {
    return full() ? "the node's setting max-children allows no more" : "the upstream is used up";
  }
  bool on_trial() const { return tries_one_ && children_ <= 1 + thin_; }
  // So many children have thin lines of their own, which tell nothing of ours: one more may try it.
  bool thin_children(std::uint32_t count) { return std::exchange(thin_, count) != count; }
  std::optional<std::uint64_t> limit_bps() const { return limit_bps_; }
  bool reserve(const Slug &slug);  // false, and nothing reserved, when it does not fit
  // Overcommits at most one child or a quarter of the upstream, whichever is more: a quarter of the upstream
  // of a small node is less than one child. The children's media is then late by up to a quarter of the time
  // for which a place is overcommitted; every store still has it.
  bool overcommit(const Slug &slug);
  bool cover(
      const Slug &slug);  // there is room now: one overcommitted place of the stream becomes a reserved one
  void uncover(const Slug &slug);  // a reserved place becomes an overcommitted one
  void release(const Slug &slug, bool overcommitted = false);

  // The rate rises at once and falls slowly: in a scene of few bits this node must not take a child that it
  // has no room for in the next scene. Places that were given stay, even above the limit.
  void measured(const Slug &slug, std::uint64_t rate_bps);
  // The publisher's word is the least that a child costs: a node that gets only a part of the stream, because
  // its line or its processor is too slow, measures too little.
  void told(const StreamInfo &stream);
  void forget(const Slug &slug);  // it has no child any more

  std::uint64_t used_bps() const;
  std::uint64_t overcommitted_bps() const;  // of those
  std::uint32_t children() const { return children_; }
  std::uint32_t overcommitted() const { return overcommitted_; }  // of those
  std::uint32_t children(const Slug &slug) const;
  std::uint64_t cost_bps(const Slug &slug) const;  // of one child

  static constexpr std::uint64_t wire_bps(std::uint64_t media_bps) {
    return media_bps + media_bps / overhead_part;
  }

 private:
  struct Load {
    std::uint64_t told_bps = 0;      // of the media; 0: unknown
    std::uint64_t measured_bps = 0;  // the same
    std::uint32_t children = 0;
    std::uint32_t overcommitted = 0;
  };
  std::uint64_t cost_bps(const Load &load) const;

  std::optional<std::uint64_t> limit_bps_;
  std::uint32_t max_children_;
  bool unknown_ = false;
  bool tries_one_ = false;
  std::uint32_t thin_ = 0;
  std::uint32_t children_ = 0;
  std::uint32_t overcommitted_ = 0;
  std::map<Slug, Load> loads_;
};

}  // namespace astral::core
