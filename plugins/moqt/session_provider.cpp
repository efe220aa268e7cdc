// SPDX-License-Identifier: BSD-3-Clause
// The peer's requests and subscriptions, and the groups that we send for them.
#include <cassert>

#include "moqt/session_core.hpp"

namespace astral::moqt {

namespace {

// Shortens to max_reason_phrase bytes at a character boundary (UTF-8).
std::string reason_phrase(std::string_view reason) {
  if (reason.size() <= max_reason_phrase) return std::string(reason);
  std::size_t size = max_reason_phrase;
  while (size > 0 && (static_cast<unsigned char>(reason[size]) & 0xC0) == 0x80) --size;
  return std::string(reason.substr(0, size));
}

// The id and the tokens of a request that may open a stream.
struct Opening {
  RequestId id{};
  const std::vector<Token> *tokens = nullptr;
};

std::optional<Opening> opening_of(const Message &message) {
  return std::visit(
      [](const auto &one) -> std::optional<Opening> {
        using T = std::decay_t<decltype(one)>;
        constexpr bool opens = std::is_same_v<T, Subscribe> || std::is_same_v<T, TrackStatus> ||
                               std::is_same_v<T, Publish> || std::is_same_v<T, Fetch> ||
                               std::is_same_v<T, PublishNamespace> || std::is_same_v<T, SubscribeNamespace> ||
                               std::is_same_v<T, SubscribeTracks>;
        if constexpr (opens)
          return Opening{one.id, &one.parameters.tokens};
        else
          return std::nullopt;
      },
      message);
}

}  // namespace

// ---- the peer's requests ----

void Session::Core::on_request(StreamId stream, Message message) {
  const auto opening = opening_of(message);
  if (!opening) return violate("a request stream starts with a message that is not a request");
  if (!use_request_id(opening->id) || !check_tokens(*opening->tokens)) return;
  if (goaway_sent_) return refuse_stream(stream, RequestCode::going_away, "this session is going away");
  if (auto *subscribe = std::get_if<Subscribe>(&message)) return on_subscribe(stream, std::move(*subscribe));
  if (auto *fetch = std::get_if<Fetch>(&message)) return on_fetch(stream, std::move(*fetch));
  refuse_stream(stream, RequestCode::not_supported, "only SUBSCRIBE and FETCH are supported");
}

void Session::Core::on_subscribe(StreamId stream, Subscribe subscribe) {
  if (version_ == Version::draft18)  // draft 19 allows several
    for (const auto &[id, other] : peer_subscriptions_)
      if (other.track == subscribe.track)
        return refuse_stream(stream, RequestCode::duplicate_subscription, "the track is subscribed already");
  PeerSubscription &subscription = peer_subscriptions_[subscribe.id];
  subscription.stream = stream;
  subscription.track = subscribe.track;
  subscription.forward = subscribe.parameters.forward.value_or(true);
  requests_.at(stream).request = subscribe.id;
  const RequestId id = subscribe.id;
  events_.emplace_back(Subscribed{id, std::move(subscribe)});
}

void Session::Core::on_peer_subscription_message(RequestId request, Message message) {
  if (auto *update = std::get_if<RequestUpdate>(&message)) return on_update(request, std::move(*update));
  violate("a message that a subscriber does not send");
}

void Session::Core::on_update(RequestId request, RequestUpdate update) {
  if (!use_request_id(update.id) || !check_tokens(update.parameters.tokens)) return;
  if (update.parameters.track_namespace_prefix) return violate("namespace prefix in a REQUEST_UPDATE");
  PeerSubscription &subscription = peer_subscriptions_.at(request);
  if (subscription.updates == limits_.max_pending_updates)
    return violate("too many unanswered REQUEST_UPDATEs");
  ++subscription.updates;
  subscription.forward = update.parameters.forward.value_or(subscription.forward);
  events_.emplace_back(UpdateReceived{request, subscription.forward, std::move(update.parameters)});
}

void Session::Core::refuse_stream(StreamId stream, RequestCode code, std::string_view reason,
                                  std::uint64_t retry, std::optional<Redirect> redirect) {
  RequestStream &request = requests_.at(stream);
  send(stream, RequestError{code, retry, reason_phrase(reason), std::move(redirect)}, true);
  request.refused = true;
  request.request.reset();
  finish_sending(stream);
}

void Session::Core::on_peer_cancelled(RequestId request) {
  if (peer_fetches_.contains(request)) return on_fetch_cancelled(request);
  const StreamId stream = peer_subscriptions_.at(request).stream;
  end_peer_subscription(request, ResetCode::cancelled);
  drop_request_stream(stream, ResetCode::cancelled);
  events_.emplace_back(Unsubscribed{request});
}

// Forgets the subscription. Resets its open groups and refuses the fetches that wait for it.
void Session::Core::end_peer_subscription(RequestId request, ResetCode groups) {
  const auto found = peer_subscriptions_.find(request);
  for (const StreamId stream : found->second.open) {
    actions_.emplace_back(Reset{stream, groups});
    groups_.erase(stream);
  }
  if (found->second.state == PeerSubscription::State::established) used_aliases_.erase(found->second.alias);
  peer_subscriptions_.erase(found);
  for (const RequestId fetch : joining(request))
    refuse_fetch(fetch, RequestCode::invalid_joining_request_id, "the subscription ended");
}

// ---- answers of the application ----
//
// The asserts from here on check the application, which is our own code: it answers each request once, does
// not redirect an update, and writes images of objects with ascending ids. A request that the peer cancelled
// meanwhile is gone from the maps; the call then does nothing.

Expected<void> Session::Core::accept(RequestId request, TrackAlias alias, std::optional<Location> largest,
                                     const Properties &properties, const Parameters &parameters) {
  const auto found = peer_subscriptions_.find(request);
  if (closed_ || found == peer_subscriptions_.end()) return fail(Code::not_found, "the subscription is gone");
  PeerSubscription &subscription = found->second;
  if (subscription.state != PeerSubscription::State::pending)
    return fail(Code::conflict, "the subscription was accepted already");
  if (!used_aliases_.insert(alias).second) return fail(Code::conflict, "the track alias is in use");
  subscription.state = PeerSubscription::State::established;
  subscription.alias = alias;
  subscription.largest = largest;
  SubscribeOk ok{alias, parameters, properties};
  ok.parameters.largest_object = largest;
  send(subscription.stream, ok);
  for (const auto &held : subscription.held_answers) answer_update(subscription, held);
  subscription.held_answers.clear();
  join(request);
  return {};
}

void Session::Core::refuse(RequestId request, RequestCode code, std::string_view reason,
                           std::optional<std::uint64_t> retry_ms, std::optional<Redirect> redirect) {
  if (const auto fetch = peer_fetches_.find(request); !closed_ && fetch != peer_fetches_.end()) {
    assert(fetch->second.state == PeerFetch::State::pending);
    return refuse_fetch(request, code, reason, retry_ms ? *retry_ms + 1 : 0, std::move(redirect));
  }
  const auto found = peer_subscriptions_.find(request);
  if (closed_ || found == peer_subscriptions_.end()) return;
  assert(found->second.state == PeerSubscription::State::pending);
  const StreamId stream = found->second.stream;
  end_peer_subscription(request, ResetCode::cancelled);
  refuse_stream(stream, code, reason, retry_ms ? *retry_ms + 1 : 0, std::move(redirect));
}

void Session::Core::answer_update(PeerSubscription &subscription, std::optional<Location> largest) {
  if (largest) subscription.largest = largest;
  RequestOk ok;
  ok.parameters.largest_object = largest;
  send(subscription.stream, ok);
}

void Session::Core::accept_update(RequestId request, std::optional<Location> largest) {
  const auto found = peer_subscriptions_.find(request);
  if (closed_ || found == peer_subscriptions_.end()) return;
  PeerSubscription &subscription = found->second;
  assert(subscription.updates > 0);
  --subscription.updates;
  if (subscription.state == PeerSubscription::State::established)
    answer_update(subscription, largest);
  else
    subscription.held_answers.push_back(largest);
  join(request);
}

void Session::Core::refuse_update(RequestId request, RequestCode code, std::string_view reason) {
  const auto found = peer_subscriptions_.find(request);
  if (closed_ || found == peer_subscriptions_.end()) return;
  assert(found->second.updates > 0 && code != RequestCode::redirect);
  if (found->second.state == PeerSubscription::State::pending) return refuse(request, code, reason, {}, {});
  send(found->second.stream, RequestError{code, 0, reason_phrase(reason), {}});
  finish(request, DoneCode::update_failed, reason);
}

void Session::Core::finish(RequestId request, DoneCode code, std::string_view reason) {
  const auto found = peer_subscriptions_.find(request);
  if (closed_ || found == peer_subscriptions_.end()) return;
  if (found->second.state == PeerSubscription::State::pending)  // PUBLISH_DONE cannot answer SUBSCRIBE
    return refuse(request, RequestCode::internal_error, reason, {}, {});
  const StreamId stream = found->second.stream;
  const std::uint64_t streams = found->second.streams;
  const bool behind = code == DoneCode::too_far_behind;
  end_peer_subscription(request, behind ? ResetCode::too_far_behind : ResetCode::cancelled);
  send(stream, PublishDone{code, streams, reason_phrase(reason)}, true);
  RequestStream &done = requests_.at(stream);
  done.refused = true;
  done.request.reset();
  finish_sending(stream);
}

// ---- our groups ----

Expected<StreamId> Session::Core::begin_group(RequestId request, std::uint64_t group,
                                              std::optional<std::uint8_t> priority, bool first_object) {
  const auto found = peer_subscriptions_.find(request);
  if (closed_ || found == peer_subscriptions_.end()) return fail(Code::not_found, "the subscription is gone");
  PeerSubscription &subscription = found->second;
  if (subscription.state != PeerSubscription::State::established)
    return fail(Code::refused, "the subscription is not accepted yet");
  if (!subscription.forward) return fail(Code::refused, "the subscription is paused");
  SubgroupHeader header;
  header.alias = subscription.alias;
  header.group = group;
  header.priority = priority;
  header.first_object = first_object;
  const StreamId stream = open_stream(false);
  send(stream, encode(header));
  ++subscription.streams;
  subscription.open.insert(stream);
  groups_[stream] = Group{request, group, std::nullopt};
  return stream;
}

bool Session::Core::write_object(StreamId stream, std::uint64_t object, const Slice &wire) {
  const auto found = groups_.find(stream);
  if (found == groups_.end()) return false;
  std::optional<std::uint64_t> &previous = found->second.previous;
  assert(wire.size() >= 4 && wire.data()[0] == 0 && (!previous || object > *previous));
  const std::uint64_t delta = previous ? object - *previous - 1 : object;
  previous = object;
  if (delta == 0) {
    actions_.emplace_back(Send{stream, wire, false});
    return true;
  }
  Writer own;
  own.vi64(delta);
  send(stream, own.take());
  actions_.emplace_back(Send{stream, wire.from(1), false});
  return true;
}

bool Session::Core::end_group(StreamId stream) {
  const auto found = groups_.find(stream);
  if (found == groups_.end()) return false;
  actions_.emplace_back(Send{stream, {}, true});
  peer_subscriptions_.at(found->second.request).open.erase(stream);
  groups_.erase(found);
  return true;
}

bool Session::Core::abort_group(StreamId stream, ResetCode code) {
  const auto found = groups_.find(stream);
  if (found == groups_.end()) return false;
  actions_.emplace_back(Reset{stream, code});
  peer_subscriptions_.at(found->second.request).open.erase(stream);
  groups_.erase(found);
  return true;
}

}  // namespace astral::moqt
