// SPDX-License-Identifier: BSD-3-Clause
// One MOQT session over one QUIC connection, as pure code. The driver passes in what arrives on the streams;
// the session returns actions for the driver and events for the application.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "moqt/limits.hpp"
#include "moqt/messages.hpp"
#include "moqt/object.hpp"
#include "moqt/types.hpp"

namespace astral::moqt {

// ---- Actions: the driver carries them out on the QUIC connection, in order ----

inline constexpr std::uint8_t default_priority = 128;  // a lower number is sent first
struct OpenStream {  // open QUIC's next stream of this kind; it will have this number
  StreamId stream{};
  bool bidi = false;
  std::uint8_t priority = default_priority;
};
struct Send {
  StreamId stream{};
  Slice bytes;  // may be empty if fin
  bool fin = false;
};
struct Reset {  // resets our sending side
  StreamId stream{};
  ResetCode code{};
};
struct StopSending {  // asks the peer to reset its sending side
  StreamId stream{};
  ResetCode code{};
};
struct Close {  // closes the connection; the last action
  CloseCode code{};
  std::string reason;
};
using Action = std::variant<OpenStream, Send, Reset, StopSending, Close>;

// ---- Events: the application handles them, in order ----

struct SetupReceived {
  Setup setup;
};

// Events at the provider.
struct Subscribed {  // answer with accept() or refuse()
  RequestId request{};
  Subscribe subscribe;
};
struct UpdateReceived {  // answer with accept_update() or refuse_update()
  RequestId request{};
  bool forward = true;    // the subscription's state from now on
  Parameters parameters;  // the update's own parameters
};
struct Unsubscribed {  // the peer cancelled; its groups have been reset, the id is invalid
  RequestId request{};
};
struct GroupStopped {  // the peer stopped this group; it has been reset, the stream id is invalid
  RequestId request{};
  StreamId stream{};
  std::uint64_t group = 0;
};
struct Fetched {  // answer with accept_fetch() or refuse()
  RequestId request{};
  TrackName track;
  Location start;
  Location end;  // {group, last object + 1}; object 0: the whole group
  Parameters parameters;
};
struct FetchCancelled {  // the peer cancelled; the data stream has been reset, the id is invalid
  RequestId request{};
};

// Events at the consumer.
struct SubscribeAccepted {
  RequestId request{};
  std::optional<Location> largest;  // nullopt: no object has been published
  Parameters parameters;
  Properties properties;  // of the track
};
struct SubscribeRefused {  // the id is invalid
  RequestId request{};
  RequestCode code{};
  std::uint64_t retry = 0;  // milliseconds + 1; 0: do not
  std::string reason;
  std::optional<Redirect> redirect;
};
struct UpdateAccepted {  // in the order of the update() calls
  RequestId request{};
  std::optional<Location> largest;  // the newest object when the update took effect, if the provider says it
};
struct UpdateRefused {  // Done follows
  RequestId request{};
  RequestCode code{};
  std::string reason;
};
struct ObjectReceived {  // of a subscription or a fetch
  RequestId request{};
  Object object;
};
struct GroupEnded {  // one subgroup stream ended
  RequestId request{};
  std::uint64_t group = 0;
  std::uint64_t subgroup = 0;
  bool complete = false;      // FIN: every object arrived. false: the stream was reset, or we stopped it
  bool end_of_group = false;  // no more objects of the group follow
  ResetCode code{};           // of an incomplete one
};
struct Done {  // after the subscription's last GroupEnded; the id is invalid
  RequestId request{};
  DoneCode code{};
  std::string reason;
};
struct FetchAccepted {  // may come before, between or after the objects
  RequestId request{};
  Location end;  // as in Fetched; smaller than requested if less has been published
  bool end_of_track = false;
  Parameters parameters;
  Properties properties;  // of the track
};
struct FetchRefused {  // may come after objects; the id is invalid
  RequestId request{};
  RequestCode code{};
  std::uint64_t retry = 0;  // milliseconds + 1; 0: do not
  std::string reason;
  std::optional<Redirect> redirect;
};
struct FetchMissing {  // no objects after the previous item, up to and including `last`
  RequestId request{};
  Location last;
  bool unknown = false;  // true: the provider does not know; false: they do not exist
};
struct FetchEnded {  // the fetch's last event; the id is invalid
  RequestId request{};
  bool complete = false;  // FIN: what did not come does not exist. false: reset, or we stopped it
  ResetCode code{};       // of an incomplete one
};

// Events at both ends.
struct GoawayReceived {
  std::uint64_t timeout_ms = 0;
  std::string uri;
  std::optional<RequestId> request;  // set: only this request shall move to another session
};

using Event = std::variant<SetupReceived, Subscribed, UpdateReceived, Unsubscribed, GroupStopped, Fetched,
                           FetchCancelled, SubscribeAccepted, SubscribeRefused, UpdateAccepted, UpdateRefused,
                           ObjectReceived, GroupEnded, Done, FetchAccepted, FetchRefused, FetchMissing,
                           FetchEnded, GoawayReceived>;

// States. Commands and messages cause the transitions; the event that reports one is in brackets.
//
//   The session
//     open         ──close(), or a violation by the peer──▶ closed: Close is the last action
//   A subscription of ours (consumer), created by subscribe()
//     pending      ──SUBSCRIBE_OK [SubscribeAccepted]──▶ established
//     pending      ──REQUEST_ERROR, or the stream is reset [SubscribeRefused]──▶ gone
//     established  ──PUBLISH_DONE──▶ finishing
//     established  ──the stream is reset, or the track is malformed [Done]──▶ gone
//     finishing    ──all its data streams have ended [Done]──▶ gone
//     any          ──unsubscribe()──▶ gone
//   A subscription of the peer (provider), created by SUBSCRIBE [Subscribed]
//     pending      ──accept()──▶ established
//     pending      ──refuse()──▶ gone
//     established  ──finish()──▶ gone
//     any          ──STOP_SENDING or RESET [Unsubscribed]──▶ gone
//   A group of ours (one subgroup stream), created by begin_group()
//     open         ──end_group() or abort_group()──▶ gone
//     open         ──STOP_SENDING [GroupStopped]──▶ gone
//   A fetch of ours, created by fetch(). Its data stream may come before, with or after FETCH_OK.
//     pending      ──FETCH_OK [FetchAccepted]──▶ accepted
//     pending      ──REQUEST_ERROR, or the request stream is reset [FetchRefused]──▶ gone
//     accepted     ──FIN of the data stream, before or after FETCH_OK [FetchEnded]──▶ gone
//     any          ──the data stream, or an accepted request, is reset [FetchEnded]──▶ gone
//     any          ──cancel_fetch()──▶ gone
//   A fetch of the peer, created by FETCH; a joining one first waits for the answer to its subscription
//     joining      ──the subscription is answered [Fetched]──▶ pending
//     joining      ──the subscription cannot be joined──▶ gone
//     pending      ──accept_fetch()──▶ open
//     pending      ──refuse()──▶ gone
//     open         ──end_fetch() or abort_fetch()──▶ gone
//     any          ──STOP_SENDING or RESET [FetchCancelled, unless joining]──▶ gone
//
// **Thread**: none of its own; one caller at a time. There are no callbacks: after each call, take the
// actions and events. **Errors**: a peer's violation closes the session (Close); a closed session ignores all
// calls. A call with the id of something that is gone does nothing; if it returns a value, that reports it.
// **Units**: milliseconds, as on the wire. The caller chooses the group ids and the order of requests.
class Session {
 public:
  explicit Session(Role role, Limits limits = {}, Version version = Version::draft18);
  ~Session();
  Session(Session &&) noexcept;
  Session &operator=(Session &&) noexcept;

