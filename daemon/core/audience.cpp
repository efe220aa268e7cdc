// SPDX-License-Identifier: BSD-3-Clause
#include "core/audience.hpp"

#include <algorithm>
#include <utility>

#include "core/limits.hpp"

namespace astral::core {

std::uint64_t Audience::here(const Slug &slug) const {
  const StreamState *stream = streams_.find(slug);
  const std::uint64_t elements = tickets_.given(slug, PeerKind::element);
  return std::min(max_audience, (stream == nullptr ? 0 : stream->players) + elements);
}

// A child that stands by is counted by the node that feeds it.
std::uint64_t Audience::all(const Slug &slug) const {
  std::uint64_t sum = here(slug);
  for (const TicketId &id : tickets_.given(slug)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.kind == PeerKind::node && ticket.state == TicketState::confirmed)
      sum = std::min(max_audience, sum + ticket.child.audience);
  }
  return sum;
}

void Audience::heard(const Peer &peer, const Viewers &viewers) {
  Ticket *ticket = tickets_.find(viewers.ticket);
  if (ticket == nullptr || ticket->side != Side::given || !sessions_.with(*ticket, peer)) return;
  ticket->child.audience = std::min(viewers.viewers, max_audience);
}

void Audience::seen(const PlayersSeen &input) {
  StreamState *stream = streams_.find(input.slug);
  if (stream == nullptr) return;
  stream->players = stream->ended ? 0 : input.count;
  const std::uint64_t sum = all(input.slug);
  StreamState::Told &told = stream->audience;
  if (std::exchange(told.shown, sum) != sum) outbox_.announce(Change::stream, input.slug);
  if (stream->own) {
    if (told.sum == sum || node_.now - told.at < report_audience || !node_.settings.has_origin) return;
    told.sum = sum;
    told.at = node_.now;
    return outbox_.post(OwnChanged{.slug = input.slug, .viewers_only = true});
  }
  const Link *parent = roles(*stream).parent;
  if (parent == nullptr || (told.to == parent->id && told.sum == sum)) return;
  told.to = parent->id;
  told.sum = sum;
  sessions_.send(tickets_.find(parent->id)->peer, Viewers{.ticket = parent->id, .viewers = sum});
}

}  // namespace astral::core
