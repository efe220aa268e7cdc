// SPDX-License-Identifier: BSD-3-Clause
// What one node writes to another over supernodes is signed by its author, so that nobody on the way can
// change it, or write in another's name. Whether it came before is the addressee's business.
#pragma once

#include <cstdint>

#include "glue/error.hpp"
#include "glue/key.hpp"
#include "protocol/message.hpp"

namespace astral::protocol {

// Writes `what` as text and signs it, with the uuids of both ends. Precondition: what.
void seal(Routed &routed, const Key &key, std::uint64_t number);

// Sets `what`, which stays null if the message is of a type that this version does not know.
// Errors: invalid: it is not sealed, its key has not signed it for this addressee or is not that of the node
// which it is from, or its text is no message that may be routed.
Expected<void> open(Routed &routed);

}  // namespace astral::protocol
