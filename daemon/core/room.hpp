// SPDX-License-Identifier: BSD-3-Clause
// What may still be promised: the children of each stream times its measured rate, against the upstream.
// Counted from the moment a request is taken, so two requests never get the same room. Beyond it a place may
// be lent: who stood by and is fed already is not cut off because another, who is perhaps dead, still has the
// room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "core/types.hpp"

namespace astral::core {

// Its assertions check a promise of Provider: it gives back, and repays, what it took or borrowed for a ticket,
// once.
class Room {
 public:
  Room(std::optional<std::uint64_t> limit_bps, std::uint32_t max_children)
      : limit_bps_(limit_bps), max_children_(max_children) {}

  bool fits(const Slug &slug) const;             // one more child
  std::uint32_t places(const Slug &slug) const;  // how many more, at most max_room
  void limit(std::uint64_t limit_bps) { limit_bps_ = limit_bps; }
  std::optional<std::uint64_t> limit_bps() const { return limit_bps_; }
  bool take(const Slug &slug);  // false, and nothing taken, when it does not fit
  // Whatever the room: one child, since a node with room for one or two could lend nothing else; a quarter of
  // it, since what is late by a quarter of the time that it is lent for is still in everybody's store.
  bool lend(const Slug &slug);
  bool repay(const Slug &slug);  // there is room now: what was lent is a place like any other
  void give_back(const Slug &slug, bool lent = false);

  // Up at once, down slowly: a quiet scene must not invite a child that the next loud one has no room for.
  // What was given stays given, even above the limit.
  void measured(const Slug &slug, std::uint64_t rate_bps);
  void told(const StreamInfo &stream);  // by the source; our own measurement is believed more
  void forget(const Slug &slug);        // it has no child any more

  std::uint64_t used_bps() const;
  std::uint64_t lent_bps() const;  // of those
  std::uint32_t children() const { return children_; }
  std::uint32_t lent() const { return lent_; }  // of those
  std::uint32_t children(const Slug &slug) const;
  std::uint64_t rate_bps(const Slug &slug) const;

 private:
  struct Load {
    std::uint64_t rate_bps = 0;  // 0: unknown
    bool measured = false;
    std::uint32_t children = 0;
    std::uint32_t lent = 0;
  };
  std::optional<std::uint64_t> limit_bps_;
  std::uint32_t max_children_;
  std::uint32_t children_ = 0;
  std::uint32_t lent_ = 0;
  std::map<Slug, Load> loads_;
};

}  // namespace astral::core
