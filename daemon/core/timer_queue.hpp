// SPDX-License-Identifier: BSD-3-Clause
// The timers of a node, in order of their times. Setting and dropping one takes O(log n). The only place
// where a node keeps its deadlines.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "glue/time.hpp"

namespace astral::core {

enum class TimerKind {
  start,          // the first Tick
  seek,           // look for a supernode to register with
  choose,         // choose among the supernodes that answered
  promote,        // become a supernode
  advert,         // name: a slug
  loop_check,     // name: the id of a given ticket
  overcommitted,  // name: the id of a given ticket
  slow,           // name: the id of a given ticket
  leave,          // the children had their time to move
  beat,           // heartbeats, silence, lapses, news of measured rates
  unconfirmed,    // name: the id of a given ticket
  stream,         // name: a slug; from then on its plan may be another one
  seed,           // name: the node that was asked; number: the call
  publisher,      // name: a slug of ours; its publisher has been away for too long
  registration,   // number: the question to the origin
};

struct TimerId {
  TimerKind kind = TimerKind::start;
  std::string name = {};
  std::uint64_t number = 0;
  auto operator<=>(const TimerId &) const = default;
};

class TimerQueue {
 public:
  void set(const TimerId &id, Time when) {  // moves it, if it is set already
    drop(id);
    when_.emplace(id, when);
    order_.emplace(when, id);
  }
  void drop(const TimerId &id) {
    const auto found = when_.find(id);
    if (found == when_.end()) return;
    order_.erase({found->second, id});
    when_.erase(found);
  }
  bool has(const TimerId &id) const { return when_.contains(id); }
  Time next() const { return order_.empty() ? never : order_.begin()->first; }
  std::optional<TimerId> take(Time now) {
    if (next() > now || order_.empty()) return std::nullopt;
    TimerId id = order_.begin()->second;
    drop(id);
    return id;
  }
  std::size_t size() const { return when_.size(); }
  void clear() {
    when_.clear();
    order_.clear();
  }

 private:
  std::map<TimerId, Time> when_;
  std::set<std::pair<Time, TimerId>> order_;
};

}  // namespace astral::core
