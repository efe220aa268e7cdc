// SPDX-License-Identifier: BSD-3-Clause
// The inputs of core::Node: from sockets, calls of the API, the media backend, the origin and the clock.
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

// `outbound`: this answers our Connect. Otherwise the peer has connected to us.
struct PeerConnected {
  PeerId peer = 0;
  bool outbound = false;
  std::string address = {};
};
// The peer has proved that it has the key of that fingerprint. Comes before its first message. A peer that
// proves nothing is an element.
struct PeerProved {
  PeerId peer = 0;
  std::string fingerprint = {};
};
struct PeerSaid {
  PeerId peer = 0;
  Message message = {};
};
// The peer's connection has ended or could not be made.
struct PeerLost {
  PeerId peer = 0;
  std::string reason = {};
};
struct Shutdown {};
// From here to MediaMeasured: inputs of the media backend. A relay speaks for the tickets that we gave, a
// source for one ticket that we hold.

// The message is Offer, Candidates or Cancel.
struct RelaySaid {
  Slug slug = {};
  Message message = {};
};
// The message is Confirm, Candidates or Cancel.
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
// No media has come for longer than this stream's cadence explains. Repeated at growing intervals until media
// flows.
struct StreamSilent {
  Slug slug = {};
};
// The child of a ticket that we gave does not hold the rate: it had to skip groups for a long time.
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
  std::uint64_t kept_streams = 0;  // stream states that QUIC keeps for the link to the parent
};
// All that the origin lists.
struct OriginKnows {
  std::vector<NodeInfo> nodes = {};
  std::vector<StreamInfo> streams = {};
};
// The answer to RegisterStream.
struct OriginAnswered {
  CallId call = 0;
  Expected<StreamInfo> result = {};
};
// The measured bandwidth of this node. 0: it could not be measured.
struct BandwidthMeasured {
  std::uint64_t upstream_bps = 0;
  std::uint64_t downstream_bps = 0;
};
// The wall clock was set, or ran on while the machine slept: unix milliseconds at Time{0}.
struct ClockSet {
  std::int64_t unix_ms_at_zero = 0;
};
struct Tick {};

using Input =
    std::variant<PeerConnected, PeerProved, PeerSaid, PeerLost, CreateStream, SetStreaming, DeleteStream,
                 AskTicket, RefreshTicket, ConfirmTicket, RevokeTicket, RegisterNode, ForgetNode, Shutdown,
                 RelaySaid, SourceSaid, SourceFlows, StreamSilent, ChildSlow, SourceEnded, MediaMeasured,
                 OriginKnows, OriginAnswered, BandwidthMeasured, ClockSet, Tick>;

}  // namespace astral::core
