// SPDX-License-Identifier: BSD-3-Clause
// WebSocket frames: which are accepted, whole or in pieces, and which end the connection, with which code.
#include "websocket/frames.hpp"

#include <gtest/gtest.h>

#include <random>

namespace astral::websocket {
namespace {

constexpr std::uint8_t mask[4] = {1, 2, 3, 4};
constexpr std::size_t max_message = 1000;

// A client's frame with chosen bits.
std::string raw(std::uint8_t first, std::string_view payload) {
  std::string out = frame(Opcode::text, payload, mask);
  out[0] = static_cast<char>(first);
  return out;
}

TEST(Frames, RoundTripAtEveryLengthAndSplit) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u}) {
    const std::string text(size, 'x');
    for (const bool client : {true, false}) {
      const std::string bytes = frame(Opcode::text, text, client ? mask : nullptr);
      for (const std::size_t split :
           {std::size_t{1}, std::min<std::size_t>(3, bytes.size()), bytes.size() - 1}) {
        FrameReader reader(client ? FrameReader::From::client : FrameReader::From::server, 100'000);
        std::vector<FrameEvent> events;
        ASSERT_TRUE(reader.feed(as_bytes(std::string_view(bytes).substr(0, split)), events));
        ASSERT_TRUE(events.empty() || split >= bytes.size());
        ASSERT_TRUE(reader.feed(as_bytes(std::string_view(bytes).substr(split)), events));
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].opcode, Opcode::text);
        EXPECT_EQ(events[0].payload, text);
        EXPECT_EQ(reader.held(), 0u);
      }
    }
  }
}

TEST(Frames, JoinsFragmentsWithControlFramesBetween) {
  FrameReader reader(FrameReader::From::client, max_message);
  std::vector<FrameEvent> events;
  const std::string bytes =
      raw(0x01, "a\xc3") + raw(0x89, "ping") + raw(0x00, "\xa9") + raw(0x80, "z") + raw(0x81, "next");
  ASSERT_TRUE(reader.feed(as_bytes(bytes), events));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].opcode, Opcode::ping);
  EXPECT_EQ(events[0].payload, "ping");
  EXPECT_EQ(events[1].payload, "aéz");
  EXPECT_EQ(events[2].payload, "next");
}

TEST(Frames, AcceptsACloseAndNothingAfterIt) {
  FrameReader reader(FrameReader::From::client, max_message);
  std::vector<FrameEvent> events;
  ASSERT_TRUE(reader.feed(as_bytes(close_frame({1001, "bye"}, mask) + raw(0x81, "late")), events));
  ASSERT_TRUE(reader.feed(as_bytes(raw(0x81, "later")), events));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].code, 1001);
  EXPECT_EQ(events[0].payload, "bye");
  EXPECT_EQ(reader.held(), 0u);
}

TEST(Frames, ACloseMayBeEmpty) {
  FrameReader reader(FrameReader::From::server, max_message);
  std::vector<FrameEvent> events;
  ASSERT_TRUE(reader.feed(as_bytes(close_frame({close_code::none, ""}, nullptr)), events));
  EXPECT_EQ(events.at(0).code, close_code::none);
}

TEST(Frames, CutsALongCloseReasonBetweenCharacters) {
  FrameReader reader(FrameReader::From::server, max_message);
  std::vector<FrameEvent> events;
  ASSERT_TRUE(reader.feed(as_bytes(close_frame({1000, std::string(122, 'x') + "é"}, nullptr)), events));
  EXPECT_EQ(events.at(0).payload, std::string(122, 'x'));
}

TEST(Frames, BinaryMessagesAreTakenWhereTheyAreExpected) {
  FrameReader reader(FrameReader::From::client, max_message, FrameReader::Takes::binary);
  std::vector<FrameEvent> events;
  const std::string bytes = raw(0x02, "\xff\xfe") + raw(0x89, "") + raw(0x80, "z") + raw(0x82, "next");
  ASSERT_TRUE(reader.feed(as_bytes(bytes), events));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].opcode, Opcode::binary);
  EXPECT_EQ(events[1].payload, "\xff\xfez");
  EXPECT_EQ(events[2].payload, "next");
  const auto text = reader.feed(as_bytes(raw(0x81, "x")), events);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, 1003);
}

