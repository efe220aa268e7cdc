// SPDX-License-Identifier: BSD-3-Clause
// What astralsink and astralrelay have in common: a loop thread with a provider on it, and the conversation
// with the node that sends it children. Decides when the stream is announced to the node.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "elements/provider.hpp"
#include "elements/settings.hpp"
#include "elements/signaller.hpp"
#include "glue/guarded.hpp"

namespace astral::elements {

// What an element tells the application; called from the element's loop thread.
struct Hooks {
  std::function<void(const std::string &text)> signalling;
  std::function<void(const std::string &ticket, const std::string &fingerprint)> peer_added;
  std::function<void(const std::string &ticket, const std::string &why)> peer_removed;
  std::function<void(const Error &)> failed;
  // The node that the element signals through has gone, and is called again; or it is there again.
  std::function<void(bool there, const std::string &why)> node = nullptr;
  // Of a source: what whoever it feeds needs.
  std::function<Needs()> needs = nullptr;
  // Of a relay: no parent has brought anything for so many milliseconds.
  std::function<void(unsigned ms)> silent = nullptr;
  // Of a relay: this child does not hold the rate.
  std::function<void(const std::string &ticket)> slow = nullptr;
  // Of a relay: its parents have not brought this, but something newer.
  std::function<void(const track::Span &gap)> missing = nullptr;
};

// **Thread**: made and destroyed by the application's; everything else on the loop, unless it says so.
// **Owns** the loop thread.
class Outlet final : private Provider::Owner, private Signaller::Owner {
 public:
  Outlet(ElementSettings settings, const LinkSettings &link, Hooks hooks);
  ~Outlet() override;

  LoopThread &loop() { return loop_; }  // any thread
  Provider &provider() { return *provider_; }

  // The node may send viewers: the stream is `media` (caps). Again when that changes.
  void announce(const std::string &media);
  // The run is over; the stream waits for its publisher.
  void say_ended();
  // Called when the node has taken the stream, with the largest group of earlier runs.
  std::function<void(std::uint64_t)> on_published;

  // Any thread.
  void take_signalling(std::string text);
  Statistics statistics();
  // What the element itself counts; the links are added here. Loop.
  std::function<void(Statistics &)> count;

 private:
  void on_provider_signal(const std::string &text) override;
  void on_child_added(const std::string &ticket, const std::string &fingerprint) override;
  void on_child_removed(const std::string &ticket, const Error &why) override;
  void on_child_slow(const std::string &ticket) override;
  void on_signaller_open() override;
  void on_signaller_message(const std::string &text) override;
  void on_signaller_lost(const Error &error) override;
  void connect();
  void snapshot();

  static constexpr Time snapshot_interval = 100ms;
  static constexpr Time first_retry = 100ms;  // to reach a node that has gone, then doubling up to
  static constexpr Time last_retry = 1s;

  const ElementSettings settings_;
  const Hooks hooks_;
  const std::string uuid_;
  std::unique_ptr<Provider> provider_;
  std::unique_ptr<Signaller> signaller_;
  std::unique_ptr<Timer> timer_, retry_timer_;
  std::optional<std::string> media_;  // as announced
  bool known_ = false;                // it was welcome once: what fails from now on is tried again
  Time backoff_ = first_retry;
  bool welcome_ = false;
  bool publish_sent_ = false;
  bool published_ = false;  // the node had taken the stream
  Guarded<Statistics> statistics_;
  LoopThread loop_;  // last: it uses all of the above
};

std::string random_uuid();

}  // namespace astral::elements
