// SPDX-License-Identifier: BSD-3-Clause
#include "core/provider.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "core/limits.hpp"
#include "core/slug.hpp"

namespace astral::core {

void Provider::refuse(PeerId peer, const Request &request, RefusalCode code, const std::string &message) {
  sessions_.send(peer, Refusal{.ticket = request.ticket,
                               .search = request.search,
                               .slug = request.slug,
                               .code = code,
                               .message = message,
                               .asked = request.asked});
}

void Provider::request(const Peer &peer, const Request &request) {
  if (!request.search.empty()) return serve(request);
  if (!is_uuid(request.ticket) || !is_slug(request.slug))
    return refuse(peer.id, request, RefusalCode::bad_request, "not a ticket or not a slug");
  Ticket *known = tickets_.find(request.ticket);
  if (known != nullptr && sessions_.with(*known, peer) && known->side == Side::given &&
      known->slug == request.slug && known->state == TicketState::standing_by)
    return again(peer, *known, request);
  if (known != nullptr) return refuse(peer.id, request, RefusalCode::bad_request, "that ticket exists");
  if (peer.kind == PeerKind::node)
    return refuse(peer.id, request, RefusalCode::no_stream, "no such ticket, or it has lapsed");
  from_element(peer, request);
}

void Provider::serve(const Request &request) {
  if (!is_uuid(request.search) || !is_slug(request.slug) || request.asker.uuid != request.destination) return;
  // Our supernode takes one place for given away now. If it was not, it is told.
  StreamState *stream = streams_.find(request.slug);
  if (stream != nullptr && stream->told.room > 0)
    --stream->told.room;
  else if (stream != nullptr && stream->told.leaves > 0)
    --stream->told.leaves;
  outbox_.post(CarryChanged{.slug = request.slug});
  const Peer *peer = sessions_.open(request.asker);
  if (peer != nullptr && peer->kind == PeerKind::node) from_node(*peer, request);
}

void Provider::from_node(const Peer &peer, const Request &request) {
  const auto no = [&](RefusalCode code, const char *why) { refuse(peer.id, request, code, why); };
  StreamState *stream = streams_.find(request.slug);
  if (stream == nullptr) return no(RefusalCode::no_stream, "not here");
  if (stream->position.passes(request.destination)) return no(RefusalCode::loop, "we get it through you");
  if (!streams_.open_to_children(*stream)) return no(RefusalCode::no_room, "no parent ourselves");
  if (stream->silence && node_.now - stream->silence->since < node_.settings.timeouts.no_room)
    return no(RefusalCode::no_room, "nothing comes here either");
  if (shunned(request.slug, request.destination)) return no(RefusalCode::no_room, "it did not hold the rate");
  if (stream->position.path.size() + 1 >= max_path)
    return no(RefusalCode::no_room, "too far from the publisher");
  if (request.standby && stream->unwanted) return no(RefusalCode::no_room, "nobody wants it here");
  for (const TicketId &id : tickets_.given(request.slug))
    if (const Ticket &ticket = *tickets_.find(id); sessions_.with(ticket, peer)) {
      if (!request.standby && renewable(ticket, peer)) continue;
      if (ticket.state != TicketState::standing_by || request.standby)
        return sessions_.send(peer.id, Refusal{.ticket = id,
                                               .search = request.search,
                                               .slug = request.slug,
                                               .code = RefusalCode::conflict,
                                               .message = "you have a ticket"});
      revoke(ticket, "replaced", "you ask for another");
    }
  if (tickets_.full(peer.id)) return no(RefusalCode::no_room, "too many tickets");
  if (!budget_.fits(request.slug) && !request.leaf() && !request.standby && budget_.overcommitted() == 0)
    displace(request.slug);
  if (request.standby ? !budget_.fits(request.slug) : !budget_.reserve(request.slug))
    return no(RefusalCode::no_room, "the upstream is used up");
  open(*stream);
  Ticket ticket{.id = ticket_changes_.new_id(), .slug = request.slug, .destination = request.destination};
  ticket.hops = stream->position.hops + 1;
  ticket.search = request.search;
  ticket.standby = request.standby;
  ticket.parent = request.parent && !request.standby;  // no media, no circle: that is for when it is used
  ticket.leaf = request.leaf();
  admit(std::move(ticket), peer);
}

// A child asks for a new link, and gives the old one back when that flows. When is for it to say, but it has
// no more than two.
bool Provider::renewable(const Ticket &ticket, const Peer &child) const {
  const Timeouts &timeouts = node_.settings.timeouts;
  const std::vector<TicketId> given = tickets_.given(ticket.slug);
  const auto theirs = std::count_if(given.begin(), given.end(), [&](const TicketId &id) {
    const Ticket &other = *tickets_.find(id);
    return sessions_.with(other, child) && other.state != TicketState::standing_by;
  });
  return theirs == 1 && ticket.state == TicketState::confirmed &&
         node_.now - ticket.created >= std::min(timeouts.renew / 2, timeouts.renew_again);
}

// A tree whose places are all taken by those who forward nothing cannot grow: one of them makes way, and will
// find a place below who comes.
void Provider::displace(const Slug &slug) {
  for (const TicketId &id : tickets_.given(slug)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.leaf && !ticket.overcommitted && ticket.state == TicketState::confirmed &&
        ticket.kind == PeerKind::node)
      return revoke(ticket, "displaced", "the place is needed for one who forwards");
  }
}

