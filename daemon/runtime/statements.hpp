// SPDX-License-Identifier: BSD-3-Clause
// What comes from outside about streams, before the node hears it: each statement in it is signed by its
// stream's key, is not too old and not from the future; or it is taken out.
#pragma once

#include <cstdint>
#include <vector>

#include "core/message.hpp"
#include "core/node_view.hpp"

namespace astral::runtime {

// False: the message has a statement that the key in it has not signed. No honest node passes such a one on.
// If the node knows that statement already, or a newer one, it is not checked again; what is passed on has
// the node's.
bool check_statements(core::Message &message, const core::NodeView &node, std::int64_t unix_ms);

// An origin also lists what nobody has signed: what is not signed well counts as unsigned.
void check_listed(std::vector<core::StreamInfo> &streams, const core::NodeView &node, std::int64_t unix_ms);

}  // namespace astral::runtime
