// SPDX-License-Identifier: BSD-3-Clause
#include "core/loop_checks.hpp"

#include <algorithm>
#include <utility>

#include "core/limits.hpp"

namespace astral::core {

bool LoopChecks::feeds(const Peer &peer, const Slug &slug) const {
  const std::vector<TicketId> given = tickets_.given(slug);
  return std::any_of(given.begin(), given.end(), [&](const TicketId &id) {
    const Ticket &ticket = *tickets_.find(id);
    return ticket.state == TicketState::confirmed && sessions_.with(ticket, peer);
  });
}

void LoopChecks::heard(const Peer &from, LoopCheck check) {
  const auto answer = [&](bool clear) {
    sessions_.tell(check.provider, LoopChecked{.ticket = check.ticket, .clear = clear});
  };
  const Slug name = directory_.name_for(check.slug, check.key);
  const StreamState *stream = streams_.find(name);
  if (stream == nullptr || check.mover == node_.self() || check.hops >= max_path || !feeds(from, name))
    return answer(false);
  if (stream->own) return answer(true);
  if (!streams_.open_to_children(*stream)) return answer(false);
  ++check.hops;
  sessions_.send(streams_.parent_peer(*stream), std::move(check));
}

}  // namespace astral::core
