// SPDX-License-Identifier: BSD-3-Clause
#include "stun/message.hpp"

#include <gtest/gtest.h>

namespace astral::stun {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets octets(std::string_view hex) {
  Octets out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

Address read_address_text(const char *text) {
  return parse_address(text).value();
}

TransactionId modern() {
  return id_with_cookie({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
}

TransactionId legacy() {
  TransactionId id;
  id.fill(7);
  return id;
}

// RFC 5769, 2.2 and 2.3, with SOFTWARE, MESSAGE-INTEGRITY and FINGERPRINT.
constexpr char sample_v4[] =
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220"
    "002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
constexpr char sample_v6[] =
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004"
    "c8fb0b4c";

TEST(StunMessage, ReadsTheSamplesOfRfc5769) {
  const auto four = parse(octets(sample_v4));
  ASSERT_TRUE(four) << four.error().detail;
  EXPECT_EQ(four->kind, Message::Kind::success);
  EXPECT_EQ(to_text(four->mapped.value()), "192.0.2.1:32853");
  const auto six = parse(octets(sample_v6));
  ASSERT_TRUE(six) << six.error().detail;
  EXPECT_EQ(to_text(six->mapped.value()), "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

TEST(StunMessage, ARequestIsReadAsItWasWritten) {
  for (const TransactionId &id : {modern(), legacy()}) {
    const Octets request = write_request(id);
    EXPECT_EQ(request.size(), header_size);
    EXPECT_TRUE(looks_like_stun(request));
    const auto read = parse(request);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->kind, Message::Kind::request);
    EXPECT_EQ(read->id, id);
    EXPECT_FALSE(read->mapped);
  }
}

TEST(StunMessage, AnAddressIsReadAsItWasWritten) {
  for (const char *text : {"192.0.2.1:3478", "[2001:db8::1]:65535", "255.255.255.255:1"})
    for (const TransactionId &id : {modern(), legacy()}) {
      const auto read = parse(write_success(id, read_address_text(text)));
      ASSERT_TRUE(read) << text;
      EXPECT_EQ(to_text(read->mapped.value()), text);
    }
}

// libnice 0.1.21 compares the 16 bytes of the id, and reads MAPPED-ADDRESS.
TEST(StunMessage, WithoutTheCookieTheAddressIsNotXored) {
  EXPECT_EQ(write_success(legacy(), read_address_text("192.0.2.1:258")),
            octets("0101000c"
                   "07070707070707070707070707070707"
                   "00010008"
                   "00010102"
                   "c0000201"));
  EXPECT_EQ(write_success(modern(), read_address_text("192.0.2.1:258")),
            octets("0101000c"
                   "2112a4420102030405060708090a0b0c"
                   "00200008"
                   "00012010"
                   "e112a643"));
}

TEST(StunMessage, AnErrorNamesTheUnknownAttributes) {
  const auto read = parse(write_unknown(modern(), {3, 0x24}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, Message::Kind::error);
  EXPECT_EQ(read->error_code, 420);
}

TEST(StunMessage, AttributesThatMustBeUnderstoodAreReported) {
  // CHANGE-REQUEST must be understood, SOFTWARE need not.
  const auto read =
      parse(octets("000100102112a4420102030405060708090a0b0c"
                   "0003000400000006"
                   "8022000461626364"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->unknown, std::vector<std::uint16_t>{3});
}

TEST(StunMessage, RefusesWhatIsMalformed) {
  const std::string head = "2112a4420102030405060708090a0b0c";
  for (const std::string &hex : {
           std::string(),                    // nothing
           "00010000" + head.substr(0, 30),  // a short header
           "00010004" + head,                // length beyond the end
           "00010000" + head + "00000000",   // bytes behind the end
           "00010002" + head + "0000",       // no multiple of four
           "00020000" + head,                // another method
           "01010000" + head,                // success without an address
           "00010004" + head + "80220004",   // half an attribute
           "0101000c" + head +
               "0020000800030000"
               "00000000",  // unknown family
           "0101000c" + head +
               "0020000800020000"
               "00000000",                                  // IPv6 in 4 bytes
           "0101000c" + head + "002000040001000000000000",  // no room for the address
           "80010000" + head,                               // a QUIC packet's first byte
       })
    EXPECT_FALSE(parse(octets(hex))) << hex;
  EXPECT_EQ(parse(Octets(max_message + 4)).error().code, Code::too_large);
}

TEST(StunMessage, AnAddressHasOneForm) {
  EXPECT_EQ(to_text(read_address_text("[::ffff:192.0.2.1]:9")), "192.0.2.1:9");
  for (const char *text :
       {"", ":", ":1", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:1x", "a.b:1",
        "2001:db8::1:9", "[2001:db8::1]", "[2001:db8::1:9", "[192.0.2.1]:9", "[]:1"})
    EXPECT_FALSE(parse_address(text)) << text;
}

}  // namespace
}  // namespace astral::stun
