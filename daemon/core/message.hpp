// SPDX-License-Identifier: BSD-3-Clause
// What peers say to each other over /peer, one struct a message. JSON is the api floor's business
// (api/message_json.hpp); it has checked lengths and alphabets before the core sees any of these.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/types.hpp"

namespace astral::core {

enum class PeerKind { node, element };
enum class RefusalCode { no_stream, no_room, loop, timeout, bad_request, conflict };

struct Hello {  // whoever connects; the accepting side answers Welcome
  NodeInfo node = {};
  PeerKind kind = PeerKind::node;
  std::vector<NodeInfo> nodes = {};
  std::vector<StreamInfo> streams = {};
};
struct Welcome {
  NodeInfo node = {};
  std::vector<NodeInfo> nodes = {};
  std::vector<StreamInfo> streams = {};
};
struct Request {
  TicketId ticket = {};
  Slug slug = {};
  Uuid destination = {};
};
struct Offer {
  TicketId ticket = {};
  Slug slug = {};
  Uuid source = {};  // the node that forwards, not the publisher's
  std::uint32_t hops = 0;
  std::vector<Uuid> path = {};  // from the publisher's node to `source`
  std::string fingerprint = {};
  Ice ice = {};
};
struct Refusal {
  TicketId ticket = {};  // empty in the answer to a Publish
  Slug slug = {};
  RefusalCode code = RefusalCode::bad_request;
  std::string message = {};
  std::vector<NodeInfo> others = {};  // with no_room: nodes that we feed with this stream, worth asking next
};
struct Confirm {
  TicketId ticket = {};
  std::string fingerprint = {};
  Ice ice = {};
};
struct Candidates {
  TicketId ticket = {};
  std::vector<std::string> candidates = {};
};
struct Cancel {
  TicketId ticket = {};
  std::string code = {};
  std::string message = {};
};
// Provider → child: our own parent is another one now, so hops and path are no longer what the Offer said.
// Without it two nodes that lost their parents could end up feeding each other.
struct Path {
  TicketId ticket = {};
  std::uint32_t hops = 0;
  std::vector<Uuid> path = {};
};
struct Nodes {
  std::vector<NodeInfo> nodes = {};
};
struct Streams {
  std::vector<StreamInfo> streams = {};
};
struct Gone {
  Slug slug = {};
  std::uint64_t updated = 0;  // of the StreamInfo that ends; 0: only the source itself is believed
};
struct Heartbeat {
  std::vector<TicketId> tickets = {};
};
struct Goodbye {};

// Between a node and the elements that signal through it.
struct Publish {
  Slug slug = {};
  std::string name = {};
  std::string description = {};
  std::string media = {};
};
struct Published {
  Slug slug = {};
  std::uint64_t largest_group = 0;  // 0: none yet; the publisher goes on above it
};
struct Media {
  Slug slug = {};
  std::string media = {};
};
struct Ended {
  Slug slug = {};
};

using Message = std::variant<Hello, Welcome, Request, Offer, Refusal, Confirm, Candidates, Cancel, Path,
                             Nodes, Streams, Gone, Heartbeat, Goodbye, Publish, Published, Media, Ended>;

}  // namespace astral::core
