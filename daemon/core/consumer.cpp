// SPDX-License-Identifier: BSD-3-Clause
// Links: from the first offer to the end of a ticket, and what a stream does without one. The search itself
// is in consumer_search.cpp.
#include "core/consumer.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "core/limits.hpp"

namespace astral::core {

// Each assertion in here checks a promise of this class, the arrows of Phase. What a peer says was held
// against the phase, and the state of its ticket, before.
void Consumer::enter(Carried &stream, Phase phase) {
  const Phase from = stream.phase;
  switch (phase) {
    case Phase::orphan:
      assert(from != Phase::orphan && stream.held.empty() && stream.coming.empty() && !stream.search);
      break;
    case Phase::asking:
      assert(from == Phase::orphan || from == Phase::joining);
      break;
    case Phase::joining:
      assert(from != Phase::joining && !stream.held.empty());
      break;
    case Phase::fed:
      assert(from == Phase::joining && !stream.held.empty());
      break;
  }
  stream.phase = phase;
}

void Consumer::step_timer(const Carried &stream, Time after) {
  desk_.agenda.set({.due = Due::step, .name = stream.slug}, desk_.now + after);
}

bool Consumer::wanted(const Carried &stream) const {
  return stream.watched || !stream.calls.empty() || desk_.tickets.any_given(stream.slug);
}

Carried *Consumer::holder(const Ticket &ticket) {
  assert(ticket.side == Side::held);  // the callers have asked for the side
  Carried *stream = desk_.carries(ticket.slug);
  assert(stream != nullptr);  // close() leaves no ticket that is held
  return stream;
}

void Consumer::watch(CallId call, const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream != nullptr && stream->phase == Phase::fed) {
    if (!stream->own) stream->watched = true;
    need_changed(slug);
    return desk_.answer(call, Answered{.ticket = stream->held});
  }
  if (stream != nullptr && stream->own)
    return desk_.answer(call, fail(Code::no_room, "published here, and its publisher is away"));
  if (stream == nullptr) {
    if (desk_.carried.size() >= max_carried)
      return desk_.answer(call, fail(Code::no_room, "this node carries too many streams"));
    stream = &desk_.carry(slug);
  }
  if (stream->calls.size() >= max_waiting_calls)
    return desk_.answer(call, fail(Code::no_room, "too many ask for this stream at once"));
  stream->calls.push_back(call);
  desk_.agenda.drop({.due = Due::retry, .name = slug});  // somebody waits: look now
  need_changed(slug);
}

void Consumer::need_changed(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr) {
    if (!desk_.tickets.any_given(slug)) return;
    stream = &desk_.carry(slug);
  }
  const Agenda::Key unwanted{.due = Due::unwanted, .name = slug};
  if (wanted(*stream) || stream->publisher != 0) {
    desk_.agenda.drop(unwanted);
    if (!desk_.agenda.has({.due = Due::retry, .name = slug})) begin(*stream);
    return;
  }
  desk_.agenda.drop({.due = Due::retry, .name = slug});
  if (stream->phase == Phase::asking || stream->phase == Phase::joining) {
    stop_search(*stream);
    release_all(*stream, "unwanted", "nobody waits for it any more");
    enter(*stream, Phase::orphan);
  }
  if (!stream->media) {
    if (!stream->own) close(*stream);
  } else if (!desk_.agenda.has(unwanted)) {
    desk_.agenda.set(unwanted, desk_.now + desk_.settings.timeouts.unwanted);
  }
}

void Consumer::begin(Carried &stream) {
  if (stream.phase != Phase::orphan || desk_.leaving) return;
  desk_.agenda.drop({.due = Due::retry, .name = stream.slug});
  if (!stream.own) {
    if (use_standby(stream)) return;
    enter(stream, Phase::asking);
    return search(stream);
  }
  const Peer *publisher = desk_.peers.find(stream.publisher);
  if (publisher == nullptr || stream.paused) return;
  if (desk_.tickets.full(publisher->id)) return retry(stream);
  enter(stream, Phase::asking);
  ask(stream, stream.held);
}

