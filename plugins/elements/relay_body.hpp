// SPDX-License-Identifier: BSD-3-Clause
// astralrelay without GObject: merges what its parents' pads bring, keeps it, feeds the children and the
// source pad.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "elements/cadence.hpp"
#include "elements/gap_watch.hpp"
#include "elements/object_meta.hpp"
#include "elements/outlet.hpp"
#include "elements/queue.hpp"

namespace astral::elements {

class RelayBody {
 public:
  static constexpr std::size_t max_waiting = 16 * 1024 * 1024;  // of each queue, in bytes

  static Expected<std::unique_ptr<RelayBody>> start(const ElementSettings &settings, Hooks hooks);
  ~RelayBody();

  // From the parents' streaming threads. False: flushing.
  bool push(const SharedTaken &taken);
  // The source pad's streaming thread: waits for the next object. Nothing: flushing.
  std::optional<SharedTaken> pop();

  // Any thread.
  void set_input_flushing(bool flushing) { inputs_.set_flushing(flushing); }
  void set_output_flushing(bool flushing) { outputs_.set_flushing(flushing); }
  // Nobody takes from the source pad (any more): objects are for the children only.
  void set_output_wanted(bool wanted) { output_wanted_ = wanted; }
  void limit_store(std::size_t bytes) {
    outlet_.loop().post([this, bytes] { outlet_.provider().limit_store(bytes); });
  }
  void take_signalling(std::string text) { outlet_.take_signalling(std::move(text)); }
  Statistics statistics() { return outlet_.statistics(); }
  // The first object that has not come; who brings the first is to bring the past as well.
  Needs needs() {
    return {needs_.with([](const auto &needs) { return needs; }), true};
  }

 private:
  RelayBody(const ElementSettings &settings, const LinkSettings &link, Hooks hooks);
  void take_inputs();
  void take(const SharedTaken &taken);
  void refill();
  void look_ahead();
  void check_silence();
  void check_gap(bool given_up);

  const Hooks hooks_;
  Queue<SharedTaken> inputs_{max_waiting};
  Queue<SharedTaken> outputs_{max_waiting};
  std::atomic<bool> awake_ = false;  // a turn of the loop is coming that empties inputs_
  std::atomic<bool> output_wanted_ = true;
  std::optional<Sequence> sequence_;
  std::shared_ptr<const Catalog> catalog_;
  std::optional<SharedTaken> next_;  // taken, there was no room for it
  bool is_held_up_ = false;          // since then there has always been more to take
  Statistics counts_;
  Rate rate_;
  track::Cursor frontier_{moqt::Location{}};  // has seen all that came without a gap
  Guarded<std::optional<moqt::Location>> needs_;
  Cadence cadence_;
  GapWatch gap_watch_;
  std::unique_ptr<Timer> timer_, silence_timer_, gap_timer_;
  Outlet outlet_;  // last: its thread uses all of the above
};

}  // namespace astral::elements
