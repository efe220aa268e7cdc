// SPDX-License-Identifier: BSD-3-Clause
// Whether this node is a child of a supernode or a supernode itself. It looks for the nearest supernode that
// has room and becomes one if none has. A supernode takes children and keeps links with other supernodes. An
// origin is a supernode of last resort: who cannot become a supernode is its child until another has room.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/directory.hpp"
#include "core/input.hpp"
#include "core/outbox.hpp"
#include "core/records.hpp"
#include "core/rng.hpp"
#include "core/sessions.hpp"
#include "core/standing.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"

namespace astral::core {

//               ┌───────────── the primary is lost, or leaves ────────────┐
//               ▼                                                         │
//  (start) ─▶ seeking ──the nearest with room──▶ registering ──yes──▶ child
//               │  ▲                                 │ full, silent: the next one
//               │  └─────────────────────────────────┘
//               │ nobody has room or answers; reached from outside
//               ▼
//           supernode ◀──summoned by a full primary── child
//           supernode ──needless for long, others have room──▶ seeking
// The child of an origin looks for another supernode and stays the origin's child meanwhile.
enum class RoleState { seeking, registering, child, supernode };

class NodeRole {
 public:
  NodeRole(ThisNode &node, Outbox &outbox, Sessions &sessions, const Tickets &tickets, TimerQueue &timers,
           Directory &directory, const Deliveries &standing, Rng &rng, Records &records)
      : node_(node),
        outbox_(outbox),
        sessions_(sessions),
        tickets_(tickets),
        timers_(timers),
        directory_(directory),
        standing_(standing),
        rng_(rng),
        records_(records) {}

  void start();
  void beat();
  void seek();     // its timer fired
  void choose();   // its timer fired
  void promote();  // its timer fired
  void origin_heard();

  void peer_ready(PeerId peer);
  void peer_gone(const PeerGone &gone);
  void move_to(PeerId supernode);  // by a child: it registers there, and stays where it is until then
  void met_itself(PeerId peer);   // an address of the settings is our own
  void registration(Peer &peer);  // from a node that wants to be our child
  void registered(const Peer &peer, const Registered &registered);
  void full(const Peer &peer, const Full &full);
  void unregistered(const Peer &peer);
  void summoned(const Peer &peer);
  void probe(const Peer &peer);
  void probed(const Peer &peer, const Probed &probed);
  // The supernodes that a node which greets us should know.
  std::vector<NodeInfo> told_to(const NodeInfo &node);
  void supernode_heard(const NodeInfo &node);

  RoleState role() const { return state_; }
  bool kept(const Peer &peer) const;  // our role needs this session
  void leave();

 private:
  // What this round of `seeking` has turned to after the known supernodes: the origin's lists, then the
  // origin itself as a supernode.
  enum class Resort { none, lists, origin };

  void enter(RoleState state);
  bool ask_more();
  void ask_at(const Address &address);
  void ask_node(const NodeInfo &node);
  bool ask_origins();
  void choose_soon();
  void release_candidates();
  void let_go(PeerId id);
  bool is_origin(const Uuid &uuid) const;
  // Our supernode is an origin, or brought nothing when others did: another one is looked for meanwhile.
  bool under_origin() const {
    return state_ == RoleState::child &&
           (primary_is_origin_ || standing_.is_avoided(node_.settings.self.primary, node_.now));
  }
  void look();
  void look_soon();
  void stay();
  void beat_under_origin();
  bool has_other_links() const;
  void reached(const Peer &probing);
  void nobody();
  void summon();
  bool make_room(const Peer &peer);
  void step_down();
  void tend();
  void look_beyond();
  void seek_others();
  void try_lost();
  void link(const Peer &peer);
  void put_off(const Uuid &uuid);
  bool is_full(const Uuid &uuid) const;
  bool put_off_now(const Uuid &uuid) const;
  std::vector<NodeInfo> infos(const std::vector<Uuid> &uuids) const;
  void probe_ask(PeerId peer);
  void count_children();

  ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  const Tickets &tickets_;
  TimerQueue &timers_;
  Directory &directory_;
  const Deliveries &standing_;
  Rng &rng_;
  Records &records_;
  RoleState state_ = RoleState::seeking;
  std::set<PeerId> candidates_;         // sessions that we choose our supernode from
  std::set<Address> tried_;             // of the settings, in this round
  std::map<Address, Uuid> settled_at_;  // the node that answered at an address of the settings
  std::map<PeerId, Address> at_;        // candidates that came from the settings
  std::map<Uuid, Time> put_off_;  // they are full or could not be reached: until then they are not asked
  std::set<Uuid> backups_;        // supernodes that our supernode named
  Time backoff_ = {};
  Resort resort_ = Resort::none;
  bool saw_full_ = false;      // in this round: there are supernodes
  bool primary_is_origin_ = false;
  PeerId asked_ = 0;           // by a child of an origin: the supernode that it wants to move to
  PeerId probed_by_ = 0;       // the peer that tries whether it can reach us
  Time probe_asked_ = {};
  std::map<PeerId, PeerId> probes_;  // sessions that try whether the node of another session can be reached
  bool summoned_ = false;
  Time summon_after_ = {};
  Time lost_tried_ = {};
  std::optional<bool> reached_ = {};  // this node can be reached from outside; none: nobody has tried yet
  Time childless_since_ = {};
};

}  // namespace astral::core
