// SPDX-License-Identifier: BSD-3-Clause
#include "core/streams/roles.hpp"

#include <algorithm>

namespace astral::core {
namespace {

// Of two granted links.
bool feeds_rather(const Link &a, const Link &b) {
  if (a.media.has_value() != b.media.has_value()) return a.media.has_value();
  return a.media ? a.grant > b.grant : a.grant < b.grant;
}

bool brings(const Link &link) {
  return link.state == LinkState::tried && link.media.has_value();
}

bool comes(const StreamState &stream, const Link &link) {
  switch (link.state) {
    case LinkState::requested:
    case LinkState::linking:
    case LinkState::switching:
      return true;
    case LinkState::offered:
      return stream.own.has_value();
    default:
      return false;
  }
}

}  // namespace

bool brings_nothing(const StreamState &stream) {
  const Link *parent = roles(stream).parent;
  return !stream.own && parent != nullptr && !parent->media;
}

bool races(const StreamState &stream) {
  return stream.hungry && stream.doubts > 0;
}

bool shares_parent(const Link *parent, const Link &link) {
  return parent != nullptr && parent->hops > 1 && link.passes(parent->source);
}

std::uint32_t common_ancestors(const Link *parent, const Link &link) {
  if (parent == nullptr || parent->path.empty()) return 0;
  // All paths begin at the publisher's node.
  return static_cast<std::uint32_t>(std::count_if(parent->path.begin() + 1, parent->path.end(),
                                                  [&](const Uuid &node) { return link.passes(node); }));
}

Roles roles(const StreamState &stream) {
  Roles roles;
  for (const auto &[id, link] : stream.links)
    if (link.state == LinkState::granted && (roles.parent == nullptr || feeds_rather(link, *roles.parent)))
      roles.parent = &link;
  for (const auto &[id, link] : stream.links) {
    const bool later = link.state == LinkState::granted && link.grant > roles.parent->grant;
    if ((later || comes(stream, link)) && roles.next_parent == nullptr) roles.next_parent = &link;
    // A standby that comes up was chosen to replace the one that is there. While the stream is hungry several
    // are tried, and the first one that brings media counts.
    if (!on_standby(link.state)) continue;
    if (roles.standby != nullptr && brings(*roles.standby)) continue;
    if (roles.standby == nullptr || brings(link) || (link.state == LinkState::preparing && !races(stream)))
      roles.standby = &link;
  }
  return roles;
}

const Link *feeder(const StreamState &stream) {
  const Roles are = roles(stream);
  return are.parent != nullptr ? are.parent : are.next_parent;
}

bool moving(const StreamState &stream) {
  const bool searches = stream.search && stream.search->purpose != Purpose::standby;
  return searches || roles(stream).next_parent != nullptr;
}

bool open_to_children(const StreamState &stream) {
  if (stream.ended) return false;
  if (stream.own) return !stream.own->ended;
  return roles(stream).parent != nullptr && !moving(stream) && !stream.upstream_lost;
}

}  // namespace astral::core
