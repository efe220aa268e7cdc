// SPDX-License-Identifier: BSD-3-Clause
#include "core/child_tickets.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "core/admission.hpp"
#include "core/limits.hpp"
#include "core/overshoot.hpp"
#include "core/paths.hpp"
#include "core/slug.hpp"

namespace astral::core {

Ticket *ChildTickets::leaf(const Slug &slug) const {
  for (const TicketId &id : tickets_.given(slug)) {
    Ticket *ticket = tickets_.find(id);
    if (ticket->child.leaf && ticket->child.claim == Claim::reserved &&
        ticket->child.state == ChildState::fed)
      return ticket;
  }
  return nullptr;
}

// A tree whose places are all taken by nodes that forward nothing cannot grow. One of them is asked to find
// a place elsewhere, below the new node for example. It keeps its own until it has one: that the new node
// forwards is only what this node says.
bool ChildTickets::move_leaf(Ticket &mover) {
  Ticket *going = leaf(mover.slug);
  if (going == nullptr) return false;
  tickets_.claim(mover, Claim::reserved);
  stop_timer(TimerKind::overcommitted, mover);
  tickets_.claim(*going, Claim::overcommitted);
  going->child.makes_way_for = mover.id;
  start_timer(TimerKind::overcommitted, *going, node_.settings.timeouts.makes_way);
  sessions_.send(going->peer, Leaving{.ticket = going->id});
  outbox_.post(CarryChanged{.slug = mover.slug});
  return true;
}

void ChildTickets::take_lent(const Slug &slug, const Uuid &asker) {
  for (const TicketId &id : tickets_.given(slug)) {
    const Ticket &ticket = *tickets_.find(id);
    if (!lends_place(ticket) || ticket.destination == asker) continue;
    if (ticket.child.silent)
      return revoke(ticket, "silent", "it acknowledged nothing, and another needs the place");
    return revoke(ticket, "too-slow", "it does not hold the rate, and another needs the place");
  }
}

void ChildTickets::measured(const MediaMeasured &input) {
  bool changed = false;
  for (const TicketId &id : tickets_.given(input.slug)) {
    Ticket &ticket = *tickets_.find(id);
    const bool silent = std::find(input.silent_children.begin(), input.silent_children.end(), id) !=
                        input.silent_children.end();
    changed |= std::exchange(ticket.child.silent, silent) != silent;
  }
  if (changed) outbox_.post(CarryChanged{.slug = input.slug});
}

void ChildTickets::budget_changed() {
  if (node_.leaving || !budget_.limit_bps()) return;
  cover_overcommitted();
  if (budget_.used_bps() <= *budget_.limit_bps() || budget_.on_trial()) return;
  std::vector<FedChild> children;
  for (const TicketId &id : tickets_.all()) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.side != Side::given || ticket.child.claim != Claim::reserved) continue;
    if (ticket.kind != PeerKind::node) continue;
    children.push_back({.id = id,
                        .cost_bps = budget_.cost_bps(ticket.slug),
                        .fed = ticket.state == TicketState::confirmed,
                        .slow = ticket.child.state == ChildState::slow || ticket.child.settled_slow,
                        .leaf = ticket.child.leaf,
                        .since = ticket.created});
  }
  const std::uint64_t staying_bps = budget_.used_bps() - budget_.overcommitted_bps();
  for (const TicketId &id : excess(std::move(children), staying_bps, *budget_.limit_bps())) {
    Ticket &ticket = *tickets_.find(id);
    if (ticket.state != TicketState::confirmed) {
      revoke(ticket, "no-room", "the upstream is used up");
      continue;
    }
    budget_.uncover(ticket.slug);
    tickets_.claim(ticket, Claim::overcommitted);
    start_timer(TimerKind::overcommitted, ticket, node_.settings.timeouts.overcommitted);
    sessions_.send(ticket.peer, Leaving{.ticket = id});
    outbox_.post(CarryChanged{.slug = ticket.slug});
  }
}