struct Violation {
  const char *what;
  std::string bytes;
  std::uint16_t code;
};
void PrintTo(const Violation &violation, std::ostream *out) {
  *out << violation.what;
}

class FramesRefused : public ::testing::TestWithParam<Violation> {};

TEST_P(FramesRefused, WithTheRightCode) {
  FrameReader reader(FrameReader::From::client, max_message);
  std::vector<FrameEvent> events;
  const auto fed = reader.feed(as_bytes(GetParam().bytes), events);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, GetParam().code);
  EXPECT_FALSE(fed.error().text.empty());
  EXPECT_EQ(reader.held(), 0u);
  EXPECT_TRUE(reader.feed(as_bytes(raw(0x81, "x")), events));
  EXPECT_TRUE(events.empty());
}

std::string bytes_of(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Table, FramesRefused,
    ::testing::Values(
        Violation{"not masked", frame(Opcode::text, "x", nullptr), 1002},
        Violation{"not masked, cut short", bytes_of({0x81, 0x05}), 1002},
        Violation{"reserved bit", raw(0xC1, "x"), 1002}, Violation{"unknown data", raw(0x83, "x"), 1002},
        Violation{"unknown control", raw(0x8B, "x"), 1002}, Violation{"binary", raw(0x82, "x"), 1003},
        Violation{"cut ping", raw(0x09, "x"), 1002},
        Violation{"long ping", raw(0x89, std::string(126, 'x')), 1002},
        Violation{"continuation of nothing", raw(0x80, "x"), 1002},
        Violation{"two beginnings", raw(0x01, "x") + raw(0x81, "y"), 1002},
        Violation{"16 bits for 5", bytes_of({0x81, 0xFE, 0, 5}), 1002},
        Violation{"64 bits for 5", bytes_of({0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 5}), 1002},
        Violation{"too big, said by its header alone", bytes_of({0x81, 0xFE, 0x03, 0xE9}), 1009},
        Violation{"2^64 - 1", bytes_of({0x81, 0xFF, 255, 255, 255, 255, 255, 255, 255, 255}), 1009},
        Violation{"too big in fragments", raw(0x01, std::string(600, 'x')) + raw(0x00, std::string(401, 'x')),
                  1009},
        Violation{"not UTF-8", raw(0x81, "\xff"), 1007},
        Violation{"half a close code", frame(Opcode::close, "x", mask), 1002},
        Violation{"close code 1005", frame(Opcode::close, bytes_of({3, 237}), mask), 1002},
        Violation{"close code 999", frame(Opcode::close, bytes_of({3, 231}), mask), 1002},
        Violation{"close reason not UTF-8", frame(Opcode::close, bytes_of({3, 232, 255}), mask), 1007}));

TEST(Frames, RubbishTakesABoundedNumberOfBytes) {
  std::mt19937 random(6455);
  for (int round = 0; round < 2000; ++round) {
    FrameReader reader(round % 2 ? FrameReader::From::client : FrameReader::From::server, max_message);
    std::vector<FrameEvent> events;
    for (int chunk = 0; chunk < 50; ++chunk) {
      std::string bytes = chunk % 5 == 0 ? raw(static_cast<std::uint8_t>(random() % 2 ? 0x01 : 0x00),
                                               std::string(random() % 300, 'x'))
                                         : std::string(random() % 40, '\0');
      if (chunk % 5) {
        for (char &c : bytes) c = static_cast<char>(random());
      }
      if (!reader.feed(as_bytes(bytes), events)) break;
      ASSERT_LE(reader.held(), 2 * max_message + 400);
    }
  }
}

}  // namespace
}  // namespace astral::websocket
