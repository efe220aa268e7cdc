// SPDX-License-Identifier: BSD-3-Clause
// astralsrc without GObject: obtains a ticket, receives the stream, and gives its objects to a streaming
// thread. Where the node goes away it is called again for a while, and the stream goes on where it was.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "elements/consumer.hpp"
#include "elements/object_meta.hpp"
#include "elements/outlet.hpp"
#include "elements/queue.hpp"

namespace astral::elements {

// **Thread**: made and destroyed by the application's. **Owns** the loop thread.
class SourceBody final : private Consumer::Owner, private Signaller::Owner {
 public:
  // What waits for the streaming thread; the rest stays in the store, which is bounded as well.
  static constexpr std::size_t max_waiting = 4 * 1024 * 1024;
  // From the start to the first offer; the node itself may have to find the stream first.
  static constexpr Time offer_timeout = 20s;
  static constexpr Time lasting = 1s;         // after a link that lasted so long, at once, or after
  static constexpr Time first_retry = 100ms;  // to reach a node that has gone, then doubling up to
  static constexpr Time last_retry = 2s;
  static constexpr Time patience = 30s;  // all of it

  // `hooks.failed` is not called: the streaming thread is told by an End.
  static Expected<std::unique_ptr<SourceBody>> start(const ElementSettings &settings, Hooks hooks);
  ~SourceBody() override;

  struct End {
    std::optional<Error> error;  // none: the stream has ended
  };
  using Item = std::variant<SharedTaken, End>;
  // Streaming thread: waits for the next one. Nothing: flushing.
  std::optional<Item> pop();

  // Any thread.
  void set_flushing(bool flushing) { items_.set_flushing(flushing); }
  void take_signalling(std::string text);
  void set_standby(bool standby);
  // While it stands by: this, and no more.
  void fetch(const track::Span &gap);
  Statistics statistics();

 private:
  SourceBody(const ElementSettings &settings, const LinkSettings &link, Hooks hooks);

  void on_consumer_signal(const std::string &text) override;
  void on_consumer_connected(const std::string &ticket, const std::string &fingerprint) override;
  Needs on_consumer_needs() override;
  void on_consumer_ready() override;
  void on_consumer_ended(const std::optional<Error> &error) override;
  void on_signaller_open() override;
  void on_signaller_message(const std::string &text) override;
  void on_signaller_lost(const Error &error) override;
  void connect();
  void again(const Error &why);
  void take_message(const std::string &text);
  void refill();
  void end(std::optional<Error> error);
  void snapshot();

  static constexpr Time snapshot_interval = 100ms;

  const ElementSettings settings_;
  const LinkSettings link_;
  const Hooks hooks_;
  const std::string uuid_;
  std::string ticket_;
  Queue<Item> items_{max_waiting};
  std::unique_ptr<Consumer> consumer_;
  std::unique_ptr<Signaller> signaller_;
  std::unique_ptr<Timer> offer_timer_, retry_timer_, snapshot_timer_;
  bool standby_ = false;
  bool known_ = false;        // a link worked once: what fails from now on is tried again
  Time linked_ = {};          // since when the link works
  std::optional<Time> lost_;  // since when it is tried
  Time backoff_ = first_retry;
  std::optional<moqt::Location> position_;  // after what was taken
  std::string connected_;                   // the ticket, once its link works
  std::optional<SharedTaken> next_;         // taken, there was no room for it
  bool is_held_up_ = false;                 // since then there has always been more to take
  std::optional<End> end_;                  // after all that can be taken
  bool ended_ = false;
  Guarded<Statistics> statistics_;
  LoopThread loop_;  // last: it uses all of the above
};

}  // namespace astral::elements
