// SPDX-License-Identifier: BSD-3-Clause
// The named maxima and the times of the control plane. What goes above a maximum is refused; nothing grows
// without one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "glue/time.hpp"
#include "protocol/limits.hpp"

namespace astral::core {

using namespace protocol;  // the maxima of what is said, too

inline constexpr std::size_t max_peers = 2'048;        // sockets
inline constexpr std::size_t kept_for_elements = 128;  // of these
inline constexpr std::size_t max_routed = 2'048;       // sessions over supernodes
inline constexpr std::size_t max_records = 20'000;  // streams, and nodes, that a supernode keeps for others
inline constexpr std::size_t max_record_carriers = 32;  // supernodes that are remembered for one stream
inline constexpr std::size_t max_finds = 4'096;  // searches that are remembered, so that none is served twice
inline constexpr std::size_t max_parked = 64;    // messages that wait for one supernode to be connected
inline constexpr std::size_t max_all_parked = 1'024;  // for all of them: each may be of 64 KiB
inline constexpr std::size_t max_route = 24;          // supernodes that a message passes
inline constexpr std::size_t copies_of_records = 2;   // beside the key owner's own
inline constexpr std::uint32_t overcommit_part = 4;   // of the room: what may be lent beyond it
inline constexpr std::size_t max_nodes = 10'000;      // known ones
inline constexpr std::size_t max_streams = 10'000;    // known ones
inline constexpr std::size_t max_own_streams = 256;   // published by this node
inline constexpr std::size_t max_carried = 1'024;     // own ones and those that have a pipeline here
inline constexpr std::size_t max_tickets = 4'096;     // given and held together
inline constexpr std::size_t max_shunned = 1'024;  // children that did not hold the rate, and are remembered
inline constexpr std::size_t max_local_players = 64;  // elements that play one stream from this node
inline constexpr std::size_t max_waiting_calls = 64;  // API calls that wait for one search
inline constexpr std::size_t nodes_per_message = 64;  // these two keep a message below 64 KiB
inline constexpr std::size_t streams_per_message = 4;
inline constexpr std::size_t streams_told = 512;       // to a new child
inline constexpr std::size_t remembered_losses = 256;  // supernodes that could not be reached any more
inline constexpr std::size_t remembered_ends = 1'024;  // streams that are gone, so that old news stay old
inline constexpr std::uint64_t max_rate_kbps = 100'000'000;  // what is told of a stream may be nonsense
// How far a version (`updated`) may lie ahead of our clock. One from further ahead is refused: until that
// time came, nobody could say anything newer. Two honest clocks are not that far apart.
inline constexpr Time max_ahead = 5min;
inline constexpr std::uint64_t unmeasured_bps = 600'000;  // the first Astral's 75 KB/s

struct Timeouts {
  Time heartbeat = 5s;
  Time silence = 15s;  // of a peer, or of a ticket in its heartbeats: it is gone
  Time greeting = 5s;  // from connected to hello or welcome
  Time ask = 1500ms;   // from Request to Offer; from Register to its answer; to connect
  Time late = 250ms;   // for those who were asked first, when all of the wide search have refused
  Time gather = 80ms;  // from the first offer of a search to the choice
  Time idle = 30s;     // a session that serves nothing
  Time routed_heartbeat = 15s;
  Time routed_silence =
      45s;                   // of a ticket whose ends have no session: its link is watched by the media floor
  Time unconfirmed = 5s;     // what an offer is kept for
  Time search = 10s;         // all of one search
  Time ask_again = 500ms;    // within it, where nobody knew yet who carries a stream that is live
  Time no_room = 5s;         // or had no room
  Time origin = 3s;          // for its lists, while there is no supernode
  Time registration = 10s;   // for the origin to say whether a name is free
  Time first_retry = 200ms;  // a lost parent, then doubling up to
  Time last_retry = 5s;
  Time last_hurry = 1s;  // instead, for as long as
  Time hurry = 20s;      // others may still keep what it has missed: it is the source that was away
  Time settled = 5s;     // a parent that lasted this long starts the doubling again
  Time unwanted = 30s;   // a stream that nobody wants is carried for this long
  Time reconnect = 1s;   // to look for a supernode again, then doubling up to
  Time last_reconnect = 30s;
  Time choose = 250ms;    // after the first supernode answered: are there nearer ones?
  Time promote = 2s;      // at most, before one becomes a supernode: not all at once
  Time lost_again = 20s;  // a supernode looks beyond whom it knows: at one that was lost, an address of the
                          // settings, the origin; a lone one does so sooner at first
  Time refused = 10s;     // a supernode that was full or away is not asked again for this long
  Time needless = 600s;   // without a child, before a supernode steps down
  Time advert_pause = 200ms;  // changes of a stream are told together
  Time promised = 3s;      // a place that a search was sent for; then it was not taken, or its carrier hangs
  Time renew = 6h;         // a link to a parent: the library keeps some bytes of each stream that it had
  Time renew_again = 60s;  // where nobody offered a new one
  Time refresh = 60s;      // adverts are said again; what is kept lives two and a half times as long
  Time here_refresh = 300s;
  Time improve = 15s;        // fed, before a better place is looked for; then once more, three times as long
  Time overlap = 5s;         // of the old parent and the new one, until the new one's media has come
  Time leave = 1800ms;       // for the children to find another parent
  Time ask_leaving = 550ms;  // instead of `ask`: the parent does not wait
  Time leave_again = 150ms;  // within it, where nobody had room for one that looks
  Time overcommitted = 5s;   // a place beyond the room, to find another one meanwhile
  Time slow = 30s;           // for a child that does not hold the rate, to find another place
  Time shunned = 60s;        // and then it is not given this stream again
  Time loop_check = 1s;      // for the answer to a LoopCheck
  Time standby = 100ms;      // fed, before one is looked for; where nobody has one again after
  Time standby_again = 1s;   // then doubling up to
  Time last_standby = 30s;
  // A far one that stands by answers after a round trip; then, while nothing comes from anybody, ever later.
  Time tried = 600ms;
  Time silent = 400ms;  // the standby's media came, the parent's did not: then it is the parent that fails
};

}  // namespace astral::core