  // ---- from QUIC ----
  void receive(StreamId stream, Bytes bytes,
               bool fin);                           // in stream order; keeps no reference to `bytes`
  void reset(StreamId stream, std::uint64_t code);  // RESET_STREAM from the peer
  void stop_sending(StreamId stream, std::uint64_t code);
  void datagram(Bytes bytes);  // checked and dropped; Astral sends no datagrams

  // ---- to QUIC, and to the application ----
  std::vector<Action> take_actions();
  std::vector<Event> take_events();

  // ---- both roles ----
  void start();  // call this first: opens the control stream and sends SETUP
  void goaway(std::uint64_t timeout_ms, std::string_view uri = {});  // once; a client's uri is empty
  void close(CloseCode code, std::string_view reason);
  bool closed() const;

  // ---- consumer ----
  RequestId subscribe(Subscribe subscribe);  // sets subscribe.id
  // False: the subscription is gone, or too many updates are unanswered.
  bool update(RequestId request, bool forward);
  bool update(RequestId request, const Parameters &parameters);
  // Allowed at any time, also while finishing. No event of this subscription follows.
  void unsubscribe(RequestId request);

  // Sets fetch.id. A joining range names a subscription of ours that is pending or established.
  RequestId fetch(Fetch fetch);
  void cancel_fetch(RequestId request);  // no event of this fetch follows

