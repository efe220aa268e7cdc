// SPDX-License-Identifier: BSD-3-Clause
// What comes in to core::Node: sockets, calls of the API, the media floor, the origin, the clock.
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

// outbound: answers our Connect
struct PeerConnected {
  PeerId peer = 0;
  bool outbound = false;
  std::string address = {};
};
// It has the key of that fingerprint. Before its first message; one that proves nothing is an element.
struct PeerProved {
  PeerId peer = 0;
  std::string fingerprint = {};
};
struct PeerSaid {
  PeerId peer = 0;
  Message message = {};
};
// closed, or could not be connected
struct PeerLost {
  PeerId peer = 0;
  std::string reason = {};
};
struct Shutdown {};
// The media floor. A relay speaks for its provider side, a source for one ticket that we hold.
// Offer, Candidates, Cancel
struct RelaySaid {
  Slug slug = {};
  Message message = {};
};
// Confirm, Candidates, Cancel
struct SourceSaid {
  Slug slug = {};
  TicketId ticket = {};
  Message message = {};
};
// Media of this source has arrived.
struct SourceFlows {
  Slug slug = {};
  TicketId ticket = {};
};
// Nothing has come for longer than this stream's cadence explains: said again, ever later, until media flows.
struct StreamSilent {
  Slug slug = {};
};
// The child of a ticket that we gave does not hold the rate: it had to skip groups for long.
struct ChildSlow {
  Slug slug = {};
  TicketId ticket = {};
};
struct SourceEnded {
  Slug slug = {};
  TicketId ticket = {};
  Error error = {};
};
struct MediaMeasured {
  Slug slug = {};
  std::uint64_t rate_bps = 0;
  std::uint64_t largest_group = 0;
  std::string caps = {};
  std::uint64_t kept_streams = 0;  // by the link to the parent
};
// The origin.
// whole lists
struct OriginKnows {
  std::vector<NodeInfo> nodes = {};
  std::vector<StreamInfo> streams = {};
};
// to RegisterStream
struct OriginAnswered {
  CallId call = 0;
  Expected<StreamInfo> result = {};
};
// What the settings did not say of this node's connection. 0: could not be measured.
struct BandwidthMeasured {
  std::uint64_t upstream_bps = 0;
  std::uint64_t downstream_bps = 0;
};
// The wall clock was set, or went on while the machine slept: unix milliseconds at Time{0}.
struct ClockSet {
  std::int64_t unix_ms_at_zero = 0;
};
struct Tick {};

using Input = std::variant<PeerConnected, PeerProved, PeerSaid, PeerLost, CreateStream, SetStreaming,
                           DeleteStream, AskTicket, RefreshTicket, ConfirmTicket, RevokeTicket, RegisterNode,
                           ForgetNode, Shutdown, RelaySaid, SourceSaid, SourceFlows, StreamSilent, ChildSlow,
                           SourceEnded, MediaMeasured, OriginKnows, OriginAnswered, BandwidthMeasured, ClockSet, Tick>;

}  // namespace astral::core
