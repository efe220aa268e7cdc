// SPDX-License-Identifier: BSD-3-Clause
#include "line.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

namespace astral::netlab {
namespace {

Time seconds(double count) {
  return std::chrono::duration_cast<Time>(std::chrono::duration<double>(count));
}

}  // namespace

std::optional<Way> parse_way(const std::string &text) {
  Way way;
  const std::map<std::string, Time *> times = {
      {"delay", &way.delay}, {"jitter", &way.jitter}, {"held", &way.held}, {"queue", &way.queue}};
  const std::map<std::string, double *> shares = {{"reorder", &way.reorder},
                                                  {"loss", &way.loss},
                                                  {"burst_begin", &way.burst_begin},
                                                  {"burst_end", &way.burst_end},
                                                  {"burst_loss", &way.burst_loss}};
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals + 1 == part.size()) return std::nullopt;
    const std::string name = part.substr(0, equals);
    char *end = nullptr;
    const double value = std::strtod(part.c_str() + equals + 1, &end);
    if (*end != '\0' || !std::isfinite(value) || value < 0 || value > 1e12) return std::nullopt;
    if (const auto time = times.find(name); time != times.end() && value <= 3600)
      *time->second = seconds(value);
    else if (const auto share = shares.find(name); share != shares.end() && value <= 1)
      *share->second = value;
    else if (name == "rate")
      way.rate = value;
    else if (name == "seed")
      way.seed = static_cast<std::uint64_t>(value);
    else
      return std::nullopt;
  }
  return way;
}

// The standard fixes what the engine draws, but not what its distributions make of it.
double Direction::draw() {
  return std::ldexp(static_cast<double>(random_() >> 11), -53);
}

std::optional<Time> Direction::pass(std::size_t bytes, Time now) {
  // Every packet draws the same number of times.
  const bool lost = draw() < (in_burst_ ? way_.burst_loss : way_.loss);
  in_burst_ = in_burst_ ? draw() >= way_.burst_end : draw() < way_.burst_begin;
  const Time jitter = seconds(draw() * std::chrono::duration<double>(way_.jitter).count());
  const bool held = draw() < way_.reorder;

  Time leaves = now;
  if (way_.rate > 0) {
    leaves = std::max(now, idle_);
    if (leaves - now > way_.queue) return std::nullopt;
    leaves += seconds(static_cast<double>(bytes) * 8 / way_.rate);
    idle_ = leaves;
  }
  // It is lost behind the queue: it has used the line.
  if (lost) return std::nullopt;
  const Time arrives = std::max(newest_, leaves + way_.delay + jitter);
  if (held) return arrives + way_.held;
  newest_ = arrives;
  return arrives;
}

}  // namespace astral::netlab
