// SPDX-License-Identifier: BSD-3-Clause
// astralctl: the command line of a node. Uses only the HTTP API.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/client.hpp"
#include "ctl/command.hpp"
#include "ctl/show.hpp"
#include "ctl/text.hpp"
#include "ctl/top.hpp"
#include "glue/json.hpp"

namespace astral::ctl {
namespace {

constexpr std::size_t max_input = 16 * 1024;  // bytes

enum Status { done = 0, refused = 1, usage = 2 };

Status complain(Status status, const std::string &why) {
  std::fprintf(stderr, "astralctl: %s\n", why.c_str());
  if (status == usage) std::fprintf(stderr, "astralctl: see astralctl --help\n");
  return status;
}

// Fails if the pipe was closed early (`| head`) or the disk is full.
Status print(const std::string &text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? done : refused;
}

// An answer as one line, for scripts. No value if the answer is not JSON.
std::optional<std::string> line_of(std::string_view answer) {
  if (!json::check(answer, {.max_bytes = max_answer})) return std::nullopt;
  return one_line(answer) + "\n";
}

// What is on standard input; invalid if it is more than a key.
Expected<std::string> read_input() {
  std::string text(max_input + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  if (text.size() > max_input) return fail(Code::invalid, "standard input is longer than any key");
  return text;
}

// How many calls of a command were done before the error.
std::string after(std::size_t calls, std::size_t of) {
  return of > 1 ? "; " + std::to_string(calls) + " of " + std::to_string(of) + " done" : "";
}

std::string random_uuid() {
  return GString_(g_uuid_string_random()).get();
}

Status run(const std::vector<std::string> &words) {
  const char *token = std::getenv("ASTRAL_TOKEN");
  const auto arguments = parse(words, token ? token : "");
  if (!arguments) return complain(usage, arguments.error().detail);
  if (arguments->help) return print(help());
  if (arguments->version) return print("astralctl " ASTRAL_VERSION "\n");
  auto plan = ctl::plan(arguments->words, random_uuid);
  if (!plan) return complain(usage, plan.error().detail);
  if (!plan->input.empty()) {
    const auto input = read_input();
    if (!input) return complain(usage, input.error().detail);
    const std::string text = plan->input == "invitation" ? invitation_in(*input) : *input;
    plan->calls.front().body = json::Builder().set(std::string(plan->input).c_str(), text).text();
  }
  if (plan->show == Show::top) return run_top(*arguments) == 0 ? done : refused;
  Client client({arguments->node, arguments->token});
  std::string last;
  std::size_t finished = 0;
  for (const Call &call : plan->calls) {
    const auto answer = client.perform(call);
    if (!answer) {
      return complain(refused, answer.error().detail + after(finished, plan->calls.size()) +
                                   "; is astralnode running there? --node URL names another one");
    }
    if (answer->status < 200 || answer->status > 299) {
      const auto line = arguments->json ? line_of(answer->body) : std::nullopt;
      if (line) (void)print(*line);
      return complain(refused, show_error(plan->command, answer->status, answer->body) +
                                   after(finished, plan->calls.size()));
    }
    ++finished;
    if (arguments->json && plan->show != Show::url) {
      const auto line = line_of(answer->body);
      if (!line) return complain(refused, "the node's answer is not JSON");
      if (print(*line) != done) return refused;
    }
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
