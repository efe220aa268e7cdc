// SPDX-License-Identifier: BSD-3-Clause
// Control messages (§10): Type vi64 | Length uint16 | body. The codec between bytes and structs; it has no
// state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "glue/bytes.hpp"
#include "moqt/parameters.hpp"
#include "moqt/properties.hpp"
#include "moqt/types.hpp"
#include "moqt/wire.hpp"

namespace astral::moqt {

enum class MessageType : std::uint64_t {
  request_update = 0x02,
  subscribe = 0x03,
  subscribe_ok = 0x04,
  request_error = 0x05,
  publish_namespace = 0x06,
  request_ok = 0x07,
  namespace_ = 0x08,
  publish_done = 0x0B,
  track_status = 0x0D,
  namespace_done = 0x0E,
  publish_blocked = 0x0F,
  goaway = 0x10,
  fetch = 0x16,
  fetch_ok = 0x18,
  publish = 0x1D,
  subscribe_namespace = 0x50,
  subscribe_tracks = 0x51,
  setup = 0x2F00,
};

namespace option {  // Setup options (§10.3.1)
inline constexpr std::uint64_t path = 0x01;
inline constexpr std::uint64_t authorization_token = 0x03;
inline constexpr std::uint64_t max_auth_token_cache_size = 0x04;
inline constexpr std::uint64_t authority = 0x05;
inline constexpr std::uint64_t implementation = 0x07;
}  // namespace option

struct Setup {
  Properties options;  // unknown options are kept and ignored
};

struct Goaway {
  std::string uri;
  std::uint64_t timeout_ms = 0;
  std::optional<RequestId> request;  // draft 18, control stream only: the lowest request id not processed
};

struct Subscribe {
  RequestId id{};
  TrackName track;
  Parameters parameters;
};

struct SubscribeOk {
  TrackAlias alias{};
  Parameters parameters;
  Properties properties;  // of the track
};

struct RequestOk {
  Parameters parameters;
  Properties properties;  // of the track; only in the answer to TRACK_STATUS
};

struct Redirect {
  std::string uri;  // empty: the peer of this session
  TrackName track;
};

struct RequestError {
  RequestCode code = RequestCode::internal_error;
  std::uint64_t retry = 0;  // milliseconds + 1; 0: do not retry
  std::string reason;
  std::optional<Redirect> redirect;  // set if and only if code is redirect
};

struct RequestUpdate {
  RequestId id{};
  Parameters parameters;
};

struct Publish {
  RequestId id{};
  TrackName track;
  TrackAlias alias{};
  Parameters parameters;
  Properties properties;
};

struct PublishDone {
  static constexpr std::uint64_t unknown_count = (std::uint64_t{1} << 62) - 1;  // in drafts 18 and 19
  DoneCode code = DoneCode::internal_error;
  std::uint64_t stream_count = 0;  // data streams opened for the subscription
  std::string reason;
};

struct TrackStatus {
  RequestId id{};
  TrackName track;
  Parameters parameters;
};

struct PublishNamespace {
  RequestId id{};
  Namespace space;
  Parameters parameters;
};

struct SubscribeNamespace {
  RequestId id{};
  Namespace prefix;
  Parameters parameters;
};

struct SubscribeTracks {
  RequestId id{};
  Namespace prefix;
  Parameters parameters;
};

struct NamespaceFound {  // NAMESPACE
  Namespace suffix;
};
struct NamespaceDone {
  Namespace suffix;
};
struct PublishBlocked {
  Namespace suffix;
  std::string name;
};

struct StandaloneFetch {
  TrackName track;
  Location start;
  Location end;  // {group, last object + 1}; object 0: the whole group
};
struct JoiningFetch {
  bool relative = true;
  RequestId request{};      // the subscription to join
  std::uint64_t start = 0;  // relative: groups back; absolute: the group
};
struct Fetch {
  RequestId id{};
  std::variant<StandaloneFetch, JoiningFetch> range;
  Parameters parameters;
};

struct FetchOk {
  bool end_of_track = false;
  Location end;
  Parameters parameters;
  Properties properties;
};

using Message = std::variant<Setup, Goaway, Subscribe, SubscribeOk, RequestOk, RequestError, RequestUpdate,
                             Publish, PublishDone, TrackStatus, PublishNamespace, SubscribeNamespace,
                             SubscribeTracks, NamespaceFound, NamespaceDone, PublishBlocked, Fetch, FetchOk>;

// Encodes the message with its frame. The caller stays within the maxima of limits.hpp; a body above
// max_control_body is a bug and asserts.
std::vector<std::uint8_t> encode(const Message &message, Version version = Version::draft18);

// One message at the front of a stream's bytes.
struct Frame {
  MessageType type{};
  Bytes body;            // points into the input
  std::size_t size = 0;  // of the whole message, bytes; 0: incomplete
};

// Fails as soon as an unknown type can be read.
Decoded<Frame> next_frame(Bytes stream);

Decoded<Message> decode(MessageType type, Bytes body, Version version = Version::draft18);

std::string_view name_of(MessageType type);

}  // namespace astral::moqt
