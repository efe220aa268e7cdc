// SPDX-License-Identifier: BSD-3-Clause
// The effects of core::Node: what its driver does, in order, after handle() has returned.
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

// The driver answers with PeerConnected or PeerLost.
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
// Opens a pipeline with a relay and no source yet.
struct OpenMedia {
  Slug slug = {};
  bool own = false;  // this node is the source: what it does not keep, no other node can have
};
struct CloseMedia {
  Slug slug = {};
};
// The stream has ended: children and players get all that has come, and then the end. CloseMedia follows.
struct EndMedia {
  Slug slug = {};
};
// The message is Request, Confirm, Candidates or Cancel.
struct TellRelay {
  Slug slug = {};
  Message message = {};
};
// Makes an astralsrc for this offer, which answers with Confirm. A standby has a link and gets no media.
struct AddSource {
  Slug slug = {};
  Offer offer = {};
  std::string stream_key =
      {};  // the fingerprint of the key that must have signed its media; empty: not known
  bool standby = false;
};
// Switches a source on, or back to standby. A source that is on already is asked whether its link is alive:
// it answers or ends.
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
  bool drain = false;  // what it has received still comes, also before a following EndMedia
};
struct Answer {
  CallId call = 0;
  Expected<Answered> result = {};
};
enum class Change { node, stream, ticket };
// For WS /events. key: uuid, slug, or slug/ticket id.
struct Announce {
  Change what = Change::node;
  std::string key = {};
};
// Registers the stream with the origin; the driver answers with OriginAnswered.
struct RegisterStream {
  CallId call = 0;
  StreamInfo stream = {};
  std::uint64_t viewers = 0;
};
struct UnregisterStream {
  Slug slug = {};
};
// Asks the origin for its lists; the driver answers with OriginKnows.
struct AskOrigin {};
// Measures the bandwidth to that node; the driver answers with BandwidthMeasured.
struct MeasureBandwidth {
  std::string ip_address = {};
  std::uint16_t port = 0;
  bool upstream = true;  // not only the downstream
  bool pings = false;    // the other is an origin, which carries no media and knows no more than POST /ping
};
struct Quit {};

using Effect = std::variant<Connect, Send, Disconnect, OpenMedia, CloseMedia, EndMedia, TellRelay,
                            AddSource, SwitchSource, TellSource, RemoveSource, Answer, Announce, RegisterStream,
                            UnregisterStream, AskOrigin, MeasureBandwidth, Quit>;
using Effects = std::vector<Effect>;

}  // namespace astral::core
