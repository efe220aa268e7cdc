// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/chunks.hpp"

#include <gtest/gtest.h>

#include "client.hpp"

namespace astral::rtmp {
namespace {

std::vector<Message> read_all(ChunkReader &reader, Bytes bytes, std::string *error = nullptr) {
  std::vector<Message> messages;
  while (true) {
    auto message = reader.read(bytes);
    reader.check_invariants();
    if (!message) {
      if (error) *error = message.error().detail;
      return messages;
    }
    if (!*message) return messages;
    messages.push_back(std::move(**message));
  }
}

std::string failure(const Sent &sent, const Limits &limits = {}) {
  ChunkReader reader(limits);
  std::string error;
  read_all(reader, sent, &error);
  return error;
}

Sent bytes_of(std::size_t count) {
  return Sent().fill(count, 7);
}

TEST(Chunks, JoinsTheChunksOfAMessage) {
  ChunkReader reader{Limits{}};
  const auto messages = read_all(reader, Sent().message(6, 9, bytes_of(300), 1000, 1));
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].payload.size(), 300u);
  EXPECT_EQ(messages[0].timestamp, 1000u);
  EXPECT_EQ(messages[0].stream, 1u);
  EXPECT_EQ(messages[0].type, Type::video);
  EXPECT_EQ(reader.buffered(), 0u);
}

TEST(Chunks, ReadBytesInAnyPieces) {
  const Sent sent = Sent().message(6, 9, bytes_of(300), 0xffffff - 1, 1).message(4, 8, bytes_of(5), 3, 1);
  for (std::size_t size = 1; size < 40; ++size) {
    ChunkReader reader{Limits{}};
    std::size_t count = 0;
    for (std::size_t at = 0; at < sent.bytes().size(); at += size)
      count += read_all(reader, sent.bytes().subspan(at, std::min(size, sent.bytes().size() - at))).size();
    EXPECT_EQ(count, 2u) << size;
  }
}

TEST(Chunks, ShortHeadersRepeatTheHeaderBefore) {
  ChunkReader reader{Limits{}};
  const auto messages = read_all(reader, Sent()
                                             .message(6, 9, bytes_of(2), 1000, 1)
                                             .raw({0x46, 0, 0, 40, 0, 0, 3, 8, 1, 2, 3})  // format 1
                                             .raw({0x86, 0, 0, 20, 1, 2, 3})              // format 2
                                             .raw({0xc6, 1, 2, 3})                        // format 3
                                             .message(6, 9, bytes_of(1), 500, 2)
                                             .raw({0xc6, 9}));  // after a full one: by its time (§5.3.1.2.4)
  ASSERT_EQ(messages.size(), 6u);
  const std::uint32_t expected[] = {1000, 1040, 1060, 1080, 500, 1000};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(messages[i].timestamp, expected[i]) << i;
  EXPECT_EQ(messages[3].type, Type::audio);
  EXPECT_EQ(messages[3].stream, 1u);
  EXPECT_EQ(messages[5].stream, 2u);
}

TEST(Chunks, ExtendedTimestampsFollowEveryHeader) {
  ChunkReader reader{Limits{}};
  const auto messages = read_all(reader, Sent()
                                             .raw({6, 0xff, 0xff, 0xff, 0, 0, 130, 9, 1, 0, 0, 0})
                                             .number(0x01000000, 4)
                                             .fill(128, 1)
                                             .raw({0xc6})
                                             .number(0x01000000, 4)
                                             .fill(2, 1)
                                             .raw({0x86, 0xff, 0xff, 0xff})
                                             .number(0xff000000, 4)  // a difference, too; times wrap
                                             .fill(128, 2)
                                             .raw({0xc6})
                                             .number(0xff000000, 4)
                                             .fill(2, 2));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].timestamp, 0x01000000u);
  EXPECT_EQ(messages[0].payload, Buffer(130, 1));
  EXPECT_EQ(messages[1].timestamp, 0u);
  EXPECT_EQ(messages[1].payload, Buffer(130, 2));
}

