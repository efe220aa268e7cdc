// SPDX-License-Identifier: BSD-3-Clause
// Turns the differences between the actual and the desired state (plan.hpp) into effects, one at a time,
// until there is none. It writes what it did into the facts. It decides nothing.
#pragma once

#include <string>
#include <vector>

#include "core/directory.hpp"
#include "core/forgers.hpp"
#include "core/outbox.hpp"
#include "core/paths.hpp"
#include "core/rng.hpp"
#include "core/sessions.hpp"
#include "core/standing.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/ticket_changes.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"
#include "glue/error.hpp"

namespace astral::core {

struct Circumstances;
struct Duty;
struct Plan;

//   state of a link         is to be used to      what is done
//   offered                 stand by              AddSource (standby)                 ─▶ preparing
//   offered                 feed                  OpenMedia, AddSource                ─▶ linking
//   ready                   listen                SwitchSource on                     ─▶ tried
//   tried                   stand by              SwitchSource off                    ─▶ ready
//   ready, tried            feed                  SwitchSource on, Request            ─▶ switching
//   any                     release               Cancel, RemoveSource                ─▶ (gone)
// In all other cases nothing is done: the link is as desired, or waits for an answer, which Consumer takes.
class Reconciler {
 public:
  Reconciler(const ThisNode &node, Outbox &outbox, Sessions &sessions, StreamTable &streams, Tickets &tickets,
             TicketChanges &ticket_changes, UpstreamBudget &budget, TimerQueue &timers,
             const Directory &directory, const FailedPaths &failed_paths, const Deliveries &standing,
             Forgers &forgers, Rng &rng)
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
        rng_(rng) {}

  // After facts have changed, or when the stream's timer fires. It may end the stream.
  void settle(StreamState &stream);
  Circumstances circumstances(const StreamState &stream) const;

  void enter(Link &link, LinkState state);
  // `code` and `why` go to the other end; null `code`: it knows, or is gone. `id` is a copy: the link goes.
  // `drain`: what its source has received still comes.
  void release(StreamState &stream, TicketId id, const char *code, const std::string &why,
               bool drain = false);
  // Releases a link that failed; a replacement is needed after a pause.
  void lose(StreamState &stream, TicketId id, const char *code, const std::string &why, bool drain = false);
  void release_all(StreamState &stream, const char *code, const std::string &why, bool drain = false);
  void open_media(StreamState &stream);
  void close_media(StreamState &stream);
  void answer_calls(StreamState &stream, const Expected<Answered> &result);  // all that wait
  void close(StreamState &stream);  // its links are released and its calls answered before
  Pass pass_for(const StreamState &stream) const;
  void ask(StreamState &stream);    // sends the question of its search, with a new id or to more nodes
  void ask_at(StreamState &stream, PeerId witness);  // another supernode, while the stream brings nothing
  void fail_later(StreamState &stream, Purpose purpose);  // starts a pause that grows

 private:
  std::vector<Uuid> unreachable(const StreamState &stream) const;
  Find question(const StreamState &stream) const;
  void note_need(StreamState &stream);
  void note_end(StreamState &stream);
  bool note_hunger(StreamState &stream, const Plan &plan);
  void end(StreamState &stream);
  void refuse_all(StreamState &stream);
  bool note_parent(StreamState &stream, const Plan &plan);
  void parent_lost(StreamState &stream, const Plan &plan);
  bool do_links(StreamState &stream, const Plan &plan);
  bool do_duty(StreamState &stream, const Duty &duty);
  bool do_search(StreamState &stream, const Plan &plan);
  void answer(std::vector<CallId> &calls, const Expected<Answered> &result);
  void answer_watchers(StreamState &stream, const Plan &plan);
  void begin_search(StreamState &stream, const Plan &plan);
  void fail_search(StreamState &stream);
  bool tell(StreamState &stream, const Plan &plan);
  void link(StreamState &stream, Link &link, bool standby);
  void switch_on(StreamState &stream, Link &link, LinkState state);
  void listen(StreamState &stream, Link &link, const Link &parent);
  void ask_publisher(StreamState &stream);

  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  StreamTable &streams_;
  Tickets &tickets_;
  TicketChanges &ticket_changes_;
  UpstreamBudget &budget_;
  TimerQueue &timers_;
  const Directory &directory_;
  const FailedPaths &failed_paths_;
  const Deliveries &standing_;
  Forgers &forgers_;
  Rng &rng_;
};

}  // namespace astral::core
