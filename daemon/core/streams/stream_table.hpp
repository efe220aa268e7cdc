// SPDX-License-Identifier: BSD-3-Clause
// The streams that this node publishes or receives, by slug.
#pragma once

#include <map>

#include "core/directory.hpp"
#include "core/streams/roles.hpp"
#include "core/streams/stream_state.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

class StreamTable {
 public:
  StreamTable(const ThisNode &node, const Directory &directory, const Tickets &tickets,
              UpstreamBudget &budget)
      : node_(node), directory_(directory), tickets_(tickets), budget_(budget) {}

  std::map<Slug, StreamState> all;

  StreamState *find(const Slug &slug) {
    const auto found = all.find(slug);
    return found == all.end() ? nullptr : &found->second;
  }
  const StreamState *find(const Slug &slug) const {
    const auto found = all.find(slug);
    return found == all.end() ? nullptr : &found->second;
  }
  // Begins the record of a stream, if there is none yet. The budget gets the rate that the source told.
  StreamState &open(const Slug &slug) {
    const StreamInfo *info = directory_.stream(slug);
    if (info != nullptr) budget_.told(*info);
    return all.try_emplace(slug, StreamState{.slug = slug}).first->second;
  }

  bool open_to_children(const StreamState &stream) const {
    return !node_.leaving && core::open_to_children(stream);
  }
  // We have the stream, and whole, so other nodes may get it from us.
  bool offers_places(const StreamState &stream) const {
    return open_to_children(stream) && !stream.thin && !brings_nothing(stream);
  }
  // The session with our parent. Precondition: the stream has a parent.
  PeerId parent_peer(const StreamState &stream) const {
    return tickets_.find(roles(stream).parent->id)->peer;
  }

 private:
  const ThisNode &node_;
  const Directory &directory_;
  const Tickets &tickets_;
  UpstreamBudget &budget_;
};

}  // namespace astral::core
