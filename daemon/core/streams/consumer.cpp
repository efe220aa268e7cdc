// SPDX-License-Identifier: BSD-3-Clause
#include "core/streams/consumer.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "core/admission.hpp"
#include "core/limits.hpp"
#include "core/silence.hpp"
#include "core/slug.hpp"
#include "core/streams/plan.hpp"

namespace astral::core {
namespace {

constexpr std::size_t max_below = max_except - 1;  // a search for a standby also excepts the parent

}  // namespace

void Consumer::watch(const AskTicket &ask) {
  const auto &[call, slug, destination, until_media, player, pass] = ask;
  StreamState *stream = streams_.find(slug);
  const Link *parent = stream == nullptr ? nullptr : roles(*stream).parent;
  if (parent != nullptr && (!until_media || stream->own || parent->media)) {
    if (!stream->own) (player ? stream->played : stream->watched) = true;
    outbox_.answer(call, Answered{.ticket = parent->id});
    return reconciler_.settle(*stream);
  }
  const StreamInfo *info = directory_.stream(slug);
  if (parent == nullptr && info != nullptr && info->ended)
    return outbox_.answer(call, fail(Code::not_found, has_ended));
  // Its publisher's media is on its way, or nothing is to be waited for.
  const bool own = stream != nullptr && stream->own;
  if (own && (info == nullptr || !info->streaming))
    return outbox_.answer(call, fail(Code::no_room, std::string("published here, and ") +
                                                        (info == nullptr ? "gone" : why_silent(*info))));
  if (stream == nullptr) {
    if (streams_.all.size() >= max_carried)
      return outbox_.answer(call, fail(Code::no_room, "this node carries too many streams"));
    stream = &streams_.open(slug);
  }
  if (!pass.empty()) stream->pass = pass;
  if (stream->calls.size() + stream->watchers.size() >= max_waiting_calls)
    return outbox_.answer(call, fail(Code::no_room, "too many ask for this stream at once"));
  const bool is_watcher = until_media || own;  // which is answered after a while even if nothing comes
  if (is_watcher && stream->watchers.empty())
    stream->watch_until = node_.now + node_.settings.timeouts.watch;
  (is_watcher ? stream->watchers : stream->calls).push_back(call);
  if (own) return reconciler_.settle(*stream);
  if (parent != nullptr)
    (player ? stream->played : stream->watched) = true;
  else
    stream->to_be_watched = stream->to_be_watched || !player;
  stream->pause(Purpose::parent).until.reset();  // somebody waits: search now
  reconciler_.settle(*stream);
}

void Consumer::players_seen(const PlayersSeen &input) {
  StreamState *stream = streams_.find(input.slug);
  if (stream == nullptr || stream->own || stream->ended || stream->played == input.any) return;
  stream->played = input.any;
  reconciler_.settle(*stream);
}

void Consumer::need_changed(const Slug &slug) {
  StreamState *stream = streams_.find(slug);
  if (stream == nullptr && !tickets_.any_given(slug)) return;
  reconciler_.settle(stream == nullptr ? streams_.open(slug) : *stream);
}

void Consumer::look_again(const Slug &slug) {
  if (StreamState *stream = streams_.find(slug)) reconciler_.settle(*stream);
}

std::optional<Consumer::Held> Consumer::held(const Slug &slug, const TicketId &id) {
  StreamState *stream = streams_.find(slug);
  if (stream == nullptr) return std::nullopt;
  const auto link = stream->links.find(id);
  if (link == stream->links.end()) return std::nullopt;
  return Held{.stream = *stream, .link = link->second, .ticket = *tickets_.find(id)};
}

std::optional<Consumer::Held> Consumer::held_from(const Peer &peer, const TicketId &id) {
  const Ticket *ticket = tickets_.find(id);
  if (ticket == nullptr || ticket->side != Side::held || !sessions_.with(*ticket, peer)) return std::nullopt;
  return held(ticket->slug, id);
}

void Consumer::lose(StreamState &stream, const TicketId &id, const char *code, const std::string &why) {
  reconciler_.lose(stream, id, code, why);
  reconciler_.settle(stream);
}

void Consumer::offer(const Peer &peer, const Offer &offer) {
  if (tickets_.find(offer.ticket) == nullptr && !offer.search.empty()) {
    StreamState *stream = searching(offer.slug, offer.search);
    if (stream != nullptr && take_offer(*stream, peer, offer)) return reconciler_.settle(*stream);
  }
  const std::optional<Held> ours = held_from(peer, offer.ticket);
  if (!ours)
    return sessions_.cancel(peer.id, offer.ticket, "not-requested", "no such request, or it is over");
  if (ours->link.state != LinkState::requested)
    return lose(ours->stream, ours->link.id, "protocol", "offered twice");
  ours->link.hops = offer.hops;
  ours->link.path = offer.path;
  ours->link.offer = offer;
  reconciler_.enter(ours->link, LinkState::offered);
  reconciler_.settle(ours->stream);
}

// The search says which of the streams of this slug is meant.
StreamState *Consumer::searching(const Slug &slug, const SearchId &search) {
  const auto is_it = [&](const StreamState &stream) { return stream.search && stream.search->id == search; };
  if (StreamState *stream = streams_.find(slug); stream != nullptr && is_it(*stream)) return stream;
  for (StreamInfo &rival : directory_.rivals(slug))
    if (StreamState *stream = streams_.find(rival.slug); stream != nullptr && is_it(*stream)) return stream;
  return nullptr;
}

// The path and hops of an offer make sense.
bool Consumer::fits(const StreamState &stream, const Peer &peer, const Offer &offer) const {
  const bool loop = std::find(offer.path.begin(), offer.path.end(), node_.self()) != offer.path.end();
  return !loop && !offer.path.empty() && offer.path.size() <= max_path && offer.path.back() == peer.uuid &&
         offer.hops == offer.path.size() && offer.slug == slug_in(stream.slug);
}

bool Consumer::take_offer(StreamState &stream, const Peer &peer, const Offer &offer) {
  if (peer.kind != PeerKind::node || forgers_.has(peer.uuid, node_.now)) return false;
  Search &search = *stream.search;
  search.known = search.known.value_or(node_.now);
  const Roles are = roles(stream);
  const std::size_t offers = ranked_offers(stream).size();
  const auto barren = stream.barren.find(peer.uuid);
  if (barren != stream.barren.end() && node_.now < barren->second) return false;
  const auto same = [&](const auto &entry) { return entry.second.source == peer.uuid; };
  const bool again = search.purpose != Purpose::renewal && search.purpose != Purpose::away;
  if (again && std::any_of(stream.links.begin(), stream.links.end(), same)) return false;
  if (are.next_parent != nullptr || offers >= (races(stream) ? 2 * max_offers : max_offers) ||
      !fits(stream, peer, offer) || tickets_.full(peer.id) || offer.ticket.empty())
    return false;
  if (search.purpose == Purpose::better && offer.hops + worth_moving > are.parent->hops) return false;
  if (search.purpose == Purpose::away && peer.uuid == are.parent->source) return false;
  Link link{.id = offer.ticket,
            .state = LinkState::offered,
            .since = node_.now,
            .source = peer.uuid,
            .hops = offer.hops,
            .path = offer.path,
            .rtt = peer.rtt.value_or(1s),
            .doubtful = failed_paths_.has(peer.uuid, node_.now) || standing_.is_avoided(peer.uuid, node_.now),
            .proven = standing_.is_proven(peer.uuid),
            .offer = offer};
  // Keep the standby, if the new one would fail together with the parent as well.
  if (search.purpose == Purpose::standby && are.standby != nullptr && shares_parent(are.parent, link))
    return false;
  if (!offer.stream.empty() && offer.stream[0].slug == slug_in(stream.slug)) {
    const bool is_news = directory_.learn(offer.stream[0], Heard::elsewhere);
    const Slug name = directory_.name_for(offer.stream[0]);
    if (is_news) outbox_.announce(Change::stream, name);
    if (name != stream.slug) return false;  // of another stream
    if (is_news) budget_.told(*directory_.stream(name));
  }
  ticket_changes_.add({.id = offer.ticket,
                       .slug = stream.slug,
                       .side = Side::held,
                       .state = TicketState::offered,
                       .peer = peer.id,
                       .kind = PeerKind::node,
                       .source = peer.uuid,
                       .destination = node_.self()});
  if (offers == 0) search.offered = node_.now;
  stream.links.emplace(offer.ticket, std::move(link));
  return true;
}

// A server-reflexive candidate comes a round trip after the offer, which may not be linked yet.
void Consumer::candidates(const Ticket &ticket, const Candidates &candidates) {
  Link &link = streams_.find(ticket.slug)->links.at(TicketId{ticket.id});
  if (has_source(link.state))
    return outbox_.emit(TellSource{.slug = ticket.slug, .ticket = ticket.id, .message = candidates});
  std::vector<std::string> &kept = link.offer.ice.candidates;
  for (const std::string &candidate : candidates.candidates)
    if (kept.size() < max_candidates) kept.push_back(candidate);
}

void Consumer::refusal(const Peer &peer, const Refusal &refusal) {
  if (refusal.search.empty()) {
    if (const std::optional<Held> held = held_from(peer, refusal.ticket))
      lose(held->stream, held->link.id, nullptr, refusal.message);
    return;
  }
  // The ticket is of the time before our restart.
  if (!refusal.ticket.empty() && tickets_.find(refusal.ticket) == nullptr)
    sessions_.cancel_unknown(peer.id, refusal.ticket);
  StreamState *stream = searching(refusal.slug, refusal.search);
  if (stream == nullptr) return;
  Search &search = *stream->search;
  if (refusal.code == RefusalCode::loop) {
    std::erase_if(stream->below, [&](const auto &entry) { return entry.second <= node_.now; });
    if (stream->below.size() < max_below)
      stream->below[peer.uuid] = node_.now + node_.settings.timeouts.below;
  }
  if (refusal.code == RefusalCode::no_path) {  // a notice: the search goes on
    search.known = search.known.value_or(node_.now);
    note_trouble(*stream, refusal.message);
    if (refusal.relay.empty() || search.again) return;
    search.relayed = true;
    search.until = node_.now + node_.settings.timeouts.ask;
    return reconciler_.settle(*stream);
  }
  if (refusal.code != RefusalCode::no_stream) search.known = search.known.value_or(node_.now);
  // In a wide search, who was asked in passing may be full for reasons of its own.
  const bool counts = !search.wide || refusal.asked > 0;
  if ((refusal.code == RefusalCode::no_room && refusal.message != nobody_has_room && counts) ||
      refusal.code == RefusalCode::not_invited)
    search.why = refusal.message;
  if (refusal.code == RefusalCode::not_invited) note_trouble(*stream, refusal.message);
  if (search.again || search.relayed || races(*stream)) return;
  const bool nobody =
      !search.wide || refusal.code == RefusalCode::no_stream;  // nobody near, or nobody anywhere, has it
  if (nobody)
    search.until = std::min(search.until, node_.now);
  else if (refusal.asked > 0 && ++search.refused >= refusal.asked)
    search.until = node_.now + node_.settings.timeouts.late;
  reconciler_.settle(*stream);
}

void Consumer::path(const Peer &peer, const Path &path) {
  const std::optional<Held> held = held_from(peer, path.ticket);
  if (!held || peer.kind != PeerKind::node || held->link.state == LinkState::requested) return;
  auto &[stream, link, ticket] = *held;
  link.cut = path.cut;
  if (path.cut) return reconciler_.settle(stream);  // the path of a cut link means nothing
  if (std::find(path.path.begin(), path.path.end(), node_.self()) != path.path.end())
    return lose(stream, link.id, "loop", "it gets the stream through us now");
  if (path.path.empty() || path.path.size() > max_path || path.path.back() != peer.uuid ||
      path.hops != path.path.size())
    return lose(stream, link.id, "protocol", "path or hops do not fit");
  const bool parent = &link == roles(stream).parent;
  if (link.path != path.path) {
    link.hops = path.hops;
    link.path = path.path;
    if (parent) {
      outbox_.announce(Change::ticket, stream.slug + "/" + link.id);
      stream.pause(Purpose::better).until.reset();
    }
  }
  if (path.granted && link.state == LinkState::switching) grant(stream, link);
  if (path.granted && std::exchange(link.leaving, false) && parent) stream.pause(Purpose::away).tries = 0;
  reconciler_.settle(stream);
}

void Consumer::grant(StreamState &stream, Link &link) {
  reconciler_.enter(link, LinkState::granted);
  link.grant = ++stream.grants;
}

void Consumer::leaving(const Peer &peer, const Leaving &leaving) {
  const std::optional<Held> held = held_from(peer, leaving.ticket);
  if (!held) return;
  held->link.leaving = true;
  reconciler_.settle(held->stream);
}

void Consumer::source_said(const SourceSaid &input) {
  const std::optional<Held> held = this->held(input.slug, input.ticket);
  if (!held || !has_source(held->link.state)) return;
  if (const auto *confirm = std::get_if<Confirm>(&input.message)) {
    confirmed(*held, *confirm);
  } else if (const auto *candidates = std::get_if<Candidates>(&input.message)) {
    Candidates told = *candidates;
    told.ticket = input.ticket;
    sessions_.send(held->ticket.peer, std::move(told));
  } else if (const auto *cancel = std::get_if<Cancel>(&input.message)) {
    no_link(held->stream, held->link, cancel->message);
    lose(held->stream, input.ticket, "cancelled", cancel->message);
  }
}

void Consumer::confirmed(const Held &held, const Confirm &confirm) {
  auto &[stream, link, ticket] = held;
  if (link.state != LinkState::linking && link.state != LinkState::preparing) return;
  Confirm told = confirm;
  told.ticket = link.id;
  sessions_.send(ticket.peer, std::move(told));
  if (link.state == LinkState::preparing) {
    sessions_.send(ticket.peer, Hold{.ticket = link.id});
    reconciler_.enter(link, LinkState::ready);
    link.up = node_.now;
  } else {
    grant(stream, link);
  }
  reconciler_.settle(stream);
}

void Consumer::source_linked(const SourceLinked &input) {
  const std::optional<Held> held = this->held(input.slug, input.ticket);
  if (!held || !has_source(held->link.state)) return;
  held->link.linked = held->link.linked.value_or(node_.now);
  failed_paths_.works(held->link.source);
}

// The path has failed if the link ended before it came up. Links to elements are on this machine.
void Consumer::no_link(StreamState &stream, const Link &link, const std::string &why) {
  if (link.linked || link.media || stream.own || !has_source(link.state)) return;
  failed_paths_.failed(link.source, node_.now);
  if (roles(stream).parent == nullptr || roles(stream).parent == &link)
    note_trouble(stream, "no path to " + directory_.name_of(link.source) + ": " + why);
}

void Consumer::note_trouble(StreamState &stream, const std::string &trouble) {
  if (stream.trouble == trouble) return;
  stream.trouble = trouble;
  outbox_.announce(Change::stream, stream.slug);
  if (!trouble.empty()) outbox_.post(Trouble{.slug = stream.slug});
}

void Consumer::source_flows(const SourceFlows &input) {
  const std::optional<Held> held = this->held(input.slug, input.ticket);
  if (!held) return;
  auto &[stream, link, ticket] = *held;
  if (!link.media && link.state == LinkState::granted) {
    outbox_.announce(Change::ticket, stream.slug + "/" + link.id);
    outbox_.post(CarryChanged{.slug = stream.slug});  // only who has the stream offers it
  }
  link.media = link.media.value_or(node_.now);
  link.linked = link.linked.value_or(node_.now);
  if (!stream.own) compare(stream, link);
  if (&link == roles(stream).parent) note_trouble(stream, {});
  if (&link == roles(stream).parent && link.id == (stream.fed ? stream.fed->by : TicketId{})) {
    stream.silence.reset();
    link.cut = false;  // its path reaches the source; the Path that said so may have been lost
  }
  reconciler_.settle(stream);
}

// The stream can be had: whoever should have brought it, and did not, is avoided.
void Consumer::compare(StreamState &stream, const Link &brought) {
  standing_.brought(brought.source, node_.now);
  const Peer *peer = sessions_.peers.find(tickets_.find(brought.id)->peer);
  const PeerId by = peer == nullptr ? 0 : peer->routed ? peer->through : peer->id;
  if (stream.doubts > 0 && sessions_.witnesses.contains(by)) outbox_.post(Outdone{.by = by});
  if (by != 0 && by == sessions_.primary) sessions_.detour = 0;
  stream.barren.erase(brought.source);
  for (const auto &[node, until] : stream.barren) standing_.brought_nothing(node, node_.now);
  stream.barren.clear();
  for (const auto &[id, link] : stream.links) {
    const bool was_on = link.state == LinkState::granted || link.state == LinkState::tried;
    if (!was_on || link.media || link.cut || node_.now < overdue(link, node_.settings.timeouts)) continue;
    if (link.source != brought.source) standing_.brought_nothing(link.source, node_.now);
  }
}

void Consumer::silent(const StreamSilent &input) {
  StreamState *stream = streams_.find(input.slug);
  if (stream == nullptr || stream->own) return;
  const Roles are = roles(*stream);
  if (are.parent == nullptr) return;
  const bool is_new = !stream->silence;
  if (is_new) stream->silence = Silence{.since = node_.now};
  const bool nobody = are.standby == nullptr;
  if (!moving(*stream) && (nobody || are.standby->state == LinkState::preparing)) {
    // Asks whether the parent's link is alive.
    outbox_.emit(SwitchSource{.slug = stream->slug, .ticket = are.parent->id, .standby = false});
    // The reports repeat as long as a stream is paused; later searches have their own pauses.
    if (nobody && is_new) stream->pause(Purpose::standby).until = node_.now;
  }
  reconciler_.settle(*stream);
}

void Consumer::source_ended(const SourceEnded &input) {
  const std::optional<Held> held = this->held(input.slug, input.ticket);
  if (!held) {  // the other end has said first that it is over
    if (input.error.code == Code::forged && forgers_.caught_by(input.ticket, node_.now))
      outbox_.announce(Change::node, node_.self());
    return;
  }
  no_link(held->stream, held->link, input.error.detail);
  // Whether the stream has ended, only its source can say.
  if (!held->stream.own && !held->link.media && held->link.linked)
    held->stream.note_barren(held->link.source, node_.now + node_.settings.timeouts.barren);
  if (input.error.code == Code::not_found && &held->link == roles(held->stream).parent)
    held->stream.dry = true;
  const Ticket *ticket = tickets_.find(input.ticket);
  if (input.error.code == Code::forged && ticket->kind == PeerKind::node) {
    forgers_.caught(ticket->source, node_.now);
    outbox_.announce(Change::node, ticket->source);
  }
  lose(held->stream, input.ticket, "link-ended", input.error.detail);
}

// Comes once a second.
void Consumer::measured(const MediaMeasured &input) {
  StreamState *stream = streams_.find(input.slug);
  if (stream == nullptr) return;
  bool is_news = false;
  if (std::exchange(stream->thin, input.thin) != input.thin) {
    outbox_.announce(Change::stream, stream->slug);
    outbox_.post(CarryChanged{.slug = stream->slug});
  }
  for (auto &[ticket, link] : stream->links) {
    const bool silent = std::find(input.silent_parents.begin(), input.silent_parents.end(), ticket) !=
                        input.silent_parents.end();
    is_news |= std::exchange(link.silent, silent) != silent;
  }
  if (is_news) reconciler_.settle(*stream);
  if (input.kept_streams < node_.settings.renew_streams) return;
  if (stream->renewing && node_.now - *stream->renewing < node_.settings.timeouts.renew_again) return;
  stream->pause(Purpose::renewal).until = node_.now;
  reconciler_.settle(*stream);
}

// The other end's media backend may notice first that no link comes up.
void Consumer::cancelled(const Ticket &ticket, const Cancel &cancel) {
  StreamState &stream = *streams_.find(ticket.slug);
  if (cancel.code == "closed" || cancel.code == "link-ended")
    no_link(stream, stream.links.at(ticket.id), cancel.message);
  // Our source may not have passed on yet what came before the end.
  const bool at_end = cancel.code == "ended";
  if (at_end && &stream.links.at(ticket.id) == roles(stream).parent) stream.dry = true;
  reconciler_.lose(stream, TicketId{ticket.id}, nullptr, cancel.code, at_end);
  reconciler_.settle(stream);
}

// All links of the peer go first, so that none of them replaces another.
void Consumer::peer_gone(PeerId peer) {
  std::set<Slug> slugs;
  for (const TicketId &id : tickets_.of_peer(peer)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.side != Side::held) continue;
    slugs.insert(ticket.slug);
    reconciler_.lose(*streams_.find(ticket.slug), id, nullptr, "its peer is lost");
  }
  for (const Slug &slug : slugs) look_again(slug);
}

