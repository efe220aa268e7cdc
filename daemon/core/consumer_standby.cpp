// SPDX-License-Identifier: BSD-3-Clause
// The one that stands by: its link is up, its media is not asked for. Found while we are fed, switched on at
// once when the parent is lost, and tried when the parent is silent. And the change from one parent to the
// next.
#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "core/consumer.hpp"
#include "core/limits.hpp"

namespace astral::core {
namespace {

constexpr std::uint32_t most_spares = 3;  // searches for one that does not depend on the parent

}  // namespace

void Consumer::standby_timer(const Carried &stream, Time after) {
  desk_.agenda.set({.due = Due::standby, .name = stream.slug}, desk_.now + after);
}

bool Consumer::stands_by(const Carried &stream) const {
  const Ticket *ticket = desk_.tickets.find(stream.standby);
  return ticket != nullptr && ticket->state == TicketState::standing_by;
}

// And its path reaches the source.
bool Consumer::helps(const Carried &stream) const {
  return stands_by(stream) && !desk_.tickets.find(stream.standby)->cut;
}

// It would fall with our parent. Without the publisher's node all do.
bool Consumer::through_parent(const Carried &stream, const std::vector<Uuid> &path) const {
  const Ticket *parent = desk_.tickets.find(stream.held);
  return parent != nullptr && stream.hops > 1 &&
         std::find(path.begin(), path.end(), parent->source) != path.end();
}

void Consumer::keep_standby(Carried &stream) {
  // Who has to go looks for a parent: places that are promised to other searches of its are lost to that one.
  const bool rests =
      stream.phase == Phase::fed && !stream.search && stream.coming.empty() && stream.leaver.empty();
  if (stream.own || !rests || (stream.cut && take_standby(stream)) || stream.spare || stream.trying) return;
  const Ticket *ticket = desk_.tickets.find(stream.standby);
  if (ticket != nullptr && ticket->state != TicketState::standing_by) return;  // its link comes up
  const Agenda::Key due{.due = Due::standby, .name = stream.slug};
  const bool poor = ticket != nullptr && (ticket->cut || through_parent(stream, ticket->path));
  if (ticket != nullptr && (stream.spares >= most_spares || !poor)) return desk_.agenda.drop(due);
  if (desk_.agenda.has(due)) return;
  const Timeouts &timeouts = desk_.settings.timeouts;
  const Time after =
      ticket != nullptr ? timeouts.standby_again : std::max(timeouts.standby, stream.standby_backoff);
  standby_timer(stream, desk_.rng.jittered(after));
}

void Consumer::standby_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr) return;
  if (stream->trying) {
    if (!take_standby(*stream)) standby_timer(*stream, desk_.settings.timeouts.silent);
    return;
  }
  if (stream->spare && stream->spare->step == Step::gathering) return pick_standby(*stream, *stream->spare);
  if (stream->spare) return no_spare(*stream);
  if (!stream->standby.empty() && !stands_by(*stream))
    return lose(stream->standby, "timeout", "no link in time");
  if (stream->phase != Phase::fed || stream->search || !stream->coming.empty() || desk_.leaving) return;
  if (!wanted(*stream)) return standby_timer(*stream, desk_.settings.timeouts.last_standby);
  find_standby(*stream);
}

void Consumer::find_standby(Carried &stream) {
  stream.spare.emplace(Search{.id = desk_.rng.hex(24)});
  ++stream.spares;
  ask_spare(stream);
}

void Consumer::ask_spare(Carried &stream) {
  standby_timer(stream, desk_.settings.timeouts.ask);
  Find find{.request = {.slug = stream.slug,
                        .destination = desk_.self(),
                        .search = stream.spare->id,
                        .asker = desk_.place(),
                        .standby = true,
                        .except = desk_.tickets.find(stream.held)->source},
            .wide = stream.spare->wide};
  if (desk_.supernode()) return desk_.notice(ToFind{std::move(find)});
  if (desk_.primary != 0) desk_.send(desk_.primary, std::move(find));
}

void Consumer::no_spare(Carried &stream) {
  stream.spare->step = Step::finding;
  if (!std::exchange(stream.spare->wide, true)) return ask_spare(stream);
  stop_spare(stream);
  const Timeouts &timeouts = desk_.settings.timeouts;
  stream.standby_backoff =
      std::clamp(stream.standby_backoff * 2, timeouts.standby_again, timeouts.last_standby);
  keep_standby(stream);
}

