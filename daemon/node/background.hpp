// SPDX-License-Identifier: BSD-3-Clause
// -D: a process of its own session. The one that was started stays until the other is ready, or has failed,
// and ends with its line and its exit status, so that scripts see no difference.
#pragma once

#include <string>

namespace astral::node {

class Background {
 public:
  // Forks when `wanted`; call it before there is any thread. Only the child returns.
  explicit Background(bool wanted);
  Background(const Background &) = delete;
  Background &operator=(const Background &) = delete;

  // Prints the line; in the background it lets go of the terminal then.
  void ready(const std::string &line);

 private:
  int pipe_ = -1;  // to the process that waits; its end without a line: we failed
};

}  // namespace astral::node
