// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/advice.hpp"

#include <algorithm>

namespace astral::ctl {
namespace {

struct Advice {
  std::string_view command;  // empty: all others
  std::string_view code;
  std::string_view text;
};

constexpr std::string_view listed_streams = "'astralctl liststreams' lists the streams that the node knows";
constexpr std::string_view listed_tickets =
    "'astralctl listtickets' lists the tickets that the node gave or holds";
constexpr std::string_view own_stream =
    "'astralctl pause SLUG' stops sending it, 'astralctl delete SLUG' ends it for everybody";
constexpr std::string_view elsewhere =
    "call the node that publishes it: astralctl --node http://HOST:PORT, with the token of its settings file "
    "(ASTRAL_TOKEN) unless you are on its machine";

// The first line that fits.
constexpr Advice known[] = {
    {"stop", "not-found", listed_tickets},
    {"revoketicket", "not-found", listed_tickets},
    {"deletenode", "not-found", "'astralctl listnodes' lists the nodes that the node knows"},
    {"seed", "not-found", "'astralctl liststreams' and 'astralctl listnodes' list what the node knows"},
    {"unpair", "not-found", "'astralctl listdevices' lists the paired devices"},
    {"", "not-found", listed_streams},
    {"stop", "conflict", own_stream},
    {"revoketicket", "conflict", own_stream},
    {"deletenode", "conflict", "'astralctl shutdown' ends it"},
    {"stream", "conflict", "choose another name"},
    {"pause", "refused", elsewhere},
    {"resume", "refused", elsewhere},
    {"delete", "refused", elsewhere},
    {"", "no-room",
     "try again in some seconds; 'astralctl doctor' says what keeps other nodes from this one"},
    {"", "unreachable", "try again in some seconds; 'astralctl doctor' says how the node reaches others"},
    {"", "timeout", "try again in some seconds; 'astralctl doctor' says how the node reaches others"},
};

}  // namespace

std::string advice(std::string_view command, std::string_view code) {
  const auto found = std::ranges::find_if(known, [&](const Advice &one) {
    return one.code == code && (one.command.empty() || one.command == command);
  });
  return found == std::end(known) ? "" : std::string(found->text);
}

}  // namespace astral::ctl
