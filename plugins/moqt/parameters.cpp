// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/parameters.hpp"

#include <cassert>
#include <initializer_list>
#include <limits>

#include "moqt/limits.hpp"

namespace astral::moqt {

namespace {

enum class Type : std::uint64_t {
  object_delivery_timeout = 0x02,
  authorization_token = 0x03,
  rendezvous_timeout = 0x04,
  subgroup_delivery_timeout = 0x06,
  expires = 0x08,
  largest_object = 0x09,
  fill_timeout = 0x0A,
  forward = 0x10,
  subscriber_priority = 0x20,
  subscription_filter = 0x21,
  group_order = 0x22,
  new_group_request = 0x32,
  track_namespace_prefix = 0x34,
};

bool one_of(ParameterScope scope, std::initializer_list<ParameterScope> scopes) {
  for (const ParameterScope allowed : scopes)
    if (scope == allowed) return true;
  return false;
}

// The table of §15.7. Returns false for an unknown type.
bool allowed(Type type, ParameterScope scope) {
  using enum ParameterScope;
  switch (type) {
    case Type::object_delivery_timeout:
    case Type::subgroup_delivery_timeout:
    case Type::subscription_filter:
    case Type::new_group_request:
      return one_of(scope, {subscribe, request_ok, request_update});
    case Type::authorization_token:
      return one_of(scope, {subscribe, fetch, publish, request_update, publish_namespace, subscribe_namespace,
                            subscribe_tracks, track_status});
    case Type::rendezvous_timeout:
      return scope == subscribe;
    case Type::expires:
      return one_of(scope, {subscribe_ok, publish, request_ok});
    case Type::largest_object:
      return one_of(scope, {subscribe_ok, publish, request_ok});
    case Type::fill_timeout:
      return scope == fetch;
    case Type::forward:
      return one_of(scope, {subscribe, request_update, publish, request_ok, subscribe_tracks});
    case Type::subscriber_priority:
      return one_of(scope, {subscribe, fetch, request_update, request_ok});
    case Type::group_order:
      return one_of(scope, {subscribe, request_ok, fetch});
    case Type::track_namespace_prefix:
      return scope == request_update;
  }
  return false;
}

// Counts parameters, and writes each type as the difference to the type before.
class List {
 public:
  Writer &next(Type type) {
    ++count_;
    body_.vi64(static_cast<std::uint64_t>(type) - previous_);
    previous_ = static_cast<std::uint64_t>(type);
    return body_;
  }
  void number(Type type, const std::optional<std::uint64_t> &value) {
    if (value) next(type).vi64(*value);
  }
  void finish(Writer &out) const { out.vi64(count_).bytes(body_.view()); }