void Consumer::lapse() {
  std::set<Slug> slugs;
  for (const TicketId &id : tickets_.all()) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.side != Side::held || ticket.kind != PeerKind::node) continue;
    if (ticket.state < TicketState::confirmed) continue;
    if (node_.now - ticket.refreshed < sessions_.silence_of(ticket)) continue;
    slugs.insert(ticket.slug);
    reconciler_.lose(*streams_.find(ticket.slug), id, "lapsed", "no heartbeat named it");
  }
  for (auto &[slug, stream] : streams_.all)
    if (stream.relayed && *stream.relayed <= node_.now) {
      stream.relayed.reset();
      slugs.insert(slug);
    }
  for (const Slug &slug : slugs) look_again(slug);
}

// The supernode that was asked before is not ours any more, so the new one is asked.
void Consumer::settled() {
  std::vector<Slug> asked;
  for (auto &[slug, stream] : streams_.all) {
    if (!stream.search || stream.search->purpose == Purpose::standby) continue;
    if (roles(stream).next_parent != nullptr || !ranked_offers(stream).empty()) continue;
    stream.search->id.clear();  // answers to the old one may still be under way
    reconciler_.ask(stream);
    asked.push_back(slug);
  }
  for (const Slug &slug : asked) look_again(slug);
}

void Consumer::ask_at(PeerId witness) {
  std::vector<Slug> hungry;
  for (const auto &[slug, stream] : streams_.all)
    if (stream.hungry) hungry.push_back(slug);
  for (const Slug &slug : hungry) {
    reconciler_.ask_at(*streams_.find(slug), witness);
    look_again(slug);
  }
}

