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

TEST(Signalling, ANodeReadsWhatAnElementWrites) {
  for (const std::string &text :
       {hello("e-1"), publish("talk", "", "", "video/mpegts"), publish("talk", "Talk", "About it", ""),
        media("talk", "video/mpegts"), ended("talk"), request("t-1", "talk", "e-1"), heartbeat(), goodbye(),
        to_text(Offer{"t-1", fingerprint, description, "talk", "node"}),
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
