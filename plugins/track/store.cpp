// SPDX-License-Identifier: BSD-3-Clause
#include "track/store.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace astral::track {

const Object *Store::Group::find(std::uint64_t id) const {
  if (id < first || id - first >= objects.size()) return nullptr;
  const Object &object = objects[id - first];
  return object.wire.empty() ? nullptr : &object;
}

std::optional<std::uint64_t> Store::Group::find_from(std::uint64_t id) const {
  for (id = std::max(id, first); id - first < objects.size(); ++id)
    if (!objects[id - first].wire.empty()) return id;
  return std::nullopt;
}

void Store::restart(Location begin) {
  groups_.clear();
  ends_.clear();
  bytes_ = 0;
  lost_until_ = {};
  dropped_below_ = begin.group;
  Group &group = groups_[begin.group];
  group.first = begin.object;
  group.arrived = clock_;
}

Store::Added Store::add(Object object, Time now) {
  const auto [group_id, id] = object.id;
  if (group_id >= max_id || id >= max_id) return Added::too_far;
  if (group_id < dropped_below_) return Added::late;
  auto found = groups_.find(group_id);
  const bool begun = found != groups_.end();
  if (!begun) {
    if (id > max_ahead) return Added::too_far;
    if (groups_.size() >= max_groups) {
      if (group_id < groups_.begin()->first) return Added::late;
      drop_oldest();
    }
    found = groups_.try_emplace(group_id).first;
  }
  Group &group = found->second;
  if (id < group.first || (group.end && id > *group.end)) return Added::late;
  const std::uint64_t index = id - group.first;
  if (index < group.objects.size() && !group.objects[index].wire.empty())
    return std::ranges::equal(group.objects[index].wire.bytes(), object.wire.bytes()) ? Added::duplicate
                                                                                      : Added::different;
  if (index > group.objects.size() + max_ahead) return Added::too_far;

  const std::size_t places = index < group.objects.size() ? 0 : index + 1 - group.objects.size();
  const std::size_t cost = object.wire.size() + places * object_cost;
  if (object.status != moqt::ObjectStatus::normal) group.end = id;
  group.bytes += cost;
  clock_ += std::min(now - std::exchange(last_, now), longest_pause);
  group.arrived = clock_;
  bytes_ += cost;
  if (places > 0) group.objects.resize(index + 1);
  group.objects[index] = std::move(object);

  expire();
  fit();
  if (const auto end = begun ? ends_.end() : ends_.find(group_id); end != ends_.end()) {
    const Location at{end->first, end->second};
    ends_.erase(end);
    add(moqt::end_of_group(at), now);
  }
  return Added::fresh;
}

void Store::end_group(Location end, Time now) {
  if (end.group < dropped_below_ || end.group >= max_id) return;
  if (groups_.contains(end.group)) {
    add(moqt::end_of_group(end), now);
    return;
  }
  ends_.insert_or_assign(end.group, end.object);
  while (ends_.size() > max_groups) ends_.erase(ends_.begin());
}

void Store::fit() {
  while (bytes_ > limits_.bytes && groups_.size() > 1) drop_oldest();
  if (groups_.empty()) return;
  Group &group = groups_.rbegin()->second;
  // A group that is larger than the whole store loses its beginning; nobody can join at it any more.
  while (bytes_ > limits_.bytes && group.objects.size() > 1) {
    const std::size_t freed = group.objects.front().wire.size() + object_cost;
    group.bytes -= freed;
    bytes_ -= freed;
    group.objects.pop_front();
    ++group.first;
  }
}

void Store::limit(std::size_t bytes) {
  limits_.bytes = bytes;
  fit();
}

void Store::abandon(std::uint64_t group) {
  if (const auto found = groups_.find(group); found != groups_.end()) found->second.abandoned = true;
}

void Store::drop_oldest() {
  const auto oldest = groups_.begin();
  bytes_ -= oldest->second.bytes;
  dropped_below_ = oldest->first + 1;
  ends_.erase(ends_.begin(), ends_.lower_bound(dropped_below_));
  groups_.erase(oldest);
}

void Store::expire() {
  while (groups_.size() > 1 && groups_.begin()->second.arrived + limits_.age <= clock_) drop_oldest();
}

std::optional<Location> Store::largest() const {
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group)
    for (auto object = group->second.objects.rbegin(); object != group->second.objects.rend(); ++object)
      if (!object->wire.empty() && object->status == moqt::ObjectStatus::normal) return object->id;
  return std::nullopt;
}

std::optional<Span> Store::gap(Location from) const {
  for (auto group = groups_.lower_bound(from.group); group != groups_.end(); ++group) {
    const auto &[id, here] = *group;
    if (id - from.group >= restart_leap || (id == from.group && from.object < here.first))
      return std::nullopt;
    const auto found = here.find_from(id == from.group ? from.object : 0);
    if (found && Location{id, *found} == from) return std::nullopt;
    if (found) return Span{from, {id, *found}};
    if (id == from.group && here.end && from.object > *here.end) from = {id + 1, 0};
  }
  return std::nullopt;
}

