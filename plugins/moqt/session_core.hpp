// SPDX-License-Identifier: BSD-3-Clause
// The implementation of Session, private to session*.cpp: session.cpp (start, end, stream dispatch),
// session_control.cpp (SETUP, GOAWAY, messages of request streams), session_provider.cpp,
// session_consumer.cpp, session_data.cpp (subgroup streams that arrive), session_fetch.cpp and
// session_fetch_provider.cpp (our fetches and the peer's).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "moqt/control_reader.hpp"
#include "moqt/fetch_stream.hpp"
#include "moqt/id_set.hpp"
#include "moqt/session.hpp"
#include "moqt/subgroup.hpp"

namespace astral::moqt {

// The REQUEST_ERROR code that corresponds to a stream's reset code.
RequestCode request_code(std::uint64_t reset);
// Why these track properties are invalid; nullptr if they are valid.
const char *bad_property(const Properties &properties);

class Session::Core {
 public:
  Core(Role role, Limits limits, Version version);

  // The same functions as in Session.
  void receive(StreamId stream, Bytes bytes, bool fin);
  void reset(StreamId stream, std::uint64_t code);
  void stop_sending(StreamId stream, std::uint64_t code);
  void datagram(Bytes bytes);
  void start();
  void goaway(std::uint64_t timeout_ms, std::string_view uri);
  void close(CloseCode code, std::string_view reason);
  RequestId subscribe(Subscribe subscribe);
  bool update(RequestId request, const Parameters &parameters);
  void unsubscribe(RequestId request);
  RequestId fetch(Fetch fetch);
  void cancel_fetch(RequestId request);
  Expected<void> accept(RequestId request, TrackAlias alias, std::optional<Location> largest,
                        const Properties &properties, const Parameters &parameters);
  void refuse(RequestId request, RequestCode code, std::string_view reason,
              std::optional<std::uint64_t> retry_ms, std::optional<Redirect> redirect);
  void accept_update(RequestId request, std::optional<Location> largest);
  void refuse_update(RequestId request, RequestCode code, std::string_view reason);
  void finish(RequestId request, DoneCode code, std::string_view reason);
  Expected<StreamId> begin_group(RequestId request, std::uint64_t group, std::optional<std::uint8_t> priority,
                                 bool first_object);
  bool write_object(StreamId stream, std::uint64_t object, const Slice &wire);
  bool end_group(StreamId stream);
  bool abort_group(StreamId stream, ResetCode code);
  Expected<StreamId> accept_fetch(RequestId request, Location end, bool end_of_track,
                                  const Properties &properties);
  bool write_fetched(StreamId stream, Location id, const Slice &wire);
  bool write_missing(StreamId stream, Location last, bool unknown);
  bool end_fetch(StreamId stream);
  bool abort_fetch(StreamId stream, ResetCode code);
  std::size_t buffered_bytes() const { return partial_bytes_ + early_bytes_; }
  std::size_t open_streams() const {
    return requests_.size() + groups_.size() + fetch_streams_.size() + incoming_.size() + (control_ ? 1 : 0);
  }
  void check_invariants() const;

  // Every public call ends with this. A session that closed frees what it held.
  void settle();

  std::vector<Action> actions_;
  std::vector<Event> events_;
  bool closed_ = false;

 private:
  // A bidirectional stream: a request of ours or of the peer.
  struct RequestStream {
    ControlReader reader;
    std::optional<RequestId> request;  // the request that is open on it
    bool ours = false;
    bool refused = false;       // drop everything that still arrives
    bool receive_done = false;  // FIN or RESET
    bool send_done = false;
    bool goaway = false;  // a GOAWAY was received on it
  };

  // A subscription of ours.
  struct OurSubscription {
    enum class State { pending, established, finishing };
    StreamId stream{};
    State state = State::pending;
    TrackName track;
    TrackAlias alias{};
    std::uint8_t priority = 128;     // the track's default
    std::size_t updates = 0;         // unanswered REQUEST_UPDATEs
    std::set<StreamId> open;         // its data streams
    std::uint64_t ended = 0;         // data streams that have ended
    std::uint64_t after = 0;         // its data streams have at least this number
    std::uint64_t lost = 0;          // streams from `after` that ended unattributed: maybe its own
    std::uint64_t stream_count = 0;  // finishing: of PUBLISH_DONE
    DoneCode code{};
    std::string reason;
  };