void ChildTickets::resume(Ticket &ticket, const Request &request) {
  StreamState *stream = streams_.find(ticket.slug);
  if (stream == nullptr || !streams_.open_to_children(*stream))
    return no_room_left(ticket, RefusalCode::no_room, "no parent ourselves");
  if (stream->position.passes(ticket.destination))
    return no_room_left(ticket, RefusalCode::loop, "we get it through you");
  if (!budget_.fits(ticket.slug)) take_lent(ticket.slug, ticket.destination);
  const bool fits = budget_.reserve(ticket.slug);
  if (!fits && !budget_.overcommit(ticket.slug))
    return no_room_left(ticket, RefusalCode::no_room, budget_.objection());
  tickets_.claim(ticket, fits ? Claim::reserved : Claim::overcommitted);
  ticket.child.leaf = request.leaf();
  ticket_changes_.enter(ticket, ChildState::resuming);
  if (request.parent && !stream->own) {
    start_timer(TimerKind::unconfirmed, ticket, node_.settings.timeouts.unconfirmed);
    check_loop(ticket);
  } else {
    grant(ticket);
  }
  outbox_.post(NeedChanged{.slug = ticket.slug});
  outbox_.post(CarryChanged{.slug = ticket.slug});
}

void ChildTickets::no_room_left(const Ticket &ticket, RefusalCode code, const std::string &message) {
  sessions_.send(
      ticket.peer,
      Refusal{.ticket = ticket.id, .slug = slug_in(ticket.slug), .code = code, .message = message});
  unlink(ticket, "refused", message);
  end(ticket);
}

// Its link is up already, so no offer is made.
void ChildTickets::grant(Ticket &ticket) {
  stop_timer(TimerKind::unconfirmed, ticket);
  ticket.hops = streams_.find(ticket.slug)->position.hops + 1;
  ticket_changes_.enter(ticket, ChildState::fed);
  tell_path(ticket, true);
  if (ticket.child.claim != Claim::overcommitted) return;
  start_timer(TimerKind::overcommitted, ticket, node_.settings.timeouts.overcommitted);
  sessions_.send(ticket.peer, Leaving{.ticket = ticket.id});
}

void ChildTickets::tell_path(const Ticket &ticket, bool granted) {
  const StreamState &stream = *streams_.find(ticket.slug);
  Path path{.ticket = ticket.id, .hops = ticket.hops, .path = stream.position.path, .granted = granted};
  path.path.push_back(node_.self());
  sessions_.send(ticket.peer, std::move(path));
}

void ChildTickets::give_back(Ticket &ticket) {
  stop_timer(TimerKind::overcommitted, ticket);
  budget_.release(ticket.slug, ticket.child.claim == Claim::overcommitted);
  tickets_.claim(ticket, Claim::none);
  ticket.child.makes_way_for.clear();
  cover_overcommitted();
}

void ChildTickets::cover_overcommitted() {
  if (budget_.overcommitted() == 0 || node_.leaving) return;
  for (const TicketId &id : tickets_.all()) {
    Ticket &ticket = *tickets_.find(id);
    if (ticket.side != Side::given || ticket.child.claim != Claim::overcommitted) continue;
    if (ticket.state != TicketState::confirmed || !budget_.cover(ticket.slug)) continue;
    tickets_.claim(ticket, Claim::reserved);
    ticket.child.makes_way_for.clear();
    stop_timer(TimerKind::overcommitted, ticket);
    if (ticket.child.state == ChildState::fed) tell_path(ticket, true);
  }
}

void ChildTickets::overcommit_due(const TicketId &id) {
  cover_overcommitted();
  Ticket *ticket = tickets_.find(id);
  const auto over = [&] { return ticket != nullptr && ticket->child.claim == Claim::overcommitted; };
  if (!over()) return;
  // Perhaps it found no parent because it feeds all candidates.
  if (!ticket->child.leaf && move_leaf(*ticket)) return tell_path(*ticket, true);
  if (const Ticket *mover = tickets_.find(ticket->child.makes_way_for);
      mover != nullptr && Tickets::counts(*mover)) {
    shun(mover->slug, mover->destination);
    revoke(*mover, "no-room", "nobody found a place below it");  // that covers the leaf
  }
  if (over()) revoke(*ticket, "no-room", "the place was overcommitted");
}

