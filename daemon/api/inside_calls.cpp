// SPDX-License-Identifier: BSD-3-Clause
// What goes on inside, for whom this machine belongs to: what was logged last, the pipelines as Graphviz
// draws them.
#include "api/calls.hpp"
#include "api/log.hpp"

namespace astral::api {
namespace {

void log(const Answer &answer) {
  std::vector<json::Builder> lines;
  for (const Log::Line &line : Log::lines()) {
    json::Builder one;
    lines.push_back(one.set("time", line.time_ms).set("level", line.level).set("text", line.text));
  }
  answer(reply(json::Builder().set("log", lines)));
}

void pipelines(Driver &driver, const Answer &answer) {
  std::vector<json::Builder> shown;
  for (const Drawing &drawing : driver.media().drawings()) {
    json::Builder one;
    shown.push_back(one.set("stream", drawing.slug).set("name", drawing.name).set("dot", drawing.dot));
  }
  answer(reply(json::Builder().set("pipelines", shown)));
}

}  // namespace

void add_inside_calls(std::vector<Route> &routes, Driver &driver) {
  routes.push_back({.method = "GET",
                    .pattern = "/log",
                    .handle = [](const Call &, const Answer &answer) { log(answer); },
                    .who = Who::owner});
  routes.push_back({.method = "GET",
                    .pattern = "/pipelines",
                    .handle = [d = &driver](const Call &, const Answer &answer) { pipelines(*d, answer); },
                    .who = Who::owner});
}

}  // namespace astral::api
