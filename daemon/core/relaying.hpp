// SPDX-License-Identifier: BSD-3-Clause
// This node as a relay: it carries a stream that none of its players wants, because two nodes that want to
// give and get it have no direct path. A supernode recruits it (Finder), for one asker at a time. The stream
// is carried for a while; after that the askers that became children keep it, as any child does.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "core/directory.hpp"
#include "core/message.hpp"
#include "core/outbox.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"

namespace astral::core {

//  recruited ──▶ waits ──the stream is open here──▶ served (Provider decides, as for any search)
//                  └── its time is up ──▶ forgotten; the asker searches again
class Relaying {
 public:
  Relaying(const ThisNode &node, Outbox &outbox, const Directory &directory, StreamTable &streams)
      : node_(node), outbox_(outbox), directory_(directory), streams_(streams) {}

  // From our supernode, or ourselves. A supernode always relays; other nodes do if they may be seeded.
  void recruited(const Request &request);
  void carry_changed(const Slug &slug);  // the stream may be open now
  void lapse();                          // with each beat
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    Request request = {};
    Time until = {};
  };
  const ThisNode &node_;
  Outbox &outbox_;
  const Directory &directory_;
  StreamTable &streams_;
  std::map<std::pair<Slug, Uuid>, Waiting> waiting_;  // by stream and asker
};

}  // namespace astral::core
