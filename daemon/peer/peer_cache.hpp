// SPDX-License-Identifier: BSD-3-Clause
// The file `peers.json` in the state directory: the peers that a node reconnects to after a restart. The file
// is replaced atomically.
#pragma once

#include <string>
#include <vector>

#include "core/types.hpp"

namespace astral::peer {

// Returns an empty list if there is no file. Logs a warning and returns an empty list if the file is invalid;
// the next remember_peers() overwrites it.
std::vector<core::NodeInfo> remembered_peers(const std::string &directory);
void remember_peers(const std::string &directory, const std::vector<core::NodeInfo> &peers);

}  // namespace astral::peer
