// SPDX-License-Identifier: BSD-3-Clause
// What is inside a Session. Private to session*.cpp: session.cpp (life and routing of streams),
// session_control.cpp (SETUP, GOAWAY, the messages of request streams), session_provider.cpp,
// session_consumer.cpp and session_data.cpp (subgroup streams that arrive).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "moqt/control_reader.hpp"
#include "moqt/id_set.hpp"
#include "moqt/session.hpp"
#include "moqt/subgroup.hpp"

namespace astral::moqt {

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
  std::size_t buffered_bytes() const { return partial_bytes_ + early_bytes_; }
  std::size_t open_streams() const {
    return requests_.size() + groups_.size() + incoming_.size() + (control_ ? 1 : 0);
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
    std::size_t updates = 0;  // not answered yet; some maybe before SUBSCRIBE_OK
    // Answers to these that had to wait for SUBSCRIBE_OK.
    std::vector<std::optional<Location>> held_answers;
    std::uint64_t streams = 0;  // opened so far
    std::set<StreamId> open;
  };

  // A subgroup stream that we send.
  struct Group {
    RequestId request{};
    std::uint64_t group = 0;
    std::optional<std::uint64_t> previous;  // id of the last object
  };

  // A unidirectional stream of the peer.
  struct Incoming {
    enum class Kind { untyped, control, data, dropped, refused };
    Kind kind = Kind::untyped;
    SplitVi64 type;
    ControlReader control;
    std::optional<SubgroupReader> reader;
    std::optional<RequestId> request;  // data: whose it is; nothing while that is not known
    std::vector<Object> early;         // data, while not known
    bool early_fin = false;
    std::size_t held = 0;        // its part of partial_bytes_
    std::size_t early_held = 0;  // its part of early_bytes_
  };

  // session.cpp
  bool is_ours(StreamId stream) const;
  static bool is_uni(StreamId stream);
  StreamId open_stream(bool bidi);
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
  void answer_update(StreamId stream, std::optional<Location> largest);
  void end_served(RequestId request, ResetCode groups);
  void on_peer_cancelled(RequestId request);

  // session_consumer.cpp
  void on_wanted_message(RequestId request, Message message);
  void on_subscribe_ok(RequestId request, SubscribeOk ok);
  void on_subscribe_error(RequestId request, RequestError error);
  void on_publish_done(RequestId request, PublishDone done);
  void on_wanted_cut(RequestId request, std::uint64_t code, std::string_view reason);
  void let_go(StreamId stream);
  void forget_wanted(RequestId request);
  void abandon(RequestId request, DoneCode code, std::string_view reason, ResetCode reset);
  void done_if_complete(RequestId request);
  bool any_pending() const;

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
  std::map<StreamId, Incoming> incoming_;
  std::map<TrackAlias, RequestId> aliases_;  // of wanted_ that are not pending
  std::set<TrackAlias> used_aliases_;        // of served_ that are not pending
  std::size_t partial_bytes_ = 0;
  std::size_t early_bytes_ = 0;
  std::size_t early_streams_ = 0;
  std::size_t data_streams_ = 0;  // of incoming_
};

}  // namespace astral::moqt
