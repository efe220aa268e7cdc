// SPDX-License-Identifier: BSD-3-Clause
// One blocking HTTP call to a node, bounded in size and time.
#pragma once

#include "ctl/request.hpp"

namespace astral::ctl {

// **Thread** one; perform() blocks. **Errors** unreachable, timeout, too_large.
class Client {
 public:
  explicit Client(Target target);
  // Follows one redirection to a path of the same node: the answer to a request for a ticket is one.
  Expected<Answer> perform(const Call &call);

 private:
  Expected<Answer> send(const Call &call);

  Target target_;
  Ref<SoupSession> session_;
};

}  // namespace astral::ctl
