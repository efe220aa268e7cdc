// SPDX-License-Identifier: BSD-3-Clause
// Control messages: vectors that an independent codec of draft 18 made (npm @moqt/transport 0.5.7), each
// message encoded and decoded, cut at each byte, and beyond each maximum.
#include "moqt/messages.hpp"

#include <gtest/gtest.h>

#include "hex.hpp"
#include "moqt/limits.hpp"

namespace astral::moqt {
namespace {

Decoded<Message> decode_all(Bytes wire, Version version = Version::draft18) {
  const auto frame = next_frame(wire);
  if (!frame) return tl::unexpected(frame.error());
  if (frame->size != wire.size()) return violation("test: not one whole message");
  return decode(frame->type, frame->body, version);
}

template <typename T>
T decoded(std::string_view text) {
  const auto wire = hex(text);
  const auto message = decode_all(wire);
  EXPECT_TRUE(message) << message.error().reason;
  EXPECT_TRUE(message && std::holds_alternative<T>(*message));
  if (message) {
    EXPECT_EQ(to_hex(encode(*message)), to_hex(wire));
  }
  return message && std::holds_alternative<T>(*message) ? std::get<T>(*message) : T{};
}

CloseCode refused(MessageType type, std::string_view body) {
  const auto bytes = hex(body);
  const auto message = decode(type, bytes);
  EXPECT_FALSE(message) << body;
  return message ? CloseCode::no_error : message.error().code;
}

const TrackName astral_s1_v{{"astral", "s1"}, "v"};

// ---- vectors ----

TEST(Vectors, Setup) {
  const auto setup = decoded<moqt::Setup>("af00 0009 01 02 2f78 04 03 683a31");
  EXPECT_EQ(setup.options.bytes(option::path), "/x");
  EXPECT_EQ(setup.options.bytes(option::authority), "h:1");
}

TEST(Vectors, Subscribe) {
  const auto subscribe = decoded<Subscribe>(
      "03 001b 00 02 06\"astral\" 02\"s1\" 01\"v\" 03 | 03 03 0300aa | 1d 80 | 01 03 030a03");
  EXPECT_EQ(subscribe.id, RequestId{0});
  EXPECT_EQ(subscribe.track, astral_s1_v);
  ASSERT_EQ(subscribe.parameters.tokens.size(), 1u);
  EXPECT_EQ(subscribe.parameters.tokens[0], (Token{Token::Alias::use_value, 0, 0, "\xaa"}));
  EXPECT_EQ(subscribe.parameters.subscriber_priority, 128);
  EXPECT_EQ(subscribe.parameters.filter, (Filter{Filter::Kind::absolute_start, {10, 3}, 0}));
}

TEST(Vectors, SubscribeOk) {
  const auto ok = decoded<SubscribeOk>("04 0007 07 01 09 0502 0e64");
  EXPECT_EQ(ok.alias, TrackAlias{7});
  EXPECT_EQ(ok.parameters.largest_object, (Location{5, 2}));
  EXPECT_EQ(ok.properties.number(property::default_publisher_priority), 100u);
}

TEST(Vectors, RequestOk) {
  EXPECT_EQ(decoded<RequestOk>("07 0001 00").parameters, Parameters{});
}

TEST(Vectors, RelativeJoiningFetch) {
  const auto fetch = decoded<Fetch>("16 0005 02 02 00 00 00");
  EXPECT_EQ(fetch.id, RequestId{2});
  const auto &joining = std::get<JoiningFetch>(fetch.range);
  EXPECT_TRUE(joining.relative);
  EXPECT_EQ(joining.request, RequestId{0});
  EXPECT_EQ(joining.start, 0u);
}

TEST(Vectors, StandaloneFetch) {
  const auto fetch = decoded<Fetch>("16 0014 04 01 02 06\"astral\" 02\"s1\" 01\"v\" 0503 0600 00");
  const auto &range = std::get<StandaloneFetch>(fetch.range);
  EXPECT_EQ(range.track, astral_s1_v);
  EXPECT_EQ(range.start, (Location{5, 3}));
  EXPECT_EQ(range.end, (Location{6, 0}));
}

TEST(Vectors, Goaway) {
  const auto goaway = decoded<Goaway>("10 0004 00 9388 01");
  EXPECT_EQ(goaway.uri, "");
  EXPECT_EQ(goaway.timeout_ms, 5000u);
  EXPECT_EQ(goaway.request, RequestId{1});
}

TEST(Vectors, PublishNamespace) {
  EXPECT_EQ(decoded<PublishNamespace>("06 000d 00 02 06\"astral\" 02\"s1\" 00").space, astral_s1_v.space);
}

TEST(Vectors, FillTimeout) {
  const auto fetch = decoded<Fetch>("16 0008 02 02 00 00 01 0a 80c8");
  EXPECT_EQ(fetch.parameters.fill_timeout_ms, 200u);
}

// ---- every message, with every field ----

Parameters every_parameter(ParameterScope scope) {
  Parameters all;
  all.object_delivery_timeout_ms = 300;
  all.tokens = {{Token::Alias::remove, 4, 0, ""},
                {Token::Alias::register_, 5, 1, "secret"},
                {Token::Alias::use_alias, 5, 0, ""},
                {Token::Alias::use_value, 0, 0, std::string("\0x", 2)}};
  all.rendezvous_timeout_ms = 1000;
  all.subgroup_delivery_timeout_ms = 2000;
  all.expires_ms = std::uint64_t{1} << 40;
  all.largest_object = Location{~std::uint64_t{0}, 1};
  all.fill_timeout_ms = 0;
  all.forward = false;
  all.subscriber_priority = 255;
  all.filter = Filter{Filter::Kind::absolute_range, {7, 0}, 3};
  all.group_order = GroupOrder::descending;
  all.new_group_request = 8;
  all.track_namespace_prefix = Namespace{"a", "b"};
  // Keep those that are allowed in this message.
  Parameters some;
  const auto keep = [&](auto Parameters::*member) {
    Parameters one;
    one.*member = all.*member;
    Writer out;
    write(out, one);
    Reader in(out.view());
    if (read_parameters(in, scope)) some.*member = all.*member;
  };
  keep(&Parameters::object_delivery_timeout_ms);
  keep(&Parameters::tokens);
  keep(&Parameters::rendezvous_timeout_ms);
  keep(&Parameters::subgroup_delivery_timeout_ms);
  keep(&Parameters::expires_ms);
  keep(&Parameters::largest_object);
  keep(&Parameters::fill_timeout_ms);
  keep(&Parameters::forward);
  keep(&Parameters::subscriber_priority);
  keep(&Parameters::filter);
  keep(&Parameters::group_order);
  keep(&Parameters::new_group_request);
  keep(&Parameters::track_namespace_prefix);
  return some;
}

std::vector<Message> every_message() {
  using enum ParameterScope;
  Properties properties;
  properties.add(0x3801, "bytes")
      .add(property::default_publisher_priority, 9)
      .add(0x3801, "again")
      .add(0x0B, "\x02\x01");
  moqt::Setup setup;
  setup.options.add(option::implementation, "astral/test").add(0x9D, std::string_view("grease"));
  return {
      setup,
      Goaway{"moqt://other/", 5000, RequestId{6}},
      Subscribe{RequestId{2}, astral_s1_v, every_parameter(subscribe)},
      SubscribeOk{TrackAlias{300}, every_parameter(subscribe_ok), properties},
      RequestOk{every_parameter(request_ok), properties},
      RequestError{RequestCode::does_not_exist, 1001, "no such stream", std::nullopt},
      RequestError{RequestCode::redirect, 0, "there", Redirect{"moqt://there/", {{"x"}, "y"}}},
      RequestUpdate{RequestId{4}, every_parameter(request_update)},
      Publish{RequestId{1}, astral_s1_v, TrackAlias{3}, every_parameter(publish), properties},
      PublishDone{DoneCode::too_far_behind, PublishDone::unknown_count, "slow"},
      TrackStatus{RequestId{8}, {{}, ""}, every_parameter(track_status)},
      PublishNamespace{RequestId{1}, {"astral"}, every_parameter(publish_namespace)},
      SubscribeNamespace{RequestId{1}, {}, every_parameter(subscribe_namespace)},
      SubscribeTracks{RequestId{1}, {"a", "b", "c"}, every_parameter(subscribe_tracks)},
      NamespaceFound{{"s1"}},
      NamespaceDone{{}},
      PublishBlocked{{"s1"}, "media"},
      Fetch{RequestId{10}, StandaloneFetch{astral_s1_v, {1, 2}, {3, 0}}, every_parameter(fetch)},
      Fetch{RequestId{12}, JoiningFetch{false, RequestId{2}, 40}, {}},
      FetchOk{true, {9, 9}, every_parameter(fetch_ok), properties},
  };
}

TEST(Messages, DecodeToWhatWasEncoded) {
  for (const Message &message : every_message()) {
    const auto wire = encode(message);
    const auto again = decode_all(wire);
    ASSERT_TRUE(again) << to_hex(wire) << ": " << again.error().reason;
    EXPECT_EQ(again->index(), message.index());
    EXPECT_EQ(to_hex(encode(*again)), to_hex(wire));
  }
}

TEST(Messages, AMessageCutAnywhereNeedsMoreBytes) {
  for (const Message &message : every_message()) {
    const auto wire = encode(message);
    for (std::size_t size = 0; size < wire.size(); ++size) {
      const auto frame = next_frame(Bytes(wire).first(size));
      ASSERT_TRUE(frame) << to_hex(wire);
      EXPECT_EQ(frame->size, 0u);
    }
  }
}

// A body that was cut and framed again is refused, unless the missing part is optional.
TEST(Messages, ACutBodyIsRefusedUnlessTheRestIsOptional) {
  for (const Message &message : every_message()) {
    const auto wire = encode(message);
    const auto frame = next_frame(wire);
    ASSERT_TRUE(frame);
    for (std::size_t size = 0; size < frame->body.size(); ++size) {
      const auto cut = decode(frame->type, frame->body.first(size));
      if (!cut) continue;
      EXPECT_LT(encode(*cut).size(), wire.size());
      EXPECT_TRUE(frame->type == MessageType::setup || frame->type == MessageType::goaway ||
                  frame->type == MessageType::subscribe_ok || frame->type == MessageType::request_ok ||
                  frame->type == MessageType::publish || frame->type == MessageType::fetch_ok)
          << name_of(frame->type) << " cut to " << size;
    }
  }
}

TEST(Messages, ABodyWithExtraBytesIsRefused) {
  for (const Message &message : every_message()) {
    const auto wire = encode(message);
    const auto frame = next_frame(wire);
    std::vector<std::uint8_t> longer(frame->body.begin(), frame->body.end());
    longer.push_back(0);
    EXPECT_FALSE(decode(frame->type, longer)) << name_of(frame->type);
  }
}

TEST(Messages, AChangedByteIsDecodedSafely) {
  for (const Message &message : every_message()) {
    auto wire = encode(message);
    for (std::size_t at = 0; at < wire.size(); ++at) {
      for (const int change : {0x01, 0x80, 0xFF}) {
        wire[at] = static_cast<std::uint8_t>(wire[at] ^ change);
        if (const auto frame = next_frame(wire); frame && frame->size != 0) {
          if (const auto again = decode(frame->type, frame->body)) {
            EXPECT_FALSE(encode(*again).empty());
          }
        }
        wire[at] = static_cast<std::uint8_t>(wire[at] ^ change);
      }
    }
  }
}

TEST(Messages, AnUnknownTypeIsRefusedAtOnce) {
  for (const char *type : {"01", "20", "21", "8040", "8041", "1e", "809d"}) {
    const auto wire = hex(type);
    EXPECT_FALSE(next_frame(wire)) << type;
  }
}

TEST(Messages, NonMinimalNumbersAreAccepted) {
  const auto wire = hex("8004 0009 8007 01 09 05 8002 0e64");
  const auto message = decode_all(wire);
  ASSERT_TRUE(message) << message.error().reason;
  EXPECT_EQ(std::get<SubscribeOk>(*message).alias, TrackAlias{7});
  EXPECT_EQ(std::get<SubscribeOk>(*message).parameters.largest_object, (Location{5, 2}));
}

// ---- versions ----

TEST(Versions, GoawayHasNoRequestIdInDraft19) {
  const Goaway goaway{"", 5000, RequestId{1}};
  EXPECT_EQ(to_hex(encode(goaway, Version::draft19)), "100003009388");
  const auto old = hex("10 0004 00 9388 01");
  EXPECT_FALSE(decode_all(old, Version::draft19));
  const auto now = hex("10 0003 00 9388");
  EXPECT_TRUE(decode_all(now, Version::draft19));
  EXPECT_EQ(alpn(Version::draft18), "moqt-18");
  EXPECT_EQ(alpn(Version::draft19), "moqt-19");
}

// ---- rules and maxima ----

TEST(Rules, BadParametersAreRefused) {
  using enum CloseCode;
  const std::string head = "00 01 01\"a\" 01\"v\" ";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 0b 00"), protocol_violation) << "unknown";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 09 0000"), protocol_violation) << "not in SUBSCRIBE";
  EXPECT_EQ(refused(MessageType::subscribe, head + "02 02 05 00 05"), protocol_violation) << "twice";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 10 02"), protocol_violation) << "FORWARD 2";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 22 00"), protocol_violation) << "GROUP_ORDER 0";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 22 03"), protocol_violation) << "GROUP_ORDER 3";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 21 01 05"), protocol_violation) << "unknown filter";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 21 02 02 00"), key_value_formatting)
      << "filter too long";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 21 0c 04 01 00 ffffffffffffffffff"),
            protocol_violation)
      << "filter ends beyond the last group";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 03 01 04"), key_value_formatting)
      << "unknown alias type";
  EXPECT_EQ(refused(MessageType::subscribe, head + "01 03 01 03"), key_value_formatting)
      << "token without a type";
  EXPECT_EQ(refused(MessageType::subscribe, head + "02 02 05 ffffffffffffffffff 00"), protocol_violation)
      << "type above 2^64-1";
  EXPECT_EQ(refused(MessageType::subscribe, head + "ffffffffffffffffff"), protocol_violation)
      << "2^64-1 parameters";
  EXPECT_EQ(refused(MessageType::request_update, "02 01 0a 05"), protocol_violation)
      << "FILL_TIMEOUT in an update";
}

