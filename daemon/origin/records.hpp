// SPDX-License-Identifier: BSD-3-Clause
// What the origin keeps of a node and of a stream, and what it concludes from their age. Plain values; the
// time is handed in. Wall clock, because it outlives the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "glue/error.hpp"
#include "origin/limits.hpp"

namespace astral::origin {

using UnixTime = std::chrono::sys_seconds;

struct Node {
  std::string uuid;
  std::string ip_address;
  std::uint16_t port = 0;
  bool supernode = false;
  std::optional<std::string> primary_supernode_uuid;
  std::optional<std::uint64_t> upstream_kbps;
  std::optional<std::uint64_t> downstream_kbps;
  std::optional<std::uint64_t> children;
  std::optional<std::uint64_t> capacity;
  std::string version;
  UnixTime heard{};  // its last report
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
  UnixTime created{};
  UnixTime heard{};  // the last report on it, or of its node
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

}  // namespace astral::origin
