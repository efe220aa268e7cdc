// SPDX-License-Identifier: BSD-3-Clause
#include "core/streams/search.hpp"

#include <algorithm>

namespace astral::core {

SearchStep next_step(const Search &search, std::size_t offers, std::size_t enough, bool may_pause, Time now,
                     const Timeouts &times) {
  if (offers > 0) {
    const Time choice = search.offered + times.gather;
    if (offers >= enough || now >= choice) return {.act = SearchAct::choose};
    return {.until = choice};
  }
  const Time end = search.begun + times.search;
  if (now >= end) return {.act = SearchAct::fail};
  if (search.again) {
    if (now >= *search.again) return {.act = SearchAct::ask_again};
    return {.until = std::min(*search.again, end)};
  }
  if (now < search.until) return {.until = std::min(search.until, end)};
  if (!search.wide) return {.act = SearchAct::ask_everybody};
  return {.act = may_pause ? SearchAct::pause : SearchAct::fail};
}

}  // namespace astral::core
