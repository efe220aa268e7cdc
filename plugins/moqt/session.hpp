// SPDX-License-Identifier: BSD-3-Clause
// One MOQT session over one QUIC connection, without the connection: what arrives on its streams goes in,
// actions for the driver and events for the application come out.
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

// ---- Actions: what the driver does with the QUIC connection, in order ----

inline constexpr std::uint8_t default_priority = 128;  // low goes first
struct OpenStream {  // the next stream of its kind that QUIC numbers will be this one
  StreamId stream{};
  bool bidi = false;
  std::uint8_t priority = default_priority;
};
struct Send {
  StreamId stream{};
  Slice bytes;  // may be empty if fin
  bool fin = false;
};
struct Reset {  // our sending side
  StreamId stream{};
  ResetCode code{};
};
struct StopSending {  // asks the peer to reset its sending side
  StreamId stream{};
  ResetCode code{};
};
struct Close {  // the connection; nothing follows
  CloseCode code{};
  std::string reason;
};
using Action = std::variant<OpenStream, Send, Reset, StopSending, Close>;

// ---- Events: what the application is told, in order ----

struct SetupReceived {
  Setup setup;
};

// At the provider.
struct Subscribed {  // must be answered with accept() or refuse()
  RequestId request{};
  Subscribe subscribe;
};
struct UpdateReceived {  // must be answered with accept_update() or refuse_update()
  RequestId request{};
  bool forward = true;    // the state that holds from now on
  Parameters parameters;  // all that the update said
};
struct Unsubscribed {  // the peer cancelled: its groups are reset, the id is forgotten
  RequestId request{};
};
struct GroupStopped {  // the peer does not want this group: it is reset, the stream id is forgotten
  RequestId request{};
  StreamId stream{};
  std::uint64_t group = 0;
};
struct Fetched {  // must be answered with accept_fetch() or refuse()
  RequestId request{};
  TrackName track;
  Location start;
  Location end;  // {group, last object + 1}; object 0: all of that group
  Parameters parameters;
};
struct FetchCancelled {  // the peer cancelled: the data stream is reset, the id is forgotten
  RequestId request{};
};

// At the consumer.
struct SubscribeAccepted {
  RequestId request{};
  std::optional<Location> largest;  // nothing: no object was published yet
  Parameters parameters;
  Properties properties;  // of the track
};
struct SubscribeRefused {  // the id is forgotten
  RequestId request{};
  RequestCode code{};
  std::uint64_t retry = 0;  // milliseconds + 1; 0: do not
  std::string reason;
  std::optional<Redirect> redirect;
};
struct UpdateAccepted {  // in the order of the updates
  RequestId request{};
  std::optional<Location> largest;  // what was published when it took effect, if the provider says so
};
struct UpdateRefused {  // Done follows
  RequestId request{};
  RequestCode code{};
  std::string reason;
};
struct ObjectReceived {  // of a subscription, or of a fetch
  RequestId request{};
  Object object;
};
struct GroupEnded {  // of one subgroup stream
  RequestId request{};
  std::uint64_t group = 0;
  std::uint64_t subgroup = 0;
  bool complete = false;      // FIN: all objects of the stream arrived; else it was reset, or we stopped it
  bool end_of_group = false;  // and no object of the group comes after them
  ResetCode code{};           // of an incomplete one
};
struct Done {  // after the last GroupEnded of the subscription; the id is forgotten
  RequestId request{};
  DoneCode code{};
  std::string reason;
};
struct FetchAccepted {  // before the objects, among them or after them
  RequestId request{};
  Location end;  // as in Fetched; smaller than what was asked for if less was published
  bool end_of_track = false;
  Parameters parameters;
  Properties properties;  // of the track
};
struct FetchRefused {  // maybe after objects; the id is forgotten
  RequestId request{};
  RequestCode code{};
  std::uint64_t retry = 0;  // milliseconds + 1; 0: do not
  std::string reason;
  std::optional<Redirect> redirect;
};
struct FetchMissing {  // all behind the item before, up to and with `last`
  RequestId request{};
  Location last;
  bool unknown = false;  // the provider cannot say; else it does not exist
};
struct FetchEnded {  // the last about it; the id is forgotten
  RequestId request{};
  bool complete = false;  // FIN: what did not come does not exist; else it was reset, or we stopped it
  ResetCode code{};       // of an incomplete one
};

// At both.
struct GoawayReceived {
  std::uint64_t timeout_ms = 0;
  std::string uri;
  std::optional<RequestId> request;  // set: only this one shall move
};

using Event = std::variant<SetupReceived, Subscribed, UpdateReceived, Unsubscribed, GroupStopped, Fetched,
                           FetchCancelled, SubscribeAccepted, SubscribeRefused, UpdateAccepted, UpdateRefused,
                           ObjectReceived, GroupEnded, Done, FetchAccepted, FetchRefused, FetchMissing,
                           FetchEnded, GoawayReceived>;

