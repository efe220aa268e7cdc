// SPDX-License-Identifier: BSD-3-Clause
// The nodes that have brought what the stream's key had not signed. Nothing is asked of them for some time,
// each time for longer.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

class Forgers {
 public:
  void caught(const Uuid &node, Time now);
  // The node does not feed us any more by this ticket. What it has brought may still be looked at.
  void gone(const TicketId &ticket, const Uuid &node);
  bool caught_by(const TicketId &ticket, Time now);  // false: it is not known whose the ticket was
  bool has(const Uuid &node, Time now) const;
  std::vector<Uuid> list(Time now) const;  // at most max_forgers
  std::size_t size() const { return caught_.size(); }

 private:
  struct Caught {
    Time until = {};
    Time pause = {};  // the next one is four times as long
  };
  std::map<Uuid, Caught> caught_;
  std::deque<std::pair<TicketId, Uuid>> gone_;  // at most max_gone; the newest last
};

}  // namespace astral::core