TEST(Rules, TooManyTokensAreRefused) {
  std::string many = "00 01 01\"a\" 01\"v\" 11 ";
  many += "03 02 0300 ";
  for (std::size_t i = 0; i < max_tokens; ++i) many += "00 02 0300 ";
  EXPECT_EQ(refused(MessageType::subscribe, many), CloseCode::protocol_violation);
}

TEST(Rules, BadNamesAreRefused) {
  using enum CloseCode;
  EXPECT_EQ(refused(MessageType::namespace_, "01 00"), protocol_violation) << "empty field";
  EXPECT_EQ(refused(MessageType::namespace_, "21"), protocol_violation) << "33 fields";
  std::string fields = "20 ";
  for (std::size_t i = 0; i < max_namespace_fields; ++i) fields += "01 61";
  const auto legal = hex(fields);
  EXPECT_TRUE(decode(MessageType::namespace_, legal));

  for (const std::size_t name : {std::size_t{96}, std::size_t{97}}) {  // 4000 + 96 is the maximum
    Writer body;
    body.vi64(0).vi64(1).prefixed(std::string(4000, 'n')).prefixed(std::string(name, 'v')).vi64(0);
    EXPECT_EQ(decode(MessageType::subscribe, body.view()).has_value(), name == 96);
  }
  Writer space;
  space.vi64(2).prefixed(std::string(4000, 'n')).prefixed(std::string(97, 'n'));
  EXPECT_FALSE(decode(MessageType::namespace_, space.view()));
}

