// SPDX-License-Identifier: BSD-3-Clause
// A file that one process at a time holds, and that says which: two programs that both write the same files
// would each lose what the other wrote.
#pragma once

#include <string>

#include "glue/error.hpp"

namespace astral {

// Held until the destructor, or until the process ends in any way: the kernel's flock(2). The file stays.
// **Thread** any.
class FileLock {
 public:
  // `holder` is written into the file for who comes second: the program's name; the process's id is added.
  // Errors: conflict: another process holds it, the detail names that one. failed: the file cannot be opened.
  static Expected<FileLock> take(const std::string &path, const std::string &holder);

  FileLock(FileLock &&other) noexcept;
  FileLock &operator=(FileLock &&other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace astral
