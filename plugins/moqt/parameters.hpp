// SPDX-License-Identifier: BSD-3-Clause
// The parameters of requests and answers (§10.2): a counted list. A type that is unknown, or not allowed in
// this message, is a violation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "moqt/wire.hpp"

namespace astral::moqt {

// AUTHORIZATION_TOKEN (§10.2.2).
struct Token {
  enum class Alias : std::uint64_t { remove = 0, register_ = 1, use_alias = 2, use_value = 3 };
  Alias kind = Alias::use_value;
  std::uint64_t alias = 0;  // for all kinds but use_value
  std::uint64_t type = 0;   // for register_ and use_value; 0 = agreed out of band
  std::string value;
  friend bool operator==(const Token &, const Token &) = default;
};

// Where a subscription starts and ends (§5.1.2). Without a filter: everything that is newly published.
struct Filter {
  enum class Kind : std::uint64_t {
    next_group = 1,
    largest_object = 2,
    absolute_start = 3,
    absolute_range = 4
  };
  Kind kind = Kind::largest_object;
  Location start;                     // absolute_start, absolute_range
  std::uint64_t end_group_delta = 0;  // absolute_range: last group minus start.group
  friend bool operator==(const Filter &, const Filter &) = default;
};

enum class GroupOrder : std::uint8_t { ascending = 1, descending = 2 };

struct Parameters {
  std::optional<std::uint64_t> object_delivery_timeout_ms;
  std::vector<Token> tokens;
  std::optional<std::uint64_t> rendezvous_timeout_ms;
  std::optional<std::uint64_t> subgroup_delivery_timeout_ms;
  std::optional<std::uint64_t> expires_ms;
  std::optional<Location> largest_object;
  std::optional<std::uint64_t> fill_timeout_ms;
  std::optional<bool> forward;  // absent: 1; in REQUEST_UPDATE: unchanged
  std::optional<std::uint8_t> subscriber_priority;
  std::optional<Filter> filter;
  std::optional<GroupOrder> group_order;
  std::optional<std::uint64_t> new_group_request;
  std::optional<Namespace> track_namespace_prefix;
  friend bool operator==(const Parameters &, const Parameters &) = default;
};

// The messages that carry parameters, as §15.7 names them.
enum class ParameterScope {
  subscribe,
  subscribe_ok,
  request_ok,  // answers REQUEST_UPDATE, PUBLISH or TRACK_STATUS, and does not say which
  request_update,
  publish,
  publish_namespace,
  subscribe_namespace,
  subscribe_tracks,
  fetch,
  fetch_ok,
  track_status,
};

void write(Writer &out, const Parameters &parameters);
Decoded<Parameters> read_parameters(Reader &in, ParameterScope scope);

// Namespaces and full track names (§2.4.1), with their maxima. An empty namespace is valid only as a prefix.
void write(Writer &out, const Namespace &space);
Decoded<Namespace> read_namespace(Reader &in);
void write(Writer &out, const TrackName &track);
Decoded<TrackName> read_track_name(Reader &in);

void write(Writer &out, const Token &token);
Decoded<Token> decode_token(Bytes wire);

}  // namespace astral::moqt
