// SPDX-License-Identifier: BSD-3-Clause
// Lets other nodes measure their lines with this node, one after another, and measures this node's upstream
// with them. Decides who may, and for how long: a guest that does not ask, or that dawdles, gives its turn to
// the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "peer/measurement.hpp"

namespace astral::peer {

// **Thread**: the default main context.
class BandwidthGuests {
 public:
  static constexpr std::size_t max_runs = 64;   // one is measured, the others wait
  static constexpr std::size_t per_minute = 4;  // runs from one place (an IPv4 address, an IPv6 /64)

  struct Host {
    std::function<bool()> may_send;                                          // no streams flow from here
    std::function<bool()> may_receive;                                       // none flow to here
    std::function<void()> on_begun;                                          // on_measured follows
    std::function<void(std::uint64_t upstream_bps, bool near)> on_measured;  // 0: it failed
  };
  explicit BandwidthGuests(Host host);
  BandwidthGuests(const BandwidthGuests &) = delete;
  BandwidthGuests &operator=(const BandwidthGuests &) = delete;

  bool idle() const { return runs_.empty(); }
  bool has_room() const { return runs_.size() < max_runs; }
  struct Guest {
    std::string address = {};
    std::string run = {};  // which sockets belong together
  };
  // Drops the stream if the guest may not measure.
  void accept(Ref<GIOStream> stream, const Guest &guest);

 private:
  struct Run {
    Guest guest;
    bool is_near = false;  // on this machine, or on its local network
    std::unique_ptr<Measurement> measurement = {};
    Time until = {};  // then it has to be over
    bool asked = false, begun = false, reported = false;
  };
  using Runs = std::deque<std::shared_ptr<Run>>;
  bool may_begin(const std::string &place);
  std::shared_ptr<Run> begin(const Guest &guest);
  void look();
  void allow(Run &run, Time patience);
  void watch_time();
  void lapse();
  void report(Run &run, std::uint64_t bps);
  void on_sent(const std::shared_ptr<Run> &run);
  void end(const std::shared_ptr<Run> &run);

  const Host host_;
  Runs runs_;
  std::shared_ptr<Run> turn_;
  std::map<std::string, std::size_t> begun_;  // runs of this minute, by place
  Time minute_{};
  Timer patience_;
};

}  // namespace astral::peer
