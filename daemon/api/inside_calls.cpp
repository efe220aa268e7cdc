// SPDX-License-Identifier: BSD-3-Clause
// GET /log and GET /pipelines: the last log lines, and the pipelines as Graphviz sources. For the owner only.
#include "api/calls.hpp"
#include "api/log.hpp"

namespace astral::api {
namespace {

void log(const http::Answer &answer) {
  std::vector<json::Builder> lines;
  for (const Log::Line &line : Log::lines()) {
    json::Builder one;
    lines.push_back(one.set("time", line.time_ms).set("level", line.level).set("text", line.text));
  }
  answer(http::reply(json::Builder().set("log", lines)));
}

void pipelines(runtime::Driver &driver, const http::Answer &answer) {
  std::vector<json::Builder> shown;
  for (const media::Drawing &drawing : driver.media().drawings()) {
    json::Builder one;
    shown.push_back(one.set("stream", drawing.slug).set("name", drawing.name).set("dot", drawing.dot));
  }
  answer(http::reply(json::Builder().set("pipelines", shown)));
}

}  // namespace

void add_inside_calls(std::vector<http::Route> &routes, runtime::Driver &driver) {
  routes.push_back({.method = "GET",
                    .pattern = "/log",
                    .handle = [](const http::Call &, const http::Answer &answer) { log(answer); },
                    .who = http::Who::owner});
  routes.push_back(
      {.method = "GET",
       .pattern = "/pipelines",
       .handle = [d = &driver](const http::Call &, const http::Answer &answer) { pipelines(*d, answer); },
       .who = http::Who::owner});
}

}  // namespace astral::api