// The publisher, for a ticket that is to be `held`, or `coming`.
void Consumer::ask(Carried &stream, TicketId &held) {
  const Peer &publisher = *desk_.peers.find(stream.publisher);
  const Ticket &ticket = desk_.add({.id = desk_.new_ticket_id(),
                                    .slug = stream.slug,
                                    .side = Side::held,
                                    .peer = publisher.id,
                                    .kind = publisher.kind,
                                    .source = publisher.uuid,
                                    .destination = desk_.self()});
  held = ticket.id;
  desk_.send(publisher.id, Request{.ticket = ticket.id, .slug = stream.slug, .destination = desk_.self()});
  // It may have to gather candidates first, and nobody else can be asked instead.
  step_timer(stream, desk_.settings.timeouts.unconfirmed);
}

void Consumer::offer(const Peer &peer, const Offer &offer) {
  Ticket *ticket = desk_.tickets.find(offer.ticket);
  if (ticket == nullptr && !offer.search.empty()) {
    Carried *stream = desk_.carries(offer.slug);
    if (stream != nullptr && stream->search && stream->search->id == offer.search &&
        take_offer(*stream, *stream->search, peer, offer))
      return;
    if (stream != nullptr && stream->spare && stream->spare->id == offer.search &&
        take_offer(*stream, *stream->spare, peer, offer))
      return;
  }
  const bool ours = ticket != nullptr && ticket->side == Side::held && desk_.with(*ticket, peer);
  if (!ours) return desk_.cancel(peer.id, offer.ticket, "not-requested", "no such request, or it is over");
  if (ticket->state != TicketState::requested || ticket->linked)
    return lose(ticket->id, "protocol", "offered twice");
  Carried &stream = *holder(*ticket);
  if (peer.kind == PeerKind::node && !fits(stream, peer, offer))
    return lose(ticket->id, "protocol", "path or hops do not fit");
  ticket->hops = offer.hops;
  desk_.enter(*ticket, TicketState::offered);
  link(stream, offer);
}

// What an offer says of its way from the source.
bool Consumer::fits(const Carried &stream, const Peer &peer, const Offer &offer) const {
  const bool loop = std::find(offer.path.begin(), offer.path.end(), desk_.self()) != offer.path.end();
  return !loop && !offer.path.empty() && offer.path.size() <= max_path && offer.path.back() == peer.uuid &&
         offer.hops == offer.path.size() && offer.slug == stream.slug;
}

// `held`, or `coming` while we are fed.
void Consumer::link(Carried &stream, const Offer &offer) {
  if (stream.coming.empty()) {
    if (!stream.own) {
      stream.path = offer.path;
      stream.hops = offer.hops;
    }
    enter(stream, Phase::joining);
  }
  if (!stream.media) {
    stream.media = true;
    desk_.emit(OpenMedia{.slug = stream.slug, .own = stream.own});
    desk_.notice(MediaOpened{.slug = stream.slug});
  }
  if (stream.search) stream.search->step = Step::linking;
  add_source(stream, offer, false);
  step_timer(stream, desk_.settings.timeouts.unconfirmed);
}

void Consumer::add_source(Carried &stream, const Offer &offer, bool standby) {
  Ticket &ticket = *desk_.tickets.find(offer.ticket);
  ticket.linked = true;
  ticket.path = offer.path;
  desk_.emit(AddSource{.slug = stream.slug, .offer = offer, .standby = standby});
}

void Consumer::path(const Peer &peer, const Path &path) {
  Ticket *ticket = desk_.tickets.find(path.ticket);
  if (ticket == nullptr || ticket->side != Side::held || !desk_.with(*ticket, peer)) return;
  if (peer.kind != PeerKind::node || (ticket->state < TicketState::offered && !ticket->linked)) return;
  Carried &stream = *holder(*ticket);
  ticket->cut = path.cut;
  if (path.cut) {  // it leads nowhere, whatever it says
    if (ticket->id == stream.standby) return standby_moved(stream);
    if (ticket->id == stream.coming) return lose(ticket->id, "unwanted", "it is cut off as well");
    if (ticket->id == stream.held && stream.phase == Phase::fed) cut_off(stream, true);
    return;
  }
  if (std::find(path.path.begin(), path.path.end(), desk_.self()) != path.path.end())
    return lose(ticket->id, "loop", "it gets the stream through us now");
  if (path.path.empty() || path.path.size() > max_path || path.path.back() != peer.uuid ||
      path.hops != path.path.size())
    return lose(ticket->id, "protocol", "path or hops do not fit");
  ticket->hops = path.hops;
  ticket->path = path.path;
  if (ticket->state == TicketState::requested) {
    if (path.granted) granted(stream, *ticket);
    return;
  }
  if (ticket->id == stream.standby) return standby_moved(stream);
  if (path.granted && std::exchange(ticket->leaving, false) && ticket->id == stream.held) stay(stream);
  if (ticket->id != stream.held) return;
  if (stream.phase == Phase::fed) cut_off(stream, false);
  if (stream.path == path.path) return;
  stream.path = path.path;
  stream.hops = path.hops;
  desk_.announce(Change::ticket, ticket->slug + "/" + ticket->id);
  desk_.notice(Moved{.slug = stream.slug});
  later_improve(stream);
  keep_standby(stream);
}

