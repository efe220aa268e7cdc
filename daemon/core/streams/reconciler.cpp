// SPDX-License-Identifier: BSD-3-Clause
#include "core/streams/reconciler.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/streams/plan.hpp"

namespace astral::core {
namespace {

constexpr int most_steps = 100;  // each changes a fact for good: there are a few links, and one search
constexpr std::uint32_t quick_leavings = 8;  // the parent may ask us to go as often as it likes

}  // namespace

Circumstances Reconciler::circumstances(const StreamState &stream) const {
  const StreamInfo *info = context_.directory.stream(stream.slug);
  const bool ours = stream.own && !stream.own->paused;
  return {.now = context_.now,
          .wanted = stream.watched || !stream.calls.empty() || context_.tickets.any_given(stream.slug),
          .publisher_here = ours && context_.peers.find(stream.own->publisher) != nullptr,
          .streaming = info == nullptr || info->streaming,
          .may_appear = !context_.settled() || (info != nullptr && info->streaming),
          .shutting_down = context_.leaving};
}

void Reconciler::settle(StreamState &stream) {
  const Slug slug = stream.slug;
  bool moved = false;
  bool changed = false;
  for (int step = 0;; ++step) {
    assert(step < most_steps);
    note_need(stream);
    const Plan plan = core::plan(stream, circumstances(stream), context_.settings.timeouts);
    if (note_parent(stream, plan)) {
      moved = changed = true;
      continue;
    }
    if (do_links(stream, plan) || do_search(stream, plan)) {
      changed = true;
      continue;
    }
    if (note_pauses(stream, plan)) continue;
    if (plan.ask_publisher) {
      ask_publisher(stream);
      changed = true;
      continue;
    }
    if (tell(stream, plan)) {
      moved = changed = true;
      continue;
    }
    if (plan.ending == Ending::close) return close(stream);
    if (plan.ending == Ending::close_media) {
      stream.media = false;
      context_.emit(CloseMedia{.slug = slug});
      context_.post(Closed{.slug = slug});
      continue;
    }
    const TimerId look{.kind = TimerKind::stream, .name = slug};
    if (plan.look_again == never)
      context_.timers.drop(look);
    else
      context_.timers.set(look, plan.look_again);
    break;
  }
  if (moved && !stream.own) context_.post(Moved{.slug = slug});
  if (moved || (changed && !stream.own)) context_.post(CarryChanged{.slug = slug});
}

// Since when nobody wants it.
void Reconciler::note_need(StreamState &stream) {
  const bool needed = circumstances(stream).wanted || (stream.own && stream.own->publisher != 0);
  if (needed || !stream.media)
    stream.unwanted.reset();
  else
    stream.unwanted = stream.unwanted.value_or(context_.now);
}

// Another parent than before, or the first one, or none any more.
bool Reconciler::note_parent(StreamState &stream, const Plan &plan) {
  const TicketId by = plan.parent == nullptr ? TicketId{} : plan.parent->id;
  if (by == (stream.fed ? stream.fed->by : TicketId{})) return false;
  stream.silence.reset();
  stream.renewing.reset();
  for (const Purpose purpose : {Purpose::away, Purpose::renewal, Purpose::better, Purpose::standby})
    stream.pause(purpose).until.reset();
  for (const Purpose purpose : {Purpose::away, Purpose::standby}) stream.pause(purpose).tries = 0;
  if (plan.parent == nullptr) {
    parent_lost(stream, plan);
    return true;
  }
  if (!stream.fed) {
    stream.lost_parent.clear();
    stream.pause(Purpose::better).tries = 0;
  }
  stream.fed = Fed{.by = by, .source = plan.parent->source, .since = context_.now};
  if (!stream.own && !stream.calls.empty()) stream.watched = true;
  return true;
}

void Reconciler::parent_lost(StreamState &stream, const Plan &plan) {
  const Fed fed = *std::exchange(stream.fed, std::nullopt);
  stream.lost_parent = fed.source;
  stream.lost = context_.now;
  if (context_.now - fed.since >= context_.settings.timeouts.settled)
    stream.pause(Purpose::parent).length = {};
  const bool replaced = std::any_of(plan.links.begin(), plan.links.end(),
                                    [](const Duty &duty) { return duty.use == Use::feed; });
  if (!replaced) fail_later(stream, Purpose::parent);
}

void Reconciler::fail_later(StreamState &stream, Purpose purpose) {
  const Timeouts &times = context_.settings.timeouts;
  Pause &pause = stream.pause(purpose);
  switch (purpose) {
    case Purpose::parent: {
      const Circumstances at = circumstances(stream);
      if (stream.own ? !at.publisher_here : !at.wanted) return;
      const bool hurry = stream.lost && context_.now - *stream.lost < times.hurry;
      const Time last = hurry ? times.last_hurry : times.last_retry;
      pause.length = std::clamp(pause.length * 2, times.first_retry, last);
      pause.until = context_.now + context_.rng.jittered(pause.length);
      return;
    }
    case Purpose::away: {
      // All who had to move at once said no to each other; the next time they do not ask in the same moment.
      Time after = times.leave_again;
      for (std::uint32_t i = quick_leavings; i < pause.tries && after < times.last_retry; ++i)
        after = std::min(after * 2, times.last_retry);
      pause.until = context_.now + context_.rng.jittered(after);
      return;
    }
    case Purpose::standby:
      pause.length = std::clamp(pause.length * 2, times.standby_again, times.last_standby);
      pause.until.reset();
      return;
    case Purpose::renewal:  // it has its next time already
      return;
    case Purpose::better:
      pause.until.reset();
      return;
  }
}

bool Reconciler::note_pauses(StreamState &stream, const Plan &plan) {
  bool noted = false;
  for (const Purpose purpose :
       {Purpose::parent, Purpose::away, Purpose::better, Purpose::renewal, Purpose::standby}) {
    const auto &need = plan.needs[static_cast<std::size_t>(purpose)];
    std::optional<Time> &until = stream.pause(purpose).until;
    if (need.has_value() == until.has_value()) continue;
    if (!need)
      until.reset();
    else
      until = *need == Time{} ? context_.now : context_.now + context_.rng.jittered(*need);
    noted = true;
  }
  return noted;
}

bool Reconciler::do_links(StreamState &stream, const Plan &plan) {
  for (const bool release : {false, true})
    for (const Duty &duty : plan.links)
      if ((duty.use == Use::release) == release && do_duty(stream, duty)) return true;
  return false;
}

bool Reconciler::do_duty(StreamState &stream, const Duty &duty) {
  Link &link = stream.links.at(duty.link->id);
  switch (duty.use) {
    case Use::release: {
      const bool listened = link.state == LinkState::tried;
      if (duty.failed)
        lose(stream, link.id, duty.code, duty.why);
      else
        release(stream, link.id, duty.code, duty.why);
      // Another is tried at once.
      if (duty.failed && listened) stream.pause(Purpose::standby).until = context_.now;
      return true;
    }
    case Use::reserve:
      return false;
    case Use::stand_by:
      if (link.state == LinkState::offered) {
        this->link(stream, link, true);
      } else if (link.state == LinkState::tried) {
        enter(link, LinkState::ready);
        context_.emit(SwitchSource{.slug = stream.slug, .ticket = link.id, .standby = true});
      } else {
        return false;
      }
      return true;
    case Use::listen:
      if (link.state != LinkState::ready) return false;
      listen(stream, link, *roles(stream).parent);
      return true;
    case Use::feed:
      if (link.state == LinkState::offered)
        this->link(stream, link, false);
      else if (link.state == LinkState::ready || link.state == LinkState::tried)
        switch_on(stream, link, LinkState::switching);
      else
        return false;
      return true;
  }
  return false;
}

void Reconciler::enter(Link &link, LinkState state) {
  assert(may_follow(link.state, state));
  const TicketState before = agreed(link.state);
  link.state = state;
  link.since = context_.now;
  if (agreed(state) != before) context_.enter(*context_.tickets.find(link.id), agreed(state));
}

void Reconciler::open_media(StreamState &stream) {
  if (stream.media) return;
  stream.media = true;
  context_.emit(OpenMedia{.slug = stream.slug, .own = stream.own.has_value()});
  context_.post(MediaOpened{.slug = stream.slug});
}

void Reconciler::link(StreamState &stream, Link &link, bool standby) {
  open_media(stream);
  enter(link, standby ? LinkState::preparing : LinkState::linking);
  // Whoever offers from now on is told that it is too late.
  if (stream.search) stream.search->until = context_.now;
  context_.emit(AddSource{.slug = stream.slug, .offer = link.offer, .standby = standby});
}

void Reconciler::switch_on(StreamState &stream, Link &link, LinkState state) {
  if (link.state == LinkState::ready) {
    link.media.reset();
    context_.emit(SwitchSource{.slug = stream.slug, .ticket = link.id, .standby = false});
  }
  enter(link, state);
  if (state != LinkState::switching) return;
  if (roles(stream).parent != nullptr && roles(stream).parent->leaving) ++stream.pause(Purpose::away).tries;
  context_.send(context_.tickets.find(link.id)->peer,
                Request{.ticket = link.id,
                        .slug = stream.slug,
                        .destination = context_.self(),
                        .parent = context_.tickets.given(stream.slug, PeerKind::node) > 0,
                        .room = context_.budget.places(stream.slug)});
}

// Perhaps it is the publisher who says nothing, and everybody is silent: so nobody is told, and nothing is
// given up. Both are listened to; whoever is heard from first decides.
void Reconciler::listen(StreamState &stream, Link &link, const Link &parent) {
  switch_on(stream, link, LinkState::tried);
  ++stream.silence->tries;
  // It says that it flows, if it does.
  context_.emit(SwitchSource{.slug = stream.slug, .ticket = parent.id, .standby = false});
}

void Reconciler::release(StreamState &stream, TicketId id, const char *code, const std::string &why) {
  const auto found = stream.links.find(id);
  const Link &link = found->second;
  const Ticket &ticket = *context_.tickets.find(id);
  if (code != nullptr) context_.cancel(ticket.peer, id, code, why);
  if (has_source(link.state)) context_.emit(RemoveSource{.slug = stream.slug, .ticket = id});
  stream.links.erase(found);
  context_.end(ticket);
}

void Reconciler::lose(StreamState &stream, TicketId id, const char *code, const std::string &why) {
  const Link &link = stream.links.at(id);
  const bool stood_by = on_standby(link.state);
  const bool lasted = link.up && context_.now - *link.up >= context_.settings.timeouts.settled;
  const bool first = stream.own && link.state < LinkState::granted && !stream.fed;
  release(stream, std::move(id), code, why);
  if (stood_by) fail_later(stream, Purpose::standby);
  if (stood_by && lasted) stream.pause(Purpose::standby).length = {};
  if (first) fail_later(stream, Purpose::parent);
}

void Reconciler::release_all(StreamState &stream, const char *code, const std::string &why) {
  stream.search.reset();
  while (!stream.links.empty()) release(stream, stream.links.begin()->first, code, why);
}

bool Reconciler::do_search(StreamState &stream, const Plan &plan) {
  const TicketId parent = plan.parent == nullptr ? TicketId{} : plan.parent->id;
  const bool over =
      stream.search && (plan.search != stream.search->purpose || stream.search->parent != parent);
  if (over) {
    stream.search.reset();
    return true;
  }
  if (!plan.search) return false;
  if (!stream.search) {
    begin_search(stream, plan);
    return true;
  }
  Search &search = *stream.search;
  switch (plan.step.act) {
    case SearchAct::wait:
    case SearchAct::choose:  // a link's business
      return false;
    case SearchAct::ask_everybody:
      search.wide = true;
      ask(stream);
      return true;
    case SearchAct::pause:
      search.again = context_.now + context_.settings.timeouts.ask_again;
      return true;
    case SearchAct::ask_again:
      search.wide = false;
      search.id.clear();  // answered by all who were asked
      ask(stream);
      return true;
    case SearchAct::fail:
      fail_search(stream);
      return true;
  }
  return false;
}

void Reconciler::begin_search(StreamState &stream, const Plan &plan) {
  const Purpose purpose = *plan.search;
  ++stream.pause(purpose).tries;
  stream.search = Search{.purpose = purpose,
                         .parent = plan.parent == nullptr ? TicketId{} : plan.parent->id,
                         .wide = purpose == Purpose::better,
                         .begun = context_.now};
  if (purpose == Purpose::renewal) {
    stream.renewing = context_.now;
    stream.pause(purpose).until = context_.now + context_.settings.timeouts.renew_again;
  }
  ask(stream);
}

void Reconciler::ask(StreamState &stream) {
  Search &search = *stream.search;
  const Timeouts &times = context_.settings.timeouts;
  if (search.id.empty()) search.id = context_.rng.hex(24);
  search.refused = 0;
  search.again.reset();
  search.until = context_.now + (search.purpose == Purpose::away ? times.ask_leaving : times.ask);
  Find find{.request = {.slug = stream.slug,
                        .destination = context_.self(),
                        .search = search.id,
                        .asker = context_.place()},
            .wide = search.wide};
  if (search.purpose == Purpose::standby) {
    find.request.standby = true;
    find.request.except = stream.fed->source;
  } else {
    find.request.parent = context_.tickets.given(stream.slug, PeerKind::node) > 0;
    find.request.room = context_.budget.places(stream.slug);
  }
  if (context_.supernode()) return context_.post(ToFind{std::move(find)});
  if (context_.primary != 0) context_.send(context_.primary, std::move(find));
  // Without a supernode: it is asked again when there is one.
}

void Reconciler::fail_search(StreamState &stream) {
  const Search search = *std::exchange(stream.search, std::nullopt);
  if (search.purpose == Purpose::parent) {
    const bool exists = search.known || context_.directory.stream(stream.slug) != nullptr;
    answer_calls(stream, exists ? fail(Code::no_room, "nobody who has this stream has room or can be reached")
                                : fail(Code::not_found, "nobody knows this stream"));
    if (!stream.media)
      context_.post(
          NotFound{.slug = stream.slug, .code = exists ? RefusalCode::no_room : RefusalCode::no_stream});
  }
  fail_later(stream, search.purpose);
}

// The publisher's element, for a link that is to be the parent, or to replace an old one.
void Reconciler::ask_publisher(StreamState &stream) {
  if (feeder(stream) != nullptr) {
    stream.renewing = context_.now;
    stream.pause(Purpose::renewal).until = context_.now + context_.settings.timeouts.renew_again;
  }
  const Peer &publisher = *context_.peers.find(stream.own->publisher);
  if (context_.tickets.full(publisher.id)) {
    if (feeder(stream) == nullptr) fail_later(stream, Purpose::parent);
    return;
  }
  const Ticket &ticket = context_.add({.id = context_.new_ticket_id(),
                                       .slug = stream.slug,
                                       .side = Side::held,
                                       .peer = publisher.id,
                                       .kind = publisher.kind,
                                       .source = publisher.uuid,
                                       .destination = context_.self()});
  stream.links.emplace(ticket.id, Link{.id = ticket.id, .since = context_.now, .source = publisher.uuid});
  context_.send(publisher.id,
                Request{.ticket = ticket.id, .slug = stream.slug, .destination = context_.self()});
}

// The calls that wait, and what our children know of the path. True: the children are to be told.
bool Reconciler::tell(StreamState &stream, const Plan &plan) {
  if (plan.parent != nullptr && !stream.calls.empty())
    answer_calls(stream, Answered{.ticket = plan.parent->id, .created = true});
  const bool cut = std::exchange(stream.upstream_lost, plan.upstream_lost) != plan.upstream_lost;
  if (stream.position == plan.position) return cut;
  stream.position = plan.position;
  return cut || plan.parent != nullptr;
}

void Reconciler::answer_calls(StreamState &stream, const Expected<Answered> &answer) {
  for (const CallId call : std::exchange(stream.calls, {})) context_.answer(call, answer);
}

void Reconciler::close(StreamState &stream) {
  assert(stream.links.empty() && !stream.search && stream.calls.empty());
  context_.timers.drop({.kind = TimerKind::stream, .name = stream.slug});
  if (stream.media) context_.emit(CloseMedia{.slug = stream.slug});
  if (context_.budget.children(stream.slug) == 0) context_.budget.forget(stream.slug);
  if (!stream.told.over) context_.post(CarryChanged{.slug = stream.slug});
  if (context_.supernode()) context_.post(CarryChanged{.slug = stream.slug});
  context_.post(Closed{.slug = stream.slug});
  context_.carried.erase(Slug{stream.slug});
}

}  // namespace astral::core
