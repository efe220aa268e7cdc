// SPDX-License-Identifier: BSD-3-Clause
// A line between two TAP devices: takes packets from one and writes them to the other when, and if, line.hpp
// says so. In user space, because some kernels have no netem. wire.py starts it: wire FD FD WAY WAY, where the
// first WAY is of the packets from the first FD.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <queue>
#include <span>
#include <vector>

#include "line.hpp"

namespace astral::netlab {
namespace {

constexpr std::size_t most_of_packet = 1 << 16;
constexpr std::size_t ethernet_header = 14;
constexpr std::size_t most_on_the_way = 1 << 19;  // packets: two seconds of ten gigabits
constexpr int most_at_once = 64;  // packets read from a device before those that are due are written

using Bytes = std::vector<unsigned char>;

Time now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds(time.tv_sec) + Time(time.tv_nsec);
}

// ARP and IPv6's neighbour discovery are the lab's own business. A line has none, so it does not lose them.
bool crosses_lines(std::span<const unsigned char> frame) {
  if (frame.size() < ethernet_header) return false;
  const unsigned type = static_cast<unsigned>(frame[12] << 8 | frame[13]);
  constexpr unsigned ipv4 = 0x0800, ipv6 = 0x86dd, icmpv6 = 58;
  if (type == ipv4) return true;
  if (type != ipv6 || frame.size() < ethernet_header + 41) return false;
  const unsigned kind = frame[ethernet_header + 40];
  return frame[ethernet_header + 6] != icmpv6 || kind < 133 || kind > 137;
}

struct Packet {
  Time due;
  std::size_t number;  // those that are due at the same time go in the order in which they came
  int to;
  Bytes bytes;
  bool operator<(const Packet &other) const {  // std::priority_queue gives the greatest
    return due != other.due ? due > other.due : number > other.number;
  }
};

class Wire {
 public:
  Wire(std::array<int, 2> ends, const Way &there, const Way &back)
      : ends_(ends), delays_{there.delay, back.delay}, directions_{Direction(there), Direction(back)} {}

  [[noreturn]] void run() {
    for (;;) {
      std::array<pollfd, 2> waiting{pollfd{ends_[0], POLLIN, 0}, pollfd{ends_[1], POLLIN, 0}};
      timespec patience{};
      if (!on_the_way_.empty()) {
        const Time left = std::max(Time(0), on_the_way_.top().due - now());
        patience = {.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000),
                    .tv_nsec = static_cast<long>(left.count() % 1'000'000'000)};
      }
      if (ppoll(waiting.data(), waiting.size(), on_the_way_.empty() ? nullptr : &patience, nullptr) < 0 &&
          errno != EINTR)
        std::exit(1);
      for (std::size_t from : {0u, 1u})
        if (waiting[from].revents) take(from);
      give();
    }
  }

 private:
  void take(std::size_t from) {
    for (int count = 0; count < most_at_once; ++count) {
      const ssize_t size = read(ends_[from], buffer_.data(), buffer_.size());
      if (size < 0 && errno != EAGAIN && errno != EINTR) std::exit(1);  // the device has been removed
      if (size <= 0) return;
      const std::span frame(buffer_.data(), static_cast<std::size_t>(size));
      std::optional<Time> due = now() + delays_[from];
      if (crosses_lines(frame)) due = directions_[from].pass(frame.size() - ethernet_header, now());
      if (due && on_the_way_.size() < most_on_the_way)
        on_the_way_.push({*due, number_++, ends_[1 - from], Bytes(frame.begin(), frame.end())});
    }
  }

  void give() {
    for (Time time = now(); !on_the_way_.empty() && on_the_way_.top().due <= time; on_the_way_.pop()) {
      const Packet &packet = on_the_way_.top();
      // A device that is down refuses packets; they are lost, as on a cable without a machine.
      if (write(packet.to, packet.bytes.data(), packet.bytes.size()) < 0 && errno == EBADFD) std::exit(1);
    }
  }

  const std::array<int, 2> ends_;
  const std::array<Time, 2> delays_;
  std::array<Direction, 2> directions_;
  std::priority_queue<Packet> on_the_way_;
  std::size_t number_ = 0;
  Bytes buffer_ = Bytes(most_of_packet);
};

}  // namespace
}  // namespace astral::netlab

int main(int argc, char **argv) {
  using namespace astral::netlab;
  const auto there = argc == 5 ? parse_way(argv[3]) : std::nullopt;
  const auto back = argc == 5 ? parse_way(argv[4]) : std::nullopt;
  if (!there || !back) {
    std::fprintf(stderr, "usage: wire FD FD NAME=VALUE,... NAME=VALUE,...   names: see Way in line.hpp\n");
    return 2;
  }
  setpriority(PRIO_PROCESS, 0, -10);  // a cable does not wait for the CPU; without root it does
  prctl(PR_SET_TIMERSLACK, 1);  // ns; by default the kernel adds up to 50 us to each wait
  Wire({std::atoi(argv[1]), std::atoi(argv[2])}, *there, *back).run();
}
