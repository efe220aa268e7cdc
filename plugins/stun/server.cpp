// SPDX-License-Identifier: BSD-3-Clause
#include "stun/server.hpp"

#include <algorithm>

namespace astral::stun {
namespace {

constexpr std::size_t prefix_v4 = 3, prefix_v6 = 6;  // bytes: /24 and /48, what one customer may have
constexpr Time cost = Time(1s) / RateLimit::per_second;
constexpr Time depth = cost * RateLimit::burst;
constexpr Time sweep_interval = 1s;

}  // namespace

bool RateLimit::take(Bucket &bucket, Time now) {
  const Time next = std::max(bucket.full_at, now) + cost;
  if (next - now > depth) return false;
  bucket.full_at = next;
  return true;
}

// At most once a second, so that a flood of addresses does not make us walk the table for each datagram.
void RateLimit::make_room(Time now) {
  if (now - swept_ < sweep_interval && swept_ != Time{}) return;
  swept_ = now;
  std::erase_if(buckets_, [now](const auto &entry) { return entry.second.full_at <= now; });
}

bool RateLimit::allow(const Address &from, Time now) {
  const Bytes prefix =
      from.host().first(std::min<std::size_t>(from.size, from.size == 4 ? prefix_v4 : prefix_v6));
  std::vector<std::uint8_t> key(prefix.begin(), prefix.end());
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= max_prefixes) make_room(now);
    if (buckets_.size() >= max_prefixes) return take(strangers_, now);
    found = buckets_.emplace(std::move(key), Bucket{}).first;
  }
  return take(found->second, now);
}

Server::Answer Server::answer(Bytes datagram, const Address &from, const Address &other, Time now) {
  auto message = parse(datagram);
  if (!message || message->kind != Message::Kind::request || !from.is_set()) return {};
  if (!limit_.allow(from, now)) {
    ++counts_.limited;
    return {};
  }
  ++counts_.answered;
  if (message->changes_port && !other.is_set()) message->unknown.assign(1, change_request);
  if (!message->unknown.empty()) return {write_unknown(message->id, message->unknown)};
  Answer plain{write_success(message->id, from)};
  if (!other.is_set()) return plain;
  if (message->changes_port) {
    if (plain.datagram.size() > datagram.size()) return {};
    plain.from_other_port = true;
    return plain;
  }
  Answer full{write_success(message->id, from, other)};
  return full.datagram.size() > datagram.size() ? plain : full;
}

}  // namespace astral::stun
