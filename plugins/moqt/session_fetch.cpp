// SPDX-License-Identifier: BSD-3-Clause
// Our fetches: requests, answers, and the data streams with the objects.
#include <utility>

#include "moqt/session_core.hpp"

namespace astral::moqt {

// ---- commands ----

RequestId Session::Core::fetch(Fetch fetch) {
  const RequestId id{next_request_};
  next_request_ += 2;
  if (closed_) return id;
  fetch.id = id;
  const StreamId stream = open_stream(true);
  RequestStream &request = requests_[stream];
  request.ours = true;
  request.request = id;
  OurFetch &asked = our_fetches_[id];
  asked.stream = stream;
  asked.order = fetch.parameters.group_order.value_or(GroupOrder::ascending);
  if (const auto *range = std::get_if<StandaloneFetch>(&fetch.range)) {
    asked.start = range->start;
    asked.end = range->end;
  } else if (const auto &joining = std::get<JoiningFetch>(fetch.range); !joining.relative) {
    asked.start = {joining.start, 0};
  }
  send(stream, std::move(fetch));
  return id;
}

void Session::Core::cancel_fetch(RequestId request) {
  const auto found = our_fetches_.find(request);
  if (closed_ || found == our_fetches_.end()) return;
  const OurFetch asked = found->second;
  if (asked.data) refuse_incoming(*asked.data, incoming_.at(*asked.data), ResetCode::cancelled, false);
  if (asked.stream) drop_request_stream(*asked.stream, ResetCode::cancelled);
  our_fetches_.erase(request);
}

// ---- messages of the publisher ----

void Session::Core::on_our_fetch_message(RequestId request, Message message) {
  const bool accepted = our_fetches_.at(request).accepted;
  if (auto *ok = std::get_if<FetchOk>(&message); ok && !accepted) return on_fetch_ok(request, std::move(*ok));
  if (auto *error = std::get_if<RequestError>(&message); error && !accepted) {
    if (!may_redirect(*error)) return violate("a client sent a redirect with a URI");
    return on_fetch_error(request, std::move(*error));
  }
  violate("a message that does not belong in this state of a fetch");
}

void Session::Core::on_fetch_ok(RequestId request, FetchOk ok) {
  if (const char *why = bad_property(ok.properties)) return violate(why);
  OurFetch &asked = our_fetches_.at(request);
  if (ends_before(ok.end, asked.start)) return violate("FETCH_OK ends before the fetch starts");
  if (has_mandatory(ok.properties)) {
    cancel_fetch(request);
    events_.emplace_back(FetchRefused{request, RequestCode::unsupported_extension, 0,
                                      "the track has an unknown mandatory property", std::nullopt});
    return;
  }
  asked.accepted = true;
  events_.emplace_back(
      FetchAccepted{request, ok.end, ok.end_of_track, std::move(ok.parameters), std::move(ok.properties)});
  if (asked.complete) end_our_fetch(request, true, ResetCode{});
}

// May come after objects: a relay may start to send before it knows the outcome.
void Session::Core::on_fetch_error(RequestId request, RequestError error) {
  close_request_stream(*our_fetches_.at(request).stream);
  our_fetches_.at(request).stream.reset();
  cancel_fetch(request);
  events_.emplace_back(
      FetchRefused{request, error.code, error.retry, std::move(error.reason), std::move(error.redirect)});
}

// The request stream was reset or ended. After FETCH_OK a FIN is the normal end.
void Session::Core::on_our_fetch_cut(RequestId request, std::optional<std::uint64_t> reset,
                                 std::string_view reason) {
  OurFetch &asked = our_fetches_.at(request);
  if (asked.accepted && !reset) {
    const StreamId stream = *asked.stream;
    asked.stream.reset();
    close_request_stream(stream);
    return erase_if_done(stream);
  }
  if (asked.accepted) return end_our_fetch(request, false, static_cast<ResetCode>(*reset));
  cancel_fetch(request);
  const RequestCode code = reset ? request_code(*reset) : RequestCode::internal_error;
  events_.emplace_back(FetchRefused{request, code, 0, std::string(reason), std::nullopt});
}

void Session::Core::end_our_fetch(RequestId request, bool complete, ResetCode code) {
  OurFetch &asked = our_fetches_.at(request);
  if (complete && asked.stream) {
    close_request_stream(*asked.stream);
    asked.stream.reset();
  }
  cancel_fetch(request);
  events_.emplace_back(FetchEnded{request, complete, code});
}

// ---- data streams ----

void Session::Core::receive_fetched(StreamId stream, Incoming &incoming, Bytes bytes) {
  if (!incoming.fetched) {
    const auto request = incoming.number.take(bytes);
    if (!request) return;
    attach_fetched(stream, incoming, RequestId{*request});
  }
  while (!bytes.empty() && !closed_ && incoming.kind == Incoming::Kind::fetched) {
    const auto step = incoming.fetched->read(bytes);
    if (!good(step)) return;
    switch (*step) {
      case FetchReader::Step::need_more:
        account(incoming);
        if (partial_bytes_ > limits_.max_partial_bytes)
          stop_fetched(stream, incoming, ResetCode::excessive_load);
        break;
      case FetchReader::Step::object:
        on_fetched(*incoming.request, incoming.fetched->take_object());
        account(incoming);
        break;
      case FetchReader::Step::missing:
        on_missing(*incoming.request, incoming.fetched->missing());
        account(incoming);
        break;
      case FetchReader::Step::too_large:
        stop_fetched(stream, incoming, ResetCode::excessive_load);
        break;
      case FetchReader::Step::malformed:
        stop_fetched(stream, incoming, ResetCode::malformed_track);
        break;
    }
  }
}

// The header is complete: find the fetch that the stream belongs to.
void Session::Core::attach_fetched(StreamId stream, Incoming &incoming, RequestId request) {
  const bool made = (raw(request) & 1) == (next_request_ & 1) && raw(request) < next_request_;
  if (!made || our_subscriptions_.contains(request))
    return violate("a fetch stream for a request that is not a fetch");
  const auto found = our_fetches_.find(request);
  if (found == our_fetches_.end())  // we cancelled it
    return refuse_incoming(stream, incoming, ResetCode::cancelled, false);
  OurFetch &asked = found->second;
  if (std::exchange(asked.begun, true)) return violate("a second data stream for one fetch");
  if (data_streams_ == limits_.max_data_streams) {
    refuse_incoming(stream, incoming, ResetCode::excessive_load, false);
    return end_our_fetch(request, false, ResetCode::excessive_load);
  }
  ++data_streams_;
  asked.data = stream;
  incoming.request = request;
  incoming.fetched.emplace(asked.order, limits_.max_object);
}

void Session::Core::on_fetched(RequestId request, Object object) {
  const OurFetch &asked = our_fetches_.at(request);
  if (object.id < asked.start || (asked.end && !in_front_of(object.id, *asked.end)))
    return violate("an object outside the fetched range");
  events_.emplace_back(ObjectReceived{request, std::move(object)});
}

void Session::Core::on_missing(RequestId request, const FetchItem &range) {
  events_.emplace_back(FetchMissing{request, range.id, range.kind == FetchItem::Kind::end_of_unknown});
}

void Session::Core::stop_fetched(StreamId stream, Incoming &incoming, ResetCode code) {
  const RequestId request = *incoming.request;
  refuse_incoming(stream, incoming, code, false);
  end_our_fetch(request, false, code);
}

// The data stream ended with FIN or RESET and has been removed from the counters.
void Session::Core::on_fetched_end(RequestId request, bool complete, ResetCode code) {
  OurFetch &asked = our_fetches_.at(request);
  if (!complete || asked.accepted) return end_our_fetch(request, complete, code);
  asked.complete = true;  // waits for FETCH_OK
}

void Session::Core::detach_fetched(Incoming &incoming) {
  if (!incoming.fetched) return;
  our_fetches_.at(*incoming.request).data.reset();
  --data_streams_;
  partial_bytes_ -= std::exchange(incoming.held, 0);
  incoming.request.reset();
  incoming.fetched.reset();
}

}  // namespace astral::moqt
