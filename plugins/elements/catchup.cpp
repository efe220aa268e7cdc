// SPDX-License-Identifier: BSD-3-Clause
#include "elements/catchup.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "quic/connection.hpp"

namespace astral::elements {

namespace {

constexpr std::uint64_t whole_group = std::numeric_limits<std::uint64_t>::max();
constexpr moqt::Location everything{track::Store::max_id, 0};  // up to the provider's largest object

moqt::Location before(moqt::Location at) {
  return at.object > 0 ? moqt::Location{at.group, at.object - 1} : moqt::Location{at.group - 1, whole_group};
}

moqt::Location after(moqt::Location at) {
  return at.object == whole_group ? moqt::Location{at.group + 1, 0} : moqt::Location{at.group, at.object + 1};
}

static_assert(Catchup::past_priority >= quic::Connection::background_priority);

}  // namespace

Catchup::Catchup(moqt::Session &session, track::Store &store, moqt::TrackName track, std::string ticket,
                 std::uint8_t priority)
    : session_(session),
      store_(store),
      track_(std::move(track)),
      ticket_(std::move(ticket)),
      priority_(priority) {}

Catchup::~Catchup() {
  if (request_) session_.cancel_fetch(*request_);
}

void Catchup::from_newest_group(moqt::RequestId subscription) {
  moqt::Fetch fetch;
  fetch.range = moqt::JoiningFetch{.relative = true, .request = subscription, .start = 0};
  fetch.parameters.tokens.push_back({.value = ticket_});
  request_ = session_.fetch(std::move(fetch));
}

void Catchup::from(moqt::Location need) {
  covered_ = need;
  fetch(need, everything);
}

void Catchup::all_before(moqt::Location end) {
  joined_ = end;
  go_on();
}

void Catchup::between(const track::Span &gap) {
  covered_ = gap.first;
  joined_ = gap.end;
  go_on();
}

void Catchup::fetch(moqt::Location start, moqt::Location end) {
  assert(!request_);  // from() is the first call, go_on() checks this
  ++fetches_;
  moqt::Fetch fetch;
  fetch.range = moqt::StandaloneFetch{.track = track_, .start = start, .end = end};
  fetch.parameters.tokens.push_back({.value = ticket_});
  if (priority_ != moqt::default_priority) fetch.parameters.subscriber_priority = priority_;
  request_ = session_.fetch(std::move(fetch));
}

void Catchup::joined(const std::optional<moqt::Location> &largest) {
  joined_ = largest ? after(*largest) : moqt::Location{};
  if (fetches_ == 0 && largest) covered_ = std::max(covered_, moqt::Location{largest->group, 0});
  go_on();
}

void Catchup::go_on() {
  if (request_ || !joined_ || covered_ >= *joined_) return;
  if (fetches_ < most_fetches) return fetch(covered_, *joined_);
  store_.lose_until(before(*joined_));
  covered_ = *joined_;
}

// A fetch brings everything in order. It does not say whether a group was complete: the first object of the
// next group does (trust/proof.hpp), or the rest is lost.
void Catchup::fetched(moqt::Location id) {
  if (id.group > covered_.group && covered_ > moqt::Location{}) store_.lose_until(before({id.group, 0}));
  covered_ = after(id);
}

void Catchup::refused(const moqt::FetchRefused &event) {
  request_.reset();
  // The provider had nothing from there on, or the fetch arrived before the subscription that it joins.
  const bool again = event.code == moqt::RequestCode::invalid_range ||
                     event.code == moqt::RequestCode::invalid_joining_request_id;
  if (!again) fetches_ = most_fetches;
  go_on();
}

void Catchup::missing(const moqt::FetchMissing &event) {
  store_.lose_until(event.last);
  covered_ = std::max(covered_, after(event.last));
}

void Catchup::ended(const moqt::FetchEnded &event) {
  request_.reset();
  if (event.complete && end_.group > covered_.group && covered_.object > 0)
    store_.lose_until(before({covered_.group + 1, 0}));
  if (event.complete) covered_ = std::max(covered_, end_);
  go_on();
}

}  // namespace astral::elements
