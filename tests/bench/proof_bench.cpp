// SPDX-License-Identifier: BSD-3-Clause
// Measures what proofs cost: a publisher's signature, a node's check of each object, and the new signature of
// the node that it is published at, each at the pace of a stream of 4 Mbit/s, so with the cold caches of real
// use. Prints a JSON line for each rate: the share of a core for each, and the time that each adds to an
// object, that is to one hop.
//   proof_bench [SECONDS]      10 s for each of the three, at each rate
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "trust/signer.hpp"
#include "trust/verifier.hpp"

namespace astral::trust {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t bytes_per_s = 500'000;
constexpr std::size_t objects_per_group = 50;
constexpr std::uint64_t epoch = 1000;
const moqt::TrackName track{{"astral", "bench"}, "media"};

double cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Cost {
  double cpu = 0;          // seconds
  std::vector<double> ms;  // of each call, as it passes

  template <typename Call>
  void measure(Call call) {
    const double cpu_before = cpu_s();
    const auto begin = Clock::now();
    call();
    ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    cpu += cpu_s() - cpu_before;
  }
  double share(double seconds) const { return 100 * cpu / seconds; }
  double quantile(double part) {
    std::ranges::sort(ms);
    return ms[static_cast<std::size_t>(part * static_cast<double>(ms.size() - 1))];
  }
};

// Calls `step` at the rate, each time after a sleep.
template <typename Step>
void pace(std::size_t rate, std::size_t count, Step step) {
  auto next = Clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    std::this_thread::sleep_until(next);
    next += std::chrono::nanoseconds(1'000'000'000 / rate);
    step(i);
  }
}

void run(std::size_t rate, std::size_t seconds) {
  const Key key = *Key::generate();
  const Signer signer(key, track);
  Verifier verifier(*PublicKey::from_raw(key.public_key_raw()), track);
  const std::vector<std::uint8_t> own = {0xb8, 0x01, 0x08, 0x0d, 0x05, 1,
                                         2,    3,    4,    5,    6};  // as long as a timing
  struct Made {
    moqt::Location at;
    std::vector<std::uint8_t> payload, properties;
  };
  std::vector<Made> objects(rate * seconds);
  const Signer own_signer(*Key::generate(), track);
  Cost sign, check, countersign;
  pace(rate, objects.size(), [&](std::size_t i) {
    Made &made = objects[i];
    made.at = {epoch + i / objects_per_group, i % objects_per_group};
    made.payload.assign(bytes_per_s / rate, static_cast<std::uint8_t>(i));
    sign.measure([&] { made.properties = signer.prove(made.at, {epoch, std::nullopt}, own, made.payload); });
  });
  pace(rate, objects.size(), [&](std::size_t i) {
    const Made &made = objects[i];
    bool good = false;
    check.measure([&] { good = verifier.check(made.at, made.properties, made.payload).has_value(); });
    if (good) return;
    std::fprintf(stderr, "an object of ours is refused\n");
    std::exit(1);
  });
  pace(rate, objects.size(), [&](std::size_t i) {
    Made &made = objects[i];
    countersign.measure(
        [&] { made.properties = *own_signer.countersign(made.at, made.properties, made.payload); });
  });
  const auto time = static_cast<double>(seconds);
  std::printf(
      "{\"bench\": \"proof\", \"objects_per_s\": %zu, \"object_bytes\": %zu, \"sign_core_percent\": %.2f, "
      "\"check_core_percent\": %.2f, \"countersign_core_percent\": %.2f, \"sign_ms_p50\": %.3f, "
      "\"sign_ms_p99\": %.3f, \"check_ms_p50\": %.3f, "
      "\"check_ms_p99\": %.3f, \"countersign_ms_p50\": %.3f, \"countersign_ms_p99\": %.3f}\n",
      rate, bytes_per_s / rate, sign.share(time), check.share(time), countersign.share(time),
      sign.quantile(0.5), sign.quantile(0.99), check.quantile(0.5), check.quantile(0.99),
      countersign.quantile(0.5), countersign.quantile(0.99));
  std::fflush(stdout);
}

}  // namespace
}  // namespace astral::trust

int main(int count, char **arguments) {
  const std::size_t seconds = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 10;
  for (const std::size_t rate : {30, 100}) astral::trust::run(rate, std::max<std::size_t>(seconds, 1));
  return 0;
}
