// SPDX-License-Identifier: BSD-3-Clause
#include "core/streams/reconciler.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/admission.hpp"
#include "core/silence.hpp"
#include "core/slug.hpp"
#include "core/streams/pauses.hpp"
#include "core/streams/plan.hpp"

namespace astral::core {
namespace {

constexpr std::uint32_t quick_doubts = 6;  // then the pauses between them double
constexpr int most_steps =
    100;  // enough: a stream has few links and one search, and each step changes a fact for good

}  // namespace

Circumstances Reconciler::circumstances(const StreamState &stream) const {
  const StreamInfo *info = directory_.stream(stream.slug);
  const bool ours = stream.own && !stream.own->paused;
  return {.now = node_.now,
          .wanted = stream.watched || stream.played || stream.relayed || !stream.calls.empty() ||
                    !stream.watchers.empty() || tickets_.any_given(stream.slug),
          .publisher_here = ours && sessions_.peers.find(stream.own->publisher) != nullptr,
          .streaming = info == nullptr || info->streaming,
          .ended = info != nullptr && info->ended,
          .may_appear = !sessions_.settled() || (info != nullptr && info->streaming),
          .shutting_down = node_.leaving};
}

void Reconciler::settle(StreamState &stream) {
  const Slug slug = stream.slug;
  bool moved = false;
  bool changed = false;
  for (int step = 0;; ++step) {
    assert(step < most_steps);
    note_need(stream);
    note_end(stream);
    const Plan plan = core::plan(stream, circumstances(stream), node_.settings.timeouts);
    if (note_parent(stream, plan)) {
      moved = changed = true;
      continue;
    }
    if (note_hunger(stream, plan)) {
      changed = true;
      continue;
    }
    if (do_links(stream, plan) || do_search(stream, plan)) {
      changed = true;
      continue;
    }
    if (note_pauses(stream, plan, node_.now, rng_)) continue;
    if (plan.ask_publisher) {
      ask_publisher(stream);
      changed = true;
      continue;
    }
    if (tell(stream, plan)) {
      moved = changed = true;
      continue;
    }
    if (plan.answer_watchers) {
      answer_watchers(stream, plan);
      continue;
    }
    if (plan.over && !stream.media) refuse_all(stream);
    if (plan.ending == Ending::close) return close(stream);
    if (plan.ending == Ending::end) {
      end(stream);
      changed = true;
      continue;
    }
    if (plan.ending == Ending::close_media) {
      close_media(stream);
      continue;
    }
    const TimerId look{.kind = TimerKind::stream, .name = slug};
    if (plan.look_again == never)
      timers_.drop(look);
    else
      timers_.set(look, plan.look_again);
    break;
  }
  if (moved && !stream.own) outbox_.post(Moved{.slug = slug});
  if (moved || (changed && !stream.own)) outbox_.post(CarryChanged{.slug = slug});
}

// Notes since when nobody wants the stream.
void Reconciler::note_need(StreamState &stream) {
  const bool needed = circumstances(stream).wanted || (stream.own && stream.own->publisher != 0);
  if (needed || !stream.media)
    stream.unwanted.reset();
  else
    stream.unwanted = stream.unwanted.value_or(node_.now);
}

// Notes the source's word, and since when it is known here.
void Reconciler::note_end(StreamState &stream) {
  stream.source_ended = circumstances(stream).ended;
  if (stream.source_ended && stream.media)
    stream.end_heard = stream.end_heard.value_or(node_.now);
  else
    stream.end_heard.reset();
}

// A new parent that brings nothing is silent, although no media has ever stopped.
bool Reconciler::note_hunger(StreamState &stream, const Plan &plan) {
  if (plan.hungry != stream.hungry.has_value()) {
    stream.hungry = plan.hungry ? std::optional(node_.now) : std::nullopt;
    stream.doubts = 0;
    stream.doubt_at = node_.now + node_.settings.timeouts.first_doubt;
    return true;
  }
  if (plan.doubts) {
    const Timeouts &times = node_.settings.timeouts;
    const std::uint32_t doublings = std::max(++stream.doubts, quick_doubts) - quick_doubts;
    stream.doubt_at =
        node_.now + std::min(times.first_doubt * (1 << std::min(doublings, 8u)), times.last_doubt);
    outbox_.post(Doubted{});
    return true;
  }
  if (!plan.starves || stream.silence) return false;
  stream.silence = Silence{.since = node_.now};
  if (plan.standby == nullptr) stream.pause(Purpose::standby).until = node_.now;
  return true;
}

// The links are released already. The children get the rest from our relay.
void Reconciler::end(StreamState &stream) {
  assert(stream.links.empty());
  stream.ended = node_.now;
  stream.played = false;
  stream.relayed.reset();
  stream.players = 0;
  stream.audience = {};
  outbox_.emit(EndMedia{.slug = stream.slug});
  outbox_.announce(Change::stream, stream.slug);
  outbox_.post(CarryChanged{.slug = stream.slug});
  refuse_all(stream);
}

void Reconciler::close_media(StreamState &stream) {
  stream.media = stream.dry = false;
  stream.ended.reset();
  outbox_.emit(CloseMedia{.slug = stream.slug});
  outbox_.post(Closed{.slug = stream.slug});
}

// Whoever waits for a stream that has ended.
void Reconciler::refuse_all(StreamState &stream) {
  answer_calls(stream, fail(Code::not_found, has_ended));
  if (!stream.media && tickets_.any_given(stream.slug))
    outbox_.post(NotFound{.slug = stream.slug, .code = RefusalCode::no_stream, .why = has_ended});
}

// Notes that the parent has changed: there is a first one, another one, or none now.
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
  stream.dry = false;
  stream.fed = Fed{.by = by, .source = plan.parent->source, .since = node_.now};
  if (!stream.own && !(stream.calls.empty() && stream.watchers.empty()))
    (std::exchange(stream.to_be_watched, false) ? stream.watched : stream.played) = true;
  return true;
}

