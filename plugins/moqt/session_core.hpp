// SPDX-License-Identifier: BSD-3-Clause
// What is inside a Session. Private to session*.cpp: session.cpp (life and routing of streams),
// session_control.cpp (SETUP, GOAWAY, the messages of request streams), session_provider.cpp,
// session_consumer.cpp, session_data.cpp (streams that arrive, subgroups), session_fetch.cpp and
// session_fetch_provider.cpp (fetches of ours and of the peer).
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

// What a cut stream says about the request that it carried.
RequestCode request_code(std::uint64_t reset);
// Why these cannot be a track's; nothing if they can.
const char *bad_property(const Properties &properties);

class Session::Core {
 public:
  Core(Role role, Limits limits, Version version);

  // As in Session.
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

  // At the end of each call from outside: a session that closed gives up what it held.
  void settle();

  std::vector<Action> actions_;
  std::vector<Event> events_;
  bool closed_ = false;

 private:
  // A bidirectional stream: a request of ours or of the peer.
  struct RequestStream {
    ControlReader reader;
    std::optional<RequestId> request;  // the live one on it
    bool ours = false;
    bool refused = false;       // what still arrives is dropped
    bool receive_done = false;  // FIN or RESET
    bool send_done = false;
    bool goaway = false;  // one was received on it
  };

  // A subscription of ours.
  struct Wanted {
    enum class State { pending, established, finishing };
    StreamId stream{};
    State state = State::pending;
    TrackName track;
    TrackAlias alias{};
    std::uint8_t priority = 128;     // the track's default
    std::size_t updates = 0;         // not answered yet
    std::set<StreamId> open;         // its data streams
    std::uint64_t ended = 0;         // data streams that came and went
    std::uint64_t after = 0;         // its data streams are numbered from here
    std::uint64_t lost = 0;          // of these, ended before it was known whose they were: maybe this one's
    std::uint64_t stream_count = 0;  // finishing: all there were
    DoneCode code{};
    std::string reason;
  };

  // A subscription of the peer.
  struct Served {
    enum class State { pending, established };
    StreamId stream{};
    State state = State::pending;
    TrackName track;
    TrackAlias alias{};
    bool forward = true;
    std::optional<Location> largest;  // the joining location
    std::size_t updates = 0;          // not answered yet; some maybe before SUBSCRIBE_OK
    // Answers to these that had to wait for SUBSCRIBE_OK.
    std::vector<std::optional<Location>> held_answers;
    std::uint64_t streams = 0;  // opened so far
    std::set<StreamId> open;
  };

  // A fetch of ours.
  struct Asked {
    std::optional<StreamId> stream;  // until all was said on it
    Location start;                  // no object comes before it
    std::optional<Location> end;     // if we know it
    GroupOrder order = GroupOrder::ascending;
    bool accepted = false;
    bool begun = false;            // its data stream has come,
    std::optional<StreamId> data;  // is open,
    bool complete = false;         // has ended before FETCH_OK
  };

  // A fetch of the peer.
  struct Fetching {
    enum class State { joining, pending, accepted };  // joining: it waits for its subscription
    StreamId stream{};
    State state = State::pending;
    JoiningFetch joining;   // joining
    Parameters parameters;  // joining
    Location start;
    std::uint8_t priority = default_priority;
    std::size_t updates = 0;       // to be answered after FETCH_OK
    std::optional<StreamId> data;  // accepted
  };

  // A fetch's data stream that we send.
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
    SplitVi64 number;  // the type; fetched: then the request's id
    ControlReader control;
    std::optional<SubgroupReader> reader;
    std::optional<FetchReader> fetched;  // once its request is known
    std::optional<RequestId> request;    // data, fetched: whose it is; nothing while that is not known
    std::vector<Object> early;           // data, while not known
    bool early_fin = false;
    std::size_t held = 0;        // its part of partial_bytes_
    std::size_t early_held = 0;  // its part of early_bytes_
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
  bool good(const Decoded<T> &result) {  // or the session closes
    if (!result) violate(result.error());
    return result.has_value();
  }
  void receive_request(StreamId stream, Bytes bytes, bool fin);
  RequestStream *find_request_stream(StreamId stream);
  void finish_sending(StreamId stream);
  void drop_request_stream(StreamId stream, ResetCode code);  // cuts whatever side is open
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
  void on_served_message(RequestId request, Message message);
  void on_update(RequestId request, RequestUpdate update);
  void refuse_stream(StreamId stream, RequestCode code, std::string_view reason, std::uint64_t retry = 0,
                     std::optional<Redirect> redirect = {});
  void answer_update(Served &served, std::optional<Location> largest);
  void end_served(RequestId request, ResetCode groups);
  void on_peer_cancelled(RequestId request);

  // session_consumer.cpp
  void on_wanted_message(RequestId request, Message message);
  void on_subscribe_ok(RequestId request, SubscribeOk ok);
  void on_subscribe_error(RequestId request, RequestError error);
  void on_publish_done(RequestId request, PublishDone done);
  void on_wanted_cut(RequestId request, std::uint64_t code, std::string_view reason);
  bool may_redirect(const RequestError &error) const;
  void let_go(StreamId stream);
  void forget_wanted(RequestId request);
  void abandon(RequestId request, DoneCode code, std::string_view reason, ResetCode reset);
  void done_if_complete(RequestId request);
  bool any_pending() const;

  // session_fetch.cpp
  void on_asked_message(RequestId request, Message message);
  void on_fetch_ok(RequestId request, FetchOk ok);
  void on_fetch_error(RequestId request, RequestError error);
  void on_asked_cut(RequestId request, std::optional<std::uint64_t> reset, std::string_view reason);
  void end_asked(RequestId request, bool complete, ResetCode code);
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
  void on_fetching_message(RequestId request, Message message);
  void on_fetch_cancelled(RequestId request);
  std::optional<StreamId> take_fetching(StreamId stream);

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
  // Asks the peer to stop and drops what still comes; `tell`: the application gets a GroupEnded.
  void refuse_incoming(StreamId stream, Incoming &incoming, ResetCode code, bool tell);
  void stop_incoming(StreamId stream, Incoming &incoming);
  void detach(StreamId stream, Incoming &incoming, bool tell, bool complete, ResetCode code);
  void account(Incoming &incoming);
  void lose_stream(StreamId stream, bool alias_known);

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

  IdSet peer_requests_;  // of request ids, halved
  IdSet peer_bidi_;      // of stream ids, quartered
  IdSet peer_uni_;

  std::map<StreamId, RequestStream> requests_;
  std::map<RequestId, Wanted> wanted_;
  std::map<RequestId, Served> served_;
  std::map<StreamId, Group> groups_;
  std::map<RequestId, Asked> asked_;
  std::map<RequestId, Fetching> fetches_;
  std::map<StreamId, FetchStream> fetch_streams_;
  std::map<StreamId, Incoming> incoming_;
  std::map<TrackAlias, RequestId> aliases_;  // of wanted_ that are not pending
  std::set<TrackAlias> used_aliases_;        // of served_ that are not pending
  std::size_t partial_bytes_ = 0;
  std::size_t early_bytes_ = 0;
  std::size_t early_streams_ = 0;
  std::size_t data_streams_ = 0;  // of incoming_
};

}  // namespace astral::moqt
