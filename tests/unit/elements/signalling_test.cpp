// SPDX-License-Identifier: BSD-3-Clause
#include "elements/signalling.hpp"

#include <gtest/gtest.h>

#include <random>

#include "protocol/message_codec.hpp"

namespace astral::elements::signalling {
namespace {

const std::string fingerprint(64, 'a');
const ice::Description description{
    "abcd", "0123456789abcdefghijkl", {"candidate:1 1 UDP 1 127.0.0.1 9 typ host"}};

TEST(Signalling, ParsesWhatWasWritten) {
  const auto offer = parse(to_text(Offer{"t-1", fingerprint, description, "talk", "node"}));
  ASSERT_TRUE(offer.has_value() && *offer) << offer.error().detail;
  EXPECT_EQ(std::get<Offer>(**offer).ticket, "t-1");
  EXPECT_EQ(std::get<Offer>(**offer).ice.candidates, description.candidates);
  const auto confirm = parse(to_text(Confirm{"t-1", fingerprint, description}));
  EXPECT_EQ(std::get<Confirm>(**confirm).ice.pwd, description.pwd);
  const auto candidates = parse(to_text(Candidates{"t-1", description.candidates}));
  EXPECT_EQ(std::get<Candidates>(**candidates).candidates.size(), 1u);
  const auto cancel = parse(to_text(Cancel{"t-1", "ended", "over"}));
  EXPECT_EQ(std::get<Cancel>(**cancel).code, "ended");
  const auto refusal = parse(to_text(Refusal{"t-1", "no-room", "full"}));
  EXPECT_EQ(std::get<Refusal>(**refusal).message, "full");
}

TEST(Signalling, AnOfferNamesTheWayWithoutIce) {
  Direct direct;
  direct.secret.fill(0xa5);
  for (const char *text : {"192.0.2.1:8000", "[2001:db8::1]:8000"})
    direct.addresses.push_back(*stun::parse_address(text));
  const std::string text = to_text(Offer{"t-1", fingerprint, description, "talk", "node", direct});
  const auto message = protocol::read_message(text);
  ASSERT_TRUE(message) << message.error().detail;
  const auto offer = std::get<Offer>(**parse(text));
  EXPECT_EQ(offer.direct.secret, direct.secret);
  EXPECT_EQ(offer.direct.addresses, direct.addresses);
}

TEST(Signalling, AConfirmNamesTheLinkAndItsNodeAddsTheHttpPort) {
  Direct direct;
  direct.secret.fill(0xa5);
  const std::string text = to_text(Confirm{"t-1", fingerprint, description, direct});
  ASSERT_TRUE(protocol::read_message(text));
  const auto tcp_of = [&](const std::string &address) {
    const std::string more = R"("tcp":")" + address + "\",";
    const auto confirm = std::get<Confirm>(**parse("{" + more + text.substr(1)));
    EXPECT_EQ(confirm.direct.secret, direct.secret);
    return confirm.direct.tcp;
  };
  EXPECT_EQ(tcp_of("[2001:db8::1]:8000"), stun::parse_address("[2001:db8::1]:8000"));
  for (const char *address : {"", "name:80", "224.0.0.1:80", "192.0.2.1"}) EXPECT_FALSE(tcp_of(address));
}

TEST(Signalling, AWayThatCannotBeUsedIsLeftOut) {
  const std::string offer = to_text(Offer{"t-1", fingerprint, description, "talk", "node"});
  const auto direct_of = [&](const std::string &more) {
    return std::get<Offer>(**parse(offer.substr(0, offer.size() - 1) + "," + more + "}"))
        .direct.addresses.size();
  };
  const std::string id = R"("direct_id":"00112233445566778899aabbccddeeff",)";
  EXPECT_EQ(direct_of(id + R"("direct":["192.0.2.1:8000"])"), 1u);
  for (const char *address : {"192.0.2.1", "224.0.0.1:9", "0.0.0.0:9", "[ff02::1]:9", "[::]:9", "name:9", ""})
    EXPECT_EQ(direct_of(id + R"("direct":[")" + address + R"("])"), 0u) << address;
  EXPECT_EQ(direct_of(R"("direct":["192.0.2.1:8000"])"), 0u);  // without an id
  EXPECT_EQ(direct_of(R"("direct_id":"0011","direct":["192.0.2.1:8000"])"), 0u);
}

TEST(Signalling, ANodeReadsWhatAnElementWrites) {
  for (const std::string &text :
       {hello("e-1"), publish("talk", "", "", "video/mpegts"), publish("talk", "Talk", "About it", "", 4'000),
        media("talk", "video/mpegts"), ended("talk"), request("t-1", "talk", std::string(64, 'a'), "e-1"),
        heartbeat(), goodbye(), to_text(Offer{"t-1", fingerprint, description, "talk", "node"}),
        to_text(Refusal{"t-1", "no-room", "full"}), to_text(Confirm{"t-1", fingerprint, description}),
        to_text(Candidates{"t-1", description.candidates}), to_text(Cancel{"t-1", "closed", "over"})}) {
    const auto message = protocol::read_message(text);
    ASSERT_TRUE(message) << text << ": " << message.error().detail;
    EXPECT_TRUE(*message) << text;
  }
}

TEST(Signalling, IgnoresUnknownTypesAndNamesBadFields) {
  EXPECT_EQ(*parse(R"({"type":"nodes","nodes":[]})"), std::nullopt);
  struct Row {
    const char *text, *named;
  };
  const Row rows[] = {{"", ""},
                      {R"({"type":7})", "type"},
                      {R"({"type":"request","slug":"a"})", "ticket"},
                      {R"({"type":"request","ticket":"a b","slug":"a"})", "ticket"},
                      {R"({"type":"offer","ticket":"t","fingerprint":"zz","ice":{}})", "fingerprint"},
                      {R"({"type":"candidates","ticket":"t","candidates":"x"})", "candidates"}};
  for (const Row &row : rows) {
    const auto parsed = parse(row.text);
    ASSERT_FALSE(parsed.has_value()) << row.text;
    EXPECT_NE(parsed.error().detail.find(row.named), std::string::npos) << parsed.error().detail;
  }
}

TEST(Signalling, ReadsMutationsSafely) {
  std::mt19937 random(11);
  const std::string seed = to_text(Offer{"t-1", fingerprint, description, "talk", "node"});
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed.substr(0, random() % (seed.size() + 1));
    if (!text.empty()) text[random() % text.size()] = static_cast<char>(random());
    (void)parse(text);
  }
}

}  // namespace
}  // namespace astral::elements::signalling