// The child takes room and cannot use it. Another parent may be nearer to it.
void ChildTickets::slow(const ChildSlow &input) {
  Ticket *ticket = tickets_.find(input.ticket);
  if (ticket == nullptr || ticket->side != Side::given || ticket->slug != input.slug) return;
  if (ticket->kind != PeerKind::node || ticket->child.state != ChildState::fed) return;
  if (ticket->child.settled_slow) return;
  ticket_changes_.enter(*ticket, ChildState::slow);
  ++slow_children_;
  start_timer(TimerKind::slow, *ticket, node_.settings.timeouts.slow);
  sessions_.send(ticket->peer, Leaving{.ticket = ticket->id});
}

// It found no other parent. Perhaps its own line is too thin: then no parent would be better.
void ChildTickets::slow_due(const TicketId &id) {
  Ticket *ticket = tickets_.find(id);
  if (ticket == nullptr) return;
  ticket->child.settled_slow = true;
  ticket_changes_.enter(*ticket, ChildState::fed);
  tell_path(*ticket, true);
  outbox_.post(CarryChanged{.slug = ticket->slug});
}

void ChildTickets::shun(const Slug &slug, const Uuid &child) {
  if (shunned_.size() >= max_shunned) shunned_.erase(shunned_.begin());
  shunned_[{slug, child}] = node_.now + node_.settings.timeouts.shunned;
}

bool ChildTickets::shunned(const Slug &slug, const Uuid &child) const {
  const auto found = shunned_.find({slug, child});
  return found != shunned_.end() && found->second > node_.now;
}

// Ends the link in the relay, if the relay was asked for it.
void ChildTickets::unlink(const Ticket &ticket, const std::string &code, const std::string &message) {
  const ChildState state = ticket.child.state;
  if (state == ChildState::waiting || state == ChildState::checking) return;
  const StreamState *stream = streams_.find(ticket.slug);
  if (stream != nullptr && stream->media)
    outbox_.emit(TellRelay{.slug = ticket.slug,
                           .message = Cancel{.ticket = ticket.id, .code = code, .message = message}});
}

// Asks whether the child is above us. Only a node that has children of its own can be.
void ChildTickets::check_loop(const Ticket &ticket) {
  start_timer(TimerKind::loop_check, ticket, node_.settings.timeouts.loop_check);
  sessions_.send(streams_.parent_peer(*streams_.find(ticket.slug)),
                 LoopCheck{.ticket = ticket.id,
                           .slug = slug_in(ticket.slug),
                           .key = directory_.key_of_stream(ticket.slug),
                           .mover = ticket.destination,
                           .provider = sessions_.place(),
                           .hops = 1});
}

void ChildTickets::loop_checked(const LoopChecked &checked) {
  Ticket *ticket = tickets_.find(checked.ticket);
  if (ticket == nullptr || ticket->side != Side::given || !checks_loop(ticket->child.state)) return;
  if (!checked.clear || !streams_.open_to_children(*streams_.find(ticket->slug)))
    return loop_check_due(checked.ticket);
  stop_timer(TimerKind::loop_check, *ticket);
  if (ticket->child.state == ChildState::resuming) return grant(*ticket);
  ticket_changes_.enter(*ticket, ChildState::asking);
  ask_relay(*ticket);
}

// There is a loop, or nobody answered in time.
void ChildTickets::loop_check_due(const TicketId &id) {
  const Ticket *ticket = tickets_.find(id);
  if (ticket == nullptr) return;
  const SearchId &search = ticket->child.search;
  sessions_.send(ticket->peer, Refusal{.ticket = search.empty() ? id : "",
                                       .search = search,
                                       .slug = slug_in(ticket->slug),
                                       .code = RefusalCode::loop,
                                       .message = "perhaps we get it through you"});
  unlink(*ticket, "loop", "perhaps we get it through you");
  end(*ticket);
}