void Reconciler::parent_lost(StreamState &stream, const Plan &plan) {
  const Fed fed = *std::exchange(stream.fed, std::nullopt);
  stream.lost_parent = fed.source;
  stream.lost = node_.now;
  if (node_.now - fed.since >= node_.settings.timeouts.settled) stream.pause(Purpose::parent).length = {};
  const bool replaced = std::any_of(plan.links.begin(), plan.links.end(),
                                    [](const Duty &duty) { return duty.use == Use::feed; });
  if (!replaced) fail_later(stream, Purpose::parent);
}

void Reconciler::fail_later(StreamState &stream, Purpose purpose) {
  lengthen_pause(stream, purpose, circumstances(stream), node_.settings.timeouts, rng_);
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
      const Uuid source = link.source;
      const bool brought = link.media.has_value();
      if (duty.failed)
        lose(stream, link.id, duty.code, duty.why);
      else
        release(stream, link.id, duty.code, duty.why);
      // Search for another standby at once.
      if (duty.failed && listened && !races(stream)) stream.pause(Purpose::standby).until = node_.now;
      if (duty.failed && listened && !brought)
        stream.note_barren(source, node_.now + node_.settings.timeouts.barren);
      return true;
    }
    case Use::reserve:
      return false;
    case Use::stand_by:
      if (link.state == LinkState::offered) {
        this->link(stream, link, true);
      } else if (link.state == LinkState::tried) {
        enter(link, LinkState::ready);
        outbox_.emit(SwitchSource{.slug = stream.slug, .ticket = link.id, .standby = true});
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
  link.since = node_.now;
  if (agreed(state) != before) ticket_changes_.enter(*tickets_.find(link.id), agreed(state));
}

void Reconciler::open_media(StreamState &stream) {
  if (stream.media) return;
  stream.media = true;
  outbox_.emit(OpenMedia{.slug = stream.slug, .own = stream.own.has_value()});
  outbox_.post(MediaOpened{.slug = stream.slug});
}

