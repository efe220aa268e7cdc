// SPDX-License-Identifier: BSD-3-Clause
#include "glue/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace astral {
namespace {

// The line that the holder wrote into the file. The holder may have locked the file and not written yet.
std::string holder_of(int fd) {
  std::array<char, 128> text{};
  const ssize_t got = pread(fd, text.data(), text.size(), 0);
  std::string holder(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  holder.erase(std::min(holder.find('\n'), holder.size()));
  return holder.empty() ? "another process" : holder;
}

tl::unexpected<Error> cannot(const char *what, const std::string &path) {
  return fail(Code::failed, std::string("cannot ") + what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

Expected<FileLock> FileLock::take(const std::string &path, const std::string &holder) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return cannot("open", path);
  FileLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot("lock", path);
    return fail(Code::conflict, holder_of(fd) + " uses it (lock file " + path + ")");
  }
  const std::string line = holder + ", process " + std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()))
    return cannot("write", path);
  return lock;
}

FileLock::FileLock(FileLock &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock &FileLock::operator=(FileLock &&other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace astral
