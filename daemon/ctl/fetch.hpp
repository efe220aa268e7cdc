// SPDX-License-Identifier: BSD-3-Clause
// One HTTP call to a node that nobody waits for: its answer comes by the main loop, within a bound of size.
#pragma once

#include <functional>
#include <memory>

#include "ctl/request.hpp"

namespace astral::ctl {

// **Thread**: the default main context. Cancelled with its owner; `done` comes at most once, never from
// inside the constructor, and not after the owner let go. **Errors** unreachable, timeout, too_large,
// invalid.
class Fetch {
 public:
  using Done = std::function<void(Expected<Answer>)>;

  Fetch(const Ref<SoupSession> &session, const Target &target, const Call &call, Done done);
  ~Fetch();
  Fetch(const Fetch &) = delete;
  Fetch &operator=(const Fetch &) = delete;

 private:
  struct Work;
  std::shared_ptr<Work> work_;
};

}  // namespace astral::ctl