void Consumer::news(const Slug &slug) {
  StreamState *stream = streams_.find(slug);
  if (stream == nullptr || stream->own) return;
  if (reconciler_.circumstances(*stream).ended != stream->source_ended) reconciler_.settle(*stream);
}

void Consumer::finish(StreamState &stream) {
  assert(stream.own);  // Publishing finishes ours only
  reconciler_.release_all(stream, "ended", has_ended, true);
  reconciler_.settle(stream);
}

void Consumer::attach(StreamState &stream, PeerId publisher) {
  if (stream.ended) reconciler_.close_media(stream);
  assert(stream.own && stream.own->publisher == 0 && stream.links.empty());  // Publishing::admit has looked
  stream.own->publisher = publisher;
  stream.pause(Purpose::parent) = {};
  reconciler_.open_media(stream);
  reconciler_.settle(stream);
}

void Consumer::pause(StreamState &stream, const std::string &code, const std::string &why) {
  assert(stream.own);  // Publishing pauses ours only
  reconciler_.release_all(stream, code.c_str(), why);
  reconciler_.settle(stream);
}

void Consumer::resume(StreamState &stream) {
  reconciler_.settle(stream);
}

void Consumer::drop(const Slug &slug, const Error &error, const std::string &code) {
  StreamState *stream = streams_.find(slug);
  if (stream == nullptr) return;
  reconciler_.release_all(*stream, code.c_str(), error.detail);
  reconciler_.answer_calls(*stream, tl::unexpected<Error>(error));
  reconciler_.close(*stream);
}

