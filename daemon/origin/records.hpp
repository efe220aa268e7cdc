// SPDX-License-Identifier: BSD-3-Clause
// What the origin keeps of a node and of a stream, and what it decides from their age and from the address of
// a caller. Plain values. The time is an argument: wall clock, because records outlive the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "glue/error.hpp"
#include "origin/limits.hpp"
#include "protocol/types.hpp"

namespace astral::origin {

using UnixTime = std::chrono::sys_seconds;

// `ip_address` is the one that the node reports, otherwise the reporter's. `updated` stays 0: what a node
// learns from the origin may be old, so it must not replace what other nodes say.
struct Node : protocol::NodeInfo {
  std::optional<double> reported_rtt_ms = {};
  std::string reporter = {};  // the address that its reports come from
  UnixTime heard{};           // its last report
  // Not stored: after a restart the node reports it again, and the origin finds it out again.
  bool is_public = false;           // anybody may play through it
  std::optional<bool> reachable{};  // by the origin's own check
  UnixTime checked{};               // when that check ended
};

// `streaming` is what its node reported; see is_live(). What the stream's key has signed is kept with its
// signature, so that nodes can check it; what is not signed well has no fingerprint.
struct Stream : protocol::StreamInfo {
  std::optional<std::uint64_t> viewers = {};
  std::string reporter = {};  // the address that it was registered from
  UnixTime heard{};           // the last report on the stream, or of its node
};

// What is to be written to the store: the new value of each key, or nothing if the key is removed.
struct Changes {
  std::map<std::string, std::optional<Node>> nodes;      // by uuid
  std::map<std::string, std::optional<Stream>> streams;  // by slug

  bool empty() const { return nodes.empty() && streams.empty(); }
  void add(Changes &&newer) {  // a newer change of a key replaces an older one
    newer.nodes.merge(nodes);  // moves only keys that `newer` does not have
    newer.streams.merge(streams);
    *this = std::move(newer);
  }
};

// If the clock was set back, a report seems to come from the future; it counts as fresh.
inline bool is_alive(UnixTime heard, UnixTime now) {
  return now - heard < lapse_after;
}
inline bool is_live(const Stream &stream, UnixTime now) {
  return stream.streaming && is_alive(stream.heard, now);
}
// As protocol::state_of(); a stream whose node is not alive waits for it.
inline const char *state_of(Stream stream, UnixTime now) {
  stream.streaming = is_live(stream, now);
  return protocol::state_of(stream);
}
inline bool is_forgotten(UnixTime heard, UnixTime now) {
  return now - heard >= forget_after;
}
inline bool is_full(const Node &node) {
  return node.children && node.capacity && *node.children >= *node.capacity;
}

// Whether the origin should check (again) that it can reach the node.
inline bool wants_check(const Node &node, UnixTime now) {
  if (!node.reachable) return true;
  return now - node.checked >= (*node.reachable ? reachable_for : unreachable_for);
}

// A call is the node's own if it comes from the address of its reports or from the address that it reports.
inline bool speaks_for(const std::string &caller, const Node &node) {
  return caller == node.reporter || caller == node.ip_address;
}

enum class Change { created, updated };

// A stream may have a slug and a name that are free or its own. Null: no stream has it.
inline Expected<Change> admit(const Stream &wanted, const Stream *same_slug, const Stream *same_name) {
  if (same_slug && same_slug->source != wanted.source) {
    return fail(Code::conflict, "slug " + wanted.slug + " is taken by another node");
  }
  if (same_name && same_name->slug != wanted.slug) {
    return fail(Code::conflict, "name is taken by stream " + same_name->slug);
  }
  return same_slug ? Change::updated : Change::created;
}

// Only the publishing node may change or end a stream.
inline Expected<void> allow(const Stream &stream, const std::string &uuid) {
  if (stream.source == uuid) return {};
  return fail(Code::refused, "stream " + stream.slug + " belongs to another node");
}

// It may do so only from its address: the source's if it is alive, otherwise the one that the stream was
// registered from. Null: there is no such stream, or the source is not alive.
inline Expected<void> allow_from(const std::string &caller, const Stream *known, const Node *source) {
  if (source ? speaks_for(caller, *source) : !known || caller == known->reporter) return {};
  return fail(Code::refused, "the node that publishes this stream has another address than " + caller);
}

}  // namespace astral::origin