void Reconciler::link(StreamState &stream, Link &link, bool standby) {
  open_media(stream);
  enter(link, standby ? LinkState::preparing : LinkState::linking);
  // Offers that come from now on are cancelled.
  if (stream.search && !races(stream)) stream.search->until = node_.now;
  // The address is the one that this node knows, whatever the offer says.
  Offer offer = link.offer;
  offer.tcp = tcp_address(directory_.node(link.source));
  // A publisher of ours is let in with any key: the relay signs with the stream's.
  const StreamInfo *info = directory_.stream(stream.slug);
  const bool has_key = !stream.own && info != nullptr && info->is_signed();
  outbox_.emit(AddSource{.slug = stream.slug,
                         .offer = std::move(offer),
                         .stream_key = has_key ? info->fingerprint : "",
                         .standby = standby});
}

void Reconciler::switch_on(StreamState &stream, Link &link, LinkState state) {
  if (link.state == LinkState::ready) {
    link.media.reset();
    outbox_.emit(SwitchSource{.slug = stream.slug, .ticket = link.id, .standby = false});
  }
  enter(link, state);
  if (state != LinkState::switching) return;
  const Link *parent = roles(stream).parent;
  if (parent != nullptr && (parent->leaving || parent->silent)) ++stream.pause(Purpose::away).tries;
  sessions_.send(tickets_.find(link.id)->peer,
                 Request{.ticket = link.id,
                         .slug = slug_in(stream.slug),
                         .destination = node_.self(),
                         .parent = tickets_.given(stream.slug, PeerKind::node) > 0,
                         .room = budget_.places(stream.slug)});
}

// The publisher may be silent, and with it all nodes. So no node is told and no link is released. Both links
// are switched on; the one whose media comes first decides.
void Reconciler::listen(StreamState &stream, Link &link, const Link &parent) {
  switch_on(stream, link, LinkState::tried);
  ++stream.silence->tries;
  // The parent's source reports SourceFlows, if media comes.
  outbox_.emit(SwitchSource{.slug = stream.slug, .ticket = parent.id, .standby = false});
}

void Reconciler::release(StreamState &stream, TicketId id, const char *code, const std::string &why,
                         bool drain) {
  const auto found = stream.links.find(id);
  const Link &link = found->second;
  const Ticket &ticket = *tickets_.find(id);
  if (code != nullptr) sessions_.cancel(ticket.peer, id, code, why);
  if (has_source(link.state))
    outbox_.emit(RemoveSource{.slug = stream.slug, .ticket = id, .drain = drain});
  if (ticket.kind == PeerKind::node) forgers_.gone(id, ticket.source);
  stream.links.erase(found);
  ticket_changes_.end(ticket);
}

void Reconciler::lose(StreamState &stream, TicketId id, const char *code, const std::string &why, bool drain) {
  const Link &link = stream.links.at(id);
  const bool stood_by = on_standby(link.state);
  const bool lasted = link.up && node_.now - *link.up >= node_.settings.timeouts.settled;
  const bool first = stream.own && link.state < LinkState::granted && !stream.fed;
  release(stream, std::move(id), code, why, drain);
  if (stood_by) fail_later(stream, Purpose::standby);
  if (stood_by && lasted) stream.pause(Purpose::standby).length = {};
  if (first) fail_later(stream, Purpose::parent);
}

void Reconciler::release_all(StreamState &stream, const char *code, const std::string &why, bool drain) {
  stream.search.reset();
  while (!stream.links.empty()) release(stream, stream.links.begin()->first, code, why, drain);
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
    case SearchAct::choose:  // do_links() does it
      return false;
    case SearchAct::ask_everybody:
      search.wide = true;
      ask(stream);
      return true;
    case SearchAct::pause:
      search.again = node_.now + node_.settings.timeouts.ask_again;
      return true;
    case SearchAct::ask_again:
      search.wide = false;
      search.id.clear();  // all nodes that were asked have answered
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
                         .begun = node_.now};
  if (purpose == Purpose::renewal) {
    stream.renewing = node_.now;
    stream.pause(purpose).until = node_.now + node_.settings.timeouts.renew_again;
  }
  ask(stream);
}

