// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/command.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "core/slug.hpp"
#include "glue/json.hpp"

namespace astral::ctl {
namespace {

constexpr std::size_t any_number = 1000;  // of arguments

struct Command {
  std::string_view name;
  std::string_view short_name;  // with its hyphen, as the first Astral had it
  std::string_view arguments;
  std::size_t min;
  std::size_t max;
  std::string_view help;
  Expected<Plan> (*make)(const std::vector<std::string> &arguments);
};

using Words = std::vector<std::string>;

Expected<std::string> slug(const std::string &word) {
  if (core::is_slug(word)) return word;
  const std::string meant = core::slug_of(word);
  return fail(Code::invalid, "not a slug: " + word + (meant.empty() ? "" : " (did you mean " + meant + "?)"));
}

Expected<std::string> uuid(const std::string &word) {
  if (core::is_uuid(word)) return word;
  return fail(Code::invalid, "not a uuid: " + word);
}

Expected<Plan> one(Show show, std::string method, std::string path, std::string subject = {},
                   std::string body = {}) {
  return Plan{{{std::move(method), std::move(path), std::move(body)}}, show, std::move(subject)};
}

Expected<Plan> ticket(const std::string &word, const std::string &body) {
  return slug(word).and_then([&](const std::string &name) {
    return one(Show::ticket, "POST", "/stream/" + name + "/tickets", name, body);
  });
}

constexpr std::array<Command, 10> commands = {{
    {"listnodes", "-ln", "", 0, 0, "the nodes that the node knows",
     [](const Words &) { return one(Show::nodes, "GET", "/nodes"); }},
    {"liststreams", "-ls", "", 0, 0, "the streams that it knows",
     [](const Words &) { return one(Show::streams, "GET", "/streams"); }},
    {"listtickets", "-lt", "", 0, 0, "the tickets that it gave or holds",
     [](const Words &) { return one(Show::tickets, "GET", "/tickets"); }},
    {"stream", "-st", "NAME [DESCRIPTION]", 1, 2, "create a stream, to be published into",
     [](const Words &words) {
       json::Builder body;
       body.set("name", words[0]).set("description", words.size() > 1 ? words[1] : "");
       return one(Show::created_stream, "POST", "/streams", core::slug_of(words[0]), body.text());
     }},
    {"watch", "-w", "SLUG", 1, 1, "get a ticket for a stream, so that it plays here",
     [](const Words &words) { return ticket(words[0], "{}"); }},
    {"seed", "-se", "SLUG UUID", 2, 2, "get node UUID a ticket for a stream, so that it can forward it",
     [](const Words &words) {
       return uuid(words[1]).and_then([&](const std::string &destination) {
         return ticket(words[0], json::Builder().set("destination_uuid", destination).text());
       });
     }},
    {"streamurl", "-su", "SLUG", 1, 1, "print what a player opens to watch a stream",
     [](const Words &words) {
       return slug(words[0]).and_then(
           [](const std::string &name) { return one(Show::url, "GET", "/stream/" + name, name); });
     }},
    {"revoketicket", "-rt", "SLUG [UUID]", 1, 2, "give up a ticket (with UUID: the one given to that node)",
     [](const Words &words) -> Expected<Plan> {
       const auto name = slug(words[0]);
       if (!name) return tl::unexpected(name.error());
       std::string path = "/stream/" + *name + "/ticket";
       if (words.size() > 1) {
         const auto destination = uuid(words[1]);
         if (!destination) return tl::unexpected(destination.error());
         path += "/" + *destination;
       }
       return one(Show::done, "DELETE", path, "ticket for " + *name + " revoked");
     }},
    {"deletenode", "-dn", "UUID...", 1, any_number, "make the node forget other nodes",
     [](const Words &words) -> Expected<Plan> {
       Plan plan;
       plan.subject = words.size() == 1 ? "node forgotten" : "nodes forgotten";
       for (const std::string &word : words) {
         const auto node = uuid(word);
         if (!node) return tl::unexpected(node.error());
         plan.calls.push_back({"DELETE", "/node/" + *node, {}});
       }
       return plan;
     }},
    {"shutdown", "-sh", "", 0, 0, "end the node properly: it tells everyone first",
     [](const Words &) { return one(Show::done, "DELETE", "/node", "shut down"); }},
}};

Expected<std::string> node_url(std::string url) {
  if (url.find("://") == std::string::npos) url = "http://" + url;
  while (!url.empty() && url.back() == '/') url.pop_back();
  const bool http = url.rfind("http://", 0) == 0 || url.rfind("https://", 0) == 0;
  const auto host = url.find("://") + 3;
  if (!http || host >= url.size() || url.find_first_of("/?#@ ", host) != std::string::npos) {
    return fail(Code::invalid, "--node must be http://HOST:PORT, not " + url);
  }
  return url;
}

}  // namespace

Expected<Arguments> parse(const std::vector<std::string> &arguments) {
  Arguments parsed;
  bool words_only = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string &word = arguments[i];
    if (words_only || word.size() < 2 || word[0] != '-') {
      parsed.words.push_back(word);
    } else if (word == "--") {
      words_only = true;
    } else if (word == "--json") {
      parsed.json = true;
    } else if (word == "-h" || word == "--help") {
      parsed.help = true;
    } else if (word == "--version") {
      parsed.version = true;
    } else if (word == "--node" || word.rfind("--node=", 0) == 0) {
      if (word == "--node" && i + 1 == arguments.size()) return fail(Code::invalid, "--node needs a URL");
      auto url = node_url(word == "--node" ? arguments[++i] : word.substr(7));
      if (!url) return tl::unexpected(url.error());
      parsed.node = std::move(*url);
    } else if (parsed.words.empty()) {
      parsed.words.push_back(word);  // -ln and its like, or --listnodes; plan() knows
    } else {
      return fail(Code::invalid, "unknown option " + word + " (-- before a word that starts with a hyphen)");
    }
  }
  return parsed;
}

