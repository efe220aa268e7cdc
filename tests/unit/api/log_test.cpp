// SPDX-License-Identifier: BSD-3-Clause
#include "api/log.hpp"

#include <gtest/gtest.h>

#include "app_fixture.hpp"

namespace astral::test {
namespace {

using api::Log;

TEST(Log, KeepsTheNewestLines) {
  Log log("");
  for (std::size_t i = 0; i < api::max_log_lines + 3; ++i)
    log.add({.time_ms = static_cast<std::int64_t>(i), .level = "info", .text = std::to_string(i)});
  const auto lines = log.kept();
  ASSERT_EQ(lines.size(), api::max_log_lines);
  EXPECT_EQ(lines.front().text, "3");
  EXPECT_EQ(lines.back().time_ms, static_cast<std::int64_t>(api::max_log_lines + 2));
}

TEST(Log, CutsALongLineAndKeepsItValidUtf8) {
  Log log("");
  log.add({.level = "info", .text = std::string(api::max_log_line - 1, 'x') + "\xC3\xA9"});
  const std::string text = log.kept().front().text;
  EXPECT_TRUE(g_utf8_validate(text.c_str(), -1, nullptr));
  EXPECT_EQ(text.substr(0, 3), "xxx");
}

TEST(Log, ReplacesSecrets) {
  EXPECT_EQ(api::without_secrets("rtmp: talk?token=hidden&x=1 says hidden", "hidden"),
            "rtmp: talk?token=***&x=1 says ***");
  EXPECT_EQ(api::without_secrets("'a?token=other' token=", ""), "'a?token=***' token=***");
  EXPECT_EQ(api::without_secrets("Authorization: Bearer abc def", ""), "Authorization: Bearer *** def");
  Log log("0123456789abcdef");
  log.add({.level = "info", .text = "may not 0123456789abcdef"});
  EXPECT_EQ(log.kept().front().text, "may not ***");
}

class InsideCalls : public AppTest {};

TEST_F(InsideCalls, ShowThePipelines) {
  ASSERT_EQ(http->get("/pipelines").body, "{\"pipelines\":[]}\n");
  ASSERT_TRUE(media.open("talk", std::nullopt));
  EXPECT_EQ(http->get("/pipelines").body,
            R"({"pipelines":[{"stream":"talk","name":"relay","dot":"digraph pipeline {}"}]})"
            "\n");
}

TEST_F(InsideCalls, ShowTheLog) {
  const HttpAnswer answer = http->get("/log");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_TRUE(answer.body.starts_with(R"({"log":[)")) << answer.body;
}

}  // namespace
}  // namespace astral::test
