// SPDX-License-Identifier: BSD-3-Clause
// What the parts of a node share: its books, the present moment, the effects of this step. Parts do not call
// each other: they leave a Notice, and Node hands it to whom it concerns, after the part has returned.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/agenda.hpp"
#include "core/carried.hpp"
#include "core/directory.hpp"
#include "core/effect.hpp"
#include "core/peers.hpp"
#include "core/rng.hpp"
#include "core/room.hpp"
#include "core/settings.hpp"
#include "core/tickets.hpp"

namespace astral::core {

struct PeerReady {
  PeerId peer = 0;
};
struct PeerGone {  // it is no longer in Peers, its tickets still are in Tickets
  PeerId peer = 0;
};
struct StreamGone {  // somebody else's, by the news
  Slug slug;
};
struct MediaOpened {
  Slug slug;
};
struct NotFound {  // a search ended without a parent
  Slug slug;
  RefusalCode code = RefusalCode::no_stream;
};
struct Moved {  // our parent, so what we told our children of the path
  Slug slug;
};
struct NeedChanged {  // somebody wants the stream now, or no longer
  Slug slug;
};
struct OwnChanged {  // what the others should know of a stream of ours
  Slug slug;
  bool registered = false;  // the origin knows it
};
struct OriginHeard {};

using Notice = std::variant<PeerReady, PeerGone, StreamGone, MediaOpened, NotFound, Moved, NeedChanged,
                            OwnChanged, OriginHeard>;

struct Desk {
  explicit Desk(Settings given)
      : settings(std::move(given)), rng(settings.seed), room(settings.upstream_bps, settings.max_children) {}

  Settings settings;
  Time now = {};
  Effects *out = nullptr;  // of the step that runs
  std::deque<Notice> notices;
  Agenda agenda;
  Rng rng;
  Directory directory;
  Peers peers;
  Tickets tickets;
  Room room;
  std::map<Slug, Carried> carried;
  std::uint64_t next_id = first_own_id;

  const Uuid &self() const { return settings.self.uuid; }
  std::int64_t unix_ms(Time time) const { return settings.unix_ms_at_zero + time / 1ms; }
  std::int64_t unix_ms() const { return unix_ms(now); }

  void emit(Effect effect) { out->push_back(std::move(effect)); }
  void send(PeerId peer, Message message) {
    if (peers.find(peer) == nullptr) return;  // gone in this very step
    emit(Send{.peer = peer, .message = std::move(message)});
  }
  void notice(Notice what) { notices.push_back(std::move(what)); }
  void announce(Change what, const std::string &key) { emit(Announce{.what = what, .key = key}); }
  void answer(CallId call, Expected<Answered> result) {
    emit(Answer{.call = call, .result = std::move(result)});
  }
  void cancel(PeerId peer, const TicketId &ticket, std::string code, std::string message) {
    send(peer, Cancel{.ticket = ticket, .code = std::move(code), .message = std::move(message)});
  }

  Carried *carries(const Slug &slug) {
    const auto found = carried.find(slug);
    return found == carried.end() ? nullptr : &found->second;
  }

  Carried &carry(const Slug &slug) {
    const StreamInfo *info = directory.stream(slug);
    if (info != nullptr) room.told(*info);
    return carried.try_emplace(slug, Carried{.slug = slug}).first->second;
  }

  // The parent's link stands, so children may be taken; our own streams always may have some.
  bool open_to_children(const Carried &stream) const { return stream.own || stream.phase == Phase::fed; }

  // The only ways of a ticket.
  Ticket &add(Ticket ticket) {
    ticket.created = ticket.refreshed = now;
    Ticket &added = tickets.add(std::move(ticket));
    announce(Change::ticket, added.slug + "/" + added.id);
    return added;
  }
  void enter(Ticket &ticket, TicketState state) {
    tickets.enter(ticket, state);
    ticket.refreshed = now;
    announce(Change::ticket, ticket.slug + "/" + ticket.id);
  }
  void end(const Ticket &ticket) {
    announce(Change::ticket, ticket.slug + "/" + ticket.id);
    tickets.remove(TicketId{ticket.id});
  }
};

}  // namespace astral::core
