// SPDX-License-Identifier: BSD-3-Clause
// Our subscriptions.
#include <algorithm>
#include <cassert>

#include "moqt/session_core.hpp"

namespace astral::moqt {

namespace {

DoneCode done_code(std::uint64_t reset) {
  switch (static_cast<ResetCode>(reset)) {
    case ResetCode::going_away:
      return DoneCode::going_away;
    case ResetCode::too_far_behind:
      return DoneCode::too_far_behind;
    case ResetCode::expired_auth_token:
      return DoneCode::expired;
    case ResetCode::excessive_load:
      return DoneCode::excessive_load;
    case ResetCode::malformed_track:
      return DoneCode::malformed_track;
    default:
      return DoneCode::internal_error;
  }
}

// True if the REQUEST_OK holds only what the answer to an update may hold.
bool only_update_answers(const RequestOk &ok) {
  Parameters allowed;
  allowed.expires_ms = ok.parameters.expires_ms;
  allowed.largest_object = ok.parameters.largest_object;
  return ok.parameters == allowed && ok.properties.empty();
}

}  // namespace

RequestCode request_code(std::uint64_t reset) {
  switch (static_cast<ResetCode>(reset)) {
    case ResetCode::going_away:
      return RequestCode::going_away;
    case ResetCode::expired_auth_token:
      return RequestCode::expired_auth_token;
    case ResetCode::excessive_load:
      return RequestCode::excessive_load;
    case ResetCode::malformed_track:
      return RequestCode::malformed_track;
    default:
      return RequestCode::internal_error;
  }
}

const char *bad_property(const Properties &properties) {
  if (properties.number(property::default_publisher_priority).value_or(0) > 255)
    return "DEFAULT_PUBLISHER_PRIORITY above 255";
  const std::uint64_t order = properties.number(property::default_group_order).value_or(1);
  if (order < 1 || order > 2) return "DEFAULT_PUBLISHER_GROUP_ORDER is neither 1 nor 2";
  if (properties.number(property::dynamic_groups).value_or(0) > 1) return "DYNAMIC_GROUPS is neither 0 nor 1";
  return nullptr;
}

// ---- commands ----

RequestId Session::Core::subscribe(Subscribe subscribe) {
  const RequestId id{next_request_};
  next_request_ += 2;
  if (closed_) return id;
  subscribe.id = id;
  const StreamId stream = open_stream(true);
  RequestStream &request = requests_[stream];
  request.ours = true;
  request.request = id;
  OurSubscription &subscription = our_subscriptions_[id];
  subscription.stream = stream;
  subscription.track = subscribe.track;
  subscription.after = peer_uni_.empty() ? 0 : peer_uni_.largest() + 1;
  send(stream, std::move(subscribe));
  return id;
}

bool Session::Core::update(RequestId request, const Parameters &parameters) {
  const auto found = our_subscriptions_.find(request);
  if (closed_ || found == our_subscriptions_.end()) return false;
  if (found->second.state == OurSubscription::State::finishing) return false;
  if (requests_.at(found->second.stream).send_done || found->second.updates == limits_.max_pending_updates)
    return false;
  const RequestId id{next_request_};
  next_request_ += 2;
  ++found->second.updates;
  send(found->second.stream, RequestUpdate{id, parameters});
  return true;
}

void Session::Core::unsubscribe(RequestId request) {
  const auto found = our_subscriptions_.find(request);
  if (closed_ || found == our_subscriptions_.end()) return;
  const std::set<StreamId> open = found->second.open;
  for (const StreamId data : open) refuse_incoming(data, incoming_.at(data), ResetCode::cancelled, false);
  if (found->second.state != OurSubscription::State::finishing)
    drop_request_stream(found->second.stream, ResetCode::cancelled);
  forget_our_subscription(request);
}

// ---- messages of the publisher ----

void Session::Core::on_our_subscription_message(RequestId request, Message message) {
  OurSubscription &subscription = our_subscriptions_.at(request);
  const bool pending = subscription.state == OurSubscription::State::pending;
  const bool established = subscription.state == OurSubscription::State::established;
  if (auto *ok = std::get_if<SubscribeOk>(&message); ok && pending)
    return on_subscribe_ok(request, std::move(*ok));
  if (auto *error = std::get_if<RequestError>(&message)) {
    if (!may_redirect(*error)) return violate("a client sent a redirect with a URI");
    if (pending) return on_subscribe_error(request, std::move(*error));
    if (established && subscription.updates > 0) {
      subscription.updates = 0;  // one error may answer several updates
      events_.emplace_back(UpdateRefused{request, error->code, std::move(error->reason)});
      return;
    }
  }
  if (auto *ok = std::get_if<RequestOk>(&message); ok && established && subscription.updates > 0) {
    if (!only_update_answers(*ok)) return violate("REQUEST_OK with fields that no update's answer has");
    --subscription.updates;
    events_.emplace_back(UpdateAccepted{request, ok->parameters.largest_object});
    return;
  }
  if (auto *done = std::get_if<PublishDone>(&message); done && established)
    return on_publish_done(request, std::move(*done));
  violate("a message that does not belong in this state of a subscription");
}

void Session::Core::on_subscribe_ok(RequestId request, SubscribeOk ok) {
  if (const char *why = bad_property(ok.properties)) return violate(why);
  OurSubscription &subscription = our_subscriptions_.at(request);
  if (aliases_.contains(ok.alias)) return violate({CloseCode::duplicate_track_alias, "track alias in use"});
  if (has_mandatory(ok.properties)) {
    events_.emplace_back(SubscribeRefused{request, RequestCode::unsupported_extension, 0,
                                          "the track has an unknown mandatory property", std::nullopt});
    return unsubscribe(request);
  }
  aliases_[ok.alias] = request;
  subscription.state = OurSubscription::State::established;
  subscription.alias = ok.alias;
  subscription.priority =
      static_cast<std::uint8_t>(ok.properties.number(property::default_publisher_priority).value_or(128));
  const auto largest = ok.parameters.largest_object;
  events_.emplace_back(
      SubscribeAccepted{request, largest, std::move(ok.parameters), std::move(ok.properties)});
  adopt_early(request);
  if (!any_pending()) refuse_early();
}

void Session::Core::on_subscribe_error(RequestId request, RequestError error) {
  close_request_stream(our_subscriptions_.at(request).stream);
  forget_our_subscription(request);
  events_.emplace_back(
      SubscribeRefused{request, error.code, error.retry, std::move(error.reason), std::move(error.redirect)});
}

void Session::Core::on_publish_done(RequestId request, PublishDone done) {
  OurSubscription &subscription = our_subscriptions_.at(request);
  subscription.state = OurSubscription::State::finishing;
  subscription.stream_count = done.stream_count;
  subscription.code = done.code;
  subscription.reason = std::move(done.reason);
  close_request_stream(subscription.stream);
  done_if_complete(request);
}

bool Session::Core::may_redirect(const RequestError &error) const {
  return role_ == Role::client || !error.redirect || error.redirect->uri.empty();
}

// Both sides have sent their last message on this request stream: sends FIN if we have not, and forgets the
// request.
void Session::Core::close_request_stream(StreamId stream) {
  RequestStream &request = requests_.at(stream);
  request.refused = true;
  request.request.reset();
  if (request.send_done) return;
  actions_.emplace_back(Send{stream, {}, true});
  finish_sending(stream);
}

// The request stream was reset, or ended without the message that should end it.
void Session::Core::on_our_subscription_cut(RequestId request, std::uint64_t code, std::string_view reason) {
  if (our_subscriptions_.at(request).state == OurSubscription::State::pending) {
    drop_request_stream(our_subscriptions_.at(request).stream, ResetCode::cancelled);
    forget_our_subscription(request);
    events_.emplace_back(SubscribeRefused{request, request_code(code), 0, std::string(reason), std::nullopt});
  } else {
    abandon(request, done_code(code), reason, ResetCode::cancelled);
  }
}

// ---- ends ----

// Ends the subscription at once. Stops its open data streams and reports them as incomplete.
void Session::Core::abandon(RequestId request, DoneCode code, std::string_view reason, ResetCode reset) {
  const OurSubscription &subscription = our_subscriptions_.at(request);
  const std::set<StreamId> open = subscription.open;
  for (const StreamId data : open) refuse_incoming(data, incoming_.at(data), reset, true);
  if (subscription.state != OurSubscription::State::finishing)
    drop_request_stream(subscription.stream, reset);
  forget_our_subscription(request);
  events_.emplace_back(Done{request, code, std::string(reason)});
}

void Session::Core::done_if_complete(RequestId request) {
  const OurSubscription &subscription = our_subscriptions_.at(request);
  if (subscription.state != OurSubscription::State::finishing || !subscription.open.empty()) return;
  const bool count_known = subscription.stream_count < PublishDone::unknown_count;
  if (count_known && subscription.ended + subscription.lost < subscription.stream_count) return;
  events_.emplace_back(Done{request, subscription.code, subscription.reason});
  forget_our_subscription(request);
}

void Session::Core::forget_our_subscription(RequestId request) {
  const auto found = our_subscriptions_.find(request);
  if (found->second.state != OurSubscription::State::pending) aliases_.erase(found->second.alias);
  our_subscriptions_.erase(found);
  if (!any_pending()) refuse_early();
}

bool Session::Core::any_pending() const {
  return std::any_of(our_subscriptions_.begin(), our_subscriptions_.end(),
                     [](const auto &entry) { return entry.second.state == OurSubscription::State::pending; });
}

}  // namespace astral::moqt
