// SPDX-License-Identifier: BSD-3-Clause
// Fetches the objects between those that a consumer has and those that its subscription brings, until nothing
// is missing that the provider has. Decides the ranges, and tells the store to give up the rest.
#pragma once

#include <optional>
#include <string>

#include "moqt/session.hpp"
#include "track/store.hpp"

namespace astral::elements {

// **Thread**: the session's. The session and the store must outlive it.
class Catchup {
 public:
  // Fetches for one gap. A provider that gets new objects during the first fetch needs a second one.
  static constexpr int most_fetches = 4;
  // After the media, and only as far as it causes no queue (quic::Connection::background_priority).
  static constexpr std::uint8_t past_priority = 192;

  // `priority`: of the fetch among everything that the provider sends us; a lower number is sent first.
  Catchup(moqt::Session &session, track::Store &store, moqt::TrackName track, std::string ticket,
          std::uint8_t priority = moqt::default_priority);
  ~Catchup();
  Catchup(const Catchup &) = delete;
  Catchup &operator=(const Catchup &) = delete;

  // Call one of these four, once. from_newest_group(): the newest group from its beginning; `subscription` is
  // a subscription of the same session. from(): everything from `need` on. all_before(): everything before
  // `end`. between(): the gap.
  void from_newest_group(moqt::RequestId subscription);
  void from(moqt::Location need);
  void all_before(moqt::Location end);
  void between(const track::Span &gap);
  // Tells where the subscription begins: after `largest`.
  void joined(const std::optional<moqt::Location> &largest);
  bool done() const { return !request_ && joined_ && covered_ >= *joined_; }

  bool is_about(moqt::RequestId request) const { return request_ == request; }
  // Call this before you add the object to the store.
  void fetched(moqt::Location id);
  void accepted(const moqt::FetchAccepted &event) { end_ = event.end; }
  void refused(const moqt::FetchRefused &event);
  void missing(const moqt::FetchMissing &event);
  void ended(const moqt::FetchEnded &event);

 private:
  void fetch(moqt::Location start, moqt::Location end);
  void go_on();

  moqt::Session &session_;
  track::Store &store_;
  const moqt::TrackName track_;
  const std::string ticket_;
  const std::uint8_t priority_;
  std::optional<moqt::RequestId> request_;
  int fetches_ = 0;
  moqt::Location covered_;                // everything before this has arrived or was given up
  std::optional<moqt::Location> joined_;  // the first location that the subscription brings
  moqt::Location end_;                    // end of the current fetch
};

}  // namespace astral::elements
