// SPDX-License-Identifier: BSD-3-Clause
// astralrelay without GObject: merges the objects of its parents' pads, stores them, and feeds the children
// and the source pad.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "elements/cadence.hpp"
#include "elements/countersigner.hpp"
#include "elements/gap_watch.hpp"
#include "elements/lack_watch.hpp"
#include "elements/object_meta.hpp"
#include "elements/opener.hpp"
#include "elements/outlet.hpp"
#include "elements/queue.hpp"

namespace astral::elements {

class RelayImpl {
 public:
  static constexpr std::size_t max_waiting = 16 * 1024 * 1024;  // in each queue, bytes

  static Expected<std::unique_ptr<RelayImpl>> start(const ElementSettings &settings, Hooks hooks);
  ~RelayImpl();

  // Called by the parents' streaming threads. False: flushing.
  bool push(const SharedTaken &taken);
  // Called by the source pad's streaming thread: waits for the next object. nullopt: flushing. A null object:
  // the stream has ended, all before it was given out.
  std::optional<SharedTaken> pop();

  // Any thread.
  void set_input_flushing(bool flushing) { inputs_.set_flushing(flushing); }
  void set_output_flushing(bool flushing) { outputs_.set_flushing(flushing); }
  // False: the source pad has no consumer, so objects go to the children only.
  void set_output_wanted(bool wanted) { output_wanted_ = wanted; }
  void limit_store(std::size_t bytes) {
    outlet_.loop().post([this, bytes] { outlet_.provider().limit_store(bytes); });
  }
  // From now on the stream has this key.
  void set_stream_key(Fingerprint key) {
    outlet_.loop().post([this, key = std::move(key)] { pin(key); });
  }
  // Who can read the stream, which is private, from now on. Only with a signing key.
  void set_privacy(Privacy privacy) {
    outlet_.loop().post([this, privacy = std::move(privacy)] {
      if (signer_) signer_->set_privacy(privacy, now());
    });
  }
  // For whom the source pad opens a private stream.
  void set_guest(trust::Guest guest) {
    outlet_.loop().post([this, guest = std::move(guest)] { opener_ = Opener(guest); });
  }
  void use_stun(StunServer server) {
    outlet_.loop().post([this, server = std::move(server)] { outlet_.provider().use_stun(server); });
  }
  void use_turn(TurnServer server) {
    outlet_.loop().post([this, server = std::move(server)] { outlet_.provider().use_turn(server); });
  }
  // The stream has ended: after all that the parents have pushed, each child gets PUBLISH_DONE and the source
  // pad the end. The children's links stay. Nothing comes after it. Any thread.
  void end();
  void take_signalling(std::string text) { outlet_.take_signalling(std::move(text)); }
  Statistics statistics() { return outlet_.statistics(); }
  // The first object that has not arrived, and the stream's key. The first parent to bring objects must bring
  // the past too.
  Needs needs() {
    return needs_.with([](const auto &needs) { return needs; });
  }

 private:
  struct Secrets {
    std::optional<Key> signing_key = {};
    std::optional<Privacy> privacy = {};
    std::optional<trust::Guest> guest = {};
  };
  RelayImpl(const ElementSettings &settings, const LinkSettings &link, const Secrets &secrets, Hooks hooks);
  void take_inputs();
  void take(const SharedTaken &taken);
  bool is_ours(const Taken &taken);
  void pin(const Fingerprint &key);
  void sign_end();
  SharedTaken opened(const SharedTaken &taken);
  void refill();
  void look_ahead();
  void check_silence();
  void check_gap(bool given_up);

  const Hooks hooks_;
  Queue<SharedTaken> inputs_{max_waiting};
  Queue<SharedTaken> outputs_{max_waiting};
  std::atomic<bool> task_posted_ = false;  // a task that empties inputs_ is posted
  std::atomic<bool> output_wanted_ = true;
  std::optional<Sequence> sequence_;
  std::shared_ptr<const Catalog> catalog_;
  std::optional<SharedTaken> next_;  // taken from the store; outputs_ was full
  bool ending_ = false;              // the source pad's queue gets the end after the last object
  bool reader_behind_ = false;       // the reader has been behind since outputs_ was full
  Statistics counts_;
  Rate rate_;
  track::Cursor frontier_{moqt::Location{}};  // follows the objects up to the first gap
  Guarded<Needs> needs_{Needs{.first = std::nullopt, .past = true}};
  std::optional<Countersigner> signer_;  // at the node that the stream is published at; otherwise none
  Opener opener_;
  std::string locked_;  // why the source pad gets nothing of a private stream; empty: it gets all
  std::shared_ptr<const Catalog> told_;  // the newest one that the owner knows
  Fingerprint stream_key_;  // the first that was seen, if none is set; empty: none yet
  Slice key_;               // the same key, raw
  std::uint64_t refused_ = 0;
  Cadence cadence_;
  GapWatch gap_watch_;
  LackWatch lack_watch_;
  std::unique_ptr<Timer> timer_, silence_timer_, gap_timer_;
  Outlet outlet_;  // declared last: its thread uses the members above
};

}  // namespace astral::elements
