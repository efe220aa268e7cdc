// SPDX-License-Identifier: BSD-3-Clause
// The nodes that have brought what the stream's key had not signed. Nothing is asked of them for some time,
// each time for longer.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

class Forgers {
 public:
  void caught(const Uuid &node, Time now);
  bool has(const Uuid &node, Time now) const;
  std::vector<Uuid> list(Time now) const;  // at most max_forgers
  std::size_t size() const { return caught_.size(); }

 private:
  struct Caught {
    Time until = {};
    Time pause = {};  // the next one is four times as long
  };
  std::map<Uuid, Caught> caught_;
};

}  // namespace astral::core
