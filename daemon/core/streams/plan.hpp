// SPDX-License-Identifier: BSD-3-Clause
// The desired state of one stream: which link feeds us, which stands by, which search runs, and when to look
// again. A pure function of the stream's facts; it changes nothing and remembers nothing.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "core/limits.hpp"
#include "core/streams/roles.hpp"
#include "core/streams/stream_state.hpp"
#include "glue/time.hpp"

namespace astral::core {

//   what happened ──▶ facts (StreamState) ──plan()──▶ desired state (Plan)
//        ▲                  ▲                              │
//        │                  │      the first difference from the actual state
//     effects  ◀── Reconciler ◀────────────────────────────┘   ... and again, until there is none
//
// FACTS. Each link is in one of a few states (link.hpp). A search knows what it asked and what was answered
// (search.hpp). The record also has when media came, which parent was lost, who wants the stream, and how
// long each purpose of a search has to pause.
//
// PLAN. Roles come first. The parent is the granted link whose media came and that was granted last; before
// any media has come, the link that was granted first. A link that was granted later is the next parent, and
// so is one that links or is switched on: at most one at a time. One more link may stand by. The old parent
// is released when the next one's media is here.
//   The standby takes over if no link feeds us; if the parent leaves or is cut off from the publisher, and
// the standby does not depend on it; if the standby brings media and the silent parent does not; if the link
// to the parent is old. While the parent is silent, the standby's media is asked for. A parent that has
// brought nothing yet, though it is time, counts as silent; a standby whose media came replaces it at once.
//   If the standby does not take over, a search runs: see Purpose. Every purpose has its pause.
//   If nobody wants the stream, nothing is begun; the links that there are stay for a while.
//   When the source says that the stream has ended, its media still comes from the parent, up to the end that
// the parent passes on (`dry`), or for a bounded time. Then children and players get the end, and no link is
// kept or searched for.
//
// DIFFERENCE. The plan says what each link is to be used for. The state of the link says what must be done
// for that: see Reconciler. The stream has one timer, Plan::look_again.

// Facts that the stream's record does not have.
struct Circumstances {
  Time now = {};
  bool wanted = false;          // by a child, a local player, a person or a call
  bool publisher_here = false;  // of our own stream: its publisher is attached, and it is not paused
  bool streaming = true;        // as far as we know, its publisher is sending
  bool ended = false;           // as far as we know, the stream has ended
  bool may_appear = false;      // the nodes that we ask may not know yet which nodes carry it
  bool shutting_down = false;
};

enum class Use {
  release,
  reserve,  // an offer that may be needed
  stand_by,
  listen,  // stand by, with its media switched on
  feed,
};
struct Duty {
  const Link *link = nullptr;
  Use use = Use::release;
  // For `release`: `code` and `why` go to the other end. `failed`: a replacement is needed after a pause.
  const char *code = "";
  const char *why = "";
  bool failed = false;
};

enum class Ending {
  none,
  end,          // children and players get the rest, and the end
  close_media,  // players that come later wait for the stream
  close,
};

struct Plan : Roles {
  std::vector<Duty> links = {};        // one for each link
  std::optional<Purpose> search = {};  // the search that is to run
  SearchStep step = {};                // if it runs already
  bool ask_publisher = false;          // for a link
  std::array<std::optional<Time>, purposes> needs =
      {};  // how long each needed search pauses before it begins
  bool hungry = false;   // the stream is wanted, and brings nothing
  bool doubts = false;   // and other supernodes are to be asked, too
  bool starves = false;  // the parent has brought nothing yet, and it is time
  bool upstream_lost = false;
  bool answer_watchers = false;  // the media has come, none is to be expected, or they have waited enough
  Position position = {};
  bool over = false;             // is_over()
  Ending ending = Ending::none;
  Time look_again = never;
};

// The stream has ended, and all of its media has come that will.
bool is_over(const StreamState &stream, const Circumstances &at, const Timeouts &times);

Plan plan(const StreamState &stream, const Circumstances &at, const Timeouts &times);

// The best first.
std::vector<const Link *> ranked_offers(const StreamState &stream);

inline constexpr std::uint32_t worth_moving = 2;  // a move must save this many hops

}  // namespace astral::core