// Whoever we feed is to know; one who has another way takes it.
void Consumer::cut_off(Carried &stream, bool cut) {
  if (std::exchange(stream.cut, cut) != cut) {
    desk_.notice(Moved{.slug = stream.slug});
    desk_.notice(CarryChanged{.slug = stream.slug});
  }
  if (cut) take_standby(stream);
}

void Consumer::leaving(const Peer &peer, const Leaving &leaving) {
  Ticket *ticket = desk_.tickets.find(leaving.ticket);
  if (ticket == nullptr || ticket->side != Side::held || !desk_.with(*ticket, peer)) return;
  Carried &stream = *holder(*ticket);
  if (ticket->id == stream.standby) return lose(ticket->id, "unwanted", "it leaves");
  ticket->leaving = true;
  if (ticket->id == stream.held) go(stream);
}

// Away from a parent that asked for it.
void Consumer::go(Carried &stream) {
  if (stream.phase != Phase::fed || !desk_.tickets.find(stream.held)->leaving) return;
  if (stream.leaver.empty()) stream.leavings = 0;
  ++stream.leavings;
  stream.leaver = desk_.tickets.find(stream.held)->source;
  if (!take_standby(stream)) move(stream, 0, stream.leaver);
}

// It has room for us after all.
void Consumer::stay(Carried &stream) {
  if (stream.leaver.empty()) return;
  stream.leaver.clear();
  if (stream.coming.empty()) stop_search(stream);
  desk_.notice(CarryChanged{.slug = stream.slug});
  later_improve(stream);
  keep_standby(stream);
}

void Consumer::source_said(const SourceSaid &input) {
  Ticket *ticket = desk_.tickets.find(input.ticket);
  if (ticket == nullptr || ticket->side != Side::held || ticket->slug != input.slug) return;
  Carried &stream = *holder(*ticket);
  if (!ticket->linked) return;
  if (const auto *confirm = std::get_if<Confirm>(&input.message)) {
    if (ticket->state != TicketState::offered) return;
    Confirm told = *confirm;
    told.ticket = ticket->id;
    desk_.send(ticket->peer, std::move(told));
    desk_.enter(*ticket, TicketState::confirmed);
    if (ticket->id == stream.held) return fed(stream);
    if (ticket->id == stream.standby) {
      desk_.send(ticket->peer, Hold{.ticket = ticket->id});
      return hold(stream, *ticket);
    }
    desk_.agenda.drop({.due = Due::step, .name = stream.slug});
    desk_.agenda.set({.due = Due::overlap, .name = stream.slug}, desk_.now + desk_.settings.timeouts.overlap);
  } else if (const auto *candidates = std::get_if<Candidates>(&input.message)) {
    Candidates told = *candidates;
    told.ticket = ticket->id;
    desk_.send(ticket->peer, std::move(told));
  } else if (const auto *cancel = std::get_if<Cancel>(&input.message)) {
    lose(ticket->id, "cancelled", cancel->message);
  }
}

void Consumer::source_flows(const SourceFlows &input) {
  Carried *stream = desk_.carries(input.slug);
  const Ticket *ticket = desk_.tickets.find(input.ticket);
  if (stream == nullptr || ticket == nullptr || ticket->slug != input.slug) return;
  if (ticket->id == stream->held) return heard(*stream);
  if (ticket->id == stream->standby && stream->trying)
    return standby_timer(*stream, desk_.settings.timeouts.silent);
  if (ticket->id != stream->coming) return;
  stream->coming_flows = true;
  if (ticket->state == TicketState::confirmed) replace(*stream);
}

