// SPDX-License-Identifier: BSD-3-Clause
// All nodes and streams that the origin knows, in memory, and every decision about them: who may register,
// what lapses, which nodes the author of a call is told. Collects what is to be stored as Changes for the
// journal.
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
#include "origin/bans.hpp"
#include "origin/limits.hpp"
#include "origin/neighbours.hpp"
#include "origin/network_count.hpp"
#include "origin/records.hpp"

namespace astral::origin {

struct Page {
  std::int64_t limit = default_page;
  std::int64_t offset = 0;
};

enum class Order { live, name, viewers, bitrate, created };  // live: streams that are live come first

// Pure: the same calls, times and seed give the same answers. Each call with `now` first removes nodes that
// have lapsed.
class Registry {
 public:
  explicit Registry(core::Rng rng, Capacity capacity = {}) : rng_(rng), capacity_(capacity) {}
  Registry(const Registry &) = delete;
  Registry &operator=(const Registry &) = delete;

  // From the store, at the start. Makes no changes.
  void restore(Node node);
  void restore(Stream stream);
  void restore(const std::string &name, Ban ban);

  // A report at node.heard from node.reporter, signed by node.owner. It counts as a report on the node's
  // streams too. **Errors** conflict: a node of that uuid is alive with another key, or without one at
  // another address. no_room: the registry is full of nodes that are alive.
  Expected<Change> put(Node node);
  const Node *node(const std::string &uuid, UnixTime now);
  std::vector<Node> nodes(Page page, UnixTime now);  // supernodes first, then by uuid
  std::vector<Node> sample(const std::string &asker, std::size_t limit, UnixTime now);
  bool remove_node(const std::string &uuid);  // its streams are not live any more
  void found(const std::string &uuid, bool reachable, UnixTime now);
  // A reachable node through which anybody may play: `first` if it is one, otherwise a random one. Null:
  // there is none.
  const Node *public_node(const std::string &first, UnixTime now);
  std::size_t count_nodes() const { return nodes_.size(); }

  // At stream.heard from stream.reporter, signed by stream.caller, for stream.owner. An update keeps
  // `created`, and everything if the owner has signed something newer. **Errors** conflict: another stream
  // has the slug or the name. refused: the source has another key or address, or the owner is banned.
  // no_room: the registry is full.
  Expected<Change> put(Stream stream);
  std::optional<Stream> stream(const std::string &slug, UnixTime now);  // if it is listed
  Stream kept(const std::string &slug) const;  // also if it is not; precondition: put() has taken it
  std::vector<Stream> streams(Order order, Page page, UnixTime now);
  // The names stay its owner's, if it has one.
  Expected<void> remove_stream(const std::string &slug, const Author &author, UnixTime now);
  std::size_t count_streams() const { return streams_.size(); }  // with those whose names are only kept
  std::size_t count_listed(UnixTime now) const;

  // For administrators. A hidden stream is in no list; its owner may go on to change it. take_down() removes
  // a stream as its owner does. **Errors** not_found.
  Expected<Stream> hide(const std::string &slug, bool hidden);
  Expected<void> take_down(const std::string &slug, UnixTime now);
  std::vector<std::string> hidden_streams() const;  // slugs
  // A banned author's nodes are removed, and its streams are in no list. **Errors** no_room.
  Expected<void> ban(const std::string &name, Ban ban);
  bool unban(const std::string &name);
  const Bans &bans() const { return bans_; }

  // Removes nodes that have lapsed and streams that are forgotten. Called regularly, and when there is no
  // room.
  void sweep(UnixTime now);

  // Changes whenever a list of streams, made in the same second, would change.
  std::uint64_t streams_version() const { return streams_version_; }
  Changes take_changes() { return std::exchange(changes_, {}); }

 private:
  void lapse(UnixTime now);
  void enter(Node node);
  void enter(Stream stream);
  Expected<void> make_room(const Node &node);
  void erase(const std::string &slug);
  void take_down(Stream &stream, UnixTime now);
  bool is_shown(const Stream &stream, UnixTime now) const;
  void leave_source(const Stream &stream);
  void drop_from_indices(const Node &node);
  void leave(const std::string &uuid, bool silenced);
  UnixTime heard_of(const Stream &stream) const;
  Stream shown(const Stream &stream) const;
  std::size_t count_of(const std::string &source) const;

  core::Rng rng_;
  const Capacity capacity_;
  // Invariant: every uuid and slug below is a key of nodes_ or streams_. at() checks it.
  std::map<std::string, Node> nodes_;
  std::set<std::pair<UnixTime, std::string>> by_heard_, unsigned_by_heard_;
  NetworkCount nodes_of_;
  Neighbours neighbours_;
  std::set<std::string> public_;  // uuids
  Bans bans_;
  std::map<std::string, Stream> streams_;
  NetworkCount streams_of_;
  std::map<std::string, std::string> by_name_;              // slugs
  std::map<std::string, std::set<std::string>> by_source_;  // slugs
  std::uint64_t streams_version_ = 0;
  Changes changes_;
};

}  // namespace astral::origin
