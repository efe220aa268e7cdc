// SPDX-License-Identifier: BSD-3-Clause
// What people and programs ask of core::Node through the HTTP API: the inputs that carry a CallId, and their
// result. Each input gets one Answer with the same id. Without messages, so that routes compile fast.
#pragma once

#include <optional>

#include "core/types.hpp"

namespace astral::core {

// Only what people say of the stream counts: the node sets slug, source, fingerprint, times and state.
struct CreateStream {
  CallId call = 0;
  StreamInfo stream = {};
};
struct SetStreaming {
  CallId call = 0;
  Slug slug = {};
  bool streaming = false;
};
struct DeleteStream {
  CallId call = 0;
  Slug slug = {};
};
// An empty destination means this node. The ticket stays until it is revoked; if a `player` asks, only as
// long as somebody plays (PlayersSeen).
struct AskTicket {
  CallId call = 0;
  Slug slug = {};
  Uuid destination = {};
  bool until_media = false;  // of this node: the answer waits until media has come, for a few seconds
  bool player = false;       // a gateway asks for it: the stream is given up when nobody plays it any more
  Pass pass = {};            // shown for a private stream, unless this node is a guest itself
};
struct RefreshTicket {
  CallId call = 0;
  Slug slug = {};
  Uuid destination = {};
};
struct ConfirmTicket {
  CallId call = 0;
  Slug slug = {};
  Uuid destination = {};
};
struct RevokeTicket {
  CallId call = 0;
  Slug slug = {};
  Uuid destination = {};
};
struct RegisterNode {
  CallId call = 0;
  NodeInfo node = {};
};
struct ForgetNode {
  CallId call = 0;
  Uuid uuid = {};
};
struct Answered {
  std::optional<TicketId> ticket = {};
  std::optional<StreamInfo> stream = {};
  bool created = false;
};

}  // namespace astral::core
