// SPDX-License-Identifier: BSD-3-Clause
// Whether a node may get a ticket for a stream from this node, before the upstream is looked at. A pure
// function of facts; it changes nothing.
#pragma once

#include <optional>

#include "core/limits.hpp"
#include "core/message.hpp"
#include "core/streams/stream_state.hpp"
#include "glue/time.hpp"

namespace astral::core {

// What a supernode says that knows nodes with the stream, but does not know why they have no room.
inline constexpr const char *nobody_has_room = "nobody who has this stream has room";

struct Objection {
  RefusalCode code = RefusalCode::no_room;
  const char *why = "";
};

// Facts that the stream's record does not have.
struct Admission {
  Time now = {};
  bool open = false;     // our path reaches the publisher, and we do not leave
  bool shunned = false;  // the asker got a place a short time ago and was not worth it
  bool invited = true;   // see core::invited()
};

// Whether who shows this pass may get the stream. `pass_is_good`: it was made of an invitation that the
// stream's key has signed. `stream` is null if nothing is known of it; then it counts as public, because what
// its key has said comes before its media.
bool invited(const StreamInfo *stream, const Pass &pass, bool pass_is_good, std::int64_t unix_ms);

// No value: the asker may get a ticket. `stream` is null if this node does not carry it.
std::optional<Objection> objection(const StreamState *stream, const Request &request, const Admission &at,
                                   const Timeouts &times);

}  // namespace astral::core