// It stood by, and is needed now: it was switched on before it asked. Where there is no room, it gets a place
// for the time that it needs to find another one.
void Provider::again(const Peer &, Ticket &ticket, const Request &request) {
  StreamState *stream = streams_.find(ticket.slug);
  if (stream == nullptr || !streams_.open_to_children(*stream))
    return no_room_left(ticket, RefusalCode::no_room, "no parent ourselves");
  if (stream->position.passes(ticket.destination))
    return no_room_left(ticket, RefusalCode::loop, "we get it through you");
  const bool fits = budget_.reserve(ticket.slug);
  if (!fits && !budget_.overcommit(ticket.slug))
    return no_room_left(ticket, RefusalCode::no_room, "the upstream is used up");
  ticket.overcommitted = !fits;
  ticket.leaf = request.leaf();
  ticket_changes_.enter(ticket, TicketState::requested);
  check(ticket, request.parent);
  outbox_.post(NeedChanged{.slug = ticket.slug});
  outbox_.post(CarryChanged{.slug = ticket.slug});
}

void Provider::no_room_left(const Ticket &ticket, RefusalCode code, const std::string &message) {
  sessions_.send(ticket.peer,
                 Refusal{.ticket = ticket.id, .slug = ticket.slug, .code = code, .message = message});
  unlink(ticket, "refused", message);
  end(ticket);
}

// Its link is up, so there is nothing to offer.
void Provider::grant(Ticket &ticket) {
  timers_.drop({.kind = TimerKind::unconfirmed, .name = ticket.id});
  ticket.hops = streams_.find(ticket.slug)->position.hops + 1;
  ticket_changes_.enter(ticket, TicketState::confirmed);
  tell_path(ticket, true);
  if (!ticket.overcommitted) return;
  timers_.set({.kind = TimerKind::overcommitted, .name = ticket.id},
              node_.now + node_.settings.timeouts.overcommitted);
  sessions_.send(ticket.peer, Leaving{.ticket = ticket.id});
}

void Provider::tell_path(const Ticket &ticket, bool granted) {
  const StreamState &stream = *streams_.find(ticket.slug);
  Path path{.ticket = ticket.id, .hops = ticket.hops, .path = stream.position.path, .granted = granted};
  path.path.push_back(node_.self());
  sessions_.send(ticket.peer, std::move(path));
}

