// SPDX-License-Identifier: BSD-3-Clause
// What ought to be: who feeds us, who stands by, whether somebody is searched for, and when to look again. A pure
// function of the facts of one stream; it changes nothing and remembers nothing.
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

//   what happened ──▶ facts (StreamState) ──plan()──▶ what ought to be (Plan)
//        ▲                  ▲                              │
//        │                  │      the first difference between is and ought
//     effects  ◀── Reconciler ◀────────────────────────────┘   ... and again, until there is none
//
// FACTS. Each link is in one of a few states (link.hpp). A search knows what it asked and what was answered
// (search.hpp). Beside them the record has when media came, who was lost, who wants the stream, and for each purpose of
// a search how long it has to pause.
//
// PLAN. Roles come first. Of the granted links the parent is the latest whose media has come; before any media has
// come, the first. One that was granted later is the next parent, and so is one that links or is switched on: at most
// one at a time. One more may stand by. The parent before is let go as soon as the next one's media is here.
//   The one that stands by takes over where nobody feeds us; where the parent leaves or is cut off from the publisher,
// if it does not depend on the parent; where it brings media and the silent parent does not; where the link to the
// parent is old. Until the parent is heard from again, its media is asked for as well.
//   Where it does not take over, somebody is searched for: see Purpose. Every purpose has its pause.
//   Where nobody wants the stream, nothing is begun; what there is is kept for a while.
//
// DIFFERENCE. For each link the plan says what it ought to be used for. The state that it is in says what is to be
// done: see Reconciler. The stream has one timer, Plan::look_again.

// What the stream's own record does not say.
struct Circumstances {
  Time now = {};
  bool wanted = false;           // by a child, a local player, a person or a call
  bool publisher_here = false;   // of ours: it is attached, and not paused
  bool streaming = true;         // as far as we know, its publisher is sending
  bool may_appear = false;       // whom we asked may not know yet who carries it
  bool shutting_down = false;
};

enum class Use {
  release,
  reserve,   // an offer that may be needed
  stand_by,
  listen,    // it stands by, and its media is asked for
  feed,
};
struct Duty {
  const Link *link = nullptr;
  Use use = Use::release;
  // Of a release: what the other end is told; and whether what the link was for is needed again, after a pause.
  const char *code = "";
  const char *why = "";
  bool failed = false;
};

enum class Ending { none, close_media, close };

struct Plan : Roles {
  std::vector<Duty> links = {};               // one for each
  std::optional<Purpose> search = {};         // ought to run
  SearchStep step = {};                       // if it runs already
  bool ask_publisher = false;                 // for a link
  std::array<std::optional<Time>, purposes> needs = {};  // how long each needed search pauses before it begins
  bool upstream_lost = false;
  Position position = {};
  Ending ending = Ending::none;
  Time look_again = never;
};

Plan plan(const StreamState &stream, const Circumstances &at, const Timeouts &times);

// The best first.
std::vector<const Link *> ranked_offers(const StreamState &stream);

inline constexpr std::uint32_t worth_moving = 2;  // hops fewer: less is not worth the unrest

}  // namespace astral::core