// Moves to the beginning of the group, if the store has it.
bool Cursor::enter(const Store &store, Groups::const_iterator group) {
  if (group == store.groups_.end()) return false;
  const std::uint64_t begin = group->first == at_.group && !started_ ? at_.object : 0;
  if (group->second.first > begin) return false;
  at_ = {group->first, begin};
  in_group_ = true;
  return true;
}

bool Cursor::give_up(Time now, bool at_once) {
  if (waiting_since_ == never) waiting_since_ = now;
  return at_once || now - waiting_since_ >= patience_;
}

Cursor::Next Cursor::next(const Store &store, Time now) {
  const Groups &groups = store.groups_;
  for (;;) {
    if (!in_group_) {
      // Between groups: take the next one, unless one before it may still arrive.
      auto group = groups.lower_bound(at_.group);
      if (group == groups.end()) return {};
      const std::uint64_t leap = group->first - at_.group;
      if (started_ && leap > 0 &&
          !give_up(now, leap >= Store::restart_leap || at_.group < store.dropped_below_ ||
                            at_ <= store.lost_until_))
        return {};
      if (started_ && leap > 0 && leap < Store::restart_leap) skipped_ = true;
      while (group != groups.end() && !enter(store, group)) {
        skipped_ = started_;
        ++group;
      }
      if (group == groups.end()) return {};
    }

    const auto group = groups.find(at_.group);
    const auto newer = groups.upper_bound(at_.group);
    if (group == groups.end() || at_.object < group->second.first) {
      // The object was dropped before it was read. Without a newer group, wait for one.
      if (newer == groups.end()) return {};
      auto newest = std::prev(groups.end());
      while (newest != newer && newest->second.first > 0) --newest;
      skipped_ = late_ = true;
      in_group_ = false;
      at_ = {newest->first, 0};
      waiting_since_ = never;
      if (newest->second.first > 0) return {};
      continue;
    }

    if (const Object *object = group->second.find(at_.object)) {
      const bool begins = !started_ || at_.object == 0;
      const Next found{object, begins, skipped_, late_};
      if (skipped_) ++skips_;
      skipped_ = late_ = false;
      started_ = true;
      waiting_since_ = never;
      if (object->status != moqt::ObjectStatus::normal) {
        at_ = {at_.group + 1, 0};
        in_group_ = false;
      } else {
        ++at_.object;
      }
      return found;
    }

    // The object has not arrived. Wait for it as long as no newer group waits behind it.
    if (newer == groups.end()) {
      waiting_since_ = never;
      return {};
    }
    const bool new_run = newer->first - at_.group >= Store::restart_leap;
    if (!give_up(now, new_run || group->second.abandoned || at_ <= store.lost_until_)) return {};
    if (!new_run || at_.object > 0) skipped_ = true;
    in_group_ = false;
    at_ = {newer->first, 0};
    waiting_since_ = never;
  }
}

bool Range::give_up(Time now) {
  if (waiting_since_ == never) waiting_since_ = now;
  return now - waiting_since_ >= patience_;
}

// Gives up everything before `next`.
Range::Next Range::missing_before(Location next) {
  constexpr std::uint64_t whole_group = std::numeric_limits<std::uint64_t>::max();
  next = std::min(next, end_);
  at_ = next;
  waiting_since_ = never;
  return {Next::Kind::missing, nullptr,
          next.object > 0 ? Location{next.group, next.object - 1} : Location{next.group - 1, whole_group}};
}

Range::Next Range::next(const Store &store, Time now) {
  const auto &groups = store.groups_;
  for (;;) {
    if (at_ >= end_) return {};
    const auto group = groups.lower_bound(at_.group);
    if (group == groups.end()) return missing_before(end_);
    if (group->first > at_.group && at_.object == 0 && group->first - at_.group >= Store::restart_leap) {
      at_ = {group->first, 0};  // another run of the publisher: nothing lies between
      continue;
    }
    if (group->first > at_.group) {
      if (at_.group >= store.dropped_below_ && !give_up(now)) return {Next::Kind::waiting, nullptr, {}};
      return missing_before({group->first, 0});
    }
    const Store::Group &here = group->second;
    if (at_.object < here.first) return missing_before({at_.group, here.first});
    const Object *object = here.find(at_.object);
    if ((object && object->status != moqt::ObjectStatus::normal) || (here.end && at_.object > *here.end)) {
      at_ = {at_.group + 1, 0};
      continue;
    }
    if (object) {
      ++at_.object;
      waiting_since_ = never;
      return {Next::Kind::object, object, {}};
    }
    if (!give_up(now)) return {Next::Kind::waiting, nullptr, {}};
    std::uint64_t later = at_.object;
    while (later - here.first < here.objects.size() && !here.find(later)) ++later;
    return missing_before(here.find(later) ? Location{at_.group, later} : Location{at_.group + 1, 0});
  }
}

}  // namespace astral::track
