// SPDX-License-Identifier: BSD-3-Clause
// The types of MOQT that the codec and the session share: ids, locations, names, codes. "§" is a section of
// draft-ietf-moq-transport-18.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace astral::moqt {

enum class RequestId : std::uint64_t {};   // even: made by the client; odd: by the server (§10.1)
enum class StreamId : std::uint64_t {};    // QUIC's stream id (RFC 9000 §2.1)
enum class TrackAlias : std::uint64_t {};  // chosen by the publisher's side for one session (§11.1)

constexpr std::uint64_t raw(RequestId id) {
  return static_cast<std::uint64_t>(id);
}
constexpr std::uint64_t raw(StreamId id) {
  return static_cast<std::uint64_t>(id);
}
constexpr std::uint64_t raw(TrackAlias alias) {
  return static_cast<std::uint64_t>(alias);
}

enum class Role { client, server };  // of the QUIC connection; in Astral the provider is the server

// The drafts that this code speaks. README.md says how they differ.
enum class Version { draft18, draft19 };

constexpr std::string_view alpn(Version version) {
  return version == Version::draft18 ? "moqt-18" : "moqt-19";
}

// An object's position in its track, ordered by group and then by object (§1.4.2).
struct Location {
  std::uint64_t group = 0;
  std::uint64_t object = 0;
  friend auto operator<=>(const Location &, const Location &) = default;
};

using Namespace = std::vector<std::string>;  // a tuple of non-empty byte strings

struct TrackName {
  Namespace space;
  std::string name;
  friend auto operator<=>(const TrackName &, const TrackName &) = default;
};

// Why a session closes (§3.5). It is QUIC's application error code.
enum class CloseCode : std::uint64_t {
  no_error = 0x0,
  internal_error = 0x1,
  unauthorized = 0x2,
  protocol_violation = 0x3,
  invalid_request_id = 0x4,
  duplicate_track_alias = 0x5,
  key_value_formatting = 0x6,
  invalid_path = 0x8,
  malformed_path = 0x9,
  goaway_timeout = 0x10,
  control_message_timeout = 0x11,
  data_stream_timeout = 0x12,
  auth_token_cache_overflow = 0x13,
  duplicate_auth_token_alias = 0x14,
  version_negotiation_failed = 0x15,
  malformed_auth_token = 0x16,
  unknown_auth_token_alias = 0x17,
  expired_auth_token = 0x18,
  invalid_authority = 0x19,
  malformed_authority = 0x1A,
};

// Why a request was refused (§15.10.2).
enum class RequestCode : std::uint64_t {
  internal_error = 0x0,
  unauthorized = 0x1,
  timeout = 0x2,
  not_supported = 0x3,
  malformed_auth_token = 0x4,
  expired_auth_token = 0x5,
  going_away = 0x6,
  excessive_load = 0x9,
  does_not_exist = 0x10,
  invalid_range = 0x11,
  malformed_track = 0x12,
  duplicate_subscription = 0x19,
  uninterested = 0x20,
  prefix_overlap = 0x30,
  namespace_too_large = 0x31,
  invalid_joining_request_id = 0x32,
  unsupported_extension = 0x33,
  redirect = 0x34,
};

// Why a publisher ended a subscription (§15.10.3).
enum class DoneCode : std::uint64_t {
  internal_error = 0x0,
  unauthorized = 0x1,
  track_ended = 0x2,
  subscription_ended = 0x3,
  going_away = 0x4,
  too_far_behind = 0x5,
  expired = 0x6,
  update_failed = 0x8,
  excessive_load = 0x9,
  malformed_track = 0x12,
};

// Why one stream was reset: the code of RESET_STREAM and STOP_SENDING (§3.3.3).
enum class ResetCode : std::uint64_t {
  internal_error = 0x0,
  cancelled = 0x1,
  delivery_timeout = 0x2,
  session_closed = 0x3,
  going_away = 0x4,
  too_far_behind = 0x5,
  unknown_object_status = 0x6,
  expired_auth_token = 0x7,
  excessive_load = 0x9,
  malformed_track = 0x12,
};

// Object Status (§11.2.1.1).
enum class ObjectStatus : std::uint64_t { normal = 0, end_of_group = 3, end_of_track = 4 };

}  // namespace astral::moqt