// Of a search of its own, or what the search for the parent has left: not the parent, nor what falls with it,
// the fewest hops, the nearest.
void Consumer::pick_standby(Carried &stream, Search &search) {
  std::vector<TicketId> ids;
  for (const auto &[id, offer] : search.offers)
    if (id != stream.held) ids.push_back(id);
  const auto worth = [&](const TicketId &id) {
    const Ticket &ticket = *desk_.tickets.find(id);
    const Peer *peer = desk_.peers.find(ticket.peer);
    return std::tuple(through_parent(stream, ticket.path), ticket.hops,
                      peer == nullptr ? never : peer->rtt.value_or(1s));
  };
  const auto best = std::min_element(
      ids.begin(), ids.end(), [&](const TicketId &a, const TicketId &b) { return worth(a) < worth(b); });
  if (best == ids.end()) {
    if (stream.spare) no_spare(stream);
    return;
  }
  const Offer offer = search.offers.at(*best);
  search.offers.erase(offer.ticket);
  stop_spare(stream);
  release(stream, std::exchange(stream.standby, offer.ticket), "replaced", "another stands by");
  add_source(stream, offer, true);
  standby_timer(stream, desk_.settings.timeouts.unconfirmed);
}

void Consumer::hold(Carried &stream, Ticket &ticket) {
  assert(ticket.id == stream.standby);  // the caller has looked
  desk_.enter(ticket, TicketState::standing_by);
  desk_.agenda.drop({.due = Due::standby, .name = stream.slug});
  stream.standby_since = desk_.now;
  if (stream.silent && stream.phase == Phase::fed && !stream.cut) return try_standby(stream);
  standby_moved(stream);
}

// It can be used now, or no more.
void Consumer::standby_moved(Carried &stream) {
  const bool none = stream.phase == Phase::orphan || stream.phase == Phase::asking;
  if (!none) return keep_standby(stream);
  if (wanted(stream)) use_standby(stream);
}

void Consumer::standby_lost(Carried &stream) {
  stream.standby.clear();
  stream.trying = false;
  if (!stream.spare) desk_.agenda.drop({.due = Due::standby, .name = stream.slug});
  const Timeouts &timeouts = desk_.settings.timeouts;
  const bool lasted = stream.standby_since != Time{} && desk_.now - stream.standby_since >= timeouts.settled;
  stream.standby_backoff =
      lasted ? Time{} : std::clamp(stream.standby_backoff * 2, timeouts.standby_again, timeouts.last_standby);
  stream.standby_since = {};
  keep_standby(stream);
}

void Consumer::stop_spare(Carried &stream) {
  if (!stream.spare) return;
  std::vector<TicketId> ids;
  for (const auto &[id, offer] : stream.spare->offers) ids.push_back(id);
  for (const TicketId &id : ids) release(stream, id, "not-chosen", "the search is over");
  desk_.agenda.drop({.due = Due::standby, .name = stream.slug});
  stream.spare.reset();
}

// Perhaps it is the publisher who says nothing, and everybody is silent: so nobody is told, and nothing is
// given up. Both are listened to; whoever is heard from first decides. If none is, another is looked for,
// ever more rarely.
void Consumer::silent(const StreamSilent &input) {
  Carried *stream = desk_.carries(input.slug);
  if (stream == nullptr || stream->own || stream->phase != Phase::fed) return;
  if (!stream->silent) stream->silent = desk_.now;
  if (stream->search || !stream->coming.empty()) return;
  if (!stream->trying) return try_standby(*stream);
  const Time patience = desk_.settings.timeouts.tried * (1 << std::min(stream->tries - 1, 6u));
  if (desk_.now - stream->tried < patience || !live(*stream)) return;
  lose(stream->standby, "silent", "it brings nothing either");
  if (!stream->spare) find_standby(*stream);
}

bool Consumer::live(const Carried &stream) const {
  const StreamInfo *info = desk_.directory.stream(stream.slug);
  return info == nullptr || info->streaming;
}

void Consumer::try_standby(Carried &stream) {
  if (stream.trying) return;
  if (stands_by(stream)) {
    stop_spare(stream);
    desk_.agenda.drop({.due = Due::standby, .name = stream.slug});
    stream.trying = true;
    stream.tried = desk_.now;
    ++stream.tries;
    desk_.emit(SwitchSource{.slug = stream.slug, .ticket = stream.standby, .standby = false});
    desk_.emit(
        SwitchSource{.slug = stream.slug, .ticket = stream.held, .standby = false});  // SourceFlows again
  } else {
    desk_.emit(SwitchSource{.slug = stream.slug, .ticket = stream.held, .standby = false});  // is it there?
    if (stream.standby.empty() && !stream.spare && wanted(stream)) find_standby(stream);
  }
}

// The parent is heard from, or is another one, or gone.
void Consumer::stop_trying(Carried &stream) {
  stream.silent.reset();
  stream.tries = 0;
  if (!std::exchange(stream.trying, false)) return;
  desk_.agenda.drop({.due = Due::standby, .name = stream.slug});
  desk_.emit(SwitchSource{.slug = stream.slug, .ticket = stream.standby, .standby = true});
  keep_standby(stream);
}

