// SPDX-License-Identifier: BSD-3-Clause
// The formats in which players get a stream. This is the one list: a new format is one row in the .cpp.
#pragma once

#include <glib.h>

#include <memory>
#include <vector>

#include "formats/endpoints.hpp"
#include "formats/player.hpp"
#include "media/branch.hpp"

namespace astral::media {

// A branch that converts the stream to `format`, on this context. Null: no such format. Not for Format::ts,
// which needs no branch.
std::unique_ptr<Branch> make_branch(formats::Format format, GMainContext *context);

std::vector<formats::LiveFormat> live_formats();

}  // namespace astral::media
