// SPDX-License-Identifier: BSD-3-Clause
// What is known of one stream that this node publishes or receives: facts only. Who is the parent, who stands by and
// what is to be done is no field: plan.hpp computes it. Consumer writes down what happened, Reconciler what it did.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/message.hpp"
#include "core/streams/link.hpp"
#include "core/streams/search.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// Where this node is in the stream's tree: what its children are told of their path.
struct Position {
  std::uint32_t hops = 0;       // links between the publisher's node and this one
  std::vector<Uuid> path = {};  // from the publisher's node to our parent
  bool operator==(const Position &) const = default;
  bool passes(const Uuid &node) const { return std::find(path.begin(), path.end(), node) != path.end(); }
};

// Why a search does not begin the moment that it is needed, and how the pauses grow.
struct Pause {
  std::optional<Time> until = {};  // it is needed, and begins then; none: it is not needed
  Time length = {};                // of the last pause after a failure
  std::uint32_t tries = 0;         // since the parent, or who stands by, is another one
};

// Nothing comes from our parent.
struct Silence {
  Time since = {};
  Time said = {};           // the last time that the media floor said so
  std::uint32_t tries = 0;  // of others who might bring something
};

// Who fed us when we last looked: a new parent is told to the children, and starts some pauses anew.
struct Fed {
  TicketId by = {};
  Uuid source = {};
  Time since = {};
};

// Of a stream that this node publishes.
struct Publication {
  PeerId publisher = 0;  // the element that publishes; 0: it is away
  bool paused = false;
  std::uint64_t largest_group = 0;
  std::uint64_t told_kbps = 0;  // the bit rate that the others know
};

struct StreamState {
  Slug slug;
  std::optional<Publication> own = {};
  bool media = false;               // between OpenMedia and CloseMedia
  bool watched = false;             // by the API, until the ticket is revoked
  std::vector<CallId> calls = {};   // of the API, that wait for a parent
  std::optional<Time> unwanted = {};  // since when nobody wants it

  std::map<TicketId, Link> links = {};  // the tickets that we hold
  std::uint64_t grants = 0;             // so far
  std::optional<Search> search = {};
  std::array<Pause, purposes> pauses = {};  // by Purpose

  std::optional<Fed> fed = {};
  std::optional<Time> lost = {};        // when the last parent was lost
  Uuid lost_parent = {};                // who that was, until another feeds us
  std::optional<Silence> silence = {};
  std::optional<Time> renewing = {};    // since when a new link to the parent was asked for, which has not come

  // What the others were told.
  bool upstream_lost = false;  // somebody on our path, or we ourselves, looks for a parent in vain
  Position position = {};
  Carrying told = {.slug = {}, .hops = 0, .room = 0, .over = true};  // to our supernode

  Pause &pause(Purpose purpose) { return pauses[static_cast<std::size_t>(purpose)]; }
  const Pause &pause(Purpose purpose) const { return pauses[static_cast<std::size_t>(purpose)]; }
};

}  // namespace astral::core
