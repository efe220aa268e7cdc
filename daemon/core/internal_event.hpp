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
  Uuid meant = {};  // we connected to reach this one, and another is there
};
struct PeerGone {  // it is no longer in Peers, its tickets still are in Tickets
  PeerId peer = 0;
  Uuid uuid;
  bool routed = false;
  bool ready = false;  // it had come so far
};
struct StreamGone {  // somebody else's, by the news
  Slug slug;
  std::uint64_t updated = 0;
  PeerId from = 0;
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
struct CarryChanged {  // what we could forward of a stream
  Slug slug;
};
struct Closed {  // it is not carried any more
  Slug slug;
};
struct Settled {};  // we have another primary, or are a supernode now
struct ToForward {  // for a node without a session
  Routed routed;
};
struct ToFind {  // for the supernode that we are
  Find find;
};
struct ToServe {  // a request that a supernode found us fit for
  Request request;
};
struct OwnAnswer {  // to a call that we made ourselves, for another node
  CallId call = 0;
  bool done = false;
  std::string message;
};
struct StreamNews {  // of another node's stream, whoever told it
  StreamInfo stream;
  PeerId from = 0;
};

using InternalEvent = std::variant<PeerReady, PeerGone, StreamGone, MediaOpened, NotFound, Moved, NeedChanged,
                                   OwnChanged, OriginHeard, CarryChanged, Closed, Settled, ToForward, ToFind,
                                   ToServe, OwnAnswer, StreamNews>;

}  // namespace astral::core
