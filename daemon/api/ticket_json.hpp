// SPDX-License-Identifier: BSD-3-Clause
// A ticket as the API shows it.
#pragma once

#include "core/node.hpp"
#include "glue/json.hpp"

namespace astral::api {

// Without the ticket's id: it is the token of the link, and nobody else's business.
json::Builder ticket_json(const core::TicketView &ticket);

}  // namespace astral::api
