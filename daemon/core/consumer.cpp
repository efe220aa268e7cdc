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

void Consumer::enter(Carried &stream, Phase phase) {
  const Phase from = stream.phase;
  switch (phase) {
    case Phase::orphan:
      assert(from != Phase::orphan && stream.held.empty() && !stream.search);
      break;
    case Phase::asking:
      assert(from == Phase::orphan || (from == Phase::joining && stream.search));
      break;
    case Phase::joining:
      assert(from == Phase::asking && !stream.held.empty());
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
  assert(ticket.side == Side::held);
  Carried *stream = desk_.carries(ticket.slug);
  assert(stream != nullptr && stream->held == ticket.id);
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
    release(*stream, "unwanted", "nobody waits for it any more");
    enter(*stream, Phase::orphan);
  }
  if (!stream->media) {
    if (!stream->own) close(*stream);
  } else if (!desk_.agenda.has(unwanted)) {
    desk_.agenda.set(unwanted, desk_.now + desk_.settings.timeouts.unwanted);
  }
}

void Consumer::begin(Carried &stream) {
  if (stream.phase != Phase::orphan) return;
  desk_.agenda.drop({.due = Due::retry, .name = stream.slug});
  if (stream.own) {
    const Peer *publisher = desk_.peers.find(stream.publisher);
    if (publisher == nullptr || stream.paused) return;
    enter(stream, Phase::asking);
    if (ask(stream, *publisher)) return;
    enter(stream, Phase::orphan);
    return retry(stream);
  }
  stream.search.emplace(desk_.self());
  enter(stream, Phase::asking);
  desk_.agenda.set({.due = Due::search, .name = stream.slug}, desk_.now + desk_.settings.timeouts.search);
  if (desk_.directory.stream(stream.slug) == nullptr && desk_.settings.has_origin) {
    stream.search->step = Step::origin;
    desk_.emit(AskOrigin{});
    return step_timer(stream, desk_.settings.timeouts.origin);
  }
  fill(stream);
  advance(stream);
}

void Consumer::offer(const Peer &peer, const Offer &offer) {
  Ticket *ticket = desk_.tickets.find(offer.ticket);
  const bool ours = ticket != nullptr && ticket->side == Side::held && ticket->peer == peer.id;
  if (!ours) return desk_.cancel(peer.id, offer.ticket, "not-requested", "no such request, or it is over");
  Carried &stream = *holder(*ticket);
  if (ticket->state != TicketState::requested) return lose(stream, "protocol", "offered twice");
  if (stream.search) stream.search->found();  // whatever comes of it, the stream exists
  if (peer.kind == PeerKind::node) {
    const auto in_path = [&](const Uuid &uuid) {
      return std::find(offer.path.begin(), offer.path.end(), uuid) != offer.path.end();
    };
    if (in_path(desk_.self())) return lose(stream, "loop", "it gets the stream through us");
    if (offer.path.empty() || offer.path.size() > max_path || offer.path.back() != peer.uuid ||
        offer.hops != offer.path.size() || offer.slug != stream.slug)
      return lose(stream, "protocol", "path, hops or slug do not fit");
    stream.path = offer.path;
    stream.hops = offer.hops;
  }
  ticket->hops = stream.hops;
  desk_.enter(*ticket, TicketState::offered);
  enter(stream, Phase::joining);
  if (!stream.media) {
    stream.media = true;
    desk_.emit(OpenMedia{.slug = stream.slug});
    desk_.notice(MediaOpened{.slug = stream.slug});
  }
  if (stream.search) stream.search->step = Step::linking;
  desk_.emit(AddSource{.slug = stream.slug, .offer = offer});
  step_timer(stream, desk_.settings.timeouts.unconfirmed);
}

void Consumer::path(const Peer &peer, const Path &path) {
  Ticket *ticket = desk_.tickets.find(path.ticket);
  if (ticket == nullptr || ticket->side != Side::held || ticket->peer != peer.id) return;
  if (peer.kind != PeerKind::node || ticket->state < TicketState::offered) return;
  Carried &stream = *holder(*ticket);
  if (std::find(path.path.begin(), path.path.end(), desk_.self()) != path.path.end())
    return lose(stream, "loop", "it gets the stream through us now");
  if (path.path.empty() || path.path.size() > max_path || path.path.back() != peer.uuid ||
      path.hops != path.path.size())
    return lose(stream, "protocol", "path or hops do not fit");
  if (stream.path == path.path) return;
  stream.path = path.path;
  stream.hops = ticket->hops = path.hops;
  desk_.announce(Change::ticket, ticket->slug + "/" + ticket->id);
  desk_.notice(Moved{.slug = stream.slug});
}

void Consumer::source_said(const SourceSaid &input) {
  Ticket *ticket = desk_.tickets.find(input.ticket);
  if (ticket == nullptr || ticket->side != Side::held || ticket->slug != input.slug) return;
  if (ticket->state < TicketState::offered) return;
  Carried &stream = *holder(*ticket);
  if (const auto *confirm = std::get_if<Confirm>(&input.message)) {
    if (ticket->state != TicketState::offered) return;
    Confirm told = *confirm;
    told.ticket = ticket->id;
    desk_.send(ticket->peer, std::move(told));
    desk_.enter(*ticket, TicketState::confirmed);
    fed(stream);
  } else if (const auto *candidates = std::get_if<Candidates>(&input.message)) {
    Candidates told = *candidates;
    told.ticket = ticket->id;
    desk_.send(ticket->peer, std::move(told));
  } else if (const auto *cancel = std::get_if<Cancel>(&input.message)) {
    lose(stream, "cancelled", cancel->message);
  }
}

