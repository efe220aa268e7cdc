// SPDX-License-Identifier: BSD-3-Clause
// What the origin keeps of a node and of a stream, and what it decides from their age and from the key and
// the address of the author of a call. Plain values. The time is an argument: wall clock, because records
// outlive the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/slug.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "origin/limits.hpp"
#include "protocol/types.hpp"

namespace astral::origin {

using UnixTime = std::chrono::sys_seconds;

struct Author {
  std::string address = {};
  Fingerprint key = {};  // that has signed the call; empty: none has
};

// `ip_address` is the one that the node reports, otherwise the reporter's. `updated` stays 0: what a node
// learns from the origin may be old, so it must not replace what other nodes say.
struct Node : protocol::NodeInfo {
  std::optional<double> reported_rtt_ms = {};
  std::string reporter = {};  // the address that its reports come from
  Fingerprint owner = {};     // the key that signs its reports; empty: none does
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
  Fingerprint owner = {};     // the key that its names belong to; empty: they belong to nobody
  Fingerprint caller = {};    // the key that has signed the last call about it; not stored
  bool removed = false;       // by its owner or an administrator; only the names are kept
  bool hidden = false;        // by an administrator
  UnixTime heard{};           // the last report on the stream, or of its node
};

// What an administrator has said of a key or a network.
struct Ban {
  std::string reason = {};
  UnixTime since{};
};

// What is to be written to the store: the new value of each key, or nothing if the key is removed.
struct Changes {
  std::map<std::string, std::optional<Node>> nodes;      // by uuid
  std::map<std::string, std::optional<Stream>> streams;  // by slug
  std::map<std::string, std::optional<Ban>> bans;        // by name

  bool empty() const { return nodes.empty() && streams.empty() && bans.empty(); }
  void add(Changes &&newer) {  // a newer change of a key replaces an older one
    newer.nodes.merge(nodes);  // moves only keys that `newer` does not have
    newer.streams.merge(streams);
    newer.bans.merge(bans);
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
// `heard`: the last report on the stream, or of its node.
inline bool is_listed(const Stream &stream, UnixTime heard, UnixTime now) {
  return !stream.removed && !stream.hidden && now - heard < listed_for;
}
inline bool is_forgotten(const Stream &stream, UnixTime heard, UnixTime now) {
  return now - heard >= (stream.owner.empty() ? unowned_for : owned_for);
}
inline bool is_full(const Node &node) {
  return node.children && node.capacity && *node.children >= *node.capacity;
}

// Whether the origin should check (again) that it can reach the node.
inline bool wants_check(const Node &node, UnixTime now) {
  if (!node.reachable) return true;
  return now - node.checked >= (*node.reachable ? reachable_for : unreachable_for);
}

// A call is the node's own if the node's key has signed it. A node without a key: if it comes from the
// address of its reports or from the address that it reports.
inline bool speaks_for(const Author &author, const Node &node) {
  if (!node.owner.empty()) return author.key == node.owner;
  return author.address == node.reporter || author.address == node.ip_address;
}

// A node is its key. Who has signed nothing speaks for a node without one.
inline Expected<void> speaks_as(const Author &author, const std::string &uuid) {
  if (author.key.empty() ? !core::is_uuid_of_a_key(uuid) : uuid == core::uuid_of(author.key)) return {};
  return fail(Code::refused, "only the key of the node with the uuid " + uuid + " may say this");
}

// What belongs to no key makes way for what belongs to one.
inline bool makes_way(const Fingerprint &owner, const Author &author) {
  return owner.empty() && !author.key.empty();
}

enum class Change { created, updated };

// A stream may have a slug and a name that are free or its own. A key may give what belongs to it to another
// key. Null: no stream has it.
inline Expected<Change> admit(const Stream &wanted, const Stream *same_slug, const Stream *same_name) {
  const auto is_taken = [&](const Stream &known) {
    if (!known.owner.empty()) return wanted.owner != known.owner && wanted.caller != known.owner;
    return wanted.owner.empty() && wanted.source != known.source;
  };
  if (same_slug && is_taken(*same_slug))
    return fail(Code::conflict, "slug " + wanted.slug + " is taken by another node");
  const bool is_other = same_name && same_name->slug != wanted.slug;
  if (is_other && !makes_way(same_name->owner, {.key = wanted.owner}))
    return fail(Code::conflict, "name is taken by stream " + same_name->slug);
  return same_slug && !same_slug->removed ? Change::updated : Change::created;
}

// Its key has signed something newer.
inline bool is_overtaken(const Stream &wanted, const Stream &known) {
  return wanted.is_signed() && wanted.key == known.key && wanted.updated < known.updated;
}

// Only its owner may change or end a stream: by a call that it has signed, or by a call of the source with
// what the owner has signed of the stream. If it has none: its source, from the source's address; if the
// source is not alive, from the address that the stream was registered from. Null: there is no such stream,
// or the source is not alive.
inline Expected<void> allow(const Author &author, const Stream *known, const Node *source,
                            const Fingerprint &signer = {}) {
  const bool is_owned = known && !known->owner.empty();
  const bool is_owner = is_owned && author.key == known->owner;
  if (is_owner && (!source || source->uuid == known->source)) return {};
  if (source && !source->owner.empty() && author.key != source->owner)
    return fail(Code::refused, "the node that publishes this stream has another key");
  if (is_owned) {
    if (is_owner || signer == known->owner) return {};
    return fail(Code::refused, "stream " + known->slug + " belongs to another key");
  }
  if (source ? speaks_for(author, *source) : !known || author.address == known->reporter) return {};
  return fail(Code::refused,
              "the node that publishes this stream has another address than " + author.address);
}

// A call on a stream without an owner must name its source.
inline Expected<void> allow_source(const Stream &stream, const std::string &uuid) {
  if (!stream.owner.empty() || stream.source == uuid) return {};
  return fail(Code::refused, "stream " + stream.slug + " belongs to another node");
}

}  // namespace astral::origin
