// SPDX-License-Identifier: BSD-3-Clause
// The peer's unidirectional streams: its control stream, subgroups and fetches. A stream that exceeds a limit
// is stopped alone. Only a violation of the draft closes the session.
#include <cassert>
#include <utility>

#include "moqt/fetch_stream.hpp"
#include "moqt/session_core.hpp"

namespace astral::moqt {

namespace {

constexpr auto setup_stream_type = static_cast<std::uint64_t>(MessageType::setup);
constexpr std::uint64_t padding_stream_type = 0x132B3E28;

// The memory of a waiting object, bytes.
std::size_t cost(const Object &object) {
  return sizeof(Object) + object.wire.size();
}

}  // namespace

void Session::Core::receive_uni(StreamId stream, Bytes bytes, bool fin) {
  auto found = incoming_.find(stream);
  if (found == incoming_.end()) {
    if (!peer_uni_.insert(raw(stream) >> 2)) return;  // the stream has ended
    if (incoming_.size() >= limits_.max_data_streams + limits_.max_refused_streams)
      return violate(Violation{CloseCode::internal_error, "too many unidirectional streams"});
    found = incoming_.try_emplace(stream).first;
  }
  Incoming &incoming = found->second;
  if (incoming.kind == Incoming::Kind::untyped) {
    const auto type = incoming.number.take(bytes);
    if (type) set_type(stream, incoming, *type);
    if (!type && fin) violate("a unidirectional stream ends before its type");
  }
  if (incoming.kind == Incoming::Kind::control) {
    if (!closed_) receive_control(incoming, bytes);
    if (fin) violate("the control stream ended");
  } else if (incoming.kind == Incoming::Kind::data) {
    receive_data(stream, incoming, bytes);
  } else if (incoming.kind == Incoming::Kind::fetched) {
    receive_fetched(stream, incoming, bytes);
  }
  if (closed_ || !fin) return;
  if (incoming.kind == Incoming::Kind::data && !incoming.reader->at_boundary())
    return violate("a subgroup stream ends within an object");
  if (incoming.kind == Incoming::Kind::fetched && !(incoming.fetched && incoming.fetched->at_boundary()))
    return violate("a fetch stream ends within its header or an object");
  end_incoming(stream, true, ResetCode{});
}

void Session::Core::set_type(StreamId stream, Incoming &incoming, std::uint64_t type) {
  if (type == setup_stream_type) {
    if (peer_control_) return violate("a second control stream");
    peer_control_ = stream;
    incoming.kind = Incoming::Kind::control;
    Writer consumed;
    consumed.vi64(type);
    incoming.control.feed(consumed.view());
  } else if (is_subgroup_type(type)) {
    if (data_streams_ == limits_.max_data_streams) {
      refuse_incoming(stream, incoming, ResetCode::excessive_load, false);
      return count_lost_stream(stream, false);
    }
    ++data_streams_;
    incoming.kind = Incoming::Kind::data;
    incoming.reader.emplace(type, limits_.max_object);
  } else if (type == padding_stream_type) {
    incoming.kind = Incoming::Kind::dropped;
  } else if (type == fetch_stream_type) {
    incoming.kind = Incoming::Kind::fetched;
  } else {
    violate("unknown stream type " + std::to_string(type));
  }
}

void Session::Core::receive_data(StreamId stream, Incoming &incoming, Bytes bytes) {
  while (!bytes.empty() && !closed_ && incoming.kind == Incoming::Kind::data) {
    const auto step = incoming.reader->read(bytes);
    if (!good(step)) return;
    account(incoming);
    switch (*step) {
      case SubgroupReader::Step::need_more:
        assert(bytes.empty());  // SubgroupReader consumes all of its input
        if (partial_bytes_ > limits_.max_partial_bytes) stop_incoming(stream, incoming);
        break;
      case SubgroupReader::Step::header:
        attach(stream, incoming);
        break;
      case SubgroupReader::Step::object:
        on_object(stream, incoming, incoming.reader->take_object());
        break;
      case SubgroupReader::Step::too_large:
        stop_incoming(stream, incoming);
        break;
      case SubgroupReader::Step::malformed:
        if (incoming.request)
          abandon(*incoming.request, DoneCode::malformed_track, "the track is malformed",
                  ResetCode::malformed_track);
        else
          refuse_incoming(stream, incoming, ResetCode::malformed_track, false);
        break;
    }
  }
}

// The header is complete: find the subscription that the stream belongs to.
void Session::Core::attach(StreamId stream, Incoming &incoming) {
  const auto alias = aliases_.find(incoming.reader->header().alias);
  if (alias != aliases_.end()) {
    incoming.request = alias->second;
    our_subscriptions_.at(alias->second).open.insert(stream);
    return;
  }
  // The stream arrived before its SUBSCRIBE_OK, or it belongs to a subscription that we cancelled.
  ++early_streams_;
  if (!any_pending())
    refuse_incoming(stream, incoming, ResetCode::cancelled, false);
  else if (early_streams_ > limits_.max_early_streams)
    refuse_incoming(stream, incoming, ResetCode::excessive_load, false);
}

void Session::Core::on_object(StreamId stream, Incoming &incoming, Object object) {
  if (incoming.request) return deliver(incoming, std::move(object));
  incoming.early_held += cost(object);
  early_bytes_ += cost(object);
  incoming.early.push_back(std::move(object));
  if (early_bytes_ > limits_.max_early_bytes)
    refuse_incoming(stream, incoming, ResetCode::excessive_load, false);
}

void Session::Core::deliver(const Incoming &incoming, Object object) {
  if (!incoming.reader->header().priority)
    object.priority = our_subscriptions_.at(*incoming.request).priority;
  events_.emplace_back(ObjectReceived{*incoming.request, std::move(object)});
}

// SUBSCRIBE_OK arrived: attribute the data streams that arrived before it.
void Session::Core::adopt_early(RequestId request) {
  OurSubscription &subscription = our_subscriptions_.at(request);
  for (auto next = incoming_.begin(); next != incoming_.end();) {
    const StreamId stream = next->first;
    Incoming &incoming = next->second;
    ++next;
    if (incoming.kind != Incoming::Kind::data || incoming.request || !incoming.reader->has_header()) continue;
    if (incoming.reader->header().alias != subscription.alias) continue;
    incoming.request = request;
    subscription.open.insert(stream);
    --early_streams_;
    early_bytes_ -= std::exchange(incoming.early_held, 0);
    for (Object &object : std::exchange(incoming.early, {})) deliver(incoming, std::move(object));
    if (incoming.early_fin) end_incoming(stream, true, ResetCode{});
  }
}

// No subscription is pending, so the waiting streams belong to none: stop them.
void Session::Core::refuse_early() {
  for (auto next = incoming_.begin(); next != incoming_.end();) {
    const StreamId stream = next->first;
    Incoming &incoming = next->second;
    ++next;
    if (incoming.kind != Incoming::Kind::data || incoming.request || !incoming.reader->has_header()) continue;
    if (incoming.early_fin)
      end_incoming(stream, false, ResetCode::cancelled);
    else
      refuse_incoming(stream, incoming, ResetCode::cancelled, false);
  }
}

// The stream ended with FIN (`complete`) or RESET.
void Session::Core::end_incoming(StreamId stream, bool complete, ResetCode code) {
  const auto found = incoming_.find(stream);
  if (found == incoming_.end()) return;
  Incoming &incoming = found->second;
  if (complete && incoming.kind == Incoming::Kind::data && !incoming.request) {
    incoming.early_fin = true;
    return;
  }
  const bool lost = incoming.kind == Incoming::Kind::untyped ||
                    (incoming.kind == Incoming::Kind::data && !incoming.request);
  const bool alias_known = incoming.reader && incoming.reader->has_header();
  const bool fetched = incoming.kind == Incoming::Kind::fetched;
  const auto request = incoming.request;
  detach(stream, incoming, true, complete, code);
  incoming_.erase(found);
  if (fetched && request) return on_fetched_end(*request, complete, code);
  if (lost) count_lost_stream(stream, alias_known);
  if (request) done_if_complete(*request);
}

void Session::Core::refuse_incoming(StreamId stream, Incoming &incoming, ResetCode code, bool tell) {
  const auto request = incoming.request;
  const bool lost = incoming.kind == Incoming::Kind::data && !request;
  const bool alias_known = incoming.reader && incoming.reader->has_header();
  detach(stream, incoming, tell, false, code);
  incoming.kind = Incoming::Kind::refused;
  actions_.emplace_back(StopSending{stream, code});
  if (lost) count_lost_stream(stream, alias_known);
}

// As refuse_incoming(), for a stream that exceeded a limit.
void Session::Core::stop_incoming(StreamId stream, Incoming &incoming) {
  const auto request = incoming.request;
  refuse_incoming(stream, incoming, ResetCode::excessive_load, true);
  if (request) done_if_complete(*request);
}

// Removes a data stream from all counters. It is no longer read.
void Session::Core::detach(StreamId stream, Incoming &incoming, bool tell, bool complete, ResetCode code) {
  if (incoming.kind == Incoming::Kind::fetched) return detach_fetched(incoming);
  if (incoming.kind != Incoming::Kind::data) return;
  if (incoming.request) {
    const SubgroupHeader &header = incoming.reader->header();
    OurSubscription &subscription = our_subscriptions_.at(*incoming.request);
    subscription.open.erase(stream);
    ++subscription.ended;
    const bool end_of_group = incoming.reader->ended_group() || (complete && header.end_of_group);
    if (tell)
      events_.emplace_back(
          GroupEnded{*incoming.request, header.group, header.subgroup, complete, end_of_group, code});
  } else if (incoming.reader->has_header()) {
    --early_streams_;
  }
  --data_streams_;
  partial_bytes_ -= std::exchange(incoming.held, 0);
  early_bytes_ -= std::exchange(incoming.early_held, 0);
  incoming.early.clear();
  incoming.request.reset();
  incoming.reader.reset();
}

void Session::Core::account(Incoming &incoming) {
  partial_bytes_ -= incoming.held;
  incoming.held = incoming.fetched ? incoming.fetched->held() : incoming.reader->held();
  partial_bytes_ += incoming.held;
}

// A stream ended before its subscription was known. A finishing subscription may wait for it, so each
// subscription that it may belong to counts it. If that was wrong, Done comes early, and what still arrives
// is dropped.
void Session::Core::count_lost_stream(StreamId stream, bool alias_known) {
  std::vector<RequestId> finishing;
  for (auto &[id, subscription] : our_subscriptions_) {
    if (raw(stream) >> 2 < subscription.after) continue;
    // An established subscription's alias would have matched.
    if (alias_known && subscription.state != OurSubscription::State::pending) continue;
    ++subscription.lost;
    if (subscription.state == OurSubscription::State::finishing) finishing.push_back(id);
  }
  for (const RequestId id : finishing) done_if_complete(id);
}

}  // namespace astral::moqt
