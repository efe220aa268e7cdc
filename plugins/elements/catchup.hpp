// SPDX-License-Identifier: BSD-3-Clause
// What lies between the objects that a consumer has and those that its subscription brings: fetched, until
// nothing is missing that the provider has. Decides the ranges; the rest the store is told to give up.
#pragma once

#include <optional>
#include <string>

#include "moqt/session.hpp"
#include "track/store.hpp"

namespace astral::elements {

// **Thread**: the session's. The session and the store outlive it.
class Catchup {
 public:
  // Of one gap: a provider that moves on while it is asked needs a second one.
  static constexpr int most_fetches = 4;
  static constexpr std::uint8_t past_priority = 192;  // lower than the media's

  // `priority`: of what is fetched among what the provider sends us; low goes first.
  Catchup(moqt::Session &session, track::Store &store, moqt::TrackName track, std::string ticket,
          std::uint8_t priority = moqt::default_priority);
  ~Catchup();
  Catchup(const Catchup &) = delete;
  Catchup &operator=(const Catchup &) = delete;

  // One of the four, once. The newest group, from its beginning; `subscription` is of the same session.
  void from_newest_group(moqt::RequestId subscription);
  void from(moqt::Location need);
  void all_before(moqt::Location end);
  void between(const track::Span &gap);
  // The subscription brings what comes after `largest`.
  void joined(const std::optional<moqt::Location> &largest);
  bool done() const { return !request_ && joined_ && covered_ >= *joined_; }

  bool is_about(moqt::RequestId request) const { return request_ == request; }
  // Before the object goes to the store.
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
  moqt::Location covered_;                // all before it is here, or was given up
  std::optional<moqt::Location> joined_;  // the first that the subscription brings
  moqt::Location end_;                    // of the fetch under way
};

}  // namespace astral::elements
