// SPDX-License-Identifier: BSD-3-Clause
// Decides which key a publisher signs its stream with, and where that key is kept.
#pragma once

#include "elements/settings.hpp"
#include "glue/key.hpp"

namespace astral::elements {

// The key in `stream-key-file`. Without one: at a node, the key that this user has for the stream's name, in
// XDG_STATE_HOME/astral/streams, so that the stream keeps it when its publisher starts again. Where that
// cannot be read or made, and where the application signals, a new key. Errors: those of
// Key::load_or_create(), for `stream-key-file`.
Expected<Key> stream_key(const ElementSettings &settings);

}  // namespace astral::elements
