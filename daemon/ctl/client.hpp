// SPDX-License-Identifier: BSD-3-Clause
// One HTTP call to a node, and its answer within bounds of size and time.
#pragma once

#include <libsoup/soup.h>

#include <string>

#include "ctl/command.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"

namespace astral::ctl {

struct Answer {
  unsigned status = 0;
  std::string body;
};

// **Thread** one; perform() blocks. **Errors** unreachable, timeout, too_large.
class Client {
 public:
  explicit Client(std::string node);
  Expected<Answer> perform(const Call &call);

 private:
  std::string node_;
  Ref<SoupSession> session_;
};

}  // namespace astral::ctl