 private:
  Writer body_;
  std::uint64_t count_ = 0;
  std::uint64_t previous_ = 0;
};

void write(Writer &out, const Filter &filter) {
  out.vi64(static_cast<std::uint64_t>(filter.kind));
  if (filter.kind == Filter::Kind::absolute_start || filter.kind == Filter::Kind::absolute_range)
    out.location(filter.start);
  if (filter.kind == Filter::Kind::absolute_range) out.vi64(filter.end_group_delta);
}

Decoded<Filter> decode_filter(Bytes wire) {
  Reader in(wire);
  Filter filter;
  const std::uint64_t kind = in.vi64();
  if (kind < 1 || kind > 4) return violation("unknown subscription filter");
  filter.kind = static_cast<Filter::Kind>(kind);
  if (kind >= 3) filter.start = in.location();
  if (kind == 4) filter.end_group_delta = in.vi64();
  if (!in.done())
    return violation("subscription filter of the wrong length", CloseCode::key_value_formatting);
  if (filter.end_group_delta > std::numeric_limits<std::uint64_t>::max() - filter.start.group)
    return violation("subscription filter ends above group 2^64-1");
  return filter;
}

template <typename T>
Decoded<void> assign(std::optional<T> &to, Decoded<T> value) {
  if (!value) return tl::unexpected(value.error());
  to = std::move(*value);
  return {};
}

Decoded<void> read_one(Reader &in, Type type, Parameters &to) {
  switch (type) {
    case Type::object_delivery_timeout:
      to.object_delivery_timeout_ms = in.vi64();
      return {};
    case Type::authorization_token: {
      if (to.tokens.size() == max_tokens) return violation("too many authorization tokens");
      const Bytes wire = in.take_prefixed();
      if (!in.ok()) return {};
      auto token = decode_token(wire);
      if (!token) return tl::unexpected(token.error());
      to.tokens.push_back(std::move(*token));
      return {};
    }
    case Type::rendezvous_timeout:
      to.rendezvous_timeout_ms = in.vi64();
      return {};
    case Type::subgroup_delivery_timeout:
      to.subgroup_delivery_timeout_ms = in.vi64();
      return {};
    case Type::expires:
      to.expires_ms = in.vi64();
      return {};
    case Type::largest_object:
      to.largest_object = in.location();
      return {};
    case Type::fill_timeout:
      to.fill_timeout_ms = in.vi64();
      return {};
    case Type::forward: {
      const std::uint8_t value = in.uint8();
      if (value > 1) return violation("FORWARD is neither 0 nor 1");
      to.forward = value == 1;
      return {};
    }
    case Type::subscriber_priority:
      to.subscriber_priority = in.uint8();
      return {};
    case Type::subscription_filter: {
      const Bytes wire = in.take_prefixed();
      if (!in.ok()) return {};
      return assign(to.filter, decode_filter(wire));
    }
    case Type::group_order: {
      const std::uint8_t value = in.uint8();
      if (in.ok() && (value < 1 || value > 2)) return violation("GROUP_ORDER is neither 1 nor 2");
      to.group_order = static_cast<GroupOrder>(value);
      return {};
    }
    case Type::new_group_request:
      to.new_group_request = in.vi64();
      return {};
    case Type::track_namespace_prefix:
      return assign(to.track_namespace_prefix, read_namespace(in));
  }
  return violation("unknown parameter");
}

}  // namespace

void write(Writer &out, const Parameters &parameters) {
  List list;
  list.number(Type::object_delivery_timeout, parameters.object_delivery_timeout_ms);
  for (const Token &token : parameters.tokens) {
    Writer value;
    write(value, token);
    list.next(Type::authorization_token).prefixed(value.view());
  }
  list.number(Type::rendezvous_timeout, parameters.rendezvous_timeout_ms);
  list.number(Type::subgroup_delivery_timeout, parameters.subgroup_delivery_timeout_ms);
  list.number(Type::expires, parameters.expires_ms);
  if (parameters.largest_object) list.next(Type::largest_object).location(*parameters.largest_object);
  list.number(Type::fill_timeout, parameters.fill_timeout_ms);
  if (parameters.forward) list.next(Type::forward).uint8(*parameters.forward ? 1 : 0);
  if (parameters.subscriber_priority)
    list.next(Type::subscriber_priority).uint8(*parameters.subscriber_priority);
  if (parameters.filter) {
    Writer value;
    write(value, *parameters.filter);
    list.next(Type::subscription_filter).prefixed(value.view());
  }
  if (parameters.group_order)
    list.next(Type::group_order).uint8(static_cast<std::uint8_t>(*parameters.group_order));
  list.number(Type::new_group_request, parameters.new_group_request);
  if (parameters.track_namespace_prefix)
    write(list.next(Type::track_namespace_prefix), *parameters.track_namespace_prefix);
  list.finish(out);
}

Decoded<Parameters> read_parameters(Reader &in, ParameterScope scope) {
  Parameters parameters;
  const std::uint64_t count = in.vi64();
  std::uint64_t type = 0;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t delta = in.vi64();
    if (delta > std::numeric_limits<std::uint64_t>::max() - type)
      return violation("parameter type above 2^64-1");
    type += delta;
    const auto known = static_cast<Type>(type);
    if (!in.ok()) break;
    if (!allowed(known, scope))
      return violation("parameter " + std::to_string(type) + " does not belong here");
    if (i > 0 && delta == 0 && known != Type::authorization_token)
      return violation("parameter " + std::to_string(type) + " twice");
    if (auto read = read_one(in, known, parameters); !read) return tl::unexpected(read.error());
  }
  if (!in.ok()) return violation("parameters are cut short");
  return parameters;
}

// The assert checks our own namespaces: "astral" and a slug that is not empty.
void write(Writer &out, const Namespace &space) {
  assert(space.size() <= max_namespace_fields);
  out.vi64(space.size());
  for (const std::string &field : space) {
    assert(!field.empty());
    out.prefixed(field);
  }
}

Decoded<Namespace> read_namespace(Reader &in) {
  const std::uint64_t fields = in.vi64();
  if (fields > max_namespace_fields) return violation("namespace of more than 32 fields");
  Namespace space;
  std::size_t total = 0;
  for (std::uint64_t i = 0; i < fields; ++i) {
    const Bytes field = in.take_prefixed();
    if (!in.ok()) break;
    if (field.empty()) return violation("namespace field of length 0");
    total += field.size();
    if (total > max_full_track_name) return violation("namespace of more than 4096 bytes");
    space.emplace_back(as_text(field));
  }
  if (!in.ok()) return violation("namespace is cut short");
  return space;
}

void write(Writer &out, const TrackName &track) {
  write(out, track.space);
  out.prefixed(track.name);
}

Decoded<TrackName> read_track_name(Reader &in) {
  auto space = read_namespace(in);
  if (!space) return tl::unexpected(space.error());
  const Bytes name = in.take_prefixed();
  if (!in.ok()) return violation("track name is cut short");
  std::size_t total = name.size();
  for (const std::string &field : *space) total += field.size();
  if (total > max_full_track_name) return violation("full track name of more than 4096 bytes");
  return TrackName{std::move(*space), std::string(as_text(name))};
}

void write(Writer &out, const Token &token) {
  out.vi64(static_cast<std::uint64_t>(token.kind));
  if (token.kind != Token::Alias::use_value) out.vi64(token.alias);
  if (token.kind == Token::Alias::register_ || token.kind == Token::Alias::use_value)
    out.vi64(token.type).bytes(token.value);
}

Decoded<Token> decode_token(Bytes wire) {
  Reader in(wire);
  Token token;
  const std::uint64_t kind = in.vi64();
  if (kind > 3) return violation("unknown token alias type", CloseCode::key_value_formatting);
  token.kind = static_cast<Token::Alias>(kind);
  if (token.kind != Token::Alias::use_value) token.alias = in.vi64();
  if (token.kind == Token::Alias::register_ || token.kind == Token::Alias::use_value) {
    token.type = in.vi64();
    token.value = as_text(in.take_rest());
  }
  if (!in.done()) return violation("token of the wrong length", CloseCode::key_value_formatting);
  return token;
}

}  // namespace astral::moqt
