// SPDX-License-Identifier: BSD-3-Clause
// Other supernodes than our own: ours may answer nothing, know liars only, or hide what we publish. A search
// asks them too while no media comes, and a publisher's node tells them of its streams. This class decides
// which; what they are asked is Reconciler's business, and what they are told is Finder's.
#pragma once

#include <map>
#include <set>

#include "core/directory.hpp"
#include "core/outbox.hpp"
#include "core/rng.hpp"
#include "core/sessions.hpp"
#include "core/standing.hpp"
#include "core/this_node.hpp"

namespace astral::core {

class Witnesses {
 public:
  Witnesses(const ThisNode &node, Outbox &outbox, Sessions &sessions, const Directory &directory,
            const Deliveries &standing, Rng &rng)
      : node_(node),
        outbox_(outbox),
        sessions_(sessions),
        directory_(directory),
        standing_(standing),
        rng_(rng) {}

  // Connects to a few more, at random, each of another network. If too few are known, the origin is asked.
  void more();
  void origin_heard();
  // Called at each beat while we publish.
  void keep_some();
  // The greeting with a peer is complete. True: a search may ask it from now on.
  bool ready(const Peer &peer);
  void gone(PeerId peer) { called_.erase(peer); }

 private:
  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  const Directory &directory_;
  const Deliveries &standing_;
  Rng &rng_;
  std::set<PeerId> called_;     // connections that come up
  std::map<Uuid, Time> tried_;  // not again until then
  bool wants_more_ = false;     // the origin was asked for it
  Time origin_asked_ = -1h;
  Time looked_ = -1h;  // the last time that keep_some() looked for more
};

}  // namespace astral::core
