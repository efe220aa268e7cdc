// SPDX-License-Identifier: BSD-3-Clause
// The peers that this node remembers from one life to the next: the file `peers.json` of the state directory,
// written as a whole or not at all.
#pragma once

#include <string>
#include <vector>

#include "core/types.hpp"

namespace astral::peer {

// Empty where there is no such file, or where it is not one of ours: then it is said and overwritten later.
std::vector<core::NodeInfo> remembered_peers(const std::string &directory);
void remember_peers(const std::string &directory, const std::vector<core::NodeInfo> &peers);

}  // namespace astral::peer
