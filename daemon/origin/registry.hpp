// SPDX-License-Identifier: BSD-3-Clause
// All that the origin knows, in memory, and every decision on it: who may register, what lapses, who is told
// of whom. What is to be kept is collected as Changes, for the journal.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "glue/error.hpp"
#include "origin/limits.hpp"
#include "origin/neighbours.hpp"
#include "origin/records.hpp"

namespace astral::origin {

struct Page {
  std::int64_t limit = default_page;
  std::int64_t offset = 0;
};

enum class Order { live, name, viewers, bitrate, created };  // live: what streams now comes first

// Pure: same calls, times and seed, same answers. The calls that take `now` first let lapse what has lapsed.
class Registry {
 public:
  explicit Registry(core::Rng rng, Capacity capacity = {}) : rng_(rng), capacity_(capacity) {}
  Registry(const Registry &) = delete;
  Registry &operator=(const Registry &) = delete;

  // At the start, from the store. Not collected as changes.
  void restore(Node node);
  void restore(Stream stream);

  // A report, at node.heard, from node.reporter. It also freshens the node's streams. conflict: a living node
  // of that uuid speaks from another address. no_room: full of living nodes.
  Expected<Change> put(Node node);
  const Node *node(const std::string &uuid, UnixTime now);
  std::vector<Node> nodes(Page page, UnixTime now);  // supernodes first, then by uuid
  std::vector<Node> sample(const std::string &asker, std::size_t limit, UnixTime now);
  bool remove_node(const std::string &uuid);  // its streams stop streaming
  void found(const std::string &uuid, bool reachable, UnixTime now);
  // One that can be reached and through which anybody may play: the one asked for, else any of them. Null:
  // none.
  const Node *public_node(const std::string &first, UnixTime now);
  std::size_t count_nodes() const { return nodes_.size(); }

  // At stream.heard, from stream.reporter. conflict: slug or name belong to another. refused: the source
  // speaks from another address. no_room: full. An update keeps `created`.
  Expected<Change> put(Stream stream);
  std::optional<Stream> stream(const std::string &slug, UnixTime now);
  std::vector<Stream> streams(Order order, Page page, UnixTime now);
  Expected<void> remove_stream(const std::string &slug, const std::string &caller, UnixTime now);
  std::size_t count_streams() const { return streams_.size(); }

  // Drops nodes that lapsed and streams that are forgotten. Called now and then, and when there is no room.
  void sweep(UnixTime now);

  // Differs whenever a list of streams that is made within the same second would differ.
  std::uint64_t streams_version() const { return streams_version_; }
  Changes take_changes() { return std::exchange(changes_, {}); }

 private:
  void lapse(UnixTime now);
  void enter(Node node);
  void enter(Stream stream);
  void leave(const std::string &uuid, bool silenced);
  UnixTime heard_of(const Stream &stream) const;
  Stream shown(const Stream &stream) const;
  std::size_t count_of(const std::string &source) const;

  core::Rng rng_;
  const Capacity capacity_;
  // Whatever else is here names nodes and streams that are in nodes_ and streams_: at() checks this promise of
  // ours.
  std::map<std::string, Node> nodes_;
  std::set<std::pair<UnixTime, std::string>> by_heard_;
  Neighbours neighbours_;
  std::set<std::string> public_;  // uuids
  std::map<std::string, Stream> streams_;
  std::map<std::string, std::string> by_name_;              // slugs
  std::map<std::string, std::set<std::string>> by_source_;  // slugs
  std::uint64_t streams_version_ = 0;
  Changes changes_;
};

}  // namespace astral::origin