void Provider::give_back(Ticket &ticket) {
  timers_.drop({.kind = TimerKind::overcommitted, .name = ticket.id});
  budget_.release(ticket.slug, std::exchange(ticket.overcommitted, false));
  cover_overcommitted();
}

void Provider::cover_overcommitted() {
  if (budget_.overcommitted() == 0 || node_.leaving) return;
  for (const TicketId &id : tickets_.all()) {
    Ticket &ticket = *tickets_.find(id);
    if (!ticket.overcommitted || ticket.state != TicketState::confirmed || !budget_.cover(ticket.slug))
      continue;
    ticket.overcommitted = false;
    timers_.drop({.kind = TimerKind::overcommitted, .name = id});
    if (!ticket.slow) tell_path(ticket, true);
  }
}

void Provider::overcommit_due(const TicketId &id) {
  cover_overcommitted();
  const Ticket *ticket = tickets_.find(id);
  if (ticket == nullptr || !ticket->overcommitted) return;
  if (!ticket->leaf) {  // perhaps it found nobody because it feeds them all
    displace(ticket->slug);
    cover_overcommitted();
  }
  if (ticket->overcommitted) revoke(*ticket, "no-room", "the place was overcommitted");
}

// What we send it costs room, and it has no use of it: perhaps it is nearer to another.
void Provider::slow(const ChildSlow &input) {
  Ticket *ticket = tickets_.find(input.ticket);
  if (ticket == nullptr || ticket->side != Side::given || ticket->slug != input.slug) return;
  if (ticket->kind != PeerKind::node || ticket->state != TicketState::confirmed || ticket->slow) return;
  ticket->slow = true;
  ++slow_children_;
  timers_.set({.kind = TimerKind::slow, .name = ticket->id}, node_.now + node_.settings.timeouts.slow);
  sessions_.send(ticket->peer, Leaving{.ticket = ticket->id});
}

void Provider::slow_due(const TicketId &id) {
  const Ticket *ticket = tickets_.find(id);
  if (ticket != nullptr) revoke(*ticket, "too-slow", "it does not hold the rate");
}

void Provider::shun(const Slug &slug, const Uuid &child) {
  if (shunned_.size() >= max_shunned) shunned_.erase(shunned_.begin());
  shunned_[{slug, child}] = node_.now + node_.settings.timeouts.shunned;
}

bool Provider::shunned(const Slug &slug, const Uuid &child) const {
  const auto found = shunned_.find({slug, child});
  return found != shunned_.end() && found->second > node_.now;
}

// In the relay, where it is there.
void Provider::unlink(const Ticket &ticket, const std::string &code, const std::string &message) {
  const bool asked = ticket.state != TicketState::waiting && !ticket.checking_loop;
  const StreamState *stream = streams_.find(ticket.slug);
  if ((ticket.linked || asked) && stream != nullptr && stream->media)
    outbox_.emit(TellRelay{.slug = ticket.slug,
                           .message = Cancel{.ticket = ticket.id, .code = code, .message = message}});
}

// Is the asker above us? Only who has children of its own can be.
void Provider::check(Ticket &ticket, bool parent) {
  timers_.set({.kind = TimerKind::unconfirmed, .name = ticket.id},
              node_.now + node_.settings.timeouts.unconfirmed);
  const StreamState &stream = *streams_.find(ticket.slug);
  ticket.checking_loop = parent && !stream.own;
  if (!ticket.checking_loop) return ask_relay(ticket);
  timers_.set({.kind = TimerKind::loop_check, .name = ticket.id},
              node_.now + node_.settings.timeouts.loop_check);
  sessions_.send(streams_.parent_peer(stream), LoopCheck{.ticket = ticket.id,
                                                         .slug = ticket.slug,
                                                         .mover = ticket.destination,
                                                         .provider = sessions_.place(),
                                                         .hops = 1});
}

