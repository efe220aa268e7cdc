// SPDX-License-Identifier: BSD-3-Clause
// Decides what a line does to each packet of one direction: when it arrives, or that it is lost. Knows no
// clock and no device.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace astral::netlab {

using Time = std::chrono::nanoseconds;

// One direction of a line. A share is from 0 to 1.
struct Way {
  Time delay{};            // of every packet
  Time jitter{};           // up to this much more, at random; packets stay in order
  double reorder = 0;      // share of packets that are held back, so that later ones overtake them
  Time held{};             // how long
  double loss = 0;         // share of packets that are lost, each for itself
  double burst_begin = 0;  // after each packet: the probability that a burst of loss begins …
  double burst_end = 1;    // … or ends (Gilbert–Elliott)
  double burst_loss = 1;   // share of packets that are lost in a burst
  double rate = 0;         // bits per second of whole packets; 0: any
  Time queue = std::chrono::milliseconds(200);  // a packet that would wait longer for the rate is dropped
  std::uint64_t seed = 1;
};

// Reads NAME=VALUE,… with the names of Way; times are in seconds. Empty if something in it is not valid.
std::optional<Way> parse_way(const std::string &text);

// The n-th packet meets the same luck in every run with the same seed, whatever its time and size.
class Direction {
 public:
  explicit Direction(const Way &way) : way_(way), random_(way.seed) {}

  // When the packet comes out at the other end; nothing if it does not. `now` never decreases.
  std::optional<Time> pass(std::size_t bytes, Time now);

 private:
  double draw();  // from 0 to 1

  const Way way_;
  std::mt19937_64 random_;
  bool in_burst_ = false;
  Time idle_{};    // when the last packet that was admitted has left the queue
  Time newest_{};  // arrival of the newest packet that was not held back
};

}  // namespace astral::netlab