// Asserts what the types do not ensure.
void Consumer::check_invariants() const {
  std::size_t held = 0;
  for (const auto &[slug, stream] : streams_.all) {
    assert(stream.slug == slug && stream.own.has_value() == directory_.is_own(slug));
    std::size_t coming = 0;
    std::size_t standbys = 0;
    for (const auto &[id, link] : stream.links) {
      const Ticket *ticket = tickets_.find(id);
      assert(ticket != nullptr && ticket->side == Side::held && ticket->slug == slug);
      assert(link.id == id && ticket->state == agreed(link.state) && ticket->source == link.source);
      assert(stream.media || !has_source(link.state));
      assert(stream.own || !link.passes(node_.self()));
      coming += link.state == LinkState::requested || link.state == LinkState::linking ||
                link.state == LinkState::switching;
      standbys += on_standby(link.state);
    }
    held += stream.links.size();
    assert(coming <= 1 && standbys <= (stream.own ? 0 : races(stream) ? max_raced + 2 * max_offers : 1));
    const Circumstances at = reconciler_.circumstances(stream);
    assert(!stream.ended || (stream.media && stream.links.empty()));
    assert(stream.own || node_.leaving || at.wanted || stream.unwanted);
    // A stream that wants a parent has one, or a timer.
    const bool waits = stream.own ? at.publisher_here : at.wanted;
    const bool over = is_over(stream, at, node_.settings.timeouts);
    if (waits && !over && roles(stream).parent == nullptr && !node_.leaving)
      assert(timers_.has({.kind = TimerKind::stream, .name = slug}));
  }
  const std::vector<TicketId> all = tickets_.all();
  assert(held == static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const TicketId &id) {
           return tickets_.find(id)->side == Side::held;
         })));
}

}  // namespace astral::core
