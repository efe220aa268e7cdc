// SPDX-License-Identifier: BSD-3-Clause
#include "stun/server.hpp"

#include <gtest/gtest.h>

namespace astral::stun {
namespace {

Address client_at(const std::string &text) {
  return parse_address(text).value();
}

TransactionId request_id() {
  return id_with_cookie({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
}

TEST(StunServer, TellsTheAddressThatItSees) {
  Server server;
  for (const char *from : {"192.0.2.1:4000", "[2001:db8::1]:4000"}) {
    const auto answer = parse(server.answer(write_request(request_id()), client_at(from), 1s));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->id, request_id());
    EXPECT_EQ(to_text(answer->mapped.value()), from);
  }
  EXPECT_EQ(server.counts().answered, 2u);
}

TEST(StunServer, AnswersNothingButRequests) {
  Server server;
  const Address from = client_at("192.0.2.1:4000");
  EXPECT_TRUE(server.answer({}, from, 1s).empty());
  EXPECT_TRUE(server.answer(write_success(request_id(), from), from, 1s)
                  .empty());  // or two servers would talk for ever
  EXPECT_TRUE(server.answer(write_unknown(request_id(), {3}), from, 1s).empty());
  EXPECT_EQ(server.counts().answered, 0u);
}

TEST(StunServer, RefusesAnAttributeThatItMustUnderstand) {
  Server server;
  std::vector<std::uint8_t> request = write_request(request_id());
  request.insert(request.end(), {0, 3, 0, 4, 0, 0, 0, 6});  // CHANGE-REQUEST
  request[3] = 8;
  const auto answer = parse(server.answer(request, client_at("192.0.2.1:4000"), 1s));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error_code, 420);
}

TEST(StunServer, AnAnswerIsAtMost32BytesLongerThanItsRequest) {
  Server server;
  for (const char *from : {"192.0.2.1:4000", "[2001:db8::1]:4000"})
    for (std::size_t attributes = 0; attributes <= 100; ++attributes) {
      std::vector<std::uint8_t> request = write_request(request_id());
      for (std::size_t i = 0; i < attributes; ++i) request.insert(request.end(), {0x7f, 1, 0, 0});
      request[2] = static_cast<std::uint8_t>(4 * attributes >> 8);
      request[3] = static_cast<std::uint8_t>(4 * attributes & 0xff);
      const std::size_t size = server.answer(request, client_at(from), Time(1s) * attributes).size();
      EXPECT_GT(size, 0u);
      EXPECT_LE(size, request.size() + 32);
    }
}

TEST(StunServer, WithTwoPortsNoAnswerAboutTheOtherIsLongerThanItsRequest) {
  const TransactionId id = request_id();
  for (const char *text : {"192.0.2.1:4000", "[2001:db8::1]:4000"}) {
    Server server;
    const Address from = client_at(text);
    Address other = from;
    other.port = 9999;
    const auto request = write_request(id, Ask::other_port);
    const auto full = server.answer(request, from, other, 1s);
    EXPECT_EQ(parse(full.datagram)->other, other);
    EXPECT_EQ(parse(full.datagram)->mapped, from);
    EXPECT_LE(full.datagram.size(), request.size());
    EXPECT_FALSE(full.from_other_port);
    EXPECT_FALSE(parse(server.answer(write_request(id), from, other, 1s).datagram)->other);

    auto change = write_request(id, Ask::answer_from_other_port);
    const auto changed = server.answer(change, from, other, 1s);
    EXPECT_TRUE(changed.from_other_port);
    EXPECT_EQ(parse(changed.datagram)->mapped, from);
    EXPECT_LE(changed.datagram.size(), change.size());
    EXPECT_EQ(parse(server.answer(change, from, 1s))->error_code, 420);
    change.resize(header_size + 8);  // without what makes it long
    change[3] = 8;
    const auto little = server.answer(change, from, other, 1s);
    EXPECT_TRUE(little.datagram.empty());
  }
}

TEST(StunServer, ANetworkGetsSoManyAnswersAndThenOneForEachInterval) {
  Server server;
  const auto answered = [&](const std::string &from, Time now) {
    return !server.answer(write_request(request_id()), client_at(from), now).empty();
  };
  for (int i = 0; i < RateLimit::burst; ++i)
    EXPECT_TRUE(answered("192.0.2." + std::to_string(i) + ":4000", 1s)) << i;
  EXPECT_FALSE(answered("192.0.2.200:4000", 1s));  // the same /24
  EXPECT_TRUE(answered("192.0.3.1:4000", 1s));     // another one
  EXPECT_TRUE(answered("192.0.2.200:4000", 1s + Time(1s) / RateLimit::per_second));
  EXPECT_FALSE(answered("192.0.2.200:4000", 1s + Time(1s) / RateLimit::per_second));
  EXPECT_EQ(server.counts().limited, 2u);
}

TEST(StunServer, AFloodOfAddressesNeitherFillsMemoryNorShutsOutWhoWasThere) {
  RateLimit limit;
  const auto each = [](std::size_t n) {
    const std::uint8_t bytes[] = {10, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n & 0xff),
                                  1};
    return address_of(bytes, 4000);
  };
  std::size_t allowed = 0;
  for (std::size_t n = 0; n < 2 * RateLimit::max_prefixes; ++n) allowed += limit.allow(each(n), 1s);
  EXPECT_EQ(limit.prefixes(), RateLimit::max_prefixes);
  EXPECT_EQ(allowed, RateLimit::max_prefixes + RateLimit::burst);
  EXPECT_TRUE(limit.allow(each(5), 1s));
  // Later the buckets are full again, and strangers get their own.
  EXPECT_TRUE(limit.allow(each(2 * RateLimit::max_prefixes), 1min));
  EXPECT_EQ(limit.prefixes(), 1u);
}

}  // namespace
}  // namespace astral::stun
