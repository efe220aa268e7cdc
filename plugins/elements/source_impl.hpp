// SPDX-License-Identifier: BSD-3-Clause
// astralsrc without GObject: obtains a ticket, receives the stream, and passes its objects to a streaming
// thread. If it loses the node it reconnects, and the stream continues where it was.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "elements/consumer.hpp"
#include "elements/object_meta.hpp"
#include "elements/opener.hpp"
#include "elements/outlet.hpp"
#include "elements/queue.hpp"

namespace astral::elements {

// **Thread**: the application's thread creates and destroys it. **Owns** the loop thread.
class SourceImpl final : private Consumer::Owner, private Signaller::Owner {
 public:
  // Bytes that may wait for the streaming thread; the rest stays in the store, which is bounded too.
  static constexpr std::size_t max_waiting = 4 * 1024 * 1024;
  // Time from the start to the first offer. The node may have to find the stream first.
  static constexpr Time offer_timeout = 20s;
  // After a link that lasted at least this, the source reconnects at once. Otherwise it waits first_retry
  // before the next attempt; the wait doubles up to last_retry.
  static constexpr Time lasting = 1s;
  static constexpr Time first_retry = 100ms;
  static constexpr Time last_retry = 2s;
  // Without media for this long it says so, even if nobody has told it why.
  static constexpr Time patience = 8s;
  static constexpr Time same_trouble = 30s;  // before the same warning is repeated

  // Does not call `hooks.failed`: the streaming thread gets an End with the error.
  static Expected<std::unique_ptr<SourceImpl>> start(const ElementSettings &settings, Hooks hooks);
  ~SourceImpl() override;

  struct End {
    std::optional<Error> error;  // nullopt: the stream has ended
  };
  using Item = std::variant<SharedTaken, End>;
  // Called by the streaming thread: waits for the next item. nullopt: flushing.
  std::optional<Item> pop();

  // Any thread.
  void set_flushing(bool flushing) { items_.set_flushing(flushing); }
  void take_signalling(std::string text);
  void set_standby(bool standby);
  // In standby: fetches this gap and stays in standby.
  void fetch(const track::Span &gap);
  Statistics statistics();

 private:
  SourceImpl(const ElementSettings &settings, const LinkSettings &link, std::optional<trust::Guest> guest,
             Hooks hooks);

  void on_consumer_signal(const std::string &text) override;
  void on_consumer_connected(const std::string &ticket, const std::string &fingerprint) override;
  Needs on_consumer_needs() override;
  void on_consumer_ready() override;
  void on_consumer_thin(const std::optional<LineMeter::Rates> &rates) override;
  void on_consumer_ended(const std::optional<Error> &error) override;
  void on_signaller_open() override;
  void on_signaller_message(const std::string &text) override;
  void on_signaller_lost(const Error &error) override;
  void connect();
  SharedTaken opened(const SharedTaken &taken);
  void reconnect(const Error &why);
  bool may_retry(const Error &why) const;
  void warn(const Error &why);
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
  std::unique_ptr<Timer> offer_timer_, retry_timer_, doubt_timer_, snapshot_timer_;
  bool standby_ = false;
  bool offered_ = false;        // an offer has come for ticket_
  bool was_connected_ = false;  // a link has worked: from now on, retry
  Time linked_ = {};            // when the link came up
  std::optional<Time> lost_;    // when the link was lost; nullopt: it works
  Time backoff_ = first_retry;
  Fingerprint stream_key_;     // the first that was seen, if none is set; empty: none yet
  Opener opener_;
  bool forwards_ = false;                   // the next element is a relay
  bool locked_ = false;                     // nothing could be opened since the last object
  std::uint64_t refused_ = 0, forged_ = 0;  // by the links before this one
  std::string trouble_;        // the last warning
  Time warned_ = {};
  std::optional<moqt::Location> position_;  // the location after the last object that was taken
  std::string connected_;                   // the ticket of the link that works
  std::optional<SharedTaken> next_;         // taken from the consumer; items_ was full
  bool reader_behind_ = false;              // the reader has been behind since items_ was full
  std::optional<End> end_;                  // to be queued after all objects
  bool ended_ = false;
  Guarded<Statistics> statistics_;
  LoopThread loop_;  // declared last: its thread uses the members above
};

}  // namespace astral::elements