  // A subscription of the peer.
  struct PeerSubscription {
    enum class State { pending, established };
    StreamId stream{};
    State state = State::pending;
    TrackName track;
    TrackAlias alias{};
    bool forward = true;
    std::optional<Location> largest;  // the joining location
    std::size_t updates = 0;          // unanswered; some may precede SUBSCRIBE_OK
    // Answers to updates that wait until SUBSCRIBE_OK has been sent.
    std::vector<std::optional<Location>> held_answers;
    std::uint64_t streams = 0;  // opened so far
    std::set<StreamId> open;
  };

  // A fetch of ours.
  struct OurFetch {
    std::optional<StreamId> stream;  // until both sides have finished it
    Location start;                  // objects start here
    std::optional<Location> end;     // nullopt: not known yet
    GroupOrder order = GroupOrder::ascending;
    bool accepted = false;
    bool begun = false;            // its data stream has arrived
    std::optional<StreamId> data;  // its data stream while it is open
    bool complete = false;         // its data stream ended before FETCH_OK
  };

  // A fetch of the peer.
  struct PeerFetch {
    enum class State { joining, pending, accepted };  // joining: waits for its subscription
    StreamId stream{};
    State state = State::pending;
    JoiningFetch joining;   // joining
    Parameters parameters;  // joining
    Location start;
    std::uint8_t priority = default_priority;
    std::size_t updates = 0;       // updates to answer after FETCH_OK
    std::optional<StreamId> data;  // accepted
  };

  // The data stream of a fetch that we send.
  struct FetchStream {
    RequestId request{};
    FetchContext context;
  };

  // A subgroup stream that we send.
  struct Group {
    RequestId request{};
    std::uint64_t group = 0;
    std::optional<std::uint64_t> previous;  // id of the last object
  };

  // A unidirectional stream of the peer.
  struct Incoming {
    enum class Kind { untyped, control, data, fetched, dropped, refused };
    Kind kind = Kind::untyped;
    SplitVi64 number;  // the stream type; fetched: then the request id
    ControlReader control;
    std::optional<SubgroupReader> reader;
    std::optional<FetchReader> fetched;  // set when its request is known
    std::optional<RequestId> request;    // data, fetched: its request; nullopt while unknown
    std::vector<Object> early;           // data: objects that wait for the request
    bool early_fin = false;
    std::size_t held = 0;        // this stream's part of partial_bytes_
    std::size_t early_held = 0;  // this stream's part of early_bytes_
  };

  // session.cpp
  bool is_ours(StreamId stream) const;
  static bool is_uni(StreamId stream);
  StreamId open_stream(bool bidi, std::uint8_t priority = default_priority);
  void send(StreamId stream, std::vector<std::uint8_t> bytes, bool fin = false);
  void send(StreamId stream, const Message &message, bool fin = false);
  void violate(const Violation &why);
  void violate(std::string reason) { violate(Violation{CloseCode::protocol_violation, std::move(reason)}); }
  template <typename T>
  bool good(const Decoded<T> &result) {  // false: the session has closed
    if (!result) violate(result.error());
    return result.has_value();
  }
  void receive_request(StreamId stream, Bytes bytes, bool fin);
  RequestStream *find_request_stream(StreamId stream);
  void finish_sending(StreamId stream);
  void drop_request_stream(StreamId stream, ResetCode code);  // resets and stops the open sides
  void erase_if_done(StreamId stream);
  std::size_t live_peer_requests() const;
  void on_request_fin(StreamId stream);
  void check_fetches() const;

  // session_control.cpp
  void receive_control(Incoming &incoming, Bytes bytes);
  void on_setup(Setup setup);
  void on_session_goaway(Goaway goaway);
  void on_message(StreamId stream, Message message);
  void on_request_goaway(RequestStream &request, Goaway goaway);
  bool use_request_id(RequestId id);
  bool check_tokens(const std::vector<Token> &tokens);

  // session_provider.cpp
  void on_request(StreamId stream, Message message);
  void on_subscribe(StreamId stream, Subscribe subscribe);
  void on_peer_subscription_message(RequestId request, Message message);
  void on_update(RequestId request, RequestUpdate update);
  void refuse_stream(StreamId stream, RequestCode code, std::string_view reason, std::uint64_t retry = 0,
                     std::optional<Redirect> redirect = {});
  void answer_update(PeerSubscription &subscription, std::optional<Location> largest);
  void end_peer_subscription(RequestId request, ResetCode groups);
  void on_peer_cancelled(RequestId request);

