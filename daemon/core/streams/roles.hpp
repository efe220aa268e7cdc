// SPDX-License-Identifier: BSD-3-Clause
// Who is what to a stream, as its links are now. Questions only: they change nothing.
#pragma once

#include "core/streams/stream_state.hpp"

namespace astral::core {

// The parent is, of the granted links, the latest whose media has come; before any media has come, the first. One that
// was granted later is the next parent, and so is one that links or is switched on.
struct Roles {
  const Link *parent = nullptr;
  const Link *next_parent = nullptr;
  const Link *standby = nullptr;
};
Roles roles(const StreamState &stream);

// The parent, or who is about to be the first.
const Link *feeder(const StreamState &stream);
// With children of its own, such a node must not take more: one of them might be above it then.
bool moving(const StreamState &stream);
// Our path reaches the publisher, so we may offer it.
bool open_to_children(const StreamState &stream);
// It would fail together with our parent. Without the publisher's node all do.
bool shares_parent(const Link *parent, const Link &link);

}  // namespace astral::core