void Provider::loop_check(const Peer &from, const LoopCheck &check) {
  const auto answer = [&](bool clear) {
    sessions_.tell(check.provider, LoopChecked{.ticket = check.ticket, .clear = clear});
  };
  const StreamState *stream = streams_.find(check.slug);
  const auto feeds = [&] {
    for (const TicketId &id : tickets_.given(check.slug)) {
      const Ticket &ticket = *tickets_.find(id);
      if (ticket.state == TicketState::confirmed && sessions_.with(ticket, from)) return true;
    }
    return false;
  };
  if (stream == nullptr || check.mover == node_.self() || check.hops >= max_path || !feeds())
    return answer(false);
  if (stream->own) return answer(true);
  if (!streams_.open_to_children(*stream)) return answer(false);
  LoopCheck on = check;
  ++on.hops;
  sessions_.send(streams_.parent_peer(*stream), std::move(on));
}

void Provider::loop_checked(const LoopChecked &checked) {
  Ticket *ticket = tickets_.find(checked.ticket);
  if (ticket == nullptr || ticket->side != Side::given || !ticket->checking_loop) return;
  ticket->checking_loop = false;
  timers_.drop({.kind = TimerKind::loop_check, .name = ticket->id});
  const StreamState *stream = streams_.find(ticket->slug);
  if (!checked.clear || !streams_.open_to_children(*stream)) return loop_check_due(checked.ticket);
  ask_relay(*ticket);
}

void Provider::loop_check_due(const TicketId &id) {
  const Ticket *ticket = tickets_.find(id);
  if (ticket == nullptr || ticket->state != TicketState::requested) return;
  sessions_.send(ticket->peer, Refusal{.ticket = ticket->search.empty() ? id : "",
                                       .search = ticket->search,
                                       .slug = ticket->slug,
                                       .code = RefusalCode::loop,
                                       .message = "perhaps we get it through you"});
  if (ticket->linked) unlink(*ticket, "loop", "perhaps we get it through you");
  end(*ticket);
}

void Provider::hold(const Peer &peer, const Hold &hold) {
  Ticket *ticket = tickets_.find(hold.ticket);
  if (ticket == nullptr || !sessions_.with(*ticket, peer) || ticket->side != Side::given)
    return sessions_.cancel_unknown(peer.id, hold.ticket);
  if (!ticket->linked || ticket->kind != PeerKind::node)
    return revoke(*ticket, "protocol", "held out of turn");
  if (ticket->state == TicketState::standing_by) return;
  if (ticket->slow) return revoke(*ticket, "too-slow", "it does not hold the rate");
  timers_.drop({.kind = TimerKind::unconfirmed, .name = ticket->id});
  timers_.drop({.kind = TimerKind::loop_check, .name = ticket->id});
  ticket->checking_loop = false;
  if (Tickets::counts(*ticket)) give_back(*ticket);
  ticket_changes_.enter(*ticket, TicketState::standing_by);
  outbox_.post(NeedChanged{.slug = ticket->slug});
  outbox_.post(CarryChanged{.slug = ticket->slug});
}

void Provider::leave() {
  for (const TicketId &id : tickets_.all()) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.side != Side::given || ticket.kind != PeerKind::node) continue;
    if (ticket.state == TicketState::confirmed)
      sessions_.send(ticket.peer, Leaving{.ticket = id});
    else
      revoke(ticket, "goodbye", "the node is shutting down");
  }
}

void Provider::from_element(const Peer &peer, const Request &request) {
  const auto no = [&](RefusalCode code, const char *why) { refuse(peer.id, request, code, why); };
  if (tickets_.full(peer.id)) return no(RefusalCode::no_room, "too many tickets");
  if (tickets_.given(request.slug, PeerKind::element) >= max_local_players)
    return no(RefusalCode::no_room, "too many local players");
  StreamState *stream = streams_.find(request.slug);
  if (stream == nullptr && streams_.all.size() >= max_carried)
    return no(RefusalCode::no_room, "too many streams here");
  if (stream != nullptr && stream->own) open(*stream);
  Ticket ticket{.id = request.ticket, .slug = request.slug, .destination = peer.uuid};
  if (stream == nullptr || !stream->media) ticket.state = TicketState::waiting;
  admit(std::move(ticket), peer);
}

