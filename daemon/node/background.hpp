// SPDX-License-Identifier: BSD-3-Clause
// --daemonize: a child process in its own session. The parent waits until the child is ready or has failed.
// It prints the child's line and exits with the child's status, so a script sees the same as in the
// foreground.
#pragma once

#include <string>

namespace astral::node {

class Background {
 public:
  // Forks if `wanted`; call it before any thread exists. Only the child returns.
  explicit Background(bool wanted);
  Background(const Background &) = delete;
  Background &operator=(const Background &) = delete;

  // Prints `line`. In the background it then closes the terminal: standard streams become /dev/null.
  void ready(const std::string &line);

 private:
  int pipe_ = -1;  // to the waiting parent; closed without a line: the start failed
};

}  // namespace astral::node