// To which no link came up, or which brought nothing.
std::vector<Uuid> Reconciler::unreachable(const StreamState &stream) const {
  std::vector<Uuid> nodes;
  const auto add = [&](const Uuid &node) {
    if (nodes.size() < max_unreachable && std::find(nodes.begin(), nodes.end(), node) == nodes.end())
      nodes.push_back(node);
  };
  for (const auto &[node, until] : stream.barren)
    if (node_.now < until) add(node);
  for (const Uuid &node : standing_.avoided(node_.now)) add(node);
  for (const Uuid &node : failed_paths_.list(node_.now)) add(node);
  return nodes;
}

void Reconciler::ask_at(StreamState &stream, PeerId witness) {
  if (!stream.hungry || stream.doubts == 0) return;
  if (stream.search) {
    stream.search->until = std::max(stream.search->until, node_.now + node_.settings.timeouts.ask_leaving);
    Find find = question(stream);
    find.wide = true;
    sessions_.send(witness, std::move(find));
  } else if (Pause &pause = stream.pause(feeder(stream) == nullptr ? Purpose::parent : Purpose::standby);
             pause.until) {
    pause.until = node_.now;  // the search will ask it
  }
}

// Our own, or that of a guest for whom the stream is carried and who is still invited.
Pass Reconciler::pass_for(const StreamState &stream) const {
  if (StreamKeys *keys = node_.settings.stream_keys; keys != nullptr)
    if (Pass own = keys->pass(stream.slug, node_.unix_ms()); !own.empty()) return own;
  const StreamInfo *info = directory_.stream(stream.slug);
  if (invited(info, stream.pass, true, node_.unix_ms())) return stream.pass;
  const Pass *newest = &stream.pass;
  for (const TicketId &id : tickets_.given(stream.slug)) {
    const Pass &shown = tickets_.find(id)->child.pass;
    if (shown.shown > newest->shown && invited(info, shown, true, node_.unix_ms())) newest = &shown;
  }
  return *newest;
}

void Reconciler::ask(StreamState &stream) {
  Search &search = *stream.search;
  const Timeouts &times = node_.settings.timeouts;
  if (search.id.empty()) search.id = rng_.hex(24);
  search.refused = 0;
  search.again.reset();
  const bool hurries = search.purpose == Purpose::away || stream.doubts > 0;
  search.until = node_.now + (hurries ? times.ask_leaving : times.ask);
  search.relayed = false;
  Find find = question(stream);
  if (stream.doubts > 0)
    for (const PeerId witness : sessions_.witnesses)
      if (witness != sessions_.way()) sessions_.send(witness, find);
  if (node_.supernode()) {
    find.request.address = node_.settings.self.ip_address;
    return outbox_.post(ToFind{std::move(find)});
  }
  if (const PeerId way = sessions_.way(); way != 0) sessions_.send(way, std::move(find));
  // Without a supernode nothing is sent: Consumer::settled() asks when there is one.
}

Find Reconciler::question(const StreamState &stream) const {
  const Search &search = *stream.search;
  Find find{.request = {.slug = slug_in(stream.slug),
                        .key = directory_.key_of_stream(stream.slug),
                        .destination = node_.self(),
                        .search = search.id,
                        .asker = sessions_.place(),
                        .nat = node_.settings.self.nat,
                        .families = node_.settings.self.families,
                        .turn = node_.settings.self.turn,
                        .unreachable = unreachable(stream),
                        .hungry = stream.doubts > 0,
                        .direct = search.purpose != Purpose::parent && search.purpose != Purpose::away},
            .wide = search.wide};
  find.request.pass = pass_for(stream);
  // One place is kept for the parent, if a standby is searched for.
  const auto pass_over = [&](const Uuid &node) {
    if (find.request.except.size() + 1 < max_except) find.request.except.push_back(node);
  };
  for (const auto &[node, until] : stream.below)
    if (node_.now < until) pass_over(node);
  for (const Uuid &node : forgers_.list(node_.now)) pass_over(node);
  if (search.purpose == Purpose::standby) {
    find.request.standby = true;
    find.request.except.push_back(stream.fed->source);
  } else {
    find.request.parent = tickets_.given(stream.slug, PeerKind::node) > 0;
    find.request.room = budget_.places(stream.slug);
  }
  return find;
}