Expected<Plan> plan(const std::vector<std::string> &words) {
  if (words.empty()) return fail(Code::invalid, "no command");
  const std::string &name = words[0];
  const auto command = std::find_if(commands.begin(), commands.end(), [&](const Command &one) {
    return one.name == name || one.short_name == name || "--" + std::string(one.name) == name;
  });
  if (command == commands.end()) return fail(Code::invalid, "unknown command " + name);
  const std::vector<std::string> arguments(words.begin() + 1, words.end());
  if (arguments.size() < command->min || arguments.size() > command->max) {
    return fail(Code::invalid, "usage: astralctl " + std::string(command->name) +
                                   (command->arguments.empty() ? "" : " " + std::string(command->arguments)));
  }
  return command->make(arguments);
}

std::string help() {
  std::string text =
      "Usage: astralctl [--node URL] [--json] COMMAND [ARGUMENT...]\n\n"
      "Tells an Astral node what to do, over its HTTP API.\n\nCommands:\n";
  for (const Command &command : commands) {
    std::string line = "  " + std::string(command.name) + ", " + std::string(command.short_name) + " " +
                       std::string(command.arguments);
    line.resize(std::max<std::size_t>(line.size() + 1, 38), ' ');
    text += line + std::string(command.help) + "\n";
  }
  text +=
      "\nOptions:\n"
      "  --node URL                          the node (default http://127.0.0.1:8000)\n"
      "  --json                              print the node's answer as it is, for scripts\n"
      "  --version                           print the version and exit\n"
      "  -h, --help                          print this and exit\n\n"
      "Exit status: 0 done, 1 refused or not reached, 2 usage.\n\n"
      "Example: astralctl stream \"My Talk\" \"About streams\" && astralctl streamurl my-talk\n";
  return text;
}

}  // namespace astral::ctl
