// SPDX-License-Identifier: BSD-3-Clause
// What this node has heard of: nodes and streams, the newest version of each. Decides which news is news, so
// that it is told on once and old news dies. Who is connected or carried is not its business.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/types.hpp"

namespace astral::core {

enum class Heard {
  itself,     // from the node, or the stream's source, itself: believed whatever the version
  elsewhere,  // told on by another
  origin,     // which decides whose a name is
};

class Directory {
 public:
  Directory() { set_clock(0); }

  // Versions are unix milliseconds, so the time of this step decides which of them are refused.
  void set_clock(std::int64_t unix_ms);
  // Whoever takes a version from outside asks this first: it is not from the future (max_ahead).
  bool timely(std::uint64_t version) const;

  // True: this was news. What breaks a bound or a name's rule, or is from the future, is never news.
  bool learn(const NodeInfo &node, Heard from);
  bool learn(const StreamInfo &stream, Heard from);
  bool gone(const Slug &slug, std::uint64_t updated, Heard from);  // true: it was known, and is forgotten now
  // The streams that the origin had listed before and lists no more.
  std::vector<Slug> missing(const std::vector<StreamInfo> &listed) const;

  void own(const StreamInfo &stream);  // ours: no news can change it until disown
  void disown(const Slug &slug);       // forgotten, and remembered as gone
  bool is_own(const Slug &slug) const;
  std::uint64_t version(const Slug &slug) const;  // the highest `updated` seen, also of what is gone
  std::size_t own_streams() const { return own_; }

  // One that was lost, to be tried again: a network may have fallen apart. None: nobody was.
  std::optional<NodeInfo> lost_one(std::uint64_t chance) const;
  bool forget(const Uuid &uuid);
  void reached(const Uuid &uuid);
  // It could not be reached: forgotten the third time in a row. True: it is.
  bool unreached(const Uuid &uuid);
  bool doubtful(const Uuid &uuid) const;  // it could not be reached the last time

  const NodeInfo *node(const Uuid &uuid) const;
  const StreamInfo *stream(const Slug &slug) const;
  std::vector<NodeInfo> nodes(std::size_t most) const;
  std::vector<NodeInfo> supernodes() const;
  void timed(const Uuid &uuid, Time rtt);                   // for the API
  std::vector<StreamInfo> streams(std::size_t most) const;  // our own first
  // Up to `most` uuids, supernodes first, beginning anywhere in the order so that not all ask the same ones.
  std::vector<Uuid> some(std::size_t most, std::uint64_t begin) const;
  std::size_t node_count() const { return nodes_.size(); }
  std::size_t stream_count() const { return streams_.size(); }

 private:
  struct KnownNode {
    NodeInfo info;
    std::uint32_t failures = 0;
  };
  struct KnownStream {
    StreamInfo info;
    bool own = false;
    bool listed = false;  // by the origin
  };
  void bury(const Slug &slug, std::uint64_t updated);

  std::uint64_t latest_ = 0;  // version that is believed
  std::map<Uuid, KnownNode> nodes_;
  std::map<Uuid, NodeInfo> lost_;  // could not be reached: what others still say of them is no news
  std::deque<Uuid> losses_;        // their order, the oldest first
  std::map<Slug, KnownStream> streams_;
  std::size_t own_ = 0;
  std::map<Slug, std::uint64_t> buried_;  // `updated` of what is gone
  std::deque<Slug> burials_;              // their order, the oldest first
};

}  // namespace astral::core