// From the parent, so its path reaches the source: that news may have been lost.
void Consumer::heard(Carried &stream) {
  stop_trying(stream);
  desk_.tickets.find(stream.held)->cut = false;
  if (stream.phase == Phase::fed) cut_off(stream, false);
}

void Consumer::overlap_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream != nullptr && !stream->coming.empty()) lose(stream->coming, "timeout", "its media did not come");
}

void Consumer::source_ended(const SourceEnded &input) {
  const Ticket *ticket = desk_.tickets.find(input.ticket);
  if (ticket == nullptr || ticket->side != Side::held || ticket->slug != input.slug) return;
  lose(ticket->id, "link-ended", input.error.detail);
}

void Consumer::fed(Carried &stream) {
  desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  if (stream.search && stream.standby.empty()) pick_standby(stream, *stream.search);
  stop_search(stream);
  enter(stream, Phase::fed);
  stream.fed_since = desk_.now;
  stream.avoid.clear();
  stream.leaver.clear();
  stream.improvements = 0;
  stream.silent.reset();
  stream.spares = 0;
  stream.cut = desk_.tickets.find(stream.held)->cut;
  if (!stream.own && !stream.calls.empty()) stream.watched = true;
  answer_calls(stream, Answered{.ticket = stream.held, .created = true});
  if (!stream.own) desk_.notice(Moved{.slug = stream.slug});
  desk_.notice(NeedChanged{.slug = stream.slug});
  desk_.notice(CarryChanged{.slug = stream.slug});
  later_improve(stream);
  later_renew(stream);
  keep_standby(stream);
  go(stream);
}

void Consumer::cancelled(const Ticket &ticket, const std::string &code) {
  lose(ticket.id, nullptr, code);
}

void Consumer::peer_gone(PeerId peer) {
  for (const TicketId &id : desk_.tickets.of_peer(peer)) {
    const Ticket *ticket = desk_.tickets.find(id);
    if (ticket != nullptr && ticket->side == Side::held) lose(id, nullptr, "its peer is lost");
  }
}

void Consumer::lapse() {
  for (const TicketId &id : desk_.tickets.all()) {
    const Ticket *ticket = desk_.tickets.find(id);
    if (ticket == nullptr || ticket->side != Side::held || ticket->kind != PeerKind::node) continue;
    if (ticket->state < TicketState::confirmed) continue;
    if (desk_.now - ticket->refreshed >= desk_.silence_of(*ticket))
      lose(id, "lapsed", "no heartbeat named it");
  }
}

void Consumer::release(Carried &stream, const TicketId &id, const char *cancel_code, const std::string &why) {
  if (id.empty()) return;
  const Ticket &ticket = *desk_.tickets.find(id);
  if (cancel_code != nullptr) desk_.cancel(ticket.peer, ticket.id, cancel_code, why);
  if (ticket.linked) desk_.emit(RemoveSource{.slug = stream.slug, .ticket = id});
  if (stream.search) stream.search->offers.erase(id);
  if (stream.spare) stream.spare->offers.erase(id);
  desk_.end(ticket);
}

void Consumer::release_all(Carried &stream, const char *cancel_code, const std::string &why) {
  stop_spare(stream);
  for (TicketId *id : {&stream.coming, &stream.held, &stream.standby}) {
    release(stream, *id, cancel_code, why);
    id->clear();
  }
  stream.coming_flows = stream.trying = false;
  stream.silent.reset();
  desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  desk_.agenda.drop({.due = Due::overlap, .name = stream.slug});
  desk_.agenda.drop({.due = Due::improve, .name = stream.slug});
}

