// SPDX-License-Identifier: BSD-3-Clause
// One asynchronous HTTP call to a node, bounded in size. The main loop delivers the answer.
#pragma once

#include <functional>
#include <memory>

#include "ctl/request.hpp"

namespace astral::ctl {

// **Thread**: the default main context. The destructor cancels the call. `done` is called at most once,
// neither in the constructor nor after the destructor. **Errors** unreachable, timeout, too_large, invalid.
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
