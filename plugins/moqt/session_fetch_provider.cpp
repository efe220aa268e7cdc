// SPDX-License-Identifier: BSD-3-Clause
// The peer's fetches: standalone ones, joining ones, and the data streams that answer them.
#include <algorithm>
#include <cassert>

#include "moqt/session_core.hpp"

namespace astral::moqt {

void Session::Core::on_fetch(StreamId stream, Fetch fetch) {
  if (fetch.parameters.group_order == GroupOrder::descending)
    return refuse_stream(stream, RequestCode::not_supported, "groups are fetched in ascending order only");
  const RequestId id = fetch.id;
  if (auto *range = std::get_if<StandaloneFetch>(&fetch.range)) {
    if (ends_before(range->end, range->start))
      return refuse_stream(stream, RequestCode::invalid_range, "the range ends before it starts");
    requests_.at(stream).request = id;
    peer_fetches_[id].stream = stream;
    return announce(id, std::move(range->track), range->start, range->end, std::move(fetch.parameters));
  }
  const auto &joining = std::get<JoiningFetch>(fetch.range);
  if (!peer_subscriptions_.contains(joining.request))
    return refuse_stream(stream, RequestCode::invalid_joining_request_id, "no such subscription");
  requests_.at(stream).request = id;
  PeerFetch &held = peer_fetches_[id];
  held.stream = stream;
  held.state = PeerFetch::State::joining;
  held.joining = joining;
  held.parameters = std::move(fetch.parameters);
  join(joining.request);
}

void Session::Core::announce(RequestId request, TrackName track, Location start, Location end,
                             Parameters parameters) {
  PeerFetch &fetching = peer_fetches_.at(request);
  fetching.state = PeerFetch::State::pending;
  fetching.start = start;
  fetching.priority = std::max(parameters.subscriber_priority.value_or(default_priority), default_priority);
  events_.emplace_back(Fetched{request, std::move(track), start, end, std::move(parameters)});
}

// Resolves the joining fetches of this subscription, once the subscription and its updates are answered.
void Session::Core::join(RequestId subscription) {
  const PeerSubscription &served = peer_subscriptions_.at(subscription);
  if (served.state == PeerSubscription::State::pending || served.updates > 0) return;
  for (const RequestId request : joining(subscription)) {
    PeerFetch &fetching = peer_fetches_.at(request);
    const JoiningFetch &asked = fetching.joining;
    if (!served.forward) {
      refuse_fetch(request, RequestCode::invalid_range, "the subscription is paused");
    } else if (!served.largest) {
      refuse_fetch(request, RequestCode::invalid_range, "nothing was published yet");
    } else if (!asked.relative && asked.start > served.largest->group) {
      refuse_fetch(request, RequestCode::invalid_range, "nothing was published there yet");
    } else {
      const std::uint64_t newest = served.largest->group;
      const std::uint64_t back =
          std::min(asked.start, newest);  // from group 0 on if there are fewer groups
      announce(request, served.track, {asked.relative ? newest - back : asked.start, 0},
               {newest, served.largest->object + 1}, std::move(fetching.parameters));
    }
  }
}

std::vector<RequestId> Session::Core::joining(RequestId subscription) const {
  std::vector<RequestId> waiting;
  for (const auto &[id, fetching] : peer_fetches_)
    if (fetching.state == PeerFetch::State::joining && fetching.joining.request == subscription)
      waiting.push_back(id);
  return waiting;
}

void Session::Core::refuse_fetch(RequestId request, RequestCode code, std::string_view reason,
                                 std::uint64_t retry, std::optional<Redirect> redirect) {
  const auto found = peer_fetches_.find(request);
  const StreamId stream = found->second.stream;
  peer_fetches_.erase(found);
  refuse_stream(stream, code, reason, retry, std::move(redirect));
}

// A REQUEST_UPDATE can change only the priority of the fetch, which is advice: answer it and change nothing.
void Session::Core::on_peer_fetch_message(RequestId request, Message message) {
  auto *update = std::get_if<RequestUpdate>(&message);
  if (!update) return violate("a message that a fetcher does not send");
  if (!use_request_id(update->id) || !check_tokens(update->parameters.tokens)) return;
  PeerFetch &fetching = peer_fetches_.at(request);
  if (fetching.state == PeerFetch::State::accepted) return send(fetching.stream, RequestOk{});
  if (fetching.updates == limits_.max_pending_updates) return violate("too many unanswered REQUEST_UPDATEs");
  ++fetching.updates;
}

void Session::Core::on_fetch_cancelled(RequestId request) {
  const PeerFetch fetching = peer_fetches_.at(request);
  if (fetching.data) {
    actions_.emplace_back(Reset{*fetching.data, ResetCode::cancelled});
    fetch_streams_.erase(*fetching.data);
  }
  peer_fetches_.erase(request);
  drop_request_stream(fetching.stream, ResetCode::cancelled);
  if (fetching.state != PeerFetch::State::joining) events_.emplace_back(FetchCancelled{request});
}

// ---- answers of the application ----
//
// The asserts here check the application, which is our own code: it writes images of objects with a payload,
// at ascending locations (track::Range).

Expected<StreamId> Session::Core::accept_fetch(RequestId request, Location end, bool end_of_track,
                                               const Properties &properties) {
  const auto found = peer_fetches_.find(request);
  if (closed_ || found == peer_fetches_.end()) return fail(Code::not_found, "the fetch is gone");
  PeerFetch &fetching = found->second;
  if (fetching.state != PeerFetch::State::pending)
    return fail(Code::conflict, "the fetch was accepted already, or waits for its subscription");
  if (ends_before(end, fetching.start)) return fail(Code::invalid, "the answer ends before the fetch starts");
  fetching.state = PeerFetch::State::accepted;
  send(fetching.stream, FetchOk{end_of_track, end, {}, properties});
  for (; fetching.updates > 0; --fetching.updates) send(fetching.stream, RequestOk{});
  const StreamId stream = open_stream(false, fetching.priority);
  send(stream, encode(FetchHeader{request}));
  fetching.data = stream;
  fetch_streams_[stream].request = request;
  return stream;
}

bool Session::Core::write_fetched(StreamId stream, Location id, const Slice &wire) {
  const auto found = fetch_streams_.find(stream);
  if (found == fetch_streams_.end()) return false;
  const auto object = view_object(wire.bytes());
  assert(object && object->status == ObjectStatus::normal && found->second.context.may_follow(id));
  FetchItem item;
  item.id = id;
  item.properties = object->properties;
  Writer own;
  found->second.context.write_head(own, item);
  send(stream, own.take());
  // After the delta, the image equals the item, except for empty properties and the status.
  const std::size_t skipped = object->properties.empty() ? 2 : 1;
  const std::size_t status = object->payload.empty() ? 1 : 0;
  actions_.emplace_back(Send{stream, wire.part(skipped, wire.size() - skipped - status), false});
  return true;
}

bool Session::Core::write_missing(StreamId stream, Location last, bool unknown) {
  const auto found = fetch_streams_.find(stream);
  if (found == fetch_streams_.end()) return false;
  assert(found->second.context.may_follow(last));
  FetchItem item;
  item.kind = unknown ? FetchItem::Kind::end_of_unknown : FetchItem::Kind::end_of_nonexistent;
  item.id = last;
  Writer own;
  found->second.context.write(own, item);
  send(stream, own.take());
  return true;
}

bool Session::Core::end_fetch(StreamId stream) {
  const auto request = take_peer_fetch(stream);
  if (!request) return false;
  actions_.emplace_back(Send{stream, {}, true});
  close_request_stream(*request);
  return true;
}

bool Session::Core::abort_fetch(StreamId stream, ResetCode code) {
  const auto request = take_peer_fetch(stream);
  if (!request) return false;
  actions_.emplace_back(Reset{stream, code});
  drop_request_stream(*request, code);
  return true;
}

// Forgets the fetch of this data stream. Returns its request stream, which the caller must end.
std::optional<StreamId> Session::Core::take_peer_fetch(StreamId stream) {
  const auto found = fetch_streams_.find(stream);
  if (found == fetch_streams_.end()) return std::nullopt;
  const auto fetching = peer_fetches_.find(found->second.request);
  const StreamId request = fetching->second.stream;
  peer_fetches_.erase(fetching);
  fetch_streams_.erase(found);
  return request;
}

}  // namespace astral::moqt
