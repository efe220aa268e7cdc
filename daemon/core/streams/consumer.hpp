// SPDX-License-Identifier: BSD-3-Clause
// Writes what happens to the streams that this node receives into their facts. plan.hpp says what follows,
// and Reconciler does it. The parent of a stream of our own is the publisher's element; there is no search
// for it.
#pragma once

#include <optional>
#include <string>

#include "core/directory.hpp"
#include "core/forgers.hpp"
#include "core/input.hpp"
#include "core/outbox.hpp"
#include "core/paths.hpp"
#include "core/rng.hpp"
#include "core/sessions.hpp"
#include "core/streams/reconciler.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/ticket_changes.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

class Consumer {
 public:
  Consumer(const ThisNode &node, Outbox &outbox, Sessions &sessions, StreamTable &streams, Tickets &tickets,
           TicketChanges &ticket_changes, UpstreamBudget &budget, TimerQueue &timers, Directory &directory,
           FailedPaths &failed_paths, Deliveries &standing, Forgers &forgers, Rng &rng)
      : node_(node),
        outbox_(outbox),
        sessions_(sessions),
        streams_(streams),
        tickets_(tickets),
        ticket_changes_(ticket_changes),
        budget_(budget),
        timers_(timers),
        directory_(directory),
        failed_paths_(failed_paths),
        standing_(standing),
        forgers_(forgers),
        reconciler_(node, outbox, sessions, streams, tickets, ticket_changes, budget, timers, directory,
                    failed_paths, standing, forgers, rng) {}

  // The answer has the ticket. If it waits for media, it waits a few seconds.
  void watch(const AskTicket &ask);
  void players_seen(const PlayersSeen &input);
  void need_changed(const Slug &slug);
  // Ends everything of this stream but the tickets that we gave.
  void drop(const Slug &slug, const Error &error, const std::string &code);

  // From parents, and nodes that offer to be one.
  void offer(const Peer &peer, const Offer &offer);
  void refusal(const Peer &peer, const Refusal &refusal);
  void path(const Peer &peer, const Path &path);
  void leaving(const Peer &peer, const Leaving &leaving);
  void candidates(const Ticket &ticket, const Candidates &candidates);
  void cancelled(const Ticket &ticket, const Cancel &cancel);
  void peer_gone(PeerId peer);
  void ask_at(PeerId witness);  // another supernode can be asked too
  void settled();  // there is a supernode to ask
  void lapse();    // ends tickets that no heartbeat has named for long, and what is relayed for nobody

  // From the media backend.
  void source_said(const SourceSaid &input);
  void source_linked(const SourceLinked &input);
  void source_flows(const SourceFlows &input);
  void silent(const StreamSilent &input);
  void source_ended(const SourceEnded &input);
  void measured(const MediaMeasured &input);

  // Of our own streams.
  void attach(StreamState &stream, PeerId publisher);
  void pause(StreamState &stream, const std::string &code,
             const std::string &why);  // the link to the publisher's element ends
  void resume(StreamState &stream);
  void finish(StreamState &stream);  // the stream has ended; what the publisher sent is passed on first
  void news(const Slug &slug);       // of a stream of another node: has it ended, or begun again?

  void look_again(const Slug &slug);  // its timer fired

  void check_invariants() const;

 private:
  struct Held {
    StreamState &stream;
    Link &link;
    const Ticket &ticket;
  };
  // A ticket that we hold from this peer.
  std::optional<Held> held_from(const Peer &peer, const TicketId &id);
  std::optional<Held> held(const Slug &slug, const TicketId &id);
  StreamState *searching(const Slug &slug, const SearchId &search);
  bool fits(const StreamState &stream, const Peer &peer, const Offer &offer) const;
  bool take_offer(StreamState &stream, const Peer &peer, const Offer &offer);
  void confirmed(const Held &held, const Confirm &confirm);
  void grant(StreamState &stream, Link &link);
  void no_link(StreamState &stream, const Link &link, const std::string &why);
  void note_trouble(StreamState &stream, const std::string &trouble);
  void compare(StreamState &stream, const Link &brought);
  void lose(StreamState &stream, const TicketId &id, const char *code, const std::string &why);

  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  StreamTable &streams_;
  Tickets &tickets_;
  TicketChanges &ticket_changes_;
  UpstreamBudget &budget_;
  TimerQueue &timers_;
  Directory &directory_;
  FailedPaths &failed_paths_;
  Deliveries &standing_;
  Forgers &forgers_;
  Reconciler reconciler_;
};

}  // namespace astral::core