// The session.
//
//     open ──close(), or a violation by the peer──▶ closed        (a Close action is the last; then all is
//     ignored)
//
//   A subscription of ours (consumer):
//     subscribe() ──▶ pending ──SUBSCRIBE_OK: SubscribeAccepted──▶ established ──PUBLISH_DONE──▶ finishing
//                        │                                             │                            │ its
//                        streams ├─ REQUEST_ERROR: SubscribeRefused ─▶ gone    ├─ stream cut: Done ─▶ gone  ▼
//                        have ended └──────────────── unsubscribe() ──────────────┴──────────────▶ gone ◀──
//                        Done
//   A subscription of the peer (provider):
//     SUBSCRIBE: Subscribed ──▶ pending ──accept()──▶ established ──finish()──▶ gone
//                                  ├─ refuse() ─▶ gone   │
//                                  └──── STOP_SENDING or RESET: Unsubscribed ───────▶ gone
//   A group of ours (one subgroup stream): begin_group() ──▶ open ──end_group() or abort_group()──▶ gone
//                                                             └─ STOP_SENDING: GroupStopped ─▶ gone
//   A fetch of ours: its data stream may come before, with or after FETCH_OK.
//     fetch() ──▶ pending ──FETCH_OK: FetchAccepted──▶ accepted ──both FETCH_OK and FIN: FetchEnded──▶ gone
//                    ├─ REQUEST_ERROR, or the request is cut: FetchRefused ─▶ gone
//                    └──── the data or an accepted request is cut: FetchEnded; cancel_fetch() ───────▶ gone
//   A fetch of the peer:
//     FETCH ──standalone, or its subscription is answered: Fetched──▶ pending ──accept_fetch()──▶ open
//       └─ cannot be joined ─▶ gone                            refuse() ─┤                        │
//                              STOP_SENDING or RESET: FetchCancelled ────┴──▶ gone ◀── end_fetch() or
//                                                                                      abort_fetch()
//
// Thread: none of its own; one caller at a time. Calls nobody back: after each call take what is there.
// Errors: a bad peer closes the session (Close); a call about something that is gone does nothing and says
// so. Units: times in milliseconds, as on the wire. Order of requests' and groups' ids is the caller's
// business.
class Session {
 public:
  explicit Session(Role role, Limits limits = {}, Version version = Version::draft18);
  ~Session();
  Session(Session &&) noexcept;
  Session &operator=(Session &&) noexcept;

  // ---- from QUIC ----
  void receive(StreamId stream, Bytes bytes,
               bool fin);                           // in the order of the stream; nothing of `bytes` is kept
  void reset(StreamId stream, std::uint64_t code);  // RESET_STREAM from the peer
  void stop_sending(StreamId stream, std::uint64_t code);
  void datagram(Bytes bytes);  // parsed and dropped: we publish none

  // ---- to QUIC, and to the application ----
  std::vector<Action> take_actions();
  std::vector<Event> take_events();

  // ---- both roles ----
  void start();  // opens the control stream and sends SETUP; the first call
  void goaway(std::uint64_t timeout_ms, std::string_view uri = {});  // at most once; a client's uri is empty
  void close(CloseCode code, std::string_view reason);
  bool closed() const;

  // ---- consumer ----
  RequestId subscribe(Subscribe subscribe);  // subscribe.id is filled in here
  // False: it is gone, or too many updates are on their way.
  bool update(RequestId request, bool forward);
  bool update(RequestId request, const Parameters &parameters);
  // At any time, also while finishing; no event about it comes after this.
  void unsubscribe(RequestId request);

  // fetch.id is filled in here. A joining range names a subscription of ours, pending or established.
  RequestId fetch(Fetch fetch);
  void cancel_fetch(RequestId request);  // no event about it comes after this

  // ---- provider ----
  // `alias` must not be used twice in one session. `largest` is empty if nothing was published yet.
  Expected<void> accept(RequestId request, TrackAlias alias, std::optional<Location> largest,
                        const Properties &properties = {}, const Parameters &parameters = {});
  // A subscription or a fetch.
  void refuse(RequestId request, RequestCode code, std::string_view reason,
              std::optional<std::uint64_t> retry_ms = {}, std::optional<Redirect> redirect = {});
  // `largest`: the joining location, for a subscription that this update lets go on.
  void accept_update(RequestId request, std::optional<Location> largest = {});
  // Ends the subscription, as finish(request, DoneCode::update_failed, reason) does.
  void refuse_update(RequestId request, RequestCode code, std::string_view reason);
  // PUBLISH_DONE. A group that is still open is reset, so end the groups that are complete first.
  void finish(RequestId request, DoneCode code, std::string_view reason);

  // Objects of one group, ids ascending, on a stream of their own (subgroup 0). Without a priority the
  // track's default holds. `first_object`: the first object written here is the first that was ever published
  // in the group.
  Expected<StreamId> begin_group(RequestId request, std::uint64_t group, std::optional<std::uint8_t> priority,
                                 bool first_object);
  // `wire` as made by encode_object() or received in an Object; shared, not copied. False: the stream is
  // gone.
  bool write_object(StreamId stream, std::uint64_t object, const Slice &wire);
  bool end_group(StreamId stream);
  bool abort_group(StreamId stream, ResetCode code);

  // FETCH_OK, and the data stream. `end` as in Fetched, or {largest group, largest object + 1} if that is
  // less.
  Expected<StreamId> accept_fetch(RequestId request, Location end, bool end_of_track = false,
                                  const Properties &properties = {});
  // Locations ascending, gaps in them mean that there is nothing; `wire` as above, with a normal status.
  // False: the stream is gone.
  bool write_fetched(StreamId stream, Location id, const Slice &wire);
  // There is nothing (or we know nothing) behind the item before, up to and with `last`.
  bool write_missing(StreamId stream, Location last, bool unknown);
  bool end_fetch(StreamId stream);
  bool abort_fetch(StreamId stream, ResetCode code);

  // ---- for the driver's and the tests' eyes ----
  std::size_t buffered_bytes() const;  // what incomplete and early objects hold now
  std::size_t open_streams() const;    // that have a state here, the control streams too
  void check_invariants() const;       // asserts

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace astral::moqt
