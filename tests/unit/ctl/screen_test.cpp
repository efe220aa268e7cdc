// SPDX-License-Identifier: BSD-3-Clause
// The lines of `top`, and the bytes that draw them on a terminal.
#include "ctl/screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/terminal.hpp"
#include "ctl/text.hpp"

namespace astral::ctl {
namespace {

using ::testing::HasSubstr;
using Texts = std::vector<std::string>;

Texts texts(const std::vector<Line> &lines) {
  Texts out;
  for (const Line &line : lines) out.push_back(line.text);
  return out;
}

View small() {
  View view{.node = "http://h:1", .clock = "12:00:00"};
  view.known = Snapshot{
      .self = {.uuid = "me",
               .name = "me",
               .primary = "s1",
               .primary_name = "s1",
               .upstream_kbps = 800,
               .children = 1,
               .capacity = 100},
      .streams = {{.slug = "talk",
                   .name = "Talk",
                   .source = "me",
                   .source_name = "me",
                   .streaming = true,
                   .state = "live",
                   .bitrate_kbps = 620,
                   .viewers = 2},
                  {.slug = "old", .name = "Old", .source = "n2", .source_name = "n2", .state = "waiting"}},
      .tickets = {{.stream = "talk",
                   .source = "me",
                   .source_name = "me",
                   .destination = "n2",
                   .destination_name = "n2",
                   .role = "active",
                   .state = "confirmed",
                   .hops = 1},
                  {.stream = "talk",
                   .source = "s1",
                   .source_name = "s1",
                   .destination = "n2",
                   .destination_name = "n2",
                   .role = "standby",
                   .state = "confirmed",
                   .hops = 2}},
      .neighbours = {{.uuid = "s1",
                      .name = "s1",
                      .address = "10.0.0.1:8000",
                      .version = "0.1.0",
                      .supernode = true,
                      .rtt_ms = 11.6,
                      .children = 3,
                      .capacity = 100},
                     {.uuid = "n2", .name = "n2", .address = "10.0.0.2:8000", .children = 0, .capacity = 0}}};
  return view;
}

View with_nodes(std::size_t count) {
  View view = small();
  view.known->neighbours.clear();
  for (std::size_t i = 0; i < count; ++i) view.known->neighbours.push_back({.name = "n" + std::to_string(i)});
  return view;
}

TEST(Draw, ShowsANode) {
  EXPECT_EQ(texts(draw(small(), 80, 24)),
            (Texts{"astralctl top  node me  http://h:1                                      12:00:00",
                   "1 of 2 streams live, up 800 kbit/s, 1 of 100 children, supernode s1", "", "Streams 2",
                   "SLUG  STATE    kbit/s  VIEWERS  SOURCE     NAME",
                   "talk  live     620     2        this node  Talk",
                   "old   waiting  -       -        n2         Old", "", "Tickets 2",
                   "STREAM  ROLE     STATE      HOPS  kbit/s  FROM       TO",
                   "talk    active   confirmed  1     620     this node  n2",
                   "talk    standby  confirmed  2     -       s1         n2", "", "Neighbours 2",
                   "NODE  ADDRESS        ROLE           RTT ms  CHILDREN  UP kbit/s  VERSION",
                   "s1    10.0.0.1:8000  our supernode  12      3/100     -          0.1.0",
                   "n2    10.0.0.2:8000  node           -       0         -          -"}));
}

TEST(Draw, CallsElementsAPublisherAndAPlayer) {
  View view = small();
  view.known->tickets = {{.stream = "talk",
                          .source = "6c90b1cd",
                          .source_name = "6c90b1cd",
                          .destination = "me",
                          .destination_name = "me",
                          .element = true},
                         {.stream = "talk",
                          .source = "me",
                          .source_name = "me",
                          .destination = "5cb07ad1",
                          .destination_name = "5cb07ad1",
                          .element = true}};
  const Texts lines = texts(draw(view, 80, 24));
  EXPECT_EQ(lines[10], "talk    -     -      -     620     a publisher  this node");
  EXPECT_EQ(lines[11], "talk    -     -      -     620     this node    a player");
}

TEST(Draw, ShowsTheUrlBeforeTheFirstAnswer) {
  const View view{.node = "http://h:1", .clock = "12:00:00"};
  EXPECT_EQ(texts(draw(view, 40, 24)),
            (Texts{"astralctl top  http://h:1       12:00:00", "asking http://h:1"}));
}

TEST(Draw, SaysThatAListIsEmpty) {
  View view = small();
  view.known = Snapshot{.self = {.uuid = "me", .name = "me"}};
  EXPECT_EQ(texts(draw(view, 60, 24)),
            (Texts{"astralctl top  node me  http://h:1                  12:00:00", "0 of 0 streams live", "",
                   "Streams 0", "none", "", "Tickets 0", "none", "", "Neighbours 0", "none"}));
}

TEST(Draw, ShowsTheLastStateOfANodeThatIsAway) {
  View view = small();
  view.trouble = "no answer from http://h:1: gone\x1b[2J";
  view.age_s = 7;
  const auto lines = draw(view, 90, 24);
  EXPECT_EQ(lines[1].text, "State of 7 s ago. Retrying: no answer from http://h:1: gone?[2J");
  EXPECT_EQ(lines[1].style, Style::alert);
  EXPECT_EQ(lines[5].text, "talk  live     620     2        this node  Talk");
  EXPECT_EQ(lines[5].style, Style::faint);  // may be outdated
  view.known.reset();
  const auto unknown = draw(view, 90, 24);
  ASSERT_EQ(unknown.size(), 2u);
  EXPECT_EQ(unknown[1].text, "Retrying: no answer from http://h:1: gone?[2J");
}

struct Room {
  std::size_t height;
  std::size_t nodes;
  Texts end;  // of what is drawn
};

void PrintTo(const Room &room, std::ostream *out) {
  *out << room.height << " lines, " << room.nodes << " nodes";
}

class Rooms : public ::testing::TestWithParam<Room> {};

TEST_P(Rooms, CountTheRowsThatDoNotFit) {
  const auto &[height, nodes, end] = GetParam();
  const Texts drawn = texts(draw(with_nodes(nodes), 80, height));
  EXPECT_LE(drawn.size(), height);
  ASSERT_GE(drawn.size(), end.size());
  EXPECT_EQ(Texts(drawn.end() - static_cast<std::ptrdiff_t>(end.size()), drawn.end()), end);
}

const char *const header = "NODE  ADDRESS  ROLE  RTT ms  CHILDREN  UP kbit/s  VERSION";
const char *const n0 = "n0    -        node  -       -         -          -";
const char *const n1 = "n1    -        node  -       -         -          -";

INSTANTIATE_TEST_SUITE_P(Table, Rooms,
                         ::testing::Values(Room{17, 2, {header, n0, n1}},
                                           Room{17, 3, {header, n0, "… 2 more"}},
                                           Room{17, 100, {header, n0, "… 99 more"}},
                                           // Two lines for three lists: the first two lists have one each.
                                           Room{14, 100, {"Neighbours 100", header, "… 100 more"}},
                                           Room{3, 1, {""}}, Room{1, 1, {}}, Room{0, 1, {}}));

TEST(Draw, FitsIntoEveryTerminal) {
  View view = with_nodes(40);
  view.known->streams[0].name = "日本語の長い名前の配信です、とても長い";
  for (std::size_t width = 0; width < 130; width += 3) {
    for (std::size_t height = 0; height < 70; height += 3) {
      const auto lines = draw(view, width, height);
      EXPECT_LE(lines.size(), height);
      for (const Line &line : lines) EXPECT_LE(columns(line.text), width) << line.text;
    }
  }
}

TEST(Draw, TextsOfOthersDoNotControlTheTerminal) {
  View view = small();
  view.known->streams[0].name = "\x1b[2Jevil\r\n";
  view.known->self.primary = "\x1b]0;evil\x07";
  std::string all;
  for (const Line &line : draw(view, unlimited, unlimited)) all += line.text;
  EXPECT_THAT(all, HasSubstr("?[2Jevil??"));
  EXPECT_EQ(all.find('\x1b'), std::string::npos);
}

TEST(Frame, OverwritesLineByLine) {
  EXPECT_EQ(frame({{"a", Style::title}, {"b", Style::plain}, {"c", Style::alert}}, {80, 24}, true),
            "\x1b[?2026h\x1b[H"
            "\x1b[7ma\x1b[0m\x1b[K\r\n"
            "b\x1b[0m\x1b[K\r\n"
            "\x1b[1;31mc\x1b[0m\x1b[K\r\n"
            "\x1b[J\x1b[?2026l");
  EXPECT_THAT(frame({{"c", Style::alert}}, {80, 24}, false), HasSubstr("\x1b[1mc"));
}

TEST(Frame, DoesNotClearAfterAFullLineOrScreen) {
  EXPECT_EQ(frame({{"abc", Style::plain}, {"日…", Style::plain}}, {3, 2}, true),
            "\x1b[?2026h\x1b[H"
            "abc\x1b[0m\r\n"
            "日…\x1b[0m"
            "\x1b[?2026l");
}

}  // namespace
}  // namespace astral::ctl