TEST(Rules, TextsHaveAMaximumLength) {
  for (const std::size_t size : {max_reason_phrase, max_reason_phrase + 1}) {
    Writer body;
    body.vi64(0).vi64(0).prefixed(std::string(size, 'r'));
    EXPECT_EQ(decode(MessageType::request_error, body.view()).has_value(), size == max_reason_phrase);
    EXPECT_EQ(decode(MessageType::publish_done, body.view()).has_value(), size == max_reason_phrase);
  }
  for (const std::size_t size : {max_goaway_uri, max_goaway_uri + 1}) {
    Writer body;
    body.prefixed(std::string(size, 'u')).vi64(0).vi64(0);
    EXPECT_EQ(decode(MessageType::goaway, body.view()).has_value(), size == max_goaway_uri);
  }
}

TEST(Rules, ARedirectNeedsItsCode) {
  EXPECT_EQ(refused(MessageType::request_error, "34 00 00"), CloseCode::protocol_violation) << "no redirect";
  EXPECT_EQ(refused(MessageType::request_error, "10 00 00 00 00 00"), CloseCode::protocol_violation)
      << "a redirect without the code";
}

TEST(Rules, BadFetchesAreRefused) {
  EXPECT_EQ(refused(MessageType::fetch, "02 04 00 00 00"), CloseCode::protocol_violation);
  EXPECT_EQ(refused(MessageType::fetch_ok, "02 00 00 00"), CloseCode::protocol_violation);
}

