// SPDX-License-Identifier: BSD-3-Clause
#include "http/connection_limiter.hpp"

#include <algorithm>

namespace astral::http {

ConnectionLimiter::Id ConnectionLimiter::add(Guest guest) {
  const Id id = next_++;
  if (guest.until != never) deadlines_.emplace(guest.until, id);
  guests_.emplace(id, std::move(guest));
  return id;
}

Expected<ConnectionLimiter::Id> ConnectionLimiter::enter(const std::string &place, Time until) {
  const bool ours = place.empty();
  const std::size_t room = ours ? limits_.total : limits_.total - std::min(limits_.reserved, limits_.total);
  if (guests_.size() - turned_away_ >= room) return fail(Code::no_room, "too many are connected");
  if (!ours && places_[place] >= limits_.per_place) {
    return fail(Code::no_room, "too many connections from your address");
  }
  if (!ours) ++places_[place];
  return add({.place = place, .welcome = true, .until = until});
}

Expected<ConnectionLimiter::Id> ConnectionLimiter::turn_away(Time until) {
  if (turned_away_ >= limits_.turned_away) return fail(Code::no_room, "too many are being turned away");
  ++turned_away_;
  return add({.place = "", .welcome = false, .until = until});
}

void ConnectionLimiter::wait_until(Id id, Time until) {
  const auto found = guests_.find(id);
  if (found == guests_.end()) return;
  deadlines_.erase({found->second.until, id});
  found->second.until = until;
  if (until != never) deadlines_.emplace(until, id);
}

void ConnectionLimiter::leave(Id id) {
  const auto left = guests_.extract(id);
  if (left.empty()) return;
  const Guest &guest = left.mapped();
  deadlines_.erase({guest.until, id});
  if (!guest.welcome) --turned_away_;
  if (const auto place = places_.find(guest.place); place != places_.end() && --place->second == 0) {
    places_.erase(place);
  }
}

std::set<ConnectionLimiter::Id> ConnectionLimiter::late(Time now) const {
  std::set<Id> ids;
  for (const auto &[until, id] : deadlines_) {
    if (until > now) break;
    ids.insert(id);
  }
  return ids;
}

}  // namespace astral::http