void Consumer::source_ended(const SourceEnded &input) {
  const Ticket *ticket = desk_.tickets.find(input.ticket);
  if (ticket == nullptr || ticket->side != Side::held || ticket->slug != input.slug) return;
  lose(*holder(*ticket), "link-ended", input.error.detail);
}

void Consumer::fed(Carried &stream) {
  desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  stop_search(stream);
  enter(stream, Phase::fed);
  stream.fed_since = desk_.now;
  stream.avoid.clear();
  if (!stream.own && !stream.calls.empty()) stream.watched = true;
  answer_calls(stream, Answered{.ticket = stream.held, .created = true});
  if (!stream.own) desk_.notice(Moved{.slug = stream.slug});
  desk_.notice(NeedChanged{.slug = stream.slug});
}

void Consumer::cancelled(const Ticket &ticket, const std::string &code) {
  lose(*holder(ticket), nullptr, code);
}

void Consumer::peer_gone(PeerId peer) {
  for (const TicketId &id : desk_.tickets.of_peer(peer)) {
    const Ticket &ticket = *desk_.tickets.find(id);
    if (ticket.side == Side::held) lose(*holder(ticket), nullptr, "its peer is lost");
  }
  for (auto &[slug, stream] : desk_.carried) {
    if (!stream.search || stream.search->step != Step::connecting || stream.search->peer != peer) continue;
    advance(stream);
  }
}

void Consumer::lapse() {
  for (const TicketId &id : desk_.tickets.all()) {
    const Ticket *ticket = desk_.tickets.find(id);
    if (ticket == nullptr || ticket->side != Side::held || ticket->kind != PeerKind::node) continue;
    if (ticket->state != TicketState::confirmed) continue;
    if (desk_.now - ticket->refreshed >= desk_.settings.timeouts.silence)
      lose(*holder(*ticket), "lapsed", "no heartbeat named it");
  }
}

void Consumer::release(Carried &stream, const char *cancel_code, const std::string &why) {
  if (stream.held.empty()) return;
  const Ticket &ticket = *desk_.tickets.find(stream.held);
  if (cancel_code != nullptr) desk_.cancel(ticket.peer, ticket.id, cancel_code, why);
  if (ticket.state >= TicketState::offered)
    desk_.emit(RemoveSource{.slug = stream.slug, .ticket = ticket.id});
  desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  desk_.end(ticket);
  stream.held.clear();
}

void Consumer::lose(Carried &stream, const char *cancel_code, const std::string &why) {
  const Ticket &ticket = *desk_.tickets.find(stream.held);
  if (stream.phase == Phase::fed) {
    stream.avoid = ticket.source;
    if (desk_.now - stream.fed_since >= desk_.settings.timeouts.settled) stream.backoff = {};
  }
  release(stream, cancel_code, why);
  if (stream.search) {
    if (stream.phase == Phase::joining) enter(stream, Phase::asking);
    return advance(stream);
  }
  enter(stream, Phase::orphan);
  retry(stream);
}

void Consumer::retry(Carried &stream) {
  if (stream.own ? stream.publisher == 0 || stream.paused : !wanted(stream))
    return desk_.notice(NeedChanged{.slug = stream.slug});
  const Timeouts &timeouts = desk_.settings.timeouts;
  stream.backoff = std::clamp(stream.backoff * 2, timeouts.first_retry, timeouts.last_retry);
  desk_.agenda.set({.due = Due::retry, .name = stream.slug}, desk_.now + desk_.rng.jittered(stream.backoff));
}

void Consumer::answer_calls(Carried &stream, const Expected<Answered> &answer) {
  for (const CallId call : std::exchange(stream.calls, {})) desk_.answer(call, answer);
}

void Consumer::attach(Carried &stream, PeerId publisher) {
  assert(stream.own && stream.publisher == 0 && stream.phase == Phase::orphan);
  stream.publisher = publisher;
  stream.backoff = {};
  if (!stream.media) {
    stream.media = true;
    desk_.emit(OpenMedia{.slug = stream.slug});
    desk_.notice(MediaOpened{.slug = stream.slug});
  }
  begin(stream);
  need_changed(stream.slug);
}

void Consumer::pause(Carried &stream, const std::string &code, const std::string &why) {
  assert(stream.own);
  desk_.agenda.drop({.due = Due::retry, .name = stream.slug});
  if (stream.phase != Phase::orphan) {
    release(stream, code.c_str(), why);
    enter(stream, Phase::orphan);
  }
  desk_.notice(NeedChanged{.slug = stream.slug});
}

void Consumer::drop(const Slug &slug, const Error &error, const std::string &code) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr) return;
  stop_search(*stream);
  release(*stream, code.c_str(), error.detail);
  if (stream->phase != Phase::orphan) enter(*stream, Phase::orphan);
  answer_calls(*stream, tl::unexpected<Error>(error));
  close(*stream);
}

void Consumer::unwanted_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr || !stream->media || wanted(*stream) || stream->publisher != 0) return;
  if (stream->own) {
    stream->media = false;
    return desk_.emit(CloseMedia{.slug = slug});
  }
  stop_search(*stream);
  release(*stream, "unwanted", "nobody watches here");
  if (stream->phase != Phase::orphan) enter(*stream, Phase::orphan);
  close(*stream);
}

void Consumer::close(Carried &stream) {
  assert(stream.held.empty() && !stream.search && stream.calls.empty());
  for (const Due due : {Due::step, Due::search, Due::retry, Due::unwanted})
    desk_.agenda.drop({.due = due, .name = stream.slug});
  if (stream.media) desk_.emit(CloseMedia{.slug = stream.slug});
  if (desk_.room.children(stream.slug) == 0) desk_.room.forget(stream.slug);
  desk_.carried.erase(Slug{stream.slug});
}

}  // namespace astral::core
