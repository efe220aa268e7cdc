// SPDX-License-Identifier: BSD-3-Clause
// The inputs of core::Node: from sockets, calls of the API, the media backend, the origin and the clock.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/call.hpp"
#include "core/line_learner.hpp"
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
// The link of this source is up. Media comes when the other end has some.
struct SourceLinked {
  Slug slug = {};
  TicketId ticket = {};
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
  bool thin = false;               // the line from the parent does not carry the stream: we skip
  // The other ends acknowledge nothing: they are dead, or the path is cut.
  std::vector<TicketId> silent_children = {}, silent_parents = {};
};
// Whether somebody plays the stream through a gateway of this node. Comes each second while it has media.
struct PlayersSeen {
  Slug slug = {};
  bool any = false;
  std::uint32_t count = 0;  // of them; elements are not counted
};
// The program that publishes our stream through a gateway has lost its connection, or is back. Meanwhile the
// gateway keeps the element that publishes.
struct PublisherAway {
  Slug slug = {};
  bool away = false;
};
// What the key of our stream says of it has changed: it is said again.
struct StreamReworded {
  Slug slug = {};
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
  bool rough = false;     // the upstream is only a lower bound
  bool near = false;      // within this local network
  bool by_other = false;  // another node measured with us; this does not answer MeasureBandwidth
};
// Another node begins to measure our line with us; BandwidthMeasured follows, `by_other`.
struct MeasuringBegun {};
// The links to our children, of all streams. Comes each second while there is one.
struct LinksSeen {
  std::vector<LinkSeen> links = {};
};
// This node's UDP port, what it has found out about the NAT before it, and the address families there.
struct NatKnown {
  std::uint16_t udp_port = 0;
  Nat nat = {};
  Families families = {};
};
// The wall clock was set, or ran on while the machine slept: unix milliseconds at Time{0}.
struct ClockSet {
  std::int64_t unix_ms_at_zero = 0;
};
struct Tick {};

using Input =
    std::variant<PeerConnected, PeerProved, PeerSaid, PeerLost, CreateStream, SetStreaming, DeleteStream,
                 AskTicket, RefreshTicket, ConfirmTicket, RevokeTicket, RegisterNode, ForgetNode, Shutdown,
                 RelaySaid, SourceSaid, SourceLinked, SourceFlows, StreamSilent, ChildSlow, SourceEnded,
                 MediaMeasured, PlayersSeen, PublisherAway, StreamReworded, OriginKnows, OriginAnswered,
                 BandwidthMeasured, MeasuringBegun, LinksSeen, NatKnown, ClockSet, Tick>;

}  // namespace astral::core
