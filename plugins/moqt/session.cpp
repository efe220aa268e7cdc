// SPDX-License-Identifier: BSD-3-Clause
// The session's start and end, stream numbers, and the dispatch of what arrives on each stream.
#include "moqt/session.hpp"

#include <algorithm>
#include <cassert>

#include "moqt/datagram.hpp"
#include "moqt/session_core.hpp"

namespace astral::moqt {

// ---- Session: each call ends with settle() ----

Session::Session(Role role, Limits limits, Version version)
    : core_(std::make_unique<Core>(role, limits, version)) {}
Session::~Session() = default;
Session::Session(Session &&) noexcept = default;
Session &Session::operator=(Session &&) noexcept = default;

void Session::receive(StreamId stream, Bytes bytes, bool fin) {
  core_->receive(stream, bytes, fin);
  core_->settle();
}

void Session::reset(StreamId stream, std::uint64_t code) {
  core_->reset(stream, code);
  core_->settle();
}

void Session::stop_sending(StreamId stream, std::uint64_t code) {
  core_->stop_sending(stream, code);
  core_->settle();
}

void Session::datagram(Bytes bytes) {
  core_->datagram(bytes);
  core_->settle();
}

std::vector<Action> Session::take_actions() {
  return std::exchange(core_->actions_, {});
}
std::vector<Event> Session::take_events() {
  return std::exchange(core_->events_, {});
}

void Session::start() {
  core_->start();
  core_->settle();
}

void Session::goaway(std::uint64_t timeout_ms, std::string_view uri) {
  core_->goaway(timeout_ms, uri);
  core_->settle();
}

void Session::close(CloseCode code, std::string_view reason) {
  core_->close(code, reason);
  core_->settle();
}

bool Session::closed() const {
  return core_->closed_;
}

RequestId Session::subscribe(Subscribe subscribe) {
  const RequestId id = core_->subscribe(std::move(subscribe));
  core_->settle();
  return id;
}

bool Session::update(RequestId request, bool forward) {
  Parameters parameters;
  parameters.forward = forward;
  return update(request, parameters);
}

bool Session::update(RequestId request, const Parameters &parameters) {
  const bool sent = core_->update(request, parameters);
  core_->settle();
  return sent;
}

void Session::unsubscribe(RequestId request) {
  core_->unsubscribe(request);
  core_->settle();
}

RequestId Session::fetch(Fetch fetch) {
  const RequestId id = core_->fetch(std::move(fetch));
  core_->settle();
  return id;
}

void Session::cancel_fetch(RequestId request) {
  core_->cancel_fetch(request);
  core_->settle();
}

Expected<void> Session::accept(RequestId request, TrackAlias alias, std::optional<Location> largest,
                               const Properties &properties, const Parameters &parameters) {
  auto accepted = core_->accept(request, alias, largest, properties, parameters);
  core_->settle();
  return accepted;
}

void Session::refuse(RequestId request, RequestCode code, std::string_view reason,
                     std::optional<std::uint64_t> retry_ms, std::optional<Redirect> redirect) {
  core_->refuse(request, code, reason, retry_ms, std::move(redirect));
  core_->settle();
}

void Session::accept_update(RequestId request, std::optional<Location> largest) {
  core_->accept_update(request, largest);
  core_->settle();
}

void Session::refuse_update(RequestId request, RequestCode code, std::string_view reason) {
  core_->refuse_update(request, code, reason);
  core_->settle();
}

void Session::finish(RequestId request, DoneCode code, std::string_view reason) {
  core_->finish(request, code, reason);
  core_->settle();
}

Expected<StreamId> Session::begin_group(RequestId request, std::uint64_t group,
                                        std::optional<std::uint8_t> priority, bool first_object) {
  auto stream = core_->begin_group(request, group, priority, first_object);
  core_->settle();
  return stream;
}

bool Session::write_object(StreamId stream, std::uint64_t object, const Slice &wire) {
  const bool written = core_->write_object(stream, object, wire);
  core_->settle();
  return written;
}

bool Session::end_group(StreamId stream) {
  const bool ended = core_->end_group(stream);
  core_->settle();
  return ended;
}

bool Session::abort_group(StreamId stream, ResetCode code) {
  const bool aborted = core_->abort_group(stream, code);
  core_->settle();
  return aborted;
}

Expected<StreamId> Session::accept_fetch(RequestId request, Location end, bool end_of_track,
                                         const Properties &properties) {
  auto stream = core_->accept_fetch(request, end, end_of_track, properties);
  core_->settle();
  return stream;
}

bool Session::write_fetched(StreamId stream, Location id, const Slice &wire) {
  const bool written = core_->write_fetched(stream, id, wire);
  core_->settle();
  return written;
}

bool Session::write_missing(StreamId stream, Location last, bool unknown) {
  const bool written = core_->write_missing(stream, last, unknown);
  core_->settle();
  return written;
}

bool Session::end_fetch(StreamId stream) {
  const bool ended = core_->end_fetch(stream);
  core_->settle();
  return ended;
}

bool Session::abort_fetch(StreamId stream, ResetCode code) {
  const bool aborted = core_->abort_fetch(stream, code);
  core_->settle();
  return aborted;
}

std::size_t Session::buffered_bytes() const {
  return core_->buffered_bytes();
}
std::size_t Session::open_streams() const {
  return core_->open_streams();
}
void Session::check_invariants() const {
  core_->check_invariants();
}

// ---- Core ----

Session::Core::Core(Role role, Limits limits, Version version)
    : role_(role),
      limits_(limits),
      version_(version),
      next_bidi_(role == Role::client ? 0 : 1),
      next_uni_(role == Role::client ? 2 : 3),
      next_request_(role == Role::client ? 0 : 1) {}

bool Session::Core::is_ours(StreamId stream) const {
  return (raw(stream) & 1) == (role_ == Role::server ? 1u : 0u);
}
bool Session::Core::is_uni(StreamId stream) {
  return (raw(stream) & 2) != 0;
}

StreamId Session::Core::open_stream(bool bidi, std::uint8_t priority) {
  std::uint64_t &next = bidi ? next_bidi_ : next_uni_;
  const StreamId stream{next};
  next += 4;
  actions_.emplace_back(OpenStream{stream, bidi, priority});
  return stream;
}

void Session::Core::send(StreamId stream, std::vector<std::uint8_t> bytes, bool fin) {
  auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  const Bytes view(*owner);
  actions_.emplace_back(Send{stream, Slice(std::move(owner), view), fin});
}

void Session::Core::send(StreamId stream, const Message &message, bool fin) {
  send(stream, encode(message, version_), fin);
}

void Session::Core::violate(const Violation &why) {
  close(why.code, why.reason);
}

void Session::Core::close(CloseCode code, std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  actions_.emplace_back(Close{code, std::string(reason.substr(0, max_reason_phrase))});
}

void Session::Core::settle() {
  if (closed_) {
    requests_.clear();
    our_subscriptions_.clear();
    peer_subscriptions_.clear();
    groups_.clear();
    our_fetches_.clear();
    peer_fetches_.clear();
    fetch_streams_.clear();
    incoming_.clear();
    aliases_.clear();
    used_aliases_.clear();
    partial_bytes_ = early_bytes_ = early_streams_ = data_streams_ = 0;
  }
#ifdef ASTRAL_CHECK_INVARIANTS
  check_invariants();
#endif
}

void Session::Core::receive(StreamId stream, Bytes bytes, bool fin) {
  if (closed_) return;
  if (!is_uni(stream))
    receive_request(stream, bytes, fin);
  else if (is_ours(stream))
    violate("data on a stream of ours");
  else
    receive_uni(stream, bytes, fin);
}

void Session::Core::reset(StreamId stream, std::uint64_t code) {
  if (closed_) return;
  if (is_uni(stream)) {
    if (is_ours(stream)) return violate("reset of a stream of ours");
    if (stream == peer_control_) return violate("the control stream was reset");
    if (peer_uni_.insert(raw(stream) >> 2)) return count_lost_stream(stream, false);
    return end_incoming(stream, false, static_cast<ResetCode>(code));
  }
  RequestStream *request = find_request_stream(stream);
  if (!request) return;
  request->receive_done = true;
  if (request->request) {
    if (request->ours)
      our_fetches_.contains(*request->request)
          ? on_our_fetch_cut(*request->request, code, "the request was reset")
          : on_our_subscription_cut(*request->request, code, "the request was reset");
    else
      on_peer_cancelled(*request->request);
  } else {
    drop_request_stream(stream, ResetCode::cancelled);
  }
}

void Session::Core::stop_sending(StreamId stream, std::uint64_t) {
  if (closed_) return;
  if (is_uni(stream)) {
    if (!is_ours(stream)) return violate("STOP_SENDING on a stream of the peer");
    if (stream == control_) return violate("the control stream was stopped");
    if (const auto fetch = fetch_streams_.find(stream); fetch != fetch_streams_.end())
      return on_fetch_cancelled(fetch->second.request);
    const auto found = groups_.find(stream);
    if (found == groups_.end()) return;
    events_.emplace_back(GroupStopped{found->second.request, stream, found->second.group});
    abort_group(stream, ResetCode::cancelled);
    return;
  }
  RequestStream *request = find_request_stream(stream);
  if (!request) return;
  if (request->ours) {  // an answer may still come; only a RESET excludes it
    if (request->send_done) return;
    actions_.emplace_back(Reset{stream, ResetCode::cancelled});
    request->send_done = true;
    erase_if_done(stream);
  } else if (request->request) {
    on_peer_cancelled(*request->request);
  } else {
    drop_request_stream(stream, ResetCode::cancelled);
  }
}

void Session::Core::datagram(Bytes bytes) {
  if (!closed_) good(decode_datagram(bytes));
}

// The stream's state; creates it for a new stream. nullptr: the stream has ended, or is not allowed.
Session::Core::RequestStream *Session::Core::find_request_stream(StreamId stream) {
  const auto found = requests_.find(stream);
  if (found != requests_.end()) return &found->second;
  if (is_ours(stream)) {
    if (raw(stream) >= next_bidi_) violate("data on a stream of ours that is not open");
    return nullptr;
  }
  if (!peer_bidi_.insert(raw(stream) >> 2)) return nullptr;
  const std::size_t live = live_peer_requests();
  if (requests_.size() >=
      our_subscriptions_.size() + our_fetches_.size() + limits_.max_requests + limits_.max_refused_streams) {
    violate(Violation{CloseCode::internal_error, "too many request streams"});
    return nullptr;
  }
  requests_[stream];
  if (live >= limits_.max_requests) drop_request_stream(stream, ResetCode::excessive_load);
  return &requests_[stream];
}

std::size_t Session::Core::live_peer_requests() const {
  return static_cast<std::size_t>(std::count_if(requests_.begin(), requests_.end(), [](const auto &entry) {
    return !entry.second.ours && !entry.second.refused;
  }));
}

void Session::Core::receive_request(StreamId stream, Bytes bytes, bool fin) {
  RequestStream *request = find_request_stream(stream);
  if (!request) return;
  if (!request->refused) {
    request->reader.feed(bytes);
    while (!closed_ && !request->refused) {
      auto frame = request->reader.next();
      if (!good(frame)) return;
      if (!*frame) break;
      auto message = decode((*frame)->type, (*frame)->body, version_);
      if (!good(message)) return;
      on_message(stream, std::move(*message));
    }
    if (closed_) return;
  }
  if (!fin) return;
  if (!request->refused && !request->reader.at_boundary())
    return violate("a request stream ends within a message");
  on_request_fin(stream);
}

// FIN means that no more messages come. It cancels nothing, but the answer must have come before it.
void Session::Core::on_request_fin(StreamId stream) {
  RequestStream &request = requests_.at(stream);
  request.receive_done = true;
  if (request.ours && request.request && our_fetches_.contains(*request.request))
    return on_our_fetch_cut(*request.request, std::nullopt, "the request stream ended without an answer");
  if (request.ours && request.request)
    return on_our_subscription_cut(*request.request, static_cast<std::uint64_t>(ResetCode::internal_error),
                         "the request stream ended without an answer");
  if (!request.ours && !request.request && !request.refused)
    return violate("a request stream without a request");
  erase_if_done(stream);
}

void Session::Core::finish_sending(StreamId stream) {
  RequestStream &request = requests_.at(stream);
  request.send_done = true;
  erase_if_done(stream);
}

void Session::Core::drop_request_stream(StreamId stream, ResetCode code) {
  RequestStream &request = requests_.at(stream);
  if (!request.send_done) actions_.emplace_back(Reset{stream, code});
  if (!request.receive_done && !request.refused) actions_.emplace_back(StopSending{stream, code});
  request.send_done = true;
  request.refused = true;
  request.request.reset();
  request.reader = {};
  erase_if_done(stream);
}

void Session::Core::erase_if_done(StreamId stream) {
  const auto found = requests_.find(stream);
  if (found != requests_.end() && found->second.send_done && found->second.receive_done)
    requests_.erase(found);
}

void Session::Core::check_invariants() const {
  std::size_t held = 0, early = 0, early_streams = 0, data = 0;
  for (const auto &[stream, incoming] : incoming_) {
    assert(is_uni(stream) && !is_ours(stream));
    assert((incoming.kind == Incoming::Kind::data) == incoming.reader.has_value());
    assert(incoming.kind == Incoming::Kind::fetched || !incoming.fetched);
    held += incoming.held;
    early += incoming.early_held;
    if (incoming.fetched) {
      assert(our_fetches_.at(*incoming.request).data == stream && incoming.early.empty());
      ++data;
      continue;
    }
    if (incoming.kind != Incoming::Kind::data) {
      assert(!incoming.request && incoming.held == 0 && incoming.early_held == 0);
      continue;
    }
    ++data;
    if (incoming.request)
      assert(our_subscriptions_.at(*incoming.request).open.contains(stream) && incoming.early.empty());
    else if (incoming.reader->has_header())
      ++early_streams;
  }
  assert(held == partial_bytes_ && early == early_bytes_);
  assert(early_streams == early_streams_ && data == data_streams_);
  assert(held <= limits_.max_partial_bytes && early <= limits_.max_early_bytes);
  assert(early_streams <= limits_.max_early_streams && data <= limits_.max_data_streams);
  assert(early_streams == 0 || any_pending());

  for (const auto &[id, subscription] : our_subscriptions_) {
    if (subscription.state != OurSubscription::State::finishing)
      assert(requests_.at(subscription.stream).request == id);
    if (subscription.state == OurSubscription::State::pending)
      assert(subscription.open.empty());
    else
      assert(aliases_.at(subscription.alias) == id);
    for (const StreamId open : subscription.open) assert(incoming_.at(open).request == id);
  }
  for (const auto &[alias, id] : aliases_) assert(our_subscriptions_.at(id).alias == alias);

  for (const auto &[id, subscription] : peer_subscriptions_) {
    const RequestStream &stream = requests_.at(subscription.stream);
    assert(!stream.ours && stream.request == id && !stream.send_done);
    assert(subscription.state == PeerSubscription::State::pending ||
           (subscription.state == PeerSubscription::State::established) ==
               used_aliases_.contains(subscription.alias));
    for (const StreamId open : subscription.open) assert(groups_.at(open).request == id);
    assert(subscription.updates <= limits_.max_pending_updates);
  }
  for (const auto &[stream, group] : groups_)
    assert(peer_subscriptions_.at(group.request).open.contains(stream));
  for (const auto &[stream, request] : requests_) {
    assert(!is_uni(stream) && request.ours == is_ours(stream));
    assert(!(request.send_done && request.receive_done));
    assert(!request.request || our_subscriptions_.contains(*request.request) ||
           peer_subscriptions_.contains(*request.request) || our_fetches_.contains(*request.request) ||
           peer_fetches_.contains(*request.request));
  }
  check_fetches();
  assert(!closed_ || (incoming_.empty() && requests_.empty() && groups_.empty() && fetch_streams_.empty()));
}

void Session::Core::check_fetches() const {
  for (const auto &[id, asked] : our_fetches_) {
    assert(asked.stream ? requests_.at(*asked.stream).request == id : asked.accepted);
    assert(!asked.data || incoming_.at(*asked.data).request == id);
    assert(!asked.data || (asked.begun && !asked.complete));
    assert(!asked.complete || (asked.begun && !asked.accepted));
  }
  for (const auto &[id, fetching] : peer_fetches_) {
    const RequestStream &stream = requests_.at(fetching.stream);
    assert(!stream.ours && stream.request == id && !stream.send_done);
    assert((fetching.state == PeerFetch::State::accepted) == fetching.data.has_value());
    assert(!fetching.data || fetch_streams_.at(*fetching.data).request == id);
    assert(fetching.state != PeerFetch::State::joining ||
           peer_subscriptions_.contains(fetching.joining.request));
    assert(fetching.updates <= limits_.max_pending_updates);
  }
  for (const auto &[stream, fetch] : fetch_streams_) assert(peer_fetches_.at(fetch.request).data == stream);
}

}  // namespace astral::moqt