// Encoders that leave the extended timestamp out of chunks of format 3, whatever is left of the message.
TEST(Chunks, AnExtendedTimestampThatIsNotRepeatedIsPayload) {
  for (const std::size_t rest : {1u, 2u, 3u, 4u, 5u, 128u, 200u}) {
    Sent sent;
    const auto continued = [&](unsigned value) {
      for (std::size_t at = 0; at < rest; at += 128)
        sent.raw({0xc6}).fill(std::min<std::size_t>(rest - at, 128), value);
    };
    for (const unsigned value : {1u, 2u}) {
      sent.raw({6, 0xff, 0xff, 0xff}).number(128 + rest, 3).raw({9, 1, 0, 0, 0});
      sent.number(0x01000000 + value, 4).fill(128, value);
      continued(value);
    }
    sent.raw({0xc6}).fill(128, 3);  // another message by the last header
    continued(3);
    sent.message(4, 8, bytes_of(5), 3, 1);
    for (const std::size_t size : {sent.bytes().size(), std::size_t{1}, std::size_t{3}}) {
      ChunkReader reader{Limits{}};
      std::vector<Message> messages;
      for (Bytes left = sent.bytes(); !left.empty(); left = left.subspan(std::min(size, left.size())))
        for (Message &message : read_all(reader, left.first(std::min(size, left.size()))))
          messages.push_back(std::move(message));
      ASSERT_EQ(messages.size(), 4u) << rest;
      for (std::uint8_t i = 0; i < 3; ++i)
        EXPECT_EQ(messages[i].payload, Buffer(128 + rest, static_cast<std::uint8_t>(i + 1)));
      EXPECT_EQ(messages[1].timestamp, 0x01000002u);
    }
  }
}

TEST(Chunks, InterleaveStreamsWithLongIds) {
  ChunkReader reader{Limits{}};
  const auto messages = read_all(reader, Sent()
                                             .raw({0, 10, 0, 0, 1, 0, 0, 130, 9, 1, 0, 0, 0})  // 74
                                             .fill(128, 1)
                                             .raw({1, 10, 1, 0, 0, 2, 0, 0, 129, 8, 1, 0, 0, 0})  // 330
                                             .fill(128, 2)
                                             .raw({0xc0, 10, 1, 1})
                                             .raw({0xc1, 10, 1, 2}));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].payload, Buffer(130, 1));
  EXPECT_EQ(messages[1].payload, Buffer(129, 2));
}

TEST(Chunks, AnAbortedMessageIsForgotten) {
  ChunkReader reader{Limits{}};
  Sent half = Sent().raw({6, 0, 0, 0, 0, 1, 0, 9, 1, 0, 0, 0}).fill(128, 1);
  EXPECT_TRUE(read_all(reader, half).empty());
  EXPECT_EQ(reader.buffered(), 128u);
  reader.abort(5);
  reader.abort(6);
  EXPECT_EQ(reader.buffered(), 0u);
  EXPECT_EQ(read_all(reader, Sent().message(6, 9, bytes_of(3), 0, 1)).size(), 1u);
}

TEST(Chunks, AreRefusedIfTheyBreakARule) {
  EXPECT_EQ(failure(Sent().raw({0xc6})), "a chunk continues a message that has not begun");
  EXPECT_EQ(failure(Sent().raw({0x86, 0, 0, 0})), "a chunk continues a message that has not begun");
  EXPECT_EQ(failure(Sent().raw({6, 0, 0, 0, 0, 1, 0, 9, 1, 0, 0, 0}).fill(128, 1).raw({6}).fill(11, 0)),
            "a message begins within another");
  EXPECT_EQ(failure(Sent().raw({6, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0})),
            "a message of 16777215 bytes");
  EXPECT_EQ(failure(Sent().raw({6, 0, 0, 0, 1, 0, 1, 18, 1, 0, 0, 0})), "a message of 65537 bytes");
  Sent many;
  for (unsigned id = 3; id < 40; ++id) many.message(id, 20, bytes_of(1));
  EXPECT_EQ(failure(many), "too many chunk streams");
  Sent started;
  for (unsigned id = 3; id < 6; ++id) started.raw({id, 0, 0, 0, 0x30, 0, 0, 9, 1, 0, 0, 0}).fill(128, 0);
  EXPECT_EQ(failure(started), "too many messages at the same time");
}

TEST(Chunks, TakeAnyAllowedSize) {
  ChunkReader reader{Limits{}};
  EXPECT_FALSE(reader.set_chunk_size(0));
  EXPECT_FALSE(reader.set_chunk_size(0x80000000));
  EXPECT_TRUE(reader.set_chunk_size(0x7fffffff));
  EXPECT_TRUE(reader.set_chunk_size(1));
  EXPECT_EQ(read_all(reader, Sent().message(3, 20, bytes_of(9), 0, 0, 1)).size(), 1u);
}

TEST(Chunks, AreReadAsTheyAreWritten) {
  for (const std::uint32_t timestamp : {0u, 0xfffffeu, 0xffffffu, 0xffffffffu}) {
    for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 200000u}) {
      Buffer out;
      write_message(out, Type::video, 1, timestamp, Buffer(size, 3));
      ChunkReader reader{Limits{}};
      ASSERT_TRUE(reader.set_chunk_size(sent_chunk_size));
      const auto messages = read_all(reader, out);
      ASSERT_EQ(messages.size(), 1u);
      EXPECT_EQ(messages[0].payload, Buffer(size, 3));
      EXPECT_EQ(messages[0].timestamp, timestamp);
    }
  }
}

}  // namespace
}  // namespace astral::rtmp
