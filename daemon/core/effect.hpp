// SPDX-License-Identifier: BSD-3-Clause
// What core::Node wants done: data, in order, performed by the driver after handle() has returned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/message.hpp"
#include "core/types.hpp"
#include "glue/error.hpp"

namespace astral::core {

struct Connect {
  PeerId peer = 0;
  std::string ip_address;
  std::uint16_t port = 0;
};  // comes back PeerConnected or PeerLost
struct Send {
  PeerId peer = 0;
  Message message;
};
struct Disconnect {
  PeerId peer = 0;
  std::string reason;
};
struct OpenMedia {
  Slug slug;
};  // a pipeline with a relay and no source yet
struct CloseMedia {
  Slug slug;
};
struct TellRelay {
  Slug slug;
  Message message;
};  // Request, Confirm, Candidates, Cancel
struct AddSource {
  Slug slug;
  Offer offer;
};  // a new astralsrc for this offer; it answers Confirm
struct TellSource {
  Slug slug;
  TicketId ticket;
  Message message;
};
struct RemoveSource {
  Slug slug;
  TicketId ticket;
};
struct Answered {
  std::optional<TicketId> ticket = {};
  std::optional<StreamInfo> stream = {};
  bool created = false;
};
struct Answer {
  CallId call = 0;
  Expected<Answered> result;
};
enum class Change { node, stream, ticket };
struct Announce {
  Change what = Change::node;
  std::string key;
};  // for WS /events: uuid, slug, or slug/ticket id
struct RegisterStream {
  CallId call = 0;
  StreamInfo stream;
};  // with the origin; answered by OriginAnswered
struct UnregisterStream {
  Slug slug;
};
struct AskOrigin {};  // for fresh lists, OriginKnows
struct Quit {};

using Effect =
    std::variant<Connect, Send, Disconnect, OpenMedia, CloseMedia, TellRelay, AddSource, TellSource,
                 RemoveSource, Answer, Announce, RegisterStream, UnregisterStream, AskOrigin, Quit>;
using Effects = std::vector<Effect>;

}  // namespace astral::core
