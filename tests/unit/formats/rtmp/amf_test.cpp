// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/amf.hpp"

#include <gtest/gtest.h>

#include "client.hpp"

namespace astral::rtmp::amf {
namespace {

std::string failure(const Sent &sent, const Limits &limits = {}) {
  const auto values = read(sent, limits);
  return values ? "" : values.error().detail;
}

TEST(Amf, ReadsEveryTypeOfValue) {
  const auto values = read(Sent()
                               .text("name")
                               .one()
                               .raw({1, 1})
                               .null()
                               .raw({6})
                               .raw({8, 0, 0, 0, 0})
                               .name("width")
                               .two()
                               .end()
                               .raw({10, 0, 0, 0, 2})
                               .one()
                               .null()
                               .raw({11})
                               .number(0x3ff0000000000000, 8)
                               .raw({0, 0})
                               .raw({12, 0, 0, 0, 2})
                               .letters("ab")
                               .raw({16, 0, 1})
                               .letters("T")
                               .name("x")
                               .text("y")
                               .end(),
                           Limits{});
  ASSERT_TRUE(values) << values.error().detail;
  ASSERT_EQ(values->size(), 10u);
  EXPECT_EQ((*values)[0].text(), "name");
  EXPECT_EQ((*values)[1].number(), 1.0);
  EXPECT_EQ((*values)[5].find("width")->number(), 2.0);
  EXPECT_EQ((*values)[5].find("height"), nullptr);
  EXPECT_EQ(std::get<Array>((*values)[6].data).size(), 2u);
  EXPECT_EQ((*values)[7].number(), 1.0);
  EXPECT_EQ((*values)[8].text(), "ab");
  EXPECT_EQ((*values)[9].find("x")->text(), "y");
}

TEST(Amf, RefusesWhatEndsTooEarly) {
  const Sent whole = Sent().text("name").raw({3}).name("app").text("astral").end();
  for (std::size_t size = 1; size < whole.bytes().size(); ++size) {
    const auto values = read(whole.bytes().first(size), Limits{});
    EXPECT_EQ(values.has_value(), size == 7) << size;  // after the first value
  }
  EXPECT_EQ(failure(Sent().raw({2, 0xff, 0xff, 1})), "AMF ends too early");
  EXPECT_EQ(failure(Sent().raw({12, 0xff, 0xff, 0xff, 0xff})), "AMF ends too early");
}

TEST(Amf, RefusesWhatExceedsTheLimits) {
  Sent deep;
  for (int i = 0; i < 100; ++i) deep.raw({10, 0, 0, 0, 1});
  EXPECT_EQ(failure(deep), "AMF values are nested too deeply");
  EXPECT_EQ(failure(Sent().raw({10, 0xff, 0xff, 0xff, 0xff}).fill(5000, 5)), "too many AMF values");
  EXPECT_EQ(failure(Sent().fill(5000, 5)), "too many AMF values");
  EXPECT_EQ(failure(Sent().raw({7, 0, 1})), "an AMF value of an unknown type");
  EXPECT_EQ(failure(Sent().raw({9})), "an AMF value of an unknown type");
  EXPECT_EQ(failure(Sent().raw({17, 1})), "an AMF value of an unknown type");
}

TEST(Amf, ReadsWhatItWrites) {
  Buffer out;
  write(out,
        Value{Array{
            {std::string("_result")}, {1.0}, {Null{}}, {true}, {Object{{"a", {Object{{"b", {2.0}}}}}}}}});
  const auto values = read(out, Limits{});
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), 5u);
  EXPECT_TRUE(std::get<bool>((*values)[3].data));
  EXPECT_EQ((*values)[4].find("a")->find("b")->number(), 2.0);
  Buffer again;
  write(again, Value{*values});
  EXPECT_EQ(again, out);
}

}  // namespace
}  // namespace astral::rtmp::amf
