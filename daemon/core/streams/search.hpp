// SPDX-License-Identifier: BSD-3-Clause
// One search for a node that gives us a stream: what was asked, when, and what was answered; and what the
// search does next, as a function of that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/limits.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// What a search is for. At most one search of a stream runs: for the first of these that is needed.
enum class Purpose {
  parent,   // no node feeds us
  away,     // our parent asked us to leave it
  renewal,  // the link to our parent is old
  better,   // our parent is far from the publisher
  standby,  // there is no standby, or it would fail together with our parent
};
inline constexpr std::size_t purposes = 5;

// The search is for another parent than the one that feeds us.
constexpr bool moves(Purpose purpose) {
  return purpose != Purpose::parent && purpose != Purpose::standby;
}

// Our supernode and its children are asked first, then all nodes (`wide`). The offers are links of the
// stream, in state `offered`. If no node offers, a search for a parent may ask again a little later.
struct Search {
  Purpose purpose = Purpose::parent;
  TicketId parent = {};  // the link that fed us when it began; the search ends when another link does
  SearchId id = {};      // of the question that runs
  bool wide = false;
  Time begun = {};
  Time until = {};                 // then no more answers are awaited
  std::optional<Time> again = {};  // no node offered: the question is repeated then
  std::uint32_t refused = 0;       // how many of the nodes that were asked at once have refused
  std::optional<Time> known = {};  // when the first node said that it knows the stream
  std::string why = {};            // the last node that has no room said this
  bool relayed = false;            // a relay was recruited and will offer: other refusals do not count
  Time offered = {};               // when the first of the present offers came
};

enum class SearchAct { wait, choose, ask_everybody, pause, ask_again, fail };
struct SearchStep {
  SearchAct act = SearchAct::wait;
  Time until = never;  // after `wait`: when to call next_step() again
};

// offers: their number. enough: at so many it chooses at once. may_pause: a search that found nobody may ask
// again a little later.
SearchStep next_step(const Search &search, std::size_t offers, std::size_t enough, bool may_pause, Time now,
                     const Timeouts &times);

}  // namespace astral::core