void ChildTickets::hold(const Peer &peer, const Hold &hold) {
  Ticket *ticket = tickets_.find(hold.ticket);
  if (ticket == nullptr || !sessions_.with(*ticket, peer) || ticket->side != Side::given)
    return sessions_.cancel_unknown(peer.id, hold.ticket);
  if (!has_link(ticket->child.state) || ticket->kind != PeerKind::node)
    return revoke(*ticket, "protocol", "held out of turn");
  if (ticket->child.state == ChildState::standby) return;
  if (ticket->child.state == ChildState::slow)
    return revoke(*ticket, "too-slow", "it does not hold the rate");
  stop_timer(TimerKind::unconfirmed, *ticket);
  stop_timer(TimerKind::loop_check, *ticket);
  if (Tickets::counts(*ticket)) give_back(*ticket);
  ticket_changes_.enter(*ticket, ChildState::standby);
  outbox_.post(NeedChanged{.slug = ticket->slug});
  outbox_.post(CarryChanged{.slug = ticket->slug});
}

void ChildTickets::leave() {
  for (const TicketId &id : tickets_.all()) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.side != Side::given || ticket.kind != PeerKind::node) continue;
    if (ticket.state == TicketState::confirmed)
      sessions_.send(ticket.peer, Leaving{.ticket = id});
    else
      revoke(ticket, "goodbye", "the node is shutting down");
  }
}

void ChildTickets::add(Ticket ticket, const Peer &peer) {
  ticket.side = Side::given;
  ticket.peer = peer.id;
  ticket.kind = peer.kind;
  ticket.source = node_.self();
  ticket.state = agreed(ticket.child.state);
  const Ticket &added = ticket_changes_.add(std::move(ticket));
  if (added.child.state == ChildState::checking) {
    start_timer(TimerKind::unconfirmed, added, node_.settings.timeouts.unconfirmed);
    check_loop(added);
  } else if (added.child.state == ChildState::asking) {
    ask_relay(added);
  }
  if (added.kind == PeerKind::element) outbox_.post(Trouble{.slug = added.slug});  // it may be in trouble
  outbox_.post(NeedChanged{.slug = added.slug});
  outbox_.post(CarryChanged{.slug = added.slug});
}

void ChildTickets::start_timer(TimerKind kind, const Ticket &ticket, Time after) {
  timers_.set({.kind = kind, .name = ticket.id}, node_.now + after);
}

void ChildTickets::stop_timer(TimerKind kind, const Ticket &ticket) {
  timers_.drop({.kind = kind, .name = ticket.id});
}

// The callers have opened the media.
void ChildTickets::ask_relay(const Ticket &ticket) {
  assert(ticket.child.state == ChildState::asking && streams_.find(ticket.slug)->media);
  start_timer(TimerKind::unconfirmed, ticket, node_.settings.timeouts.unconfirmed);
  outbox_.emit(TellRelay{
      .slug = ticket.slug,
      .message = Request{.ticket = ticket.id, .slug = ticket.slug, .destination = ticket.destination}});
}

void ChildTickets::relay_said(const Slug &slug, const Message &message) {
  const auto ticket_of = [&](const TicketId &id) -> Ticket * {
    Ticket *ticket = tickets_.find(id);
    return ticket != nullptr && ticket->side == Side::given && ticket->slug == slug ? ticket : nullptr;
  };
  if (const auto *offer = std::get_if<Offer>(&message)) {
    Ticket *ticket = ticket_of(offer->ticket);
    if (ticket != nullptr && ticket->child.state == ChildState::asking) offered(*ticket, *offer);
  } else if (const auto *candidates = std::get_if<Candidates>(&message)) {
    const Ticket *ticket = ticket_of(candidates->ticket);
    if (ticket != nullptr && ticket->state >= TicketState::offered) sessions_.send(ticket->peer, *candidates);
  } else if (const auto *refusal = std::get_if<Refusal>(&message)) {
    const Ticket *ticket = ticket_of(refusal->ticket);
    if (ticket == nullptr || ticket->state != TicketState::requested) return;
    Refusal told = *refusal;
    told.slug = slug_in(slug);
    told.search = ticket->child.search;
    if (!told.search.empty()) told.ticket.clear();
    sessions_.send(ticket->peer, std::move(told));
    end(*ticket);
  } else if (const auto *cancel = std::get_if<Cancel>(&message)) {
    const Ticket *ticket = ticket_of(cancel->ticket);
    if (ticket == nullptr) return;
    sessions_.send(ticket->peer, *cancel);
    end(*ticket);
  }
}