// The parent is gone: media first, leave later.
bool Consumer::use_standby(Carried &stream) {
  if (!helps(stream)) return false;
  stop_search(stream);
  stop_spare(stream);
  for (const Due due : {Due::retry, Due::standby}) desk_.agenda.drop({.due = due, .name = stream.slug});
  stream.held = std::exchange(stream.standby, {});
  Ticket &ticket = *desk_.tickets.find(stream.held);
  if (!std::exchange(stream.trying, false))
    desk_.emit(SwitchSource{.slug = stream.slug, .ticket = ticket.id, .standby = false});
  stream.path = ticket.path;
  stream.hops = ticket.hops;
  enter(stream, Phase::joining);
  ask_again(stream, ticket);
  return true;
}

// The parent is still there, so it stays until the other has granted it and its media is here.
bool Consumer::take_standby(Carried &stream) {
  if (stream.phase != Phase::fed || !stream.coming.empty() || !helps(stream)) return false;
  const Ticket &standby = *desk_.tickets.find(stream.standby);
  if ((!stream.leaver.empty() || stream.cut) && through_parent(stream, standby.path)) return false;
  stop_search(stream);
  stop_spare(stream);
  for (const Due due : {Due::improve, Due::standby}) desk_.agenda.drop({.due = due, .name = stream.slug});
  stream.trying = false;
  stream.coming = std::exchange(stream.standby, {});
  desk_.emit(SwitchSource{.slug = stream.slug, .ticket = stream.coming, .standby = false});
  ask_again(stream, *desk_.tickets.find(stream.coming));
  desk_.notice(CarryChanged{.slug = stream.slug});
  return true;
}

void Consumer::ask_again(Carried &stream, Ticket &ticket) {
  desk_.enter(ticket, TicketState::requested);
  desk_.send(ticket.peer, Request{.ticket = ticket.id,
                                  .slug = stream.slug,
                                  .destination = desk_.self(),
                                  .parent = desk_.tickets.given(stream.slug, PeerKind::node) > 0,
                                  .room = desk_.room.places(stream.slug)});
  step_timer(stream, desk_.settings.timeouts.ask);
}

void Consumer::granted(Carried &stream, Ticket &ticket) {
  desk_.enter(ticket, TicketState::confirmed);
  desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  if (ticket.id == stream.held) {
    stream.path = ticket.path;
    stream.hops = ticket.hops;
    return fed(stream);
  }
  if (stream.coming_flows) return replace(stream);
  desk_.agenda.set({.due = Due::overlap, .name = stream.slug}, desk_.now + desk_.settings.timeouts.overlap);
}

// Make before break: the new parent's media is here, so the old one may go. One that was only slow may be
// found again; one that is dead must not stand by.
void Consumer::replace(Carried &stream) {
  const TicketId old = std::exchange(stream.held, std::exchange(stream.coming, {}));
  desk_.agenda.drop({.due = Due::overlap, .name = stream.slug});
  const Ticket &ticket = *desk_.tickets.find(stream.held);
  if (!stream.own) {
    stream.path = ticket.path;
    stream.hops = ticket.hops;
  }
  stream.cut = ticket.cut;
  stream.coming_flows = false;
  stream.spares = 0;
  stream.fed_since = desk_.now;
  stop_search(stream);
  stop_trying(stream);
  release(stream, old, "replaced", "another parent feeds us");
  stream.leaver.clear();
  if (!stream.own) desk_.notice(Moved{.slug = stream.slug});
  desk_.notice(CarryChanged{.slug = stream.slug});
  later_improve(stream);
  later_renew(stream);
  keep_standby(stream);
  go(stream);
}

void Consumer::parent_lost(Carried &stream, const Uuid &source) {
  stream.avoid = source;
  stream.leaver.clear();
  desk_.agenda.drop({.due = Due::improve, .name = stream.slug});
  if (desk_.now - stream.fed_since >= desk_.settings.timeouts.settled) stream.backoff = {};
  if (!stream.coming.empty()) {  // it was about to be replaced anyway
    stop_trying(stream);
    const TicketId coming = stream.coming;
    const Ticket &ticket = *desk_.tickets.find(coming);
    if (ticket.state == TicketState::confirmed) return replace(stream);
    stream.coming.clear();
    stream.coming_flows = false;
    if (ticket.state == TicketState::requested && ticket.linked) {  // it stood by: only its answer is missing
      stream.held = coming;
      stream.path = ticket.path;
      stream.hops = ticket.hops;
      enter(stream, Phase::joining);
      return desk_.notice(CarryChanged{.slug = stream.slug});
    }
    release(stream, coming, "unwanted", "the parent was lost meanwhile");
  }
  stop_search(stream);
  stop_spare(stream);
  desk_.agenda.drop({.due = Due::overlap, .name = stream.slug});
  desk_.notice(CarryChanged{.slug = stream.slug});
  if (!stream.own && wanted(stream) && use_standby(stream)) return;
  enter_orphan(stream);
  stream.lost = desk_.now;
  if (!stream.own) cut_off(stream, true);
  stop_trying(stream);
  retry(stream);
}

}  // namespace astral::core
