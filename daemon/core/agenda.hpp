// SPDX-License-Identifier: BSD-3-Clause
// What falls due when: one entry a key, O(log n). The only place where a node keeps its deadlines.
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

enum class Due {
  start,         // the first Tick
  seek,          // a supernode to register with
  choose,        // among those that answered
  promote,       // become a supernode
  advert,        // name: a slug
  climb,         // name: the id of a given ticket
  lent,          // name: the id of a given ticket
  slow,          // name: the id of a given ticket
  leave,         // the children had their time
  beat,          // heartbeats, silence, lapses, news of measured rates
  unconfirmed,   // name: the id of a given ticket
  stream,        // name: a slug; what ought to be may be something else from then on
  seed,          // name: the node that was asked; number: the call
  registration,  // number: the question to the origin
};

class Agenda {
 public:
  struct Key {
    Due due = Due::start;
    std::string name = {};
    std::uint64_t number = 0;
    auto operator<=>(const Key &) const = default;
  };

  void set(const Key &key, Time when) {
    drop(key);
    when_.emplace(key, when);
    order_.emplace(when, key);
  }
  void drop(const Key &key) {
    const auto found = when_.find(key);
    if (found == when_.end()) return;
    order_.erase({found->second, key});
    when_.erase(found);
  }
  bool has(const Key &key) const { return when_.contains(key); }
  Time next() const { return order_.empty() ? never : order_.begin()->first; }
  std::optional<Key> take(Time now) {
    if (next() > now || order_.empty()) return std::nullopt;
    Key key = order_.begin()->second;
    drop(key);
    return key;
  }
  std::size_t size() const { return when_.size(); }
  void clear() {
    when_.clear();
    order_.clear();
  }

 private:
  std::map<Key, Time> when_;
  std::set<std::pair<Time, Key>> order_;
};

}  // namespace astral::core