// The relay fills in the link, the node fills in hops and path.
void ChildTickets::offered(Ticket &ticket, Offer offer) {
  const StreamState &stream = *streams_.find(ticket.slug);
  if (ticket.kind == PeerKind::node && !streams_.open_to_children(stream))
    return revoke(ticket, "no-room", "lost our own parent");
  ticket.hops = stream.position.hops + 1;
  ticket_changes_.enter(ticket, ChildState::offered);
  start_timer(TimerKind::unconfirmed, ticket, node_.settings.timeouts.unconfirmed);
  offer.slug = slug_in(ticket.slug);
  offer.source = node_.self();
  offer.hops = ticket.hops;
  offer.path = stream.position.path;
  offer.path.push_back(node_.self());
  offer.search = std::exchange(ticket.child.search, {});
  offer.stream.clear();
  const StreamInfo *info = directory_.stream(ticket.slug);
  if (!offer.search.empty() && info != nullptr) offer.stream.push_back(Directory::as_told(*info));
  sessions_.send(ticket.peer, std::move(offer));
}

void ChildTickets::confirm(const Peer &peer, const Confirm &confirm) {
  Ticket *ticket = tickets_.find(confirm.ticket);
  if (ticket == nullptr || !sessions_.with(*ticket, peer) || ticket->side != Side::given)
    return sessions_.cancel_unknown(peer.id, confirm.ticket);
  if (ticket->child.state != ChildState::offered) return revoke(*ticket, "protocol", "confirmed out of turn");
  stop_timer(TimerKind::unconfirmed, *ticket);
  ticket_changes_.enter(*ticket, ChildState::fed);
  // The child opens the link over TCP if it can; else this end does, to where this node knows the child.
  Confirm told = confirm;
  told.tcp = node_.supernode() ? "" : tcp_address(directory_.node(peer.uuid));
  outbox_.emit(TellRelay{.slug = ticket->slug, .message = std::move(told)});
  if (!Tickets::counts(*ticket)) return ticket_changes_.enter(*ticket, ChildState::standby);
  cover_overcommitted();
  if (ticket->child.claim == Claim::overcommitted && !move_leaf(*ticket))
    revoke(*ticket, "no-room", "no place became free");
}

void ChildTickets::cancelled(const Ticket &ticket) {
  assert(ticket.side == Side::given);  // the callers have checked
  unlink(ticket, "cancelled", "by the other end");
  end(ticket);
}

void ChildTickets::revoke(const Ticket &ticket, const std::string &code, const std::string &message) {
  assert(ticket.side == Side::given);  // the callers have checked
  unlink(ticket, code, message);
  sessions_.cancel(ticket.peer, ticket.id, code, message);
  end(ticket);
}

void ChildTickets::revoke_all(const Slug &slug, const std::string &code, const std::string &message) {
  for (const TicketId &id : tickets_.given(slug)) revoke(*tickets_.find(id), code, message);
}

void ChildTickets::end(const Ticket &ticket) {
  stop_timer(TimerKind::unconfirmed, ticket);
  stop_timer(TimerKind::loop_check, ticket);
  stop_timer(TimerKind::slow, ticket);
  if (ticket.child.state == ChildState::slow) shun(ticket.slug, ticket.destination);
  if (ticket.kind == PeerKind::node && Tickets::counts(ticket)) give_back(*tickets_.find(ticket.id));
  outbox_.post(NeedChanged{.slug = ticket.slug});
  outbox_.post(CarryChanged{.slug = ticket.slug});
  ticket_changes_.end(ticket);
}

