// SPDX-License-Identifier: BSD-3-Clause
// What one part of a node tells the others. Parts do not call each other: they post an event, and Node hands
// it to the parts that it concerns after the part has returned.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "core/message.hpp"
#include "core/types.hpp"

namespace astral::core {

struct PeerReady {
  PeerId peer = 0;
  Uuid meant = {};  // the node that we connected to, if another one answered
};
struct PeerGone {  // it is no longer in Peers; its tickets are still in Tickets
  PeerId peer = 0;
  Uuid uuid;
  bool routed = false;
  bool ready = false;  // its greeting was complete
};
struct StreamGone {  // news that a stream of another node has ended
  Gone gone;
  Slug name;  // of the stream at this node
  PeerId from = 0;
};
struct MediaOpened {
  Slug slug;
};
struct NotFound {  // a search ended without a parent
  Slug slug;
  RefusalCode code = RefusalCode::no_stream;
  std::string why = {};  // if that is known
};
struct Moved {  // we have another parent or path, which our children must be told
  Slug slug;
};
struct NeedChanged {  // a child or player wants the stream now, or no longer
  Slug slug;
};
struct OwnChanged {  // the description of a stream of ours
  Slug slug;
  bool registered = false;  // the origin knows it already
  bool viewers_only = false;  // nothing else, so only the origin is told
};
struct OriginHeard {};
struct CarryChanged {  // how many children of a stream we could take
  Slug slug;
};
struct Closed {  // the stream is not carried any more
  Slug slug;
};
struct Settled {};  // we have another primary, or are a supernode now
struct ToForward {  // a message for a node without a session
  Routed routed;
};
struct ToFind {  // a search of our own, when we are a supernode
  Find find;
};
struct ToServe {  // a request that we, as a supernode or a relay, hand to ourselves
  Request request;
};
struct ToRelay {  // the same, and we have to get the stream first
  Request request;
};
struct ChildLeft {  // it had to make room for a node of another network
  Uuid uuid;
};
struct Doubted {};     // a stream that is wanted brings nothing: more supernodes are to be asked
struct WitnessReady {  // one of them can be asked now
  PeerId peer = 0;
};
struct OnAir {};  // at each beat while we publish
struct Outdone {  // this supernode found what our own one did not
  PeerId by = 0;
};
struct Trouble {  // what keeps a stream's media from coming has changed
  Slug slug;
};
struct OwnAnswer {  // the result of a call that we made ourselves, for another node
  CallId call = 0;
  bool done = false;
  std::string message;
};
struct StreamNews {  // a newer version of a stream; from: the peer that told it, 0: it is ours
  StreamInfo stream;
  PeerId from = 0;
};

using InternalEvent =
    std::variant<PeerReady, PeerGone, StreamGone, MediaOpened, NotFound, Moved, NeedChanged, OwnChanged,
                 OriginHeard, CarryChanged, Closed, Settled, ToForward, ToFind, ToServe, ToRelay, ChildLeft,
                 Doubted, WitnessReady, OnAir, Outdone, Trouble, OwnAnswer, StreamNews>;

}  // namespace astral::core
