// SPDX-License-Identifier: BSD-3-Clause
// The common part of astralsink and astralrelay: a loop thread with a provider, and the signalling with the
// node that sends it children. Decides when to announce the stream to the node.
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

// The element's callbacks to the application. The element's loop thread calls them.
struct Hooks {
  std::function<void(const std::string &text)> signalling;
  std::function<void(const std::string &ticket, const std::string &fingerprint)> peer_added;
  std::function<void(const std::string &ticket, const std::string &why)> peer_removed;
  std::function<void(const Error &)> failed;
  // The connection to the node was lost and will be retried (`there` is false), or it is back.
  std::function<void(bool there, const std::string &why)> node = nullptr;
  // Source only: no media comes, and why; the element goes on trying.
  std::function<void(const Error &)> trouble = nullptr;
  // Source only: what the next element needs.
  std::function<Needs()> needs = nullptr;
  // Source only: the line does not carry the stream, so objects are skipped; or it does again (nullopt).
  std::function<void(const std::optional<LineMeter::Rates> &rates)> thin = nullptr;
  // Relay only: no parent has brought an object for `ms` milliseconds.
  std::function<void(unsigned ms)> silent = nullptr;
  // Relay only: this child is too slow for the stream's rate.
  std::function<void(const std::string &ticket)> slow = nullptr;
  // Relay only: data is in flight to this child, and nothing comes from it.
  std::function<void(const std::string &ticket)> child_silent = nullptr;
  // Relay only: the source pad gives a private stream from now on, with this catalog; or it cannot, and
  // `why`.
  std::function<void(const Catalog *catalog, const std::string &why)> opened = nullptr;
  // Relay only: the parents have brought newer objects, but not these.
  std::function<void(const track::Span &gap)> missing = nullptr;
  // Relay only: see LackWatch.
  std::function<void()> lacking = nullptr;
};

// **Thread**: the application's thread creates and destroys it; the rest runs on the loop, unless noted.
// **Owns** the loop thread.
class Outlet final : private Provider::Owner, private Signaller::Owner {
 public:
  Outlet(ElementSettings settings, const LinkSettings &link, Hooks hooks);
  ~Outlet() override;

  LoopThread &loop() { return loop_; }  // any thread
  Provider &provider() { return *provider_; }

  // Announces the stream to the node, with its caps `media` and the bit rate that the caps say. Call it again
  // when the caps change.
  void announce(const std::string &media, unsigned bitrate_kbps = 0);
  // Tells the node that this run has ended; the stream waits for its publisher.
  void announce_end();
  // Called when the node has accepted the stream, with the largest group of earlier runs.
  std::function<void(std::uint64_t)> on_published;

  // Any thread.
  void take_signalling(std::string text);
  Statistics statistics();
  // Fills in the element's own counters; the provider adds those of the links. Runs on the loop.
  std::function<void(Statistics &)> count;

 private:
  void on_provider_signal(const std::string &text) override;
  void on_child_added(const std::string &ticket, const std::string &fingerprint) override;
  void on_child_removed(const std::string &ticket, const Error &why) override;
  void on_child_slow(const std::string &ticket) override;
  void on_child_silent(const std::string &ticket) override;
  void on_signaller_open() override;
  void on_signaller_message(const std::string &text) override;
  void on_signaller_lost(const Error &error) override;
  void connect();
  void snapshot();

  static constexpr Time snapshot_interval = 100ms;
  // The wait before the next attempt to reach the node; it doubles up to last_retry.
  static constexpr Time first_retry = 100ms;
  static constexpr Time last_retry = 1s;

  const ElementSettings settings_;
  const Hooks hooks_;
  const std::string uuid_;
  std::unique_ptr<Provider> provider_;
  std::unique_ptr<Signaller> signaller_;
  std::unique_ptr<Timer> timer_, retry_timer_;
  std::optional<std::string> media_;  // the announced caps
  unsigned bitrate_kbps_ = 0;
  bool was_connected_ = false;        // the node has welcomed us once: from now on, retry
  Time backoff_ = first_retry;
  bool welcome_ = false;
  bool publish_sent_ = false;
  bool published_ = false;  // the node has accepted the stream
  Guarded<Statistics> statistics_;
  LoopThread loop_;  // declared last: its thread uses the members above
};

std::string random_uuid();

}  // namespace astral::elements
