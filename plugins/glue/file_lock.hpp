// SPDX-License-Identifier: BSD-3-Clause
// A lock file that one process at a time holds. It keeps two programs from overwriting each other's files,
// and it names the holder.
#pragma once

#include <string>

#include "glue/error.hpp"

namespace astral {

// Holds flock(2) until the destructor runs or the process ends. The file itself stays.
// **Thread**: any.
class FileLock {
 public:
  // Writes `holder` (the program's name) and the process id into the file, for the error that the next
  // process reports. Errors: conflict: another process holds the lock, and the detail names it; failed: a
  // system call on the file failed.
  static Expected<FileLock> take(const std::string &path, const std::string &holder);

  FileLock(FileLock &&other) noexcept;
  FileLock &operator=(FileLock &&other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace astral
