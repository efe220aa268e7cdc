// SPDX-License-Identifier: BSD-3-Clause
#include "api/ticket_json.hpp"

#include "api/names.hpp"

namespace astral::api {

json::Builder ticket_json(const core::NodeView &node, const core::TicketView &ticket) {
  json::Builder out;
  out.set("stream", ticket.stream).set("source", ticket.source).set("source_port", ticket.source_port);
  out.set("destination", ticket.destination).set("destination_port", ticket.destination_port);
  out.set("hops", ticket.hops)
      .set("confirmed", ticket.confirmed)
      .set("role", ticket.role)
      .set("state", ticket.state);
  if (!ticket.reason.empty()) out.set("reason", ticket.reason);
  out.set("held", ticket.held).set("element", ticket.element);
  set_label(out, "source_label", node, ticket.source);
  set_label(out, "destination_label", node, ticket.destination);
  out.set("created", ticket.created).set("refreshed", ticket.refreshed).set("expires", ticket.expires);
  return out;
}

}  // namespace astral::api