void Consumer::lose(const TicketId &which, const char *cancel_code, const std::string &why) {
  const TicketId id = which;
  const Ticket &ticket = *desk_.tickets.find(id);
  Carried &stream = *holder(ticket);
  const Uuid source = ticket.source;
  release(stream, id, cancel_code, why);
  if (id == stream.standby) return standby_lost(stream);
  if (id == stream.coming) {
    stream.coming.clear();
    stream.coming_flows = false;
    desk_.agenda.drop({.due = Due::overlap, .name = stream.slug});
    desk_.agenda.drop({.due = Due::step, .name = stream.slug});
    if (stream.search) return next_best(stream);
    desk_.notice(CarryChanged{.slug = stream.slug});
    if (!stream.leaver.empty()) return move(stream, 0, stream.leaver);
    later_improve(stream);
    return keep_standby(stream);
  }
  if (id != stream.held) return;  // one of the offers
  stream.held.clear();
  if (stream.phase == Phase::fed) return parent_lost(stream, source);
  desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  if (stream.own) {
    enter_orphan(stream);
    return retry(stream);
  }
  if (stream.phase == Phase::joining) enter(stream, Phase::asking);
  cut_off(stream, true);
  if (stream.search) return next_best(stream);
  if (!use_standby(stream)) search(stream);
}

void Consumer::enter_orphan(Carried &stream) {
  if (stream.phase != Phase::orphan) enter(stream, Phase::orphan);
}

void Consumer::retry(Carried &stream) {
  if (stream.own ? stream.publisher == 0 || stream.paused : !wanted(stream))
    return desk_.notice(NeedChanged{.slug = stream.slug});
  const Timeouts &timeouts = desk_.settings.timeouts;
  const bool hurry = stream.lost && desk_.now - *stream.lost < timeouts.hurry;
  stream.backoff =
      std::clamp(stream.backoff * 2, timeouts.first_retry, hurry ? timeouts.last_hurry : timeouts.last_retry);
  desk_.agenda.set({.due = Due::retry, .name = stream.slug}, desk_.now + desk_.rng.jittered(stream.backoff));
}

void Consumer::answer_calls(Carried &stream, const Expected<Answered> &answer) {
  for (const CallId call : std::exchange(stream.calls, {})) desk_.answer(call, answer);
}

void Consumer::attach(Carried &stream, PeerId publisher) {
  // Publishing::admit has looked, and pause() has left it so.
  assert(stream.own && stream.publisher == 0 && stream.phase == Phase::orphan);
  stream.publisher = publisher;
  stream.backoff = {};
  if (!stream.media) {
    stream.media = true;
    desk_.emit(OpenMedia{.slug = stream.slug, .own = stream.own});
    desk_.notice(MediaOpened{.slug = stream.slug});
  }
  begin(stream);
  need_changed(stream.slug);
}

void Consumer::pause(Carried &stream, const std::string &code, const std::string &why) {
  assert(stream.own);  // Publishing pauses ours only
  desk_.agenda.drop({.due = Due::retry, .name = stream.slug});
  release_all(stream, code.c_str(), why);
  enter_orphan(stream);
  desk_.notice(NeedChanged{.slug = stream.slug});
  desk_.notice(CarryChanged{.slug = stream.slug});
}

void Consumer::drop(const Slug &slug, const Error &error, const std::string &code) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr) return;
  stop_search(*stream);
  release_all(*stream, code.c_str(), error.detail);
  enter_orphan(*stream);
  answer_calls(*stream, tl::unexpected<Error>(error));
  close(*stream);
}

void Consumer::unwanted_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr || !stream->media || wanted(*stream) || stream->publisher != 0) return;
  if (stream->own) {
    stream->media = false;
    desk_.emit(CloseMedia{.slug = slug});
    return desk_.notice(Closed{.slug = slug});
  }
  stop_search(*stream);
  release_all(*stream, "unwanted", "nobody watches here");
  enter_orphan(*stream);
  close(*stream);
}

void Consumer::close(Carried &stream) {
  // The callers have released all, and answered.
  assert(stream.held.empty() && stream.standby.empty() && !stream.search && stream.calls.empty());
  for (const Due due : {Due::step, Due::search, Due::retry, Due::unwanted, Due::improve, Due::overlap,
                        Due::standby, Due::renew})
    desk_.agenda.drop({.due = due, .name = stream.slug});
  if (stream.media) desk_.emit(CloseMedia{.slug = stream.slug});
  if (desk_.room.children(stream.slug) == 0) desk_.room.forget(stream.slug);
  if (!stream.told.over) desk_.notice(CarryChanged{.slug = stream.slug});
  if (desk_.supernode()) desk_.notice(CarryChanged{.slug = stream.slug});
  desk_.notice(Closed{.slug = stream.slug});
  desk_.carried.erase(Slug{stream.slug});
}

}  // namespace astral::core
