// SPDX-License-Identifier: BSD-3-Clause
// The functions below replace those of the C library: the linker takes a program's own definitions first.
#include "outside.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <ctime>
#include <map>
#include <utility>

namespace astral::fuzz {
namespace {

constexpr std::int64_t first_ns = 1'000'000'000'000;
constexpr std::int64_t unix_at_zero = 1'700'000'000;  // seconds
constexpr std::uint64_t first_random = 0x9E3779B97F4A7C15;

std::atomic<std::int64_t> clock_ns = first_ns;
std::atomic<std::uint64_t> random_state = first_random;
std::vector<Dialled> dialled;

std::uint8_t random_byte() {
  const std::uint64_t state = random_state * 6364136223846793005u + 1442695040888963407u;
  random_state = state;
  return static_cast<std::uint8_t>(state >> 56);
}

}  // namespace

void reset_outside() {
  for (const Dialled &one : take_dialled()) close(one.fd);
  random_state = first_random;
}

void pass(Time time) {
  clock_ns += time.count();
}

std::vector<Dialled> take_dialled() {
  return std::exchange(dialled, {});
}

Pair make_pair() {
  int ends[2];
  const int made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
  assert(made == 0);
  return {ends[0], ends[1]};
}

}  // namespace astral::fuzz

using namespace astral::fuzz;

extern "C" {

int clock_gettime(clockid_t clock, timespec *time) noexcept {
  if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
    return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  const std::int64_t ns = clock_ns;
  time->tv_sec = (clock == CLOCK_REALTIME ? unix_at_zero : 0) + ns / 1'000'000'000;
  time->tv_nsec = ns % 1'000'000'000;
  return 0;
}

ssize_t getrandom(void *bytes, size_t size, unsigned) {
  for (size_t i = 0; i < size; ++i) static_cast<std::uint8_t *>(bytes)[i] = random_byte();
  return static_cast<ssize_t>(size);
}

// No name can be resolved.
int getaddrinfo(const char *, const char *, const addrinfo *, addrinfo **) {
  return EAI_NONAME;
}

// The socket becomes one end of a socket pair; take_dialled() gives the test the other end.
int connect(int fd, const sockaddr *address, socklen_t size) {
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
    return static_cast<int>(syscall(SYS_connect, fd, address, size));
  const std::uint16_t port = address->sa_family == AF_INET
                                 ? reinterpret_cast<const sockaddr_in *>(address)->sin_port
                                 : reinterpret_cast<const sockaddr_in6 *>(address)->sin6_port;
  const Pair pair = make_pair();
  dup2(pair.ours, fd);
  close(pair.ours);
  dialled.push_back({pair.theirs, ntohs(port)});
  return 0;
}

int getpeername(int fd, sockaddr *address, socklen_t *size) noexcept {
  const int found = static_cast<int>(syscall(SYS_getpeername, fd, address, size));
  if (found != 0 || address->sa_family != AF_UNIX || *size < 2) return found;
  sockaddr_in inet{};
  inet.sin_family = AF_INET;
  inet.sin_port = htons(9);
  inet.sin_addr.s_addr = htonl(0xC0000209);  // 192.0.2.9
  *reinterpret_cast<sockaddr_in *>(address) = inet;
  *size = sizeof inet;
  return 0;
}
}
