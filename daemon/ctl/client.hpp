// SPDX-License-Identifier: BSD-3-Clause
// One HTTP call to a node that is waited for, and its answer within bounds of size and time.
#pragma once

#include "ctl/request.hpp"

namespace astral::ctl {

// **Thread** one; perform() blocks. **Errors** unreachable, timeout, too_large.
class Client {
 public:
  explicit Client(Target target);
  // The answer to a ticket is the way to it: a redirection to a path of the same node is followed, once.
  Expected<Answer> perform(const Call &call);

 private:
  Expected<Answer> send(const Call &call);

  Target target_;
  Ref<SoupSession> session_;
};

}  // namespace astral::ctl
