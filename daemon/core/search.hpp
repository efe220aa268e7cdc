// SPDX-License-Identifier: BSD-3-Clause
// Whom to ask for a stream, one after the other, none twice: the source, then whoever is named on the way,
// then each known node. Knows no peer and no time.
#pragma once

#include <deque>
#include <optional>
#include <set>

#include "core/limits.hpp"
#include "core/message.hpp"
#include "core/types.hpp"

namespace astral::core {

// origin ──the lists came, or did not──▶ connecting ──ready──▶ asking ──Offer──▶ linking ──Confirm──▶ (found)
//                                            ▲ ▲                 │                  │
//                                            └─┴─────────────────┴── the next ──────┘
enum class Step { origin, connecting, asking, linking };

class Search {
 public:
  explicit Search(const Uuid &self) { seen_.insert(self); }

  void add(const Uuid &uuid) { put(uuid, false); }
  void add_next(const Uuid &uuid) { put(uuid, true); }  // before all others
  std::optional<Uuid> next() {
    if (queue_.empty() || asked_ == max_asked) return std::nullopt;
    ++asked_;
    Uuid uuid = queue_.front();
    queue_.pop_front();
    return uuid;
  }
  void refused(RefusalCode code) {
    if (code != RefusalCode::no_stream) found();
  }
  void found() { exists_ = true; }
  bool exists() const { return exists_; }  // somebody knew the stream

  Step step = Step::connecting;
  PeerId peer = 0;  // while connecting
  Uuid asking = {};

 private:
  void put(const Uuid &uuid, bool first) {
    if (queue_.size() >= 2 * max_asked || !seen_.insert(uuid).second) return;
    if (first)
      queue_.push_front(uuid);
    else
      queue_.push_back(uuid);
  }

  std::deque<Uuid> queue_;
  std::set<Uuid> seen_;
  std::size_t asked_ = 0;
  bool exists_ = false;
};

}  // namespace astral::core
