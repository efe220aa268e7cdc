// SPDX-License-Identifier: BSD-3-Clause
// What core::Node wants done: data, in order, performed by the driver after handle() has returned.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/call.hpp"
#include "core/message.hpp"
#include "core/types.hpp"
#include "glue/error.hpp"

namespace astral::core {

// comes back PeerConnected or PeerLost
struct Connect {
  PeerId peer = 0;
  std::string ip_address = {};
  std::uint16_t port = 0;
};
struct Send {
  PeerId peer = 0;
  Message message = {};
};
struct Disconnect {
  PeerId peer = 0;
  std::string reason = {};
};
// a pipeline with a relay and no source yet
struct OpenMedia {
  Slug slug = {};
  bool own = false;  // this node is the source: what it does not keep nobody has
};
struct CloseMedia {
  Slug slug = {};
};
// Request, Confirm, Candidates, Cancel
struct TellRelay {
  Slug slug = {};
  Message message = {};
};
// a new astralsrc for this offer; it answers Confirm. One that stands by has its link and gets no media.
struct AddSource {
  Slug slug = {};
  Offer offer = {};
  bool standby = false;
};
// From standing by to being fed, or back. One that is fed already is asked whether it is there: it answers,
// or ends.
struct SwitchSource {
  Slug slug = {};
  TicketId ticket = {};
  bool standby = false;
};
struct TellSource {
  Slug slug = {};
  TicketId ticket = {};
  Message message = {};
};
struct RemoveSource {
  Slug slug = {};
  TicketId ticket = {};
};
struct Answer {
  CallId call = 0;
  Expected<Answered> result = {};
};
enum class Change { node, stream, ticket };
// for WS /events: uuid, slug, or slug/ticket id
struct Announce {
  Change what = Change::node;
  std::string key = {};
};
// with the origin; answered by OriginAnswered
struct RegisterStream {
  CallId call = 0;
  StreamInfo stream = {};
};
struct UnregisterStream {
  Slug slug = {};
};
// for fresh lists, OriginKnows
struct AskOrigin {};
// the bandwidth between us and that node: BandwidthMeasured
struct MeasureBandwidth {
  std::string ip_address = {};
  std::uint16_t port = 0;
};
struct Quit {};

using Effect = std::variant<Connect, Send, Disconnect, OpenMedia, CloseMedia, TellRelay, AddSource,
                            SwitchSource, TellSource, RemoveSource, Answer, Announce, RegisterStream,
                            UnregisterStream, AskOrigin, MeasureBandwidth, Quit>;
using Effects = std::vector<Effect>;

}  // namespace astral::core
