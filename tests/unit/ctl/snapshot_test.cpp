// SPDX-License-Identifier: BSD-3-Clause
// The state of a node, made from its four answers.
#include "ctl/snapshot.hpp"

#include <gtest/gtest.h>

namespace astral::ctl {
namespace {

Bodies bodies() {
  return {
      .node = R"({"node":{"uuid":"me","primary_supernode_uuid":"z","children":2,"capacity":100}})",
      .streams = R"({"streams":[{"slug":"b","streaming":true},{"slug":"a"},{"slug":"c","streaming":true}]})",
      .tickets = R"({"tickets":[{"stream":"b","role":"standby","source":"x"},)"
                 R"({"stream":"b","role":"active","source":"y"},{"stream":"a"}]})",
      .nodes = R"({"nodes":[{"uuid":"me"},{"uuid":"b"},{"uuid":"a"},{"uuid":"s","supernode":true},)"
               R"({"uuid":"z","supernode":true,"rtt_ms":1.5}]})"};
}

template <typename List, typename Field>
std::string joined(const List &list, Field field) {
  std::string text;
  for (const auto &one : list) text += one.*field + " ";
  return text;
}

TEST(Snapshot, SortsItsLists) {
  const auto snapshot = read_snapshot(bodies());
  ASSERT_TRUE(snapshot) << snapshot.error().detail;
  EXPECT_EQ(snapshot->self.uuid, "me");
  EXPECT_EQ(joined(snapshot->streams, &StreamObject::slug), "b c a ");
  EXPECT_EQ(joined(snapshot->tickets, &TicketObject::stream), "a b b ");
  EXPECT_EQ(joined(snapshot->tickets, &TicketObject::source), " y x ");
  EXPECT_EQ(joined(snapshot->neighbours, &NodeObject::uuid), "z s a b ");
  EXPECT_EQ(snapshot->neighbours[0].rtt_ms, 1.5);
}

TEST(Snapshot, AnAnswerThatBreaksTheApiIsAnError) {
  for (const auto where : {&Bodies::node, &Bodies::streams, &Bodies::tickets, &Bodies::nodes}) {
    for (const char *bad : {"", "<html>", "[]", R"({"node":7,"streams":7,"tickets":7,"nodes":7})"}) {
      Bodies one = bodies();
      one.*where = bad;
      const auto snapshot = read_snapshot(one);
      ASSERT_FALSE(snapshot) << bad;
      EXPECT_EQ(snapshot.error().detail.rfind("the node's answer: ", 0), 0u);
    }
  }
}

TEST(SnapshotLine, IsOneObjectOnOneLine) {
  const Bodies some{.node = "{\"node\":{\"uuid\":\"me\",\"new\":[1]}}\n",
                    .streams = "{ \"streams\" :\r\n [] }",
                    .tickets = "{}",
                    .nodes = R"({"nodes":[{"uuid":"}{"}]})"};
  const auto line = snapshot_line(some, 1700);
  ASSERT_TRUE(line) << line.error().detail;
  EXPECT_EQ(*line,
            R"({"time_ms":1700,"node":{"uuid":"me","new":[1]},"streams" :   [],"nodes":[{"uuid":"}{"}]})");
  EXPECT_TRUE(json::check(*line));
  EXPECT_FALSE(snapshot_line({.node = "x"}, 1700));
}

TEST(SnapshotLine, OfAnErrorHasItsCodeAndMessage) {
  EXPECT_EQ(trouble_line({Code::unreachable, "no \"answer\""}, 1),
            R"({"time_ms":1,"error":{"code":"unreachable","message":"no \"answer\""}})");
  EXPECT_EQ(trouble_line({Code::refused, ""}, 1), R"({"time_ms":1,"error":{"code":"failed","message":""}})");
}

}  // namespace
}  // namespace astral::ctl
