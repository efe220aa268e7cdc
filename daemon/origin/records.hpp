// SPDX-License-Identifier: BSD-3-Clause
// What the origin keeps of a node and of a stream, and what it concludes from their age and from who speaks.
// Plain values; the time is handed in. Wall clock, because it outlives the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "glue/error.hpp"
#include "origin/limits.hpp"

namespace astral::origin {

using UnixTime = std::chrono::sys_seconds;

struct Node {
  std::string uuid;
  std::string ip_address;  // as it says itself, else the reporter
  std::uint16_t port = 0;
  bool supernode = false;
  std::optional<std::string> primary_supernode_uuid;
  std::optional<double> rtt_ms;
  std::optional<std::uint64_t> upstream_kbps;
  std::optional<std::uint64_t> downstream_kbps;
  std::optional<std::uint64_t> children;
  std::optional<std::uint64_t> capacity;
  std::string version;
  std::string reporter;  // the address that its reports come from
  UnixTime heard{};      // its last report
  // The rest is not kept: after a restart the node says it again, and the origin asks again.
  bool is_public = false;  // anybody may play through it
  // What the origin found out itself.
  std::optional<bool> reachable{};
  UnixTime asked{};
};

struct Stream {
  std::string slug;
  std::string name;
  std::string description;
  std::string source;      // uuid of the node that publishes it
  bool streaming = false;  // as its node said; see is_live
  std::optional<std::uint64_t> bitrate_kbps;
  std::optional<std::uint64_t> viewers;
  std::string media;
  std::optional<std::uint64_t> updated;  // Unix ms, by the source's clock: nodes tell new news from old by it
  std::string reporter;                  // the address that it was registered from
  UnixTime created{};
  UnixTime heard{};  // the last report on it, or of its node
};

// What is to be written: the new value of each key, or that it is gone. In any order: a later one replaces an
// earlier one.
struct Changes {
  std::map<std::string, std::optional<Node>> nodes;      // by uuid
  std::map<std::string, std::optional<Stream>> streams;  // by slug

  bool empty() const { return nodes.empty() && streams.empty(); }
  void add(Changes &&newer) {
    newer.nodes.merge(nodes);  // takes over what is not there already
    newer.streams.merge(streams);
    *this = std::move(newer);
  }
};

// Clocks that step back make a report seem to come from the future: it counts as fresh.
inline bool is_alive(UnixTime heard, UnixTime now) {
  return now - heard < lapse_after;
}
inline bool is_live(const Stream &stream, UnixTime now) {
  return stream.streaming && is_alive(stream.heard, now);
}
inline bool is_forgotten(UnixTime heard, UnixTime now) {
  return now - heard >= forget_after;
}
inline bool is_full(const Node &node) {
  return node.children && node.capacity && *node.children >= *node.capacity;
}

// Whether the origin should find out (again) if it can reach the node.
inline bool wants_asking(const Node &node, UnixTime now) {
  if (!node.reachable) return true;
  return now - node.asked >= (*node.reachable ? reachable_for : unreachable_for);
}

// A node's own word is what comes from its address: the one it reports from or the one it says it has.
inline bool speaks_for(const std::string &caller, const Node &node) {
  return caller == node.reporter || caller == node.ip_address;
}

enum class Change { created, updated };

// Who may have a name: nobody has it, or the same node for the same stream. Null: there is none.
inline Expected<Change> admit(const Stream &wanted, const Stream *same_slug, const Stream *same_name) {
  if (same_slug && same_slug->source != wanted.source) {
    return fail(Code::conflict, "slug " + wanted.slug + " is taken by another node");
  }
  if (same_name && same_name->slug != wanted.slug) {
    return fail(Code::conflict, "name is taken by stream " + same_name->slug);
  }
  return same_slug ? Change::updated : Change::created;
}

// Only the node that publishes a stream may change or end it.
inline Expected<void> allow(const Stream &stream, const std::string &uuid) {
  if (stream.source == uuid) return {};
  return fail(Code::refused, "stream " + stream.slug + " belongs to another node");
}

// And only from its address: the living source's, else the one that the stream came from. Null: there is
// none.
inline Expected<void> allow_from(const std::string &caller, const Stream *known, const Node *source) {
  if (source ? speaks_for(caller, *source) : !known || caller == known->reporter) return {};
  return fail(Code::refused, "that node speaks from another address than " + caller);
}

}  // namespace astral::origin
