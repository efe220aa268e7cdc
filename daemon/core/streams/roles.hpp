// SPDX-License-Identifier: BSD-3-Clause
// The roles of a stream's links, as they are now. Pure functions.
#pragma once

#include "core/streams/stream_state.hpp"

namespace astral::core {

// The parent is the granted link whose media came and that was granted last; before any media has come, the
// link that was granted first. A link that was granted later is the next parent, and so is one that links or
// is switched on.
struct Roles {
  const Link *parent = nullptr;
  const Link *next_parent = nullptr;
  const Link *standby = nullptr;
};
Roles roles(const StreamState &stream);

// The parent, or the link that is about to be the first one.
const Link *feeder(const StreamState &stream);
// There is a parent, and it has not brought anything yet.
bool brings_nothing(const StreamState &stream);
// The stream brings nothing for long, so several offers are tried at once.
bool races(const StreamState &stream);
// We are looking for another parent. A node with children must take no more while it moves: a new child might
// be above it.
bool moving(const StreamState &stream);
// Our path reaches the publisher, so we may offer the stream.
bool open_to_children(const StreamState &stream);
// The link would fail together with our parent. All links fail without the publisher's node, so that does not
// count.
bool shares_parent(const Link *parent, const Link &link);
// How many nodes between the publisher's and us are on the paths of both, `parent`'s source included.
std::uint32_t common_ancestors(const Link *parent, const Link &link);

}  // namespace astral::core
