// SPDX-License-Identifier: BSD-3-Clause
#include "core/streams/link.hpp"

#include <algorithm>

namespace astral::core {

TicketState agreed(LinkState state) {
  switch (state) {
    case LinkState::requested:
    case LinkState::switching:
      return TicketState::requested;
    case LinkState::offered:
    case LinkState::linking:
    case LinkState::preparing:
      return TicketState::offered;
    case LinkState::ready:
    case LinkState::tried:
      return TicketState::standing_by;
    case LinkState::granted:
      return TicketState::confirmed;
  }
  return TicketState::requested;
}

bool has_source(LinkState state) {
  return state > LinkState::offered;
}

bool on_standby(LinkState state) {
  return state == LinkState::preparing || state == LinkState::ready || state == LinkState::tried;
}

bool may_follow(LinkState from, LinkState to) {
  switch (to) {
    case LinkState::requested:
      return false;
    case LinkState::offered:
      return from == LinkState::requested;
    case LinkState::linking:
    case LinkState::preparing:
      return from == LinkState::offered;
    case LinkState::ready:
      return from == LinkState::preparing || from == LinkState::tried;
    case LinkState::tried:
      return from == LinkState::ready;
    case LinkState::switching:
      return from == LinkState::ready || from == LinkState::tried;
    case LinkState::granted:
      return from == LinkState::linking || from == LinkState::switching;
  }
  return false;
}

bool Link::passes(const Uuid &node) const {
  return std::find(path.begin(), path.end(), node) != path.end();
}

Time overdue(const Link &link, const Timeouts &times) {
  if (!link.linked) return link.since + 3 * times.first_media;
  return std::max(link.since, *link.linked) + times.first_media;
}

Time expiry(const Link &link, const Timeouts &times) {
  switch (link.state) {
    case LinkState::requested:
      return link.since + times.publisher;
    case LinkState::linking:
    case LinkState::preparing:
      return link.since + times.unconfirmed;
    case LinkState::switching:
      return link.since + times.ask;
    case LinkState::offered:  // as long as its search
    case LinkState::ready:
    case LinkState::tried:
    case LinkState::granted:
      return never;
  }
  return never;
}

}  // namespace astral::core