void Provider::admit(Ticket ticket, const Peer &peer) {
  ticket.side = Side::given;
  ticket.peer = peer.id;
  ticket.kind = peer.kind;
  ticket.source = node_.self();
  Ticket &added = ticket_changes_.add(std::move(ticket));
  if (added.state == TicketState::requested) check(added, added.parent);
  outbox_.post(NeedChanged{.slug = added.slug});
  outbox_.post(CarryChanged{.slug = added.slug});
}

void Provider::open(StreamState &stream) {
  if (stream.media) return;
  stream.media = true;
  outbox_.emit(OpenMedia{.slug = stream.slug, .own = stream.own.has_value()});
  outbox_.post(MediaOpened{.slug = stream.slug});
}

void Provider::ask_relay(Ticket &ticket) {
  // The callers have opened the media, and let no ticket in any other state be checked for a loop, or wait.
  assert(ticket.state == TicketState::requested && streams_.find(ticket.slug)->media);
  if (ticket.linked) return grant(ticket);
  timers_.set({.kind = TimerKind::unconfirmed, .name = ticket.id},
              node_.now + node_.settings.timeouts.unconfirmed);
  outbox_.emit(TellRelay{
      .slug = ticket.slug,
      .message = Request{.ticket = ticket.id, .slug = ticket.slug, .destination = ticket.destination}});
}

