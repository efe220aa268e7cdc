// SPDX-License-Identifier: BSD-3-Clause
// One search for somebody who gives us a stream: what was asked for, when, and what was answered. And what it does
// next, as a function of that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/limits.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// What somebody is looked for. At most one search of a stream runs: the first of these that is needed.
enum class Purpose {
  parent,   // nobody feeds us
  away,     // our parent asked us to leave it
  renewal,  // the link to our parent is old
  better,   // our parent is far from the publisher
  standby,  // nobody stands by, or one who would fail together with our parent
};
inline constexpr std::size_t purposes = 5;

// For another place than that of the parent that feeds us.
constexpr bool moves(Purpose purpose) {
  return purpose != Purpose::parent && purpose != Purpose::standby;
}

// Our supernode and its children are asked first, then everybody (`wide`). The offers are links of the stream, in
// state `offered`. Where nobody offers, whoever looks for a parent may ask again a little later.
struct Search {
  Purpose purpose = Purpose::parent;
  TicketId parent = {};                  // who fed us when it began; it is over when somebody else does
  SearchId id = {};                      // of the present question
  bool wide = false;
  Time begun = {};
  Time until = {};                       // the question is answered, or will not be
  std::optional<Time> again = {};        // nobody offered: it is asked once more then
  std::uint32_t refused = 0;             // by so many of those who were asked at once
  std::optional<Time> known = {};        // since when somebody knows the stream
  Time offered = {};                     // when the first of the offers at hand came
};

enum class SearchAct { wait, choose, ask_everybody, pause, ask_again, fail };
struct SearchStep {
  SearchAct act = SearchAct::wait;
  Time until = never;  // `wait`
};

// offers: at hand. may_pause: a search that found nobody may go on a little later.
SearchStep next_step(const Search &search, std::size_t offers, bool may_pause, Time now, const Timeouts &times);

}  // namespace astral::core