  // ---- provider ----
  // Use each `alias` once in a session. `largest` is nullopt if nothing has been published.
  Expected<void> accept(RequestId request, TrackAlias alias, std::optional<Location> largest,
                        const Properties &properties = {}, const Parameters &parameters = {});
  // Refuses a subscription or a fetch.
  void refuse(RequestId request, RequestCode code, std::string_view reason,
              std::optional<std::uint64_t> retry_ms = {}, std::optional<Redirect> redirect = {});
  // `largest`: the joining location, if the update resumes the subscription.
  void accept_update(RequestId request, std::optional<Location> largest = {});
  // Ends the subscription too, as finish(request, DoneCode::update_failed, reason) does.
  void refuse_update(RequestId request, RequestCode code, std::string_view reason);
  // Sends PUBLISH_DONE. Resets the groups that are still open, so end the complete ones first.
  void finish(RequestId request, DoneCode code, std::string_view reason);

  // Opens a subgroup stream (subgroup 0) for the objects of one group, in ascending order. Without `priority`
  // the track's default holds. `first_object`: the first object on this stream is the first that was
  // published in the group.
  Expected<StreamId> begin_group(RequestId request, std::uint64_t group, std::optional<std::uint8_t> priority,
                                 bool first_object);
  // `wire` comes from encode_object() or from a received Object; it is shared, not copied. False: the stream
  // is gone.
  bool write_object(StreamId stream, std::uint64_t object, const Slice &wire);
  bool end_group(StreamId stream);
  bool abort_group(StreamId stream, ResetCode code);

  // Sends FETCH_OK and opens the data stream. `end` as in Fetched, or {largest group, largest object + 1} if
  // that is less.
  Expected<StreamId> accept_fetch(RequestId request, Location end, bool end_of_track = false,
                                  const Properties &properties = {});
  // Locations ascend; a gap means that the objects in it do not exist. `wire` as above, with status normal.
  // False: the stream is gone.
  bool write_fetched(StreamId stream, Location id, const Slice &wire);
  // Reports that the objects after the previous item, up to and including `last`, do not exist or are
  // unknown.
  bool write_missing(StreamId stream, Location last, bool unknown);
  bool end_fetch(StreamId stream);
  bool abort_fetch(StreamId stream, ResetCode code);

  // ---- inspection, for the driver and tests ----
  std::size_t buffered_bytes() const;  // memory of incomplete and early objects
  std::size_t open_streams() const;    // streams with state here, control streams included
  void check_invariants() const;       // asserts that the state is consistent

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace astral::moqt