  // session_consumer.cpp
  void on_our_subscription_message(RequestId request, Message message);
  void on_subscribe_ok(RequestId request, SubscribeOk ok);
  void on_subscribe_error(RequestId request, RequestError error);
  void on_publish_done(RequestId request, PublishDone done);
  void on_our_subscription_cut(RequestId request, std::uint64_t code, std::string_view reason);
  bool may_redirect(const RequestError &error) const;
  void close_request_stream(StreamId stream);
  void forget_our_subscription(RequestId request);
  void abandon(RequestId request, DoneCode code, std::string_view reason, ResetCode reset);
  void done_if_complete(RequestId request);
  bool any_pending() const;

  // session_fetch.cpp
  void on_our_fetch_message(RequestId request, Message message);
  void on_fetch_ok(RequestId request, FetchOk ok);
  void on_fetch_error(RequestId request, RequestError error);
  void on_our_fetch_cut(RequestId request, std::optional<std::uint64_t> reset, std::string_view reason);
  void end_our_fetch(RequestId request, bool complete, ResetCode code);
  void receive_fetched(StreamId stream, Incoming &incoming, Bytes bytes);
  void attach_fetched(StreamId stream, Incoming &incoming, RequestId request);
  void on_fetched(RequestId request, Object object);
  void on_missing(RequestId request, const FetchItem &range);
  void stop_fetched(StreamId stream, Incoming &incoming, ResetCode code);
  void on_fetched_end(RequestId request, bool complete, ResetCode code);
  void detach_fetched(Incoming &incoming);

  // session_fetch_provider.cpp
  void on_fetch(StreamId stream, Fetch fetch);
  void announce(RequestId request, TrackName track, Location start, Location end, Parameters parameters);
  void join(RequestId subscription);
  std::vector<RequestId> joining(RequestId subscription) const;
  void refuse_fetch(RequestId request, RequestCode code, std::string_view reason, std::uint64_t retry = 0,
                    std::optional<Redirect> redirect = {});
  void on_peer_fetch_message(RequestId request, Message message);
  void on_fetch_cancelled(RequestId request);
  std::optional<StreamId> take_peer_fetch(StreamId stream);

  // session_data.cpp
  void receive_uni(StreamId stream, Bytes bytes, bool fin);
  void set_type(StreamId stream, Incoming &incoming, std::uint64_t type);
  void receive_data(StreamId stream, Incoming &incoming, Bytes bytes);
  void attach(StreamId stream, Incoming &incoming);
  void adopt_early(RequestId request);
  void refuse_early();
  void on_object(StreamId stream, Incoming &incoming, Object object);
  void deliver(const Incoming &incoming, Object object);
  void end_incoming(StreamId stream, bool complete, ResetCode code);
  // Asks the peer to stop and drops what still arrives. `tell`: report a GroupEnded to the application.
  void refuse_incoming(StreamId stream, Incoming &incoming, ResetCode code, bool tell);
  void stop_incoming(StreamId stream, Incoming &incoming);
  void detach(StreamId stream, Incoming &incoming, bool tell, bool complete, ResetCode code);
  void account(Incoming &incoming);
  void count_lost_stream(StreamId stream, bool alias_known);

  const Role role_;
  const Limits limits_;
  const Version version_;

  std::uint64_t next_bidi_;
  std::uint64_t next_uni_;
  std::uint64_t next_request_;
  std::optional<StreamId> control_;       // ours
  std::optional<StreamId> peer_control_;  // the peer's
  bool setup_received_ = false;
  bool goaway_sent_ = false;
  bool goaway_received_ = false;

  IdSet peer_requests_;  // request ids divided by 2
  IdSet peer_bidi_;      // stream ids divided by 4
  IdSet peer_uni_;

  std::map<StreamId, RequestStream> requests_;
  std::map<RequestId, OurSubscription> our_subscriptions_;
  std::map<RequestId, PeerSubscription> peer_subscriptions_;
  std::map<StreamId, Group> groups_;
  std::map<RequestId, OurFetch> our_fetches_;
  std::map<RequestId, PeerFetch> peer_fetches_;
  std::map<StreamId, FetchStream> fetch_streams_;
  std::map<StreamId, Incoming> incoming_;
  std::map<TrackAlias, RequestId> aliases_;  // of our subscriptions that are not pending
  std::set<TrackAlias> used_aliases_;        // of the peer's subscriptions that are not pending
  std::size_t partial_bytes_ = 0;
  std::size_t early_bytes_ = 0;
  std::size_t early_streams_ = 0;
  std::size_t data_streams_ = 0;  // those in incoming_
};

}  // namespace astral::moqt
