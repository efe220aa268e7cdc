// SPDX-License-Identifier: BSD-3-Clause
#include "core/child_state.hpp"

namespace astral::core {

TicketState agreed(ChildState state) {
  switch (state) {
    case ChildState::waiting:
      return TicketState::waiting;
    case ChildState::checking:
    case ChildState::asking:
    case ChildState::resuming:
      return TicketState::requested;
    case ChildState::offered:
      return TicketState::offered;
    case ChildState::fed:
    case ChildState::slow:
      return TicketState::confirmed;
    case ChildState::standby:
      return TicketState::standing_by;
  }
  return TicketState::waiting;
}

bool has_link(ChildState state) {
  return state == ChildState::fed || state == ChildState::slow || state == ChildState::standby ||
         state == ChildState::resuming;
}

bool checks_loop(ChildState state) {
  return state == ChildState::checking || state == ChildState::resuming;
}

bool may_follow(ChildState from, ChildState to) {
  using enum ChildState;
  switch (from) {
    case waiting:
    case checking:
      return to == asking;
    case asking:
      return to == offered;
    case offered:
      return to == fed;
    case fed:
      return to == slow || to == standby;
    case slow:
      return to == fed;
    case standby:
      return to == resuming;
    case resuming:
      return to == fed || to == standby;
  }
  return false;
}

}  // namespace astral::core
