// SPDX-License-Identifier: BSD-3-Clause
// The commands of astralctl and the HTTP calls of each. Pure: arguments in, calls out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"

namespace astral::ctl {

// How to show a successful answer.
enum class Show {
  nodes,
  streams,
  ticket,
  tickets,
  seeded,
  created_stream,
  url,
  done,
  top,
  doctor,
  key,
  invitation,
  invitations,
  accepted,
  pairing,
  devices,
  moderation
};

struct Call {
  std::string method;
  std::string path;
  std::string body;  // JSON; empty: none
};

struct Plan {
  std::vector<Call> calls;  // in order, until one is refused; empty for `top`
  Show show = Show::done;
  std::string subject;            // a slug or a text to print
  std::string_view command = {};  // its long name
  std::string_view input = {};    // the field of the call's body that comes on standard input; empty: none
};

struct Arguments {
  std::string node = "http://127.0.0.1:8000";  // without a slash at the end
  std::string token;                           // empty: none
  bool json = false;
  bool help = false;
  bool version = false;
  std::vector<std::string> words;  // the command and its arguments
};

// **Errors** invalid: the usage is wrong. `token` is the environment's, used if there is no --token.
Expected<Arguments> parse(const std::vector<std::string> &arguments, const std::string &token = {});

// Makes the uuids of fake nodes.
using MakeUuid = std::string (*)();
Expected<Plan> plan(const std::vector<std::string> &words, MakeUuid make_uuid);

// The invitation in a link or by itself, without the spaces around it.
std::string invitation_in(std::string_view text);

std::string help();

}  // namespace astral::ctl