void Reconciler::fail_search(StreamState &stream) {
  const Search search = *std::exchange(stream.search, std::nullopt);
  if (search.purpose == Purpose::parent) {
    const StreamInfo *info = directory_.stream(stream.slug);
    const bool exists = search.known || info != nullptr;
    const std::string silent = info == nullptr ? "" : why_silent(*info);
    const std::string &known = !silent.empty() ? silent : stream.trouble.empty() ? search.why : stream.trouble;
    const std::string why = known.empty() ? "" : ": " + known;
    if (!silent.empty())
      answer_calls(stream, fail(Code::no_room, silent));
    else
      answer_calls(stream,
                   exists ? fail(Code::no_room, "nobody who has this stream has room or can be reached" + why)
                          : fail(Code::not_found, "nobody knows this stream"));
    if (!stream.media)
      outbox_.post(NotFound{
          .slug = stream.slug, .code = exists ? RefusalCode::no_room : RefusalCode::no_stream, .why = known});
  }
  fail_later(stream, search.purpose);
}

// Asks the publisher's element for a link that becomes the parent, or replaces an old one.
void Reconciler::ask_publisher(StreamState &stream) {
  if (feeder(stream) != nullptr) {
    stream.renewing = node_.now;
    stream.pause(Purpose::renewal).until = node_.now + node_.settings.timeouts.renew_again;
  }
  const Peer &publisher = *sessions_.peers.find(stream.own->publisher);
  if (tickets_.full(publisher.id)) {
    if (feeder(stream) == nullptr) fail_later(stream, Purpose::parent);
    return;
  }
  const Ticket &ticket = ticket_changes_.add({.id = ticket_changes_.new_id(),
                                              .slug = stream.slug,
                                              .side = Side::held,
                                              .peer = publisher.id,
                                              .kind = publisher.kind,
                                              .source = publisher.uuid,
                                              .destination = node_.self()});
  stream.links.emplace(ticket.id, Link{.id = ticket.id, .since = node_.now, .source = publisher.uuid});
  sessions_.send(publisher.id,
                 Request{.ticket = ticket.id, .slug = stream.slug, .destination = node_.self()});
}

// Answers the calls that wait, and notes what the children are told of the path. True: they must be told.
bool Reconciler::tell(StreamState &stream, const Plan &plan) {
  if (plan.parent != nullptr && !stream.calls.empty())
    answer(stream.calls, Answered{.ticket = plan.parent->id, .created = true});
  const bool cut = std::exchange(stream.upstream_lost, plan.upstream_lost) != plan.upstream_lost;
  if (stream.position == plan.position) return cut;
  stream.position = plan.position;
  return cut || plan.parent != nullptr;
}

void Reconciler::answer(std::vector<CallId> &calls, const Expected<Answered> &result) {
  for (const CallId call : std::exchange(calls, {})) outbox_.answer(call, result);
}

void Reconciler::answer_watchers(StreamState &stream, const Plan &plan) {
  if (plan.parent != nullptr)
    return answer(stream.watchers, Answered{.ticket = plan.parent->id, .created = true});
  const StreamInfo *info = directory_.stream(stream.slug);
  const std::string silent = info == nullptr ? "" : why_silent(*info);
  const std::string &known = silent.empty() ? stream.trouble : silent;
  answer(stream.watchers, fail(Code::timeout, known.empty() ? "no media has come yet" : known));
}

void Reconciler::answer_calls(StreamState &stream, const Expected<Answered> &result) {
  stream.to_be_watched = false;
  answer(stream.calls, result);
  answer(stream.watchers, result);
}

void Reconciler::close(StreamState &stream) {
  assert(stream.links.empty() && !stream.search && stream.calls.empty() && stream.watchers.empty());
  timers_.drop({.kind = TimerKind::stream, .name = stream.slug});
  if (stream.media) outbox_.emit(CloseMedia{.slug = stream.slug});
  if (budget_.children(stream.slug) == 0) budget_.forget(stream.slug);
  if (!stream.told.over) outbox_.post(CarryChanged{.slug = stream.slug});
  if (node_.supernode()) outbox_.post(CarryChanged{.slug = stream.slug});
  outbox_.post(Closed{.slug = stream.slug});
  streams_.all.erase(Slug{stream.slug});
}

}  // namespace astral::core
