// SPDX-License-Identifier: BSD-3-Clause
// The named maxima and the times of the control plane. Everything that can grow has a maximum; more is
// refused.
#pragma once

#include <cstddef>
#include <cstdint>

#include "glue/time.hpp"
#include "protocol/limits.hpp"

namespace astral::core {

using namespace protocol;  // the maxima of messages

// These three are above what the settings of a node allow together (node/option_table.cpp), so that it is
// always a setting that refuses.
inline constexpr std::size_t max_peers = 8'192;        // sockets
inline constexpr std::size_t max_routed = 8'192;       // sessions over supernodes
inline constexpr std::size_t max_tickets = 16'384;     // given and held together
inline constexpr std::size_t kept_for_elements = 128;  // of the sockets
inline constexpr std::size_t max_records = 20'000;  // streams, and nodes, that a supernode keeps for others
inline constexpr std::size_t max_record_carriers = 32;  // supernodes that are remembered for one stream
inline constexpr std::size_t max_finds = 4'096;  // searches that are remembered, so that none is served twice
inline constexpr std::size_t max_parked = 64;    // messages that wait for one supernode to be connected
inline constexpr std::size_t max_all_parked = 1'024;  // for all supernodes: a message may have 64 KiB
inline constexpr std::size_t max_route = 24;          // supernodes that a message passes
inline constexpr std::size_t copies_of_records = 2;   // beside the key owner's own
inline constexpr std::uint32_t overcommit_part = 4;   // this part of the upstream may be promised beyond it
inline constexpr std::size_t max_nodes = 10'000;      // known ones
inline constexpr std::size_t max_streams = 10'000;    // known ones
inline constexpr std::size_t max_own_streams = 256;   // published by this node
inline constexpr std::size_t max_carried = 1'024;     // own ones and those that have a pipeline here
inline constexpr std::size_t max_shunned = 1'024;  // children that did not hold the rate, and are remembered
inline constexpr std::size_t max_waiting_calls = 64;  // API calls that wait for one search
inline constexpr std::size_t max_relayed = 256;      // askers for whom this node fetches a stream, as a relay
inline constexpr std::size_t max_failed_paths = 64;  // nodes that are remembered because no link came up
inline constexpr std::size_t max_proven = 256;       // nodes that are remembered because media came from them
inline constexpr std::size_t max_forgers =
    256;                                       // nodes that are remembered because they brought forged media
inline constexpr std::size_t max_rivals = 64;  // streams that are remembered because another has their slug
// Shares of one peer, one key or one network (core/network.hpp). What exceeds them is answered with
// slow-down.
inline constexpr std::uint32_t messages_per_second = 100, messages_burst = 2'000;  // of a node
inline constexpr std::uint32_t carried_per_second = 5'000,
                               carried_burst = 50'000;  // of a supernode, for others
inline constexpr std::uint32_t finds_per_second = 10, finds_burst = 100;
inline constexpr std::uint32_t carried_finds_per_second = 1'000, carried_finds_burst = 10'000;
inline constexpr std::uint32_t dials_per_second = 10, dials_burst = 200;  // to addresses that others named
inline constexpr Time dial_again = 1s;                                    // the same address
inline constexpr std::size_t max_dialled = 1'024;          // addresses that are remembered for that
inline constexpr std::size_t max_unproved = 64;            // sockets of one network that have not said hello
inline constexpr std::size_t max_streams_of_source = 256;  // in a directory; a node publishes no more
inline constexpr std::size_t max_carried_of_child = 256;   // streams that one child says to carry
inline constexpr std::size_t max_carried_of_guest = 16;  // that a node says of whom we are not the supernode
inline constexpr const char *slow_down = "slow-down";
inline constexpr std::size_t max_raced = 16;            // standbys of one stream that are tried at once
inline constexpr std::size_t max_witnesses = 16;        // other supernodes that a search asks at once
inline constexpr std::size_t max_complainants = 1'024;  // nodes whose complaints a supernode remembers
inline constexpr std::size_t nodes_per_message = 64;  // these two keep a message below 64 KiB
inline constexpr std::size_t streams_per_message = 4;
inline constexpr std::size_t streams_told = 512;       // to a new child
inline constexpr std::size_t max_probes = 256;  // connections at once that try whether others can be reached
// An origin has many children. News of streams for all of them are messages, so many a second after a burst
// of so many seconds; what is left out, they learn from the origin's lists.
inline constexpr std::uint64_t origin_news_per_second = 2'000;
inline constexpr Time origin_news_burst = 5s;
inline constexpr Time report_audience = 10s;  // to the origin, if it has changed
inline constexpr std::size_t remembered_losses = 256;  // supernodes that could not be reached any more
inline constexpr std::size_t remembered_ends = 1'024;  // streams that are gone: old news of them is refused
inline constexpr std::uint64_t max_rate_kbps = 100'000'000;  // a stream's announced rate may be nonsense
// How far a version (`updated`) may lie ahead of our clock. A version further ahead is refused: until that
// time, nobody could say anything newer. Two honest clocks are not that far apart.
inline constexpr Time max_ahead = 5min;
// What a stream's key has said of it holds for so long. It is said again when half of that is over.
inline constexpr Time statement_life = 24h;
// A stream of which nobody has said or measured the bit rate counts as `unknown_bps`, a usual 720p stream. On
// an upstream that is smaller it counts as the whole of it, but at least as the first Astral's 75 KB/s.
inline constexpr std::uint64_t unknown_bps = 4'000'000;
inline constexpr std::uint64_t least_unknown_bps = 600'000;
// Of each stream's media, what its link carries beside it: the headers of MOQT, QUIC, UDP and IP,
// acknowledgements, repeated packets and control.
inline constexpr std::uint64_t overhead_part = 8;
// This part of a measured line stays free: for other traffic, and for bursts of the media.
inline constexpr std::uint64_t free_part = 5;

inline constexpr const char *has_ended = "the stream has ended";  // for people

struct Timeouts {
  Time heartbeat = 5s;
  // A peer that sends nothing for this long is lost. A ticket that no heartbeat names for this long lapses.
  Time silence = 15s;
  Time greeting = 5s;  // from connected to hello or welcome
  Time ask = 1500ms;   // from Request to Offer; from Register to its answer; to connect
  // When all nodes of the wide search have refused, the nodes that were asked first have this long to offer.
  Time late = 250ms;
  Time gather = 80ms;  // from the first offer of a search to the choice
  Time idle = 30s;     // a session that serves nothing ends after this
  Time routed_heartbeat = 15s;
  // Instead of `silence`, if the two ends talk over supernodes; the media backend watches the ticket's link.
  Time routed_silence = 45s;
  // An offer that is not confirmed, or a link that its source does not confirm, lapses after this: its place
  // is free again.
  Time unconfirmed = 2s;
  Time publisher = 5s;     // for the offer of a publisher's element: it is the only one to ask
  Time search = 10s;       // one search, with all its questions
  Time ask_again = 500ms;  // a search for a parent repeats its question after this, if no node has offered
  // For how long it repeats the question when a node knows the stream and has no room. Also for how long a
  // node whose parent is silent refuses new children.
  Time no_room = 5s;
  Time origin = 3s;          // for the origin's lists, while this node has no supernode
  Time registration = 10s;   // for the origin to say whether a name is free
  Time first_retry = 200ms;  // after the loss of a parent, before a search; doubles up to last_retry
  Time last_retry = 5s;
  // For `hurry` after the loss it doubles only up to last_hurry: if the source was away, other nodes may
  // still have the media that this node missed.
  Time last_hurry = 1s;
  Time hurry = 20s;
  Time settled = 5s;    // a parent or standby that lasted this long resets the doubling
  Time unwanted = 30s;  // a stream that nobody wants is carried for this long
  // A relay has this long to get the stream, and the node for which it was recruited to become its child.
  Time relay = 10s;
  // A stream whose publisher has vanished, or whose publisher's node, ends after this.
  Time publisher_wait = 60s;
  Time ending = 5s;     // for the rest of a stream that has ended to come, and again for it to be passed on
  Time watch = 10s;     // a person that watches waits this long for media, then hears what is wrong
  Time reconnect = 1s;  // before this node looks for a supernode again; doubles up to last_reconnect
  Time last_reconnect = 30s;
  Time choose = 250ms;  // after the first supernode has answered, for nearer ones to answer
  // A node becomes a supernode after a random time up to this, so that not all nodes do so at once. A full
  // supernode summons at most one child in this time.
  Time promote = 2s;
  // A supernode tries this often to reach nodes that it has no link to: a lost one, an address of the
  // settings, those of the origin. Without any link it begins after `reconnect`, doubling up to this.
  Time lost_again = 20s;
  Time refused = 10s;         // a supernode that was full or away is not asked again for this long
  // A child of an origin that found no supernode with room looks again after this, doubling up to last_look.
  Time look = 20s;
  Time last_look = 300s;
  // A child of an origin that could not be reached has this tried again: people open ports.
  Time probe_again = 60s;
  Time needless = 600s;       // without a child, before a supernode steps down
  Time advert_pause = 200ms;  // changes of a stream within this time are told together
  // A key owner counts the place that it sent a search to as taken for this long. If no advert came by then,
  // the place was not taken, or its carrier hangs.
  Time promised = 3s;
  // A link to a parent is renewed at this age: the QUIC library keeps some bytes of each of its streams.
  Time renew = 6h;
  Time renew_again = 60s;  // after a renewal that failed
  Time refresh = 60s;      // adverts are repeated after this; a record lives two and a half times as long
  Time here_refresh = 300s;
  // After being fed, before a better place is searched for; the second time three times as long.
  Time improve = 15s;
  Time overlap = 5s;         // a new parent's media must come within this; the old parent stays meanwhile
  Time leave = 1800ms;       // a node that shuts down waits this long for its children to find other parents
  Time ask_leaving = 550ms;  // instead of `ask`, if the parent leaves: it does not wait
  Time leave_again = 150ms;  // before the next search, if the parent leaves and no node had room
  Time overcommitted = 5s;   // how long a child has an overcommitted place, to find another one
  Time makes_way = 10s;  // for a leaf to find another place, if a node that says it forwards needs its own
  Time slow = 30s;           // for a child that does not hold the rate, to find another place
  Time shunned = 60s;        // after that the child does not get this stream again for this long
  Time loop_check = 1s;      // for the answer to a LoopCheck
  Time below = 2s;           // a node that refused us because it is below us is not asked again for this long
  Time standby = 100ms;      // after being fed, before a standby is searched for
  Time standby_again = 1s;   // after a search for a standby that failed; doubles up to last_standby
  Time last_standby = 30s;
  // For the first media of a standby that was switched on. A far standby answers after a round trip. While no
  // media comes from any node, each standby gets twice the time of the one before.
  Time tried = 400ms;
  // A new parent that has brought nothing is taken for a silent one this long after its link came up, or, if
  // the link has not come up, three times as long after it was agreed on. Nobody is left for that: the
  // standby's media is asked for as well.
  Time first_media = 400ms;
  // A stream that is wanted and brings nothing for this long makes its searches ask other supernodes too: a
  // few more each time that it has passed. After a few times it doubles, up to last_doubt.
  Time first_doubt = 600ms;
  Time last_doubt = 30s;
  Time on_air = 60s;  // a publisher's node looks for other supernodes this often, until it has some
  // A node that brought nothing is not asked for the same stream for this long.
  Time barren = 20s;
  // The line is measured again after a measurement that failed or was rough, each time later.
  Time measure_again = 60s;
  Time measure_seldom = 1h;
  Time doubt = 10min;   // after this, links that had a queue tell nothing of today's line
  Time disturb = 60s;   // no more often does a stranger who measures keep children away
  Time silent = 400ms;  // if a standby's media came and the parent's did not for this long, the parent fails
};

}  // namespace astral::core
