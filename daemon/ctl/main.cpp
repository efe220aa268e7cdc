// SPDX-License-Identifier: BSD-3-Clause
// astralctl: the command line of a node. Speaks only the HTTP API.
#include <cstdio>
#include <string>
#include <vector>

#include "ctl/client.hpp"
#include "ctl/command.hpp"
#include "ctl/show.hpp"
#include "glue/json.hpp"

namespace astral::ctl {
namespace {

enum Status { done = 0, refused = 1, usage = 2 };

Status complain(Status status, const std::string &why) {
  std::fprintf(stderr, "astralctl: %s\n", why.c_str());
  if (status == usage) std::fprintf(stderr, "astralctl: see astralctl --help\n");
  return status;
}

// A pipe that was closed early (`| head`) or a full disk is not success.
Status print(const std::string &text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? done : refused;
}

Status run(const std::vector<std::string> &words) {
  const auto arguments = parse(words);
  if (!arguments) return complain(usage, arguments.error().detail);
  if (arguments->help) return print(help());
  if (arguments->version) return print("astralctl " ASTRAL_VERSION "\n");
  const auto plan = ctl::plan(arguments->words);
  if (!plan) return complain(usage, plan.error().detail);
  Client client(arguments->node);
  std::string last;
  for (const Call &call : plan->calls) {
    const auto answer = client.perform(call);
    if (!answer) return complain(refused, answer.error().detail);
    if (answer->status < 200 || answer->status > 299) {
      if (arguments->json) (void)print(answer->body + "\n");
      return complain(refused, show_error(answer->status, answer->body));
    }
    if (arguments->json && plan->show != Show::url && print(answer->body + "\n") != done) return refused;
    last = answer->body;
  }
  if (arguments->json && plan->show != Show::url) return done;
  const auto shown = show(*plan, last, arguments->node);
  if (arguments->json && shown) {
    return print(json::Builder().set("url", shown->substr(0, shown->size() - 1)).text() + "\n");
  }
  return shown ? print(*shown) : complain(refused, shown.error().detail);
}

}  // namespace
}  // namespace astral::ctl

int main(int argc, char **argv) {
  return astral::ctl::run({argv + 1, argv + argc});
}
