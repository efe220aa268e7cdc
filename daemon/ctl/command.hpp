// SPDX-License-Identifier: BSD-3-Clause
// The commands of astralctl and the HTTP calls that they are. Pure: arguments in, calls out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"

namespace astral::ctl {

// What to do with a good answer.
enum class Show { nodes, streams, ticket, tickets, seeded, created_stream, url, done, top };

struct Call {
  std::string method;
  std::string path;
  std::string body;  // JSON; empty: none
};

struct Plan {
  std::vector<Call> calls;  // in order; the first that is refused ends it. None: top
  Show show = Show::done;
  std::string subject;  // the slug or the uuid in what is printed
};

struct Arguments {
  std::string node = "http://127.0.0.1:8000";  // without a slash at the end
  std::string token;                           // empty: none
  bool json = false;
  bool help = false;
  bool version = false;
  std::vector<std::string> words;  // the command and its arguments
};

// invalid: usage. `token` is the one that the environment has, for when no option brings one.
Expected<Arguments> parse(const std::vector<std::string> &arguments, const std::string &token = {});

// Names for nodes that are made up.
using MakeUuid = std::string (*)();
Expected<Plan> plan(const std::vector<std::string> &words, MakeUuid make_uuid);

std::string help();

}  // namespace astral::ctl
