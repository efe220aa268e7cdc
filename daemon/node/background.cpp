// SPDX-License-Identifier: BSD-3-Clause
#include "node/background.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace astral::node {

Background::Background(bool wanted) {
  if (!wanted) return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    std::perror("astralnode: --daemonize");
    std::exit(1);
  }
  const pid_t child = fork();
  if (child < 0) {
    std::perror("astralnode: --daemonize");
    std::exit(1);
  }
  if (child == 0) {
    close(ends[0]);
    pipe_ = ends[1];
    setsid();
    return;
  }
  close(ends[1]);
  std::string line;
  char buffer[512];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    line.append(buffer, static_cast<std::size_t>(got));
  if (!line.empty()) {
    std::cout << line << std::flush;
    std::_Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

void Background::reopen_log() {
  if (log_file_.empty()) return;
  const int log = open(log_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  const int to = log >= 0 ? log : open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) dup2(to, fd);
  close(to);
}

void Background::ready(const std::string &line, const std::string &log_file) {
  if (pipe_ < 0) {
    std::cout << line << std::endl;
    return;
  }
  const std::string text = line + "\n";
  if (write(pipe_, text.data(), text.size()) < 0) std::perror("astralnode: --daemonize");
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  close(nothing);
  log_file_ = log_file;
  reopen_log();
  close(pipe_);
  pipe_ = -1;
  if (chdir("/") != 0) std::perror("astralnode: /");
}

}  // namespace astral::node
