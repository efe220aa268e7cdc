// SPDX-License-Identifier: BSD-3-Clause
// A supernode's part of a search. Its children tell it what they could forward, and it tells the owner of the
// stream's key the sum. A search goes to its own children first, then to the key owner, which knows
// supernodes through which there is room. That takes O(log n) messages, however large the audience is.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/directory.hpp"
#include "core/outbox.hpp"
#include "core/paths.hpp"
#include "core/records.hpp"
#include "core/rng.hpp"
#include "core/routes.hpp"
#include "core/sessions.hpp"
#include "core/standing.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

class Finder {
 public:
  Finder(const ThisNode &node, Outbox &outbox, Sessions &sessions, StreamTable &streams,
         const Tickets &tickets, const UpstreamBudget &budget, TimerQueue &timers, Directory &directory,
         Records &records, Routes &routes, Rng &rng)
      : node_(node),
        outbox_(outbox),
        sessions_(sessions),
        streams_(streams),
        tickets_(tickets),
        budget_(budget),
        timers_(timers),
        directory_(directory),
        records_(records),
        routes_(routes),
        rng_(rng) {}

  // Called on every node: what it could forward may have changed.
  void carry_changed(const Slug &slug);
  void settled();
  void beat();
  // Tells a supernode that is not ours of our live streams, which ours may hide.
  void announce(PeerId witness);

  // Called on a supernode.
  void carrying(const Peer &child, const Carrying &carrying);
  void find(Find find);
  // A peer says in its search that these nodes gave it no link, or no media.
  void complained(const Uuid &from, const std::vector<Uuid> &of) { complaints_.heard(from, of, node_.now); }
  void advert(Advert advert, PeerId from);
  void here(Here here);
  void stream_news(const StreamInfo &stream, PeerId from);
  void stream_gone(const Gone &gone, PeerId from);
  void child_came(const Peer &child);
  void child_left(const Uuid &uuid);  // to another supernode, or it became one
  void peer_gone(const PeerGone &gone);
  void advert_due(const Slug &slug);

 private:
  struct Offering {
    std::uint32_t hops = 0;
    std::uint32_t room = 0;
    std::uint32_t leaves = 0;
  };
  struct Reach {  // what can be got of one stream through us
    std::map<Uuid, Offering> children;
    Offering told = {};
    bool known = false;  // the key owner knows us
    Time said = {};
  };
  struct Blocked {  // a node that has room, and no path to the asker
    Uuid uuid = {};
    std::string why = {};
    bool over_tcp = false;  // its UDP is blocked: only a supernode can get the stream from it
    Families families = {};
  };
  struct Handed {
    std::size_t asked = 0;
    std::optional<Blocked> blocked = {};  // the best one that was not asked
  };
  Handed hand_out(const Request &request, std::size_t most, bool displace, Doubt doubt = Doubt::known);
  std::size_t hand_out_or_relay(const Request &request, std::size_t most, bool displace);
  bool reaches(const Request &request, const Giver &giver) const;
  Uuid recruit(const Request &request, const Blocked &blocked);
  void refuse(const Request &request, RefusalCode code, const std::string &message);
  // How many nodes to ask at once: more for an asker to which others brought nothing.
  static std::size_t asked_for(const Request &request, std::size_t usual);
  // The same, or it asks us because its own supernode found nothing.
  bool is_worried(const Request &request) const;
  // For such an asker: one that carries the stream and has no room, at random. Returns how many.
  std::size_t ask_full(const Request &request);
  // The same, if that is called for after so many were asked that say that they have room.
  std::size_t ask_full_too(const Request &request, std::size_t handed);
  std::vector<Records::Carrier> carriers(const Request &request, const Uuid &but);
  void ask_around(Find find);
  void ask_second(Find find);
  bool note(const Find &find);  // false: it was served already
  Offering sum(const Slug &slug) const;
  Offering own(const Slug &slug) const;
  bool any(const Slug &slug) const;
  void changed(const Slug &slug);
  template <typename M>
  bool pass_on(Key key, const M &message);
  void tell_owners(Advert advert, PeerId from);
  void keep(const Advert &advert);
  bool may_carry(const Peer &peer, const Slug &slug);
  void forget(std::map<Slug, Reach>::iterator reach);

  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  StreamTable &streams_;
  const Tickets &tickets_;
  const UpstreamBudget &budget_;
  TimerQueue &timers_;
  Directory &directory_;
  Records &records_;
  Routes &routes_;
  Rng &rng_;
  Complaints complaints_;
  std::map<Slug, Reach> reach_;
  Shares carries_;  // by child, of `reach_`
  std::set<std::string> served_;
  std::deque<std::string> served_order_;
  Time here_said_ = {};
};

}  // namespace astral::core