void Provider::relay_said(const Slug &slug, const Message &message) {
  const auto ticket_of = [&](const TicketId &id) -> Ticket * {
    Ticket *ticket = tickets_.find(id);
    return ticket != nullptr && ticket->side == Side::given && ticket->slug == slug ? ticket : nullptr;
  };
  if (const auto *offer = std::get_if<Offer>(&message)) {
    Ticket *ticket = ticket_of(offer->ticket);
    const bool asked = ticket != nullptr && ticket->state == TicketState::requested && !ticket->linked;
    if (asked && !ticket->checking_loop) offered(*ticket, *offer);
  } else if (const auto *candidates = std::get_if<Candidates>(&message)) {
    const Ticket *ticket = ticket_of(candidates->ticket);
    if (ticket != nullptr && ticket->state >= TicketState::offered) sessions_.send(ticket->peer, *candidates);
  } else if (const auto *refusal = std::get_if<Refusal>(&message)) {
    const Ticket *ticket = ticket_of(refusal->ticket);
    if (ticket == nullptr || ticket->state != TicketState::requested) return;
    Refusal told = *refusal;
    told.slug = slug;
    told.search = ticket->search;
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

// The relay knows the link; hops and path are the node's.
void Provider::offered(Ticket &ticket, Offer offer) {
  const StreamState &stream = *streams_.find(ticket.slug);
  if (ticket.kind == PeerKind::node && !streams_.open_to_children(stream))
    return revoke(ticket, "no-room", "lost our own parent");
  ticket.hops = stream.position.hops + 1;
  ticket_changes_.enter(ticket, TicketState::offered);
  timers_.set({.kind = TimerKind::unconfirmed, .name = ticket.id},
              node_.now + node_.settings.timeouts.unconfirmed);
  offer.slug = ticket.slug;
  offer.source = node_.self();
  offer.hops = ticket.hops;
  offer.path = stream.position.path;
  offer.path.push_back(node_.self());
  offer.search = ticket.search;
  offer.stream.clear();
  const StreamInfo *info = directory_.stream(ticket.slug);
  if (!ticket.search.empty() && info != nullptr) offer.stream.push_back(*info);
  ticket.search.clear();
  sessions_.send(ticket.peer, std::move(offer));
}

void Provider::confirm(const Peer &peer, const Confirm &confirm) {
  Ticket *ticket = tickets_.find(confirm.ticket);
  if (ticket == nullptr || !sessions_.with(*ticket, peer) || ticket->side != Side::given)
    return sessions_.cancel_unknown(peer.id, confirm.ticket);
  if (ticket->state != TicketState::offered) return revoke(*ticket, "protocol", "confirmed out of turn");
  timers_.drop({.kind = TimerKind::unconfirmed, .name = ticket->id});
  ticket->linked = true;
  ticket_changes_.enter(*ticket, TicketState::confirmed);
  outbox_.emit(TellRelay{.slug = ticket->slug, .message = confirm});
  if (ticket->standby) ticket_changes_.enter(*ticket, TicketState::standing_by);
}

void Provider::cancelled(const Ticket &ticket) {
  assert(ticket.side == Side::given);  // the callers have asked for the side
  unlink(ticket, "cancelled", "by the other end");
  end(ticket);
}

void Provider::revoke(const Ticket &ticket, const std::string &code, const std::string &message) {
  assert(ticket.side == Side::given);  // the callers have asked for the side
  unlink(ticket, code, message);
  sessions_.cancel(ticket.peer, ticket.id, code, message);
  end(ticket);
}

void Provider::revoke_all(const Slug &slug, const std::string &code, const std::string &message) {
  for (const TicketId &id : tickets_.given(slug)) revoke(*tickets_.find(id), code, message);
}

void Provider::end(const Ticket &ticket) {
  timers_.drop({.kind = TimerKind::unconfirmed, .name = ticket.id});
  timers_.drop({.kind = TimerKind::loop_check, .name = ticket.id});
  timers_.drop({.kind = TimerKind::slow, .name = ticket.id});
  if (ticket.slow) shun(ticket.slug, ticket.destination);
  if (ticket.kind == PeerKind::node && Tickets::counts(ticket)) give_back(*tickets_.find(ticket.id));
  outbox_.post(NeedChanged{.slug = ticket.slug});
  outbox_.post(CarryChanged{.slug = ticket.slug});
  ticket_changes_.end(ticket);
}

void Provider::peer_gone(PeerId peer) {
  for (const TicketId &id : tickets_.of_peer(peer)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.side == Side::given) cancelled(ticket);
  }
}

void Provider::unconfirmed(const TicketId &id) {
  const Ticket *ticket = tickets_.find(id);
  if (ticket == nullptr) return;
  revoke(*ticket, "timeout", ticket->state == TicketState::requested ? "no offer was made" : "not confirmed");
}

void Provider::lapse() {
  cover_overcommitted();
  std::erase_if(shunned_, [&](const auto &entry) { return entry.second <= node_.now; });
  for (const TicketId &id : tickets_.all()) {
    const Ticket *ticket = tickets_.find(id);
    if (ticket->side != Side::given || ticket->kind != PeerKind::node) continue;
    if (ticket->state < TicketState::confirmed) continue;
    if (node_.now - ticket->refreshed >= sessions_.silence_of(*ticket))
      revoke(*ticket, "lapsed", "no heartbeat named it");
    else if (ticket->state == TicketState::standing_by && !budget_.fits(ticket->slug))
      revoke(*ticket, "no-room", "there is no place left to count on");
  }
}

void Provider::media_opened(const Slug &slug) {
  const StreamState *stream = streams_.find(slug);
  if (stream == nullptr || !stream->media) return;
  for (const TicketId &id : tickets_.given(slug)) {
    Ticket &ticket = *tickets_.find(id);
    if (ticket.state != TicketState::waiting) continue;
    ticket_changes_.enter(ticket, TicketState::requested);
    ask_relay(ticket);
  }
}

void Provider::not_found(const Slug &slug, RefusalCode code) {
  const char *message = code == RefusalCode::no_stream ? "nobody knows this stream" : "nobody has room";
  for (const TicketId &id : tickets_.given(slug)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.state != TicketState::waiting) continue;
    sessions_.send(ticket.peer, Refusal{.ticket = id, .slug = slug, .code = code, .message = message});
    end(ticket);
  }
}

void Provider::moved(const Slug &slug) {
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
