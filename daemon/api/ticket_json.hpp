// SPDX-License-Identifier: BSD-3-Clause
// A ticket as the API shows it.
#pragma once

#include "core/node_view.hpp"
#include "glue/json.hpp"

namespace astral::api {

// Without the ticket's id: the id is the secret token that opens the link.
json::Builder ticket_json(const core::NodeView &node, const core::TicketView &ticket);

}  // namespace astral::api
