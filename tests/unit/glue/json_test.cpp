// SPDX-License-Identifier: BSD-3-Clause
// JSON: what the parser accepts and refuses, where an error is, what it says about the field, what Builder
// writes.
#include "glue/json.hpp"

#include <gtest/gtest.h>

#include <random>

namespace astral::json {
namespace {

// The test report is XML, so only printable ASCII goes into it.
void print(std::string_view text, std::ostream *out) {
  for (const char c : text) *out << (c >= ' ' && c <= '~' ? c : '?');
}

struct Grammar {
  const char *text;
  const char *error;  // null: accepted
};

void PrintTo(const Grammar &grammar, std::ostream *out) {
  print(grammar.text, out);
}

class JsonGrammar : public ::testing::TestWithParam<Grammar> {};

TEST_P(JsonGrammar, AcceptsRfc8259Only) {
  const auto checked = check(GetParam().text);
  if (GetParam().error) {
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().detail, GetParam().error);
    EXPECT_FALSE(Reader::parse(GetParam().text));
  } else {
    ASSERT_TRUE(checked) << checked.error().detail;
    if (*GetParam().text == '{') {
      EXPECT_TRUE(Reader::parse(GetParam().text));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonGrammar,
    ::testing::Values(
        Grammar{"{}", nullptr}, Grammar{" {\"a\" : [ ] }\r\n", nullptr},
        Grammar{R"({"a":[1,-2,0,3.5,1e9,-0.1E-2,true,false,null,"x",{}]})", nullptr},
        Grammar{R"({"a":"\"\\\/\b\f\n\r\té😀ä"})", nullptr}, Grammar{R"({"a":"\ud83d\ude00"})", nullptr},
        Grammar{"", "not JSON at byte 0: it ends too early"},
        Grammar{"{", "not JSON at byte 1: a field name in double quotes expected"},
        Grammar{"{'a':1}", "not JSON at byte 1: a field name in double quotes expected"},
        Grammar{"{\"\":1}", "not JSON at byte 1: an empty field name"},
        Grammar{"{\"a\"}", "not JSON at byte 4: ':' expected"},
        Grammar{"{\"a\":}", "not JSON at byte 5: a value expected"},
        Grammar{"{\"a\":1,}", "not JSON at byte 7: a field name in double quotes expected"},
        Grammar{"{\"a\":[1 2]}", "not JSON at byte 8: ',' or ']' expected"},
        Grammar{"{\"a\":tru}", "not JSON at byte 5: a value expected"},
        Grammar{"{\"a\":01}", "not JSON at byte 6: a number with a leading zero"},
        Grammar{"{\"a\":1.}", "not JSON at byte 7: a digit expected"},
        Grammar{"{\"a\":+1}", "not JSON at byte 5: a value expected"},
        Grammar{"{\"a\":NaN}", "not JSON at byte 5: a value expected"},
        Grammar{"{\"a\":1234567890123456789}", "not JSON at byte 24: an integer of too many digits"},
        Grammar{"{\"a\":\"x}", "not JSON at byte 8: a string does not end"},
        Grammar{"{\"a\":\"\n\"}", "not JSON at byte 6: a control character in a string"},
        Grammar{R"({"a":"\x"})", "not JSON at byte 7: an unknown escape"},
        Grammar{R"({"a":"\u0000"})", "not JSON at byte 12: a NUL in a string"},
        Grammar{R"({"a":"\ud800x"})", "not JSON at byte 12: half a surrogate pair"},
        Grammar{R"({"a":"\ud800A"})", "not JSON at byte 12: half a surrogate pair"},
        Grammar{R"({"a":"\udc00"})", "not JSON at byte 12: half a surrogate pair"},
        Grammar{"{} x", "not JSON at byte 3: something follows the value"},
        Grammar{"/* */{}", "not JSON at byte 0: a value expected"},
        Grammar{"{\"a\":\"\xff\"}", "not UTF-8 at byte 6"},
        Grammar{"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "not JSON at byte 16: nested too deeply"}));

TEST(Json, BoundsTheSize) {
  const std::string text = R"({"a":")" + std::string(100, 'x') + R"("})";
  EXPECT_TRUE(check(text, {.max_bytes = text.size()}));
  const auto checked = check(text, {.max_bytes = text.size() - 1});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Code::too_large);
  EXPECT_FALSE(check(std::string(1000, '['), {.max_depth = 20}));
}

TEST(Json, RefusesANulByte) {
  EXPECT_FALSE(check(std::string_view("{}\0", 3)));
}

TEST(Json, RefusesADocumentThatIsNotAnObject) {
  EXPECT_EQ(Reader::parse("[]").error().detail, "the JSON must be an object");
  EXPECT_EQ(Reader::parse("null").error().detail, "the JSON must be an object");
}

TEST(JsonReader, ReadsEveryType) {
  auto in = Reader::parse(
      R"({"t":"hé","n":7,"f":true,"r":1.5,"o":{"x":1},"l":[{"x":1},{"x":2}],"s":["a","b"],"z":null})");
  ASSERT_TRUE(in);
  EXPECT_EQ(in->text("t", {}), "hé");
  EXPECT_EQ(in->number("n", 0, 10), 7u);
  EXPECT_TRUE(in->flag("f"));
  EXPECT_EQ(in->real("r"), 1.5);
  EXPECT_EQ(in->real("n"), 7.0);
  EXPECT_EQ(in->object("o").number("x", 0, 1), 1u);
  const auto items = in->objects("l", 2);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(Reader(items[1]).number("x", 0, 9), 2u);
  EXPECT_EQ(in->texts("s", 2, {}), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(in->has("z"));
  EXPECT_FALSE(in->text_if("z", {}));
  EXPECT_FALSE(in->number_if("none", 0, 1));
  EXPECT_TRUE(in->objects("none", 0).empty());
  EXPECT_TRUE(in->good());
  EXPECT_EQ(in->result(3), 3);
}

struct Complaint {
  const char *text;
  void (*read)(Reader &);
  const char *error;
};

void PrintTo(const Complaint &complaint, std::ostream *out) {
  print(complaint.text, out);
}

class JsonComplaint : public ::testing::TestWithParam<Complaint> {};

TEST_P(JsonComplaint, NamesTheField) {
  auto in = Reader::parse(GetParam().text);
  ASSERT_TRUE(in) << in.error().detail;
  GetParam().read(*in);
  ASSERT_FALSE(in->good());
  EXPECT_EQ(in->error().detail, GetParam().error);
  EXPECT_FALSE(in->result(0));
}

bool is_a(std::string_view text) {
  return text == "a";
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonComplaint,
    ::testing::Values(
        Complaint{"{}", [](Reader &in) { in.text("slug", {}); }, "field 'slug': is missing"},
        Complaint{R"({"slug":null})", [](Reader &in) { in.text("slug", {}); }, "field 'slug': is missing"},
        Complaint{R"({"slug":1})", [](Reader &in) { in.text("slug", {}); }, "field 'slug': must be a string"},
        Complaint{R"({"slug":{}})", [](Reader &in) { in.text("slug", {}); },
                  "field 'slug': must be a string"},
        Complaint{R"({"slug":""})", [](Reader &in) { in.text("slug", {.min = 1}); },
                  "field 'slug': must not be empty"},
        Complaint{R"({"slug":"a"})", [](Reader &in) { in.text("slug", {.min = 2}); },
                  "field 'slug': must have at least 2 bytes"},
        Complaint{R"({"slug":"abc"})", [](Reader &in) { in.text("slug", {.max = 2}); },
                  "field 'slug': must have at most 2 bytes"},
        Complaint{R"({"slug":"b"})", [](Reader &in) { in.text("slug", {.good = is_a, .wanted = "an a"}); },
                  "field 'slug': must be an a"},
        Complaint{R"({"n":"1"})", [](Reader &in) { in.number("n", 0, 9); }, "field 'n': must be an integer"},
        Complaint{R"({"n":1.5})", [](Reader &in) { in.number("n", 0, 9); }, "field 'n': must be an integer"},
        Complaint{R"({"n":10})", [](Reader &in) { in.number("n", 0, 9); }, "field 'n': must be from 0 to 9"},
        Complaint{R"({"n":-1})", [](Reader &in) { in.number("n", 0, 9); }, "field 'n': must be from 0 to 9"},
        Complaint{R"({"f":0})", [](Reader &in) { in.flag("f"); }, "field 'f': must be true or false"},
        Complaint{R"({"r":"x"})", [](Reader &in) { in.real("r"); }, "field 'r': must be a number"},
        Complaint{R"({"r":1e999})", [](Reader &in) { in.real("r"); }, "field 'r': must be a number"},
        Complaint{R"({"o":[]})", [](Reader &in) { in.object("o"); }, "field 'o': must be an object"},
        Complaint{R"({"o":{}})", [](Reader &in) { in.object("o").text("x", {}); }, "field 'o.x': is missing"},
        Complaint{R"({"o":1})", [](Reader &in) { in.object("o").text("x", {}); },
                  "field 'o': must be an object"},
        Complaint{R"({"l":{}})", [](Reader &in) { in.objects("l", 1); }, "field 'l': must be a list"},
        Complaint{R"({"l":[{},{}]})", [](Reader &in) { in.objects("l", 1); },
                  "field 'l': must have at most 1 entries"},
        Complaint{R"({"l":[{},1]})", [](Reader &in) { in.objects("l", 2); },
                  "field 'l[1]': must be an object"},
        Complaint{R"({"l":[{"x":1}]})", [](Reader &in) { in.objects("l", 2)[0].flag("x"); },
                  "field 'l[0].x': must be true or false"},
        Complaint{R"({"s":["a","b"]})",
                  [](Reader &in) { in.texts("s", 2, {.good = is_a, .wanted = "an a"}); },
                  "field 's[1]': must be an a"},
        Complaint{"{}", [](Reader &in) { in.complain("a", "no"), in.complain("b", "no"); },
                  "field 'a': no"}));

TEST(JsonBuilder, WritesEveryType) {
  Builder inner;
  inner.set("x", 1);
  const std::optional<std::string> none;
  Builder out;
  out.set("text", "a\"\\\n\x01é").set("n", std::uint64_t{7}).set("neg", -1).set("yes", true).set("r", 0.5);
  out.set("o", inner)
      .set("l", std::vector<Builder>{inner, inner})
      .set("s", std::vector<std::string>{"a", ""});
  out.set("none", none).set("some", std::optional<bool>(false)).set("nan", NAN).set("empty", "");
  EXPECT_EQ(out.text(),
            "{\"text\":\"a\\\"\\\\\\n\\u0001é\",\"n\":7,\"neg\":-1,\"yes\":true,\"r\":0.5,\"o\":{\"x\":1},"
            "\"l\":[{\"x\":1},{\"x\":1}],\"s\":[\"a\",\"\"],\"some\":false,\"nan\":null,\"empty\":\"\"}");
  EXPECT_TRUE(check(out.text()));
}

TEST(JsonBuilder, RepairsTextThatIsNotUtf8) {
  Builder out;
  out.set("text", std::string_view("a\xff z", 4));
  EXPECT_TRUE(check(out.text()));
}

TEST(Json, MutatedDocumentsAreParsedSafely) {
  const std::string seed =
      R"({"type":"offer","n":[1,2.5,-3e4,true,null],"ice":{"ufrag":"a","candidates":["candidate:\u00e9 \ud83d\ude00"]}})";
  std::mt19937 random(20111);
  const auto pick = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  constexpr std::string_view spice = "{}[]\",:\\u0dD8c/*'-+.eE \n\x01\xc3\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string text = seed;
    for (std::size_t edits = 1 + pick(4); edits > 0; --edits) {
      const std::size_t at = pick(text.size());
      switch (pick(4)) {
        case 0:
          text[at] = spice[pick(spice.size())];
          break;
        case 1:
          text.insert(at, 1, spice[pick(spice.size())]);
          break;
        case 2:
          text.erase(at, 1 + pick(3));
          break;
        default:
          text.insert(at, text.substr(pick(text.size()), pick(20)));
          break;
      }
      if (text.empty()) text = "{";
    }
    auto in = Reader::parse(text);
    EXPECT_EQ(in.has_value(), check(text).has_value() && text.find('{') < text.find_first_not_of(" \n{"))
        << text;
    if (in) {
      in->text_if("type", {});
      for (const std::string &s : in->object("ice").texts("candidates", 4, {})) EXPECT_LE(s.size(), 256u);
    }
  }
}

}  // namespace
}  // namespace astral::json
