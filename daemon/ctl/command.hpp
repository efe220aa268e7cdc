// SPDX-License-Identifier: BSD-3-Clause
// The commands of astralctl and the HTTP calls that they are. Pure: arguments in, calls out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"

namespace astral::ctl {

// What to do with a good answer.
enum class Show { nodes, streams, ticket, tickets, created_stream, url, done };

struct Call {
  std::string method;
  std::string path;
  std::string body;  // JSON; empty: none
};

struct Plan {
  std::vector<Call> calls;  // in order; the first that is refused ends it
  Show show = Show::done;
  std::string subject;  // the slug or the uuid in what is printed
};

struct Arguments {
  std::string node = "http://127.0.0.1:8000";  // without a slash at the end
  bool json = false;
  bool help = false;
  bool version = false;
  std::vector<std::string> words;  // the command and its arguments
};

// invalid: usage.
Expected<Arguments> parse(const std::vector<std::string> &arguments);
Expected<Plan> plan(const std::vector<std::string> &words);

std::string help();

}  // namespace astral::ctl