TEST(Properties, KeepUnknownOnesInOrder) {
  Properties properties;
  properties.add(0x3801, "b").add(0x10, 5).add(0x3801, "c").add(0x0E, 1);
  const auto encoded = encode(properties);
  const auto again = decode_properties(encoded);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, properties);
  EXPECT_EQ(again->all()[0].type, 0x0Eu);
  EXPECT_EQ(again->all()[2].bytes, "b");
  EXPECT_EQ(again->all()[3].bytes, "c");
}

TEST(Properties, HaveMaxima) {
  Writer out;
  out.vi64(1).prefixed(std::string(max_key_value_bytes, 'x'));
  EXPECT_TRUE(decode_properties(out.view()));
  Writer longer;
  longer.vi64(1).prefixed(std::string(max_key_value_bytes + 1, 'x'));
  EXPECT_EQ(decode_properties(longer.view()).error().code, CloseCode::protocol_violation);
  EXPECT_FALSE(check_properties(longer.view()));
  const std::vector<std::uint8_t> many(2 * (max_property_count + 1), 0);
  EXPECT_FALSE(decode_properties(many));
  EXPECT_TRUE(decode_properties(Bytes(many).subspan(2)));
  const auto overflow = hex("02 00 ffffffffffffffffff 00");
  EXPECT_EQ(decode_properties(overflow).error().code, CloseCode::protocol_violation);
  const auto cut = hex("01 05 61");
  EXPECT_EQ(decode_properties(cut).error().code, CloseCode::key_value_formatting);
}

TEST(Properties, FindMandatoryOnes) {
  for (const auto &[type, mandatory] :
       {std::pair{0x3FFEu, false}, {0x4000u, true}, {0x7FFEu, true}, {0x8000u, false}}) {
    Properties properties;
    properties.add(type, 1);
    EXPECT_EQ(has_mandatory(properties), mandatory);
    EXPECT_EQ(*check_properties(encode(properties)), mandatory);
  }
}

}  // namespace
}  // namespace astral::moqt