void ChildTickets::peer_gone(PeerId peer) {
  for (const TicketId &id : tickets_.of_peer(peer)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.side == Side::given) cancelled(ticket);
  }
}

void ChildTickets::unconfirmed(const TicketId &id) {
  const Ticket *ticket = tickets_.find(id);
  if (ticket == nullptr) return;
  revoke(*ticket, "timeout", ticket->state == TicketState::requested ? "no offer was made" : "not confirmed");
}

bool ChildTickets::still_invited(const Ticket &ticket) const {
  return invited(directory_.stream(ticket.slug), ticket.child.pass, true, node_.unix_ms());
}

void ChildTickets::lapse() {
  cover_overcommitted();
  std::erase_if(shunned_, [&](const auto &entry) { return entry.second <= node_.now; });
  for (const TicketId &id : tickets_.all()) {
    const Ticket *ticket = tickets_.find(id);
    if (ticket->side != Side::given || ticket->kind != PeerKind::node) continue;
    if (ticket->state < TicketState::confirmed) continue;
    if (node_.now - ticket->refreshed >= sessions_.silence_of(*ticket))
      revoke(*ticket, "lapsed", "no heartbeat named it");
    else if (!still_invited(*ticket))
      revoke(*ticket, "not-invited", "the invitation has expired or was revoked");
    else if (ticket->state == TicketState::standing_by && !budget_.fits(ticket->slug))
      revoke(*ticket, "no-room", "there is no place left to count on");
  }
}

void ChildTickets::media_opened(const Slug &slug) {
  const StreamState *stream = streams_.find(slug);
  if (stream == nullptr || !stream->media) return;
  for (const TicketId &id : tickets_.given(slug)) {
    Ticket &ticket = *tickets_.find(id);
    if (ticket.child.state != ChildState::waiting) continue;
    ticket_changes_.enter(ticket, ChildState::asking);
    ask_relay(ticket);
  }
}

void ChildTickets::not_found(const Slug &slug, RefusalCode code, const std::string &why) {
  std::string message = code == RefusalCode::no_stream ? "nobody knows this stream" : "nobody has room";
  if (why == has_ended)
    message = why;
  else if (!why.empty())
    message += ": " + why;
  for (const TicketId &id : tickets_.given(slug)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.state != TicketState::waiting) continue;
    sessions_.send(ticket.peer,
                   Refusal{.ticket = id, .slug = slug_in(slug), .code = code, .message = message});
    end(ticket);
  }
}

// A notice, no refusal: their tickets stay.
void ChildTickets::tell_trouble(const Slug &slug) {
  const StreamState *stream = streams_.find(slug);
  if (stream == nullptr || stream->trouble.empty()) return;
  for (const TicketId &id : tickets_.given(slug)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.kind != PeerKind::element) continue;
    sessions_.send(
        ticket.peer,
        Refusal{
            .ticket = id, .slug = slug_in(slug), .code = RefusalCode::no_path, .message = stream->trouble});
  }
}

void ChildTickets::moved(const Slug &slug) {
  const StreamState *stream = streams_.find(slug);
  if (stream == nullptr || (!stream->upstream_lost && !streams_.open_to_children(*stream))) return;
  Path path{.ticket = {},
            .hops = stream->position.hops + 1,
            .path = stream->position.path,
            .cut = stream->upstream_lost};
  path.path.push_back(node_.self());
  for (const TicketId &id : tickets_.given(slug)) {
    Ticket &ticket = *tickets_.find(id);
    if (ticket.state < TicketState::offered) continue;
    ticket.hops = path.hops;
    path.ticket = id;
    if (ticket.kind == PeerKind::node) sessions_.send(ticket.peer, path);
  }
}

}  // namespace astral::core
