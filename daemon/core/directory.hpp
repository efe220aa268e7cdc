// SPDX-License-Identifier: BSD-3-Clause
// The nodes and streams that this node has heard of, the newest version of each. It decides which news is
// new: new news is passed on once, old news is dropped. A stream whose key is known is changed by what this
// key has signed, and by nothing else. It does not know who is connected or which streams are carried.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/message.hpp"
#include "core/quota.hpp"
#include "core/types.hpp"

namespace astral::core {

enum class Heard {
  itself,     // from the node itself or the stream's source: unsigned, it is believed even if it is old
  elsewhere,  // passed on by another node
  origin,     // it decides to whom a name belongs
};

class Directory {
 public:
  Directory() { set_clock(0); }

  // Versions are unix milliseconds; the time of this step decides which of them are refused.
  void set_clock(std::int64_t unix_ms);
  // Code that takes a version from outside asks this first: it is not from the future (max_ahead).
  bool timely(std::uint64_t version) const;

  // True: it was new. News that exceeds a bound, breaks the rule of names or is from the future is never new.
  bool learn(const NodeInfo &node, Heard from);
  bool learn(const StreamInfo &stream, Heard from);
  bool gone(const Gone &gone, Heard from);  // true: it was known
  // The streams that the origin had listed before and lists no more.
  std::vector<Slug> missing(const std::vector<StreamInfo> &listed) const;

  void own(const StreamInfo &stream);  // a stream of ours: no news can change it until disown()
  void disown(const Slug &slug);       // it is gone
  bool is_own(const Slug &slug) const;
  // The highest `updated` seen, also of a stream that is gone, and what others have of ours from another run.
  std::uint64_t version(const Slug &slug) const;
  std::size_t own_streams() const { return own_; }

  // A lost node, to be tried again, because a network may have fallen apart. None: no node was lost.
  std::optional<NodeInfo> lost_one(std::uint64_t chance) const;
  bool forget(const Uuid &uuid);
  void reached(const Uuid &uuid);
  // The address is not only what others say: the node was seen there, the origin or a person named it, or it
  // was known in the last run.
  void vouch(const Uuid &uuid);
  bool is_vouched(const Uuid &uuid, const Address &address) const;
  // The node could not be reached. Forgets it the third time in a row, and returns true then.
  bool unreached(const Uuid &uuid);
  bool doubtful(const Uuid &uuid) const;  // the last try did not reach it

  const NodeInfo *node(const Uuid &uuid) const;
  std::string name_of(const Uuid &uuid) const;  // as people read it
  const StreamInfo *stream(const Slug &slug) const;
  // Streams of this slug with another key than the one that is known by it. Their slug here is their name.
  std::vector<StreamInfo> rivals(const Slug &slug) const;
  // The name of the stream with this slug and key, "" if there is none but another one has the slug. Without
  // a key, or if nothing is known by the slug: the slug.
  Slug name_for(const Slug &slug, const std::string &key) const;
  // The name under which learn() has put this news, and of the stream that has gone. An unknown one has its
  // slug.
  Slug name_for(const StreamInfo &stream) const;
  Slug name_for(const Gone &gone) const;
  bool knows(const StreamInfo &stream) const;  // it is news of a stream that is here, by whatever name
  std::string key_of_stream(const Slug &name) const;  // the fingerprint of its key; empty: none is known
  static StreamInfo as_told(StreamInfo stream);       // as its source says it, for others
  std::vector<NodeInfo> nodes(std::size_t most) const;
  std::vector<NodeInfo> supernodes() const;
  void timed(const Uuid &uuid, Time rtt);                   // for the API
  std::vector<StreamInfo> streams(std::size_t most) const;  // our own first
  // Up to `most` uuids, supernodes first. `begin` is where in the order to begin, so that not all nodes ask
  // the same ones.
  std::vector<Uuid> some(std::size_t most, std::uint64_t begin) const;
  std::size_t node_count() const { return nodes_.size(); }
  std::size_t stream_count() const { return streams_.size(); }

 private:
  struct KnownNode {
    NodeInfo info;
    std::uint32_t failures = 0;
    Address vouched = {};
  };
  struct KnownStream {
    StreamInfo info;
    bool own = false;
    bool listed = false;  // by the origin
    std::uint64_t overtaken = 0;  // of our own: what its key said in another run, by a clock that was ahead
  };
  bool learn(KnownStream &entry, const StreamInfo &stream, Heard from);
  bool is_expired(const StreamInfo &stream) const;
  bool learn_rival(const StreamInfo &stream);
  void bury(const Slug &slug, std::uint64_t updated);

  std::uint64_t latest_ = 0;  // the highest version that is believed
  std::map<Uuid, KnownNode> nodes_;
  std::map<Uuid, NodeInfo> lost_;  // could not be reached: what others say of them is ignored
  std::deque<Uuid> losses_;        // their order, the oldest first
  void add(const StreamInfo &stream, bool listed);
  void replace(KnownStream &entry, const StreamInfo &stream);
  void erase(std::map<Slug, KnownStream>::iterator stream);
  bool make_room(const StreamInfo &stream, Heard from);

  std::map<Slug, KnownStream> streams_;
  Shares sources_;  // of `streams_`
  std::size_t own_ = 0;
  std::size_t rivals_ = 0;                // of `streams_`
  std::map<Slug, std::uint64_t> buried_;  // `updated` of streams that are gone
  std::deque<Slug> burials_;              // their order, the oldest first
};

}  // namespace astral::core
