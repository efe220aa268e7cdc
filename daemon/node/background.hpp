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

  // Prints `line`. In the background it then leaves the terminal: what the program prints goes to `log_file`,
  // which only its user can read.
  void ready(const std::string &line, const std::string &log_file);
  // Opens the file again: another program has renamed it. In the foreground nothing happens.
  void reopen_log();

 private:
  std::string log_file_;  // empty: in the foreground
  int pipe_ = -1;  // to the waiting parent; closed without a line: the start failed
};

}  // namespace astral::node
