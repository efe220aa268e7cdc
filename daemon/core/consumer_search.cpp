// SPDX-License-Identifier: BSD-3-Clause
// Searching: one node after the other is connected to and asked, each for a moment, until one offers.
#include <cassert>
#include <utility>

#include "core/consumer.hpp"
#include "core/limits.hpp"
#include "core/membership.hpp"

namespace astral::core {

// The source first, then those we are connected to, then the others; the parent that was just lost last.
void Consumer::fill(Carried &stream) {
  Search &search = *stream.search;
  const StreamInfo *info = desk_.directory.stream(stream.slug);
  const auto add = [&](const Uuid &uuid) {
    if (uuid != stream.avoid) search.add(uuid);
  };
  if (info != nullptr) add(info->source);
  for (const PeerId id : desk_.peers.ready_nodes()) add(desk_.peers.find(id)->uuid);
  std::vector<Uuid> doubtful;
  for (const Uuid &uuid : desk_.directory.some(max_asked, desk_.rng.next())) {
    if (desk_.directory.doubtful(uuid))
      doubtful.push_back(uuid);
    else
      add(uuid);
  }
  for (const Uuid &uuid : doubtful) add(uuid);
  if (!stream.avoid.empty()) search.add(stream.avoid);
}

void Consumer::advance(Carried &stream) {
  assert(stream.phase == Phase::asking && stream.search && stream.held.empty());
  Search &search = *stream.search;
  while (const std::optional<Uuid> uuid = search.next()) {
    search.asking = *uuid;
    search.peer = 0;
    if (const Peer *peer = desk_.peers.with(*uuid, PeerState::ready)) {
      if (ask(stream, *peer)) return;
      continue;
    }
    const Peer *coming = desk_.peers.with(*uuid, PeerState::connecting);
    const std::optional<PeerId> peer = coming != nullptr ? coming->id : connect(desk_, *uuid);
    if (!peer) continue;
    search.step = Step::connecting;
    search.peer = *peer;
    return step_timer(stream, desk_.settings.timeouts.ask);
  }
  fail_search(stream);
}

bool Consumer::ask(Carried &stream, const Peer &peer) {
  if (desk_.tickets.full(peer.id)) return false;
  const Ticket &ticket = desk_.add({.id = desk_.rng.hex(32),
                                    .slug = stream.slug,
                                    .side = Side::held,
                                    .peer = peer.id,
                                    .kind = peer.kind,
                                    .source = peer.uuid,
                                    .destination = desk_.self()});
  stream.held = ticket.id;
  if (stream.search) {
    stream.search->step = Step::asking;
    stream.search->peer = peer.id;
  }
  desk_.send(peer.id, Request{.ticket = ticket.id, .slug = stream.slug, .destination = desk_.self()});
  // A publisher's element may have to gather candidates first, and nobody else can be asked instead.
  const Timeouts &timeouts = desk_.settings.timeouts;
  step_timer(stream, stream.own ? timeouts.unconfirmed : timeouts.ask);
  return true;
}

void Consumer::refusal(const Peer &peer, const Refusal &refusal) {
  const Ticket *ticket = desk_.tickets.find(refusal.ticket);
  if (ticket == nullptr || ticket->side != Side::held || ticket->peer != peer.id) return;
  Carried &stream = *holder(*ticket);
  if (stream.search && peer.kind == PeerKind::node) {
    stream.search->refused(refusal.code);
    std::size_t named = 0;
    for (auto other = refusal.others.rbegin(); other != refusal.others.rend() && named < max_others;
         ++other) {
      if (other->uuid == desk_.self()) continue;
      if (desk_.directory.learn(*other, Heard::elsewhere)) desk_.announce(Change::node, other->uuid);
      if (desk_.directory.node(other->uuid) == nullptr) continue;
      stream.search->add_next(other->uuid);
      ++named;
    }
  }
  lose(stream, nullptr, refusal.message);
}

void Consumer::peer_ready(PeerId peer) {
  const Peer *ready = desk_.peers.find(peer);
  if (ready == nullptr) return;
  for (auto &[slug, stream] : desk_.carried) {
    if (!stream.search || stream.search->step != Step::connecting || !stream.held.empty()) continue;
    // It may have come to us while we were connecting to it, or be another than we meant.
    if (stream.search->asking == ready->uuid ? ask(stream, *ready) : stream.search->peer != peer) continue;
    advance(stream);
  }
}

void Consumer::origin_heard() {
  for (auto &[slug, stream] : desk_.carried) {
    if (!stream.search || stream.search->step != Step::origin) continue;
    desk_.agenda.drop({.due = Due::step, .name = slug});
    stream.search->step = Step::connecting;
    fill(stream);
    advance(stream);
  }
}

void Consumer::step_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr) return;
  if (!stream->held.empty()) return lose(*stream, "timeout", "no answer in time");
  if (!stream->search) return;
  if (stream->search->step == Step::origin) {
    stream->search->step = Step::connecting;
    fill(*stream);
  }
  advance(*stream);
}

void Consumer::search_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr || !stream->search) return;
  if (stream->phase == Phase::joining)  // so near: its own step is bounded
    return desk_.agenda.set({.due = Due::search, .name = slug}, desk_.now + desk_.settings.timeouts.ask);
  release(*stream, "timeout", "the search took too long");
  fail_search(*stream);
}

void Consumer::retry_due(const Slug &slug) {
  if (Carried *stream = desk_.carries(slug)) begin(*stream);
}

void Consumer::stop_search(Carried &stream) {
  desk_.agenda.drop({.due = Due::search, .name = stream.slug});
  desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  stream.search.reset();
}

void Consumer::fail_search(Carried &stream) {
  assert(stream.phase == Phase::asking && stream.held.empty());
  const bool exists = stream.search->exists() || desk_.directory.stream(stream.slug) != nullptr;
  stop_search(stream);
  enter(stream, Phase::orphan);
  answer_calls(stream, exists ? fail(Code::no_room, "nobody who has this stream has room or can be reached")
                              : fail(Code::not_found, "nobody knows this stream"));
  if (!stream.media)
    desk_.notice(
        NotFound{.slug = stream.slug, .code = exists ? RefusalCode::no_room : RefusalCode::no_stream});
  retry(stream);
}

}  // namespace astral::core
