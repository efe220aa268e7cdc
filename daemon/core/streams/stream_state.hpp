// SPDX-License-Identifier: BSD-3-Clause
// The facts about one stream that this node publishes or receives. Roles are no facts: plan.hpp computes the
// parent, the standby and what must be done. Consumer writes down what happened, Reconciler what it did.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/message.hpp"
#include "core/streams/link.hpp"
#include "core/streams/search.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// The place of this node in the stream's tree, as its children are told.
struct Position {
  std::uint32_t hops = 0;       // links between the publisher's node and this one
  std::vector<Uuid> path = {};  // from the publisher's node to our parent
  bool operator==(const Position &) const = default;
  bool passes(const Uuid &node) const { return std::find(path.begin(), path.end(), node) != path.end(); }
};

// When a needed search begins, and how its pauses grow.
struct Pause {
  std::optional<Time> until = {};  // the search is needed, and begins then; none: it is not needed
  Time length = {};                // of the last pause after a failure
  std::uint32_t tries = 0;         // since the parent or the standby changed
};

// No media comes from our parent.
struct Silence {
  Time since = {};
  std::uint32_t tries = 0;  // standbys that were switched on meanwhile
};

// The parent that the last plan named. When it changes, the children are told and some pauses start anew.
struct Fed {
  TicketId by = {};
  Uuid source = {};
  Time since = {};
};

// Only a stream that this node publishes has this.
struct Publication {
  PeerId publisher = 0;  // the element that publishes; 0: it is away
  bool paused = false;
  bool away = false;      // the element is there, but what it publishes for has lost its connection
  bool ended = false;     // the publisher has ended it, or was away for too long
  std::uint64_t largest_group = 0;
  std::uint64_t told_kbps = 0;  // the bit rate that the others were told
};

struct StreamState {
  Slug slug;
  std::optional<Publication> own = {};
  bool media = false;                 // between OpenMedia and CloseMedia
  bool watched = false;               // by the API, until the ticket is revoked
  bool played = false;                // through a gateway
  std::vector<CallId> calls = {};     // of the API, that wait for a parent
  bool to_be_watched = false;         // one of them is more than a player's
  std::vector<CallId> watchers = {};  // of the API, that wait for media
  Time watch_until = {};              // then they hear what is wrong
  std::optional<Time> relayed = {};   // it is carried until then for a node that has no other path to it
  Pass pass = {};                     // of a guest for whom it is carried; it is shown unless we are guests
  std::string trouble = {};           // why no media comes, for people; empty: nothing is known to be wrong
  std::optional<Time> unwanted = {};  // since when nobody wants the stream
  // The end. The source's word and the media's end come by different ways, in any order.
  bool source_ended = false;           // the source's last word: the stream has ended
  std::optional<Time> end_heard = {};  // since when the source has said so, while there is media here
  bool dry = false;                    // the last parent said that its media has ended
  std::optional<Time> ended = {};      // since when children and players get the end; until its media closes

  std::map<TicketId, Link> links = {};  // the tickets that we hold
  std::uint64_t grants = 0;             // so far
  std::optional<Search> search = {};
  std::array<Pause, purposes> pauses = {};  // by Purpose

  std::optional<Fed> fed = {};
  std::optional<Time> lost = {};  // when the last parent was lost
  Uuid lost_parent = {};          // the node that it was, until another one feeds us
  std::map<Uuid, Time> below = {};  // nodes that refused us because they are below us: not asked until then
  std::optional<Time> hungry = {};  // since when it is wanted and brings nothing
  Time doubt_at = {};               // then other supernodes are looked for
  std::uint32_t doubts = 0;         // how often other supernodes were looked for meanwhile
  std::map<Uuid, Time> barren = {};  // nodes whose links brought nothing: not asked until then
  std::optional<Silence> silence = {};
  bool thin = false;                  // our line does not carry the stream, so nobody gets it from us
  std::optional<Time> renewing = {};  // when a new link to the parent was asked for that has not come yet

  // People who watch: at this node through a gateway; and what was told of all, with those below.
  struct Told {
    std::uint64_t shown = 0;
    std::uint64_t sum = 0;
    TicketId to = {};
    Time at = {};
  };
  std::uint64_t players = 0;
  Told audience = {};

  // What the others were told.
  bool upstream_lost = false;  // a node on our path, or we ourselves, has no parent
  Position position = {};
  Carrying told = {.slug = {}, .hops = 0, .room = 0, .over = true};  // to our supernode

  void note_barren(const Uuid &node, Time until) {
    if (barren.size() >= max_except && !barren.contains(node)) {
      const auto sooner = [](const auto &a, const auto &b) { return a.second < b.second; };
      barren.erase(std::min_element(barren.begin(), barren.end(), sooner));
    }
    barren[node] = until;
  }
  Pause &pause(Purpose purpose) { return pauses[static_cast<std::size_t>(purpose)]; }
  const Pause &pause(Purpose purpose) const { return pauses[static_cast<std::size_t>(purpose)]; }
};

}  // namespace astral::core
