// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/command.hpp"

#include <glib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/slug.hpp"
#include "glue/json.hpp"
#include "glue/ref.hpp"
#include "protocol/title.hpp"

namespace astral::ctl {
namespace {

constexpr std::size_t any_number = 1000;      // arguments of one command
constexpr std::size_t max_fake_nodes = 1000;  // ten times what a supernode takes by default
constexpr std::size_t max_token = 4096;

// Port 1 (tcpmux): no program listens there, and only root could.
constexpr int dead_port = 1;

struct Command {
  std::string_view name;
  std::string_view short_name;  // with its hyphen, as the first Astral had it
  std::string_view arguments;
  std::size_t min;
  std::size_t max;
  std::string_view help;
  Expected<Plan> (*make)(const std::vector<std::string> &arguments, MakeUuid make_uuid);
};

using Words = std::vector<std::string>;

Expected<std::string> slug(const std::string &word) {
  if (core::is_stream_name(word)) return word;
  const std::string meant = protocol::slug_of_title(word);
  return fail(Code::invalid, "not a slug: " + word + (meant.empty() ? "" : " (did you mean " + meant + "?)"));
}

Expected<std::string> uuid(const std::string &word) {
  if (core::is_uuid(word)) return word;
  return fail(Code::invalid, "neither a uuid nor a label: " + word);
}

Expected<std::string> device(const std::string &word) {
  const bool is_id = !word.empty() && std::ranges::all_of(word, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (is_id) return word;
  return fail(Code::invalid, "not an ID of 'astralctl listdevices': " + word);
}

Expected<std::size_t> number(const std::string &word, std::size_t max) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc() && end == word.data() + word.size() && value > 0 && value <= max) return value;
  return fail(Code::invalid, "not a number from 1 to " + std::to_string(max) + ": " + word);
}

Expected<Plan> one(Show show, std::string method, std::string path, std::string subject = {},
                   std::string body = {}) {
  return Plan{{{std::move(method), std::move(path), std::move(body)}}, show, std::move(subject)};
}

Expected<Plan> set_streaming(const std::string &word, bool streaming) {
  return slug(word).and_then([streaming](const std::string &name) {
    return one(Show::done, "PUT", "/stream/" + name, name + (streaming ? " resumed" : " paused"),
               json::Builder().set("streaming", streaming).text());
  });
}

Expected<Plan> set_hidden(const std::string &word, bool hidden) {
  return slug(word).and_then([hidden](const std::string &name) {
    return one(Show::done, "PUT", "/stream/" + name, name + (hidden ? " hidden" : " shown again"),
               json::Builder().set("hidden", hidden).text());
  });
}

// A number and s, m, h or d; at most 366 days. Returns seconds.
Expected<std::uint64_t> duration(std::string_view word) {
  constexpr std::uint64_t most = 366 * 24 * 3600;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  const std::string_view unit = word.substr(static_cast<std::size_t>(end - word.data()));
  const std::uint64_t factor = unit == "s"   ? 1
                               : unit == "m" ? 60
                               : unit == "h" ? 3600
                               : unit == "d" ? 86'400
                                             : 0;
  if (error == std::errc() && value > 0 && factor > 0 && value <= most / factor) return value * factor;
  return fail(Code::invalid, "not a time from 1s to 366d: " + std::string(word));
}

// The value of "--NAME=VALUE" among the words, which is taken out; nullopt: it is not there.
std::optional<std::string> take(Words &words, const std::string &option) {
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (*word != option && !word->starts_with(option + "=")) continue;
    std::string value = word->size() > option.size() ? word->substr(option.size() + 1) : "";
    words.erase(word);
    return value;
  }
  return std::nullopt;
}

Expected<Plan> create(Words words) {
  const bool is_private = take(words, "--private").has_value();
  if (words.empty() || words.size() > 2)
    return fail(Code::invalid, "stream: a name, and perhaps a description");
  json::Builder body;
  body.set("name", words[0]).set("description", words.size() > 1 ? words[1] : "");
  if (is_private) body.set("private", true);
  return one(Show::created_stream, "POST", "/streams", {}, body.text());
}

Expected<Plan> invite(Words words) {
  const auto guest = take(words, "--for"), expires = take(words, "--expires");
  if (words.size() != 1) return fail(Code::invalid, "invite: one slug");
  const auto name = slug(words[0]);
  if (!name) return tl::unexpected(name.error());
  json::Builder body;
  if (guest) body.set("for", *guest);
  if (expires) {
    const auto seconds = duration(*expires);
    if (!seconds) return tl::unexpected(seconds.error());
    body.set("expires_seconds", *seconds);
  }
  return one(Show::invitation, "POST", "/stream/" + *name + "/invitations", *name, body.text());
}

Expected<Plan> revoke(const Words &words) {
  const auto name = slug(words[0]);
  if (!name) return tl::unexpected(name.error());
  if (words.size() == 1) return one(Show::invitations, "GET", "/stream/" + *name + "/invitations", *name);
  const GString_ guest(g_uri_escape_string(words[1].c_str(), nullptr, FALSE));
  return one(Show::done, "DELETE", "/stream/" + *name + "/invitation/" + guest.get(),
             words[1] + " is not invited to " + *name + " any more");
}

constexpr std::array<Command, 29> commands = {{
    {"listnodes", "-ln", "", 0, 0, "list the nodes that the node knows",
     [](const Words &, MakeUuid) { return one(Show::nodes, "GET", "/nodes"); }},
    {"liststreams", "-ls", "", 0, 0, "list the streams that the node knows",
     [](const Words &, MakeUuid) { return one(Show::streams, "GET", "/streams"); }},
    {"listtickets", "-lt", "", 0, 0, "list the tickets that the node gave or holds",
     [](const Words &, MakeUuid) { return one(Show::tickets, "GET", "/tickets"); }},
    {"stream", "-st", "NAME [DESCRIPTION]", 1, 3, "create a stream (--private: only guests can watch it)",
     [](const Words &words, MakeUuid) { return create(words); }},
    {"invite", "-in", "SLUG", 1, 3, "print a link to a private stream (--for NAME, --expires 7d)",
     [](const Words &words, MakeUuid) { return invite(words); }},
    {"revoke", "-rv", "SLUG [GUEST]", 1, 2, "end an invitation (without GUEST: list them)",
     [](const Words &words, MakeUuid) { return revoke(words); }},
    {"accept", "-ac", "", 0, 0, "read an invitation, so that its private stream plays here",
     [](const Words &, MakeUuid) {
       auto made = one(Show::accepted, "POST", "/invitations");
       made->input = "invitation";
       return made;
     }},
    {"pause", "-pa", "SLUG", 1, 1, "stop sending a stream of this node; its viewers stay",
     [](const Words &words, MakeUuid) { return set_streaming(words[0], false); }},
    {"resume", "-re", "SLUG", 1, 1, "send a paused stream again",
     [](const Words &words, MakeUuid) { return set_streaming(words[0], true); }},
    {"delete", "-de", "SLUG", 1, 1, "end a stream of this node for everybody",
     [](const Words &words, MakeUuid) {
       return slug(words[0]).and_then([](const std::string &name) {
         return one(Show::done, "DELETE", "/stream/" + name, name + " deleted");
       });
     }},
    {"watch", "-w", "SLUG", 1, 1, "get a ticket for a stream, so that it plays here",
     [](const Words &words, MakeUuid) {
       return slug(words[0]).and_then([](const std::string &name) {
         return one(Show::ticket, "POST", "/stream/" + name + "/tickets", name, "{}");
       });
     }},
    {"stop", "-sp", "SLUG", 1, 1, "stop watching: give up this node's ticket for a stream",
     [](const Words &words, MakeUuid) {
       return slug(words[0]).and_then([](const std::string &name) {
         return one(Show::done, "DELETE", "/stream/" + name + "/ticket", "stopped watching " + name);
       });
     }},
    {"seed", "-se", "SLUG NODE", 2, 2, "get a ticket for that node, so that it forwards the stream",
     [](const Words &words, MakeUuid) -> Expected<Plan> {
       const auto name = slug(words[0]);
       if (!name) return tl::unexpected(name.error());
       const auto node = uuid(words[1]);
       if (!node) return tl::unexpected(node.error());
       return one(Show::seeded, "POST", "/stream/" + *name + "/tickets", *node + " carries " + *name,
                  json::Builder().set("destination_uuid", *node).text());
     }},
    {"streamurl", "-su", "SLUG", 1, 1, "print the URL of a stream for players",
     [](const Words &words, MakeUuid) {
       return slug(words[0]).and_then(
           [](const std::string &name) { return one(Show::url, "GET", "/stream/" + name, name); });
     }},
    {"revoketicket", "-rt", "SLUG [NODE]", 1, 2, "give up a ticket (with NODE: the one given to that node)",
     [](const Words &words, MakeUuid) -> Expected<Plan> {
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
    {"key", "-ke", "VERB SLUG", 2, 2, "export: print the secret key of a stream; import: read one",
     [](const Words &words, MakeUuid) -> Expected<Plan> {
       const auto name = slug(words[1]);
       if (!name) return tl::unexpected(name.error());
       const std::string path = "/stream/" + *name + "/key";
       if (words[0] == "export") return one(Show::key, "GET", path, *name);
       if (words[0] != "import") return fail(Code::invalid, "key: export or import, not " + words[0]);
       auto made = one(Show::done, "PUT", path, "this node has the key of " + *name);
       made->input = "pem";
       return made;
     }},
    {"createfakenode", "-cn", "COUNT", 1, 1, "register COUNT fake nodes, for tests",
     [](const Words &words, MakeUuid make_uuid) -> Expected<Plan> {
       const auto count = number(words[0], max_fake_nodes);
       if (!count) return tl::unexpected(count.error());
       Plan plan;
       plan.subject = std::to_string(*count) + (*count == 1 ? " fake node" : " fake nodes") + " registered";
       for (std::size_t i = 0; i < *count; ++i) {
         json::Builder node;
         node.set("uuid", make_uuid()).set("ip_address", "127.0.0.1").set("port", dead_port);
         plan.calls.push_back({"POST", "/nodes", node.text()});
       }
       return plan;
     }},
    {"deletenode", "-dn", "NODE...", 1, any_number, "make the node forget other nodes",
     [](const Words &words, MakeUuid) -> Expected<Plan> {
       Plan plan;
       plan.subject = words.size() == 1 ? "node forgotten" : "nodes forgotten";
       for (const std::string &word : words) {
         const auto node = uuid(word);
         if (!node) return tl::unexpected(node.error());
         plan.calls.push_back({"DELETE", "/node/" + *node, {}});
       }
       return plan;
     }},
    {"pair", "-pr", "", 0, 0, "make a code by which one phone or browser controls the node",
     [](const Words &, MakeUuid) { return one(Show::pairing, "POST", "/pairing"); }},
    {"listdevices", "-ld", "", 0, 0, "list the paired devices",
     [](const Words &, MakeUuid) { return one(Show::devices, "GET", "/devices"); }},
    {"unpair", "-up", "ID", 1, 1, "take the control of the node from a paired device",
     [](const Words &words, MakeUuid) {
       return device(words[0]).and_then([](const std::string &id) {
         return one(Show::done, "DELETE", "/device/" + id, id + " may only watch");
       });
     }},
    {"hide", "-hi", "SLUG", 1, 1,
     "take a stream off an origin's lists (--node ORIGIN --token ITS-ADMINISTRATOR'S)",
     [](const Words &words, MakeUuid) { return set_hidden(words[0], true); }},
    {"unhide", "-uh", "SLUG", 1, 1, "put it back",
     [](const Words &words, MakeUuid) { return set_hidden(words[0], false); }},
    {"ban", "-ba", "WHO [REASON]", 1, 2, "make an origin take nothing from a key, an address or a network",
     [](const Words &words, MakeUuid) {
       json::Builder body;
       body.set("who", words[0]).set("reason", words.size() > 1 ? words[1] : "");
       return one(Show::done, "POST", "/bans", words[0] + " banned", body.text());
     }},
    {"unban", "-ub", "WHO", 1, 1, "lift the ban",
     [](const Words &words, MakeUuid) {
       const GString_ who(g_uri_escape_string(words[0].c_str(), nullptr, FALSE));
       return one(Show::done, "DELETE", std::string("/bans?who=") + who.get(),
                  words[0] + " not banned any more");
     }},
    {"listbans", "-lb", "", 0, 0, "list an origin's bans and hidden streams",
     [](const Words &, MakeUuid) { return one(Show::moderation, "GET", "/moderation"); }},
    {"shutdown", "-sh", "", 0, 0, "shut the node down; it tells other nodes first",
     [](const Words &, MakeUuid) { return one(Show::done, "DELETE", "/node", "shut down"); }},
    {"doctor", "-do", "", 0, 0, "say how other nodes reach the node, and what would make it better",
     [](const Words &, MakeUuid) { return one(Show::doctor, "GET", "/doctor"); }},
    {"top", "-t", "", 0, 0, "show streams, tickets and neighbours as they change; quit with q",
     [](const Words &, MakeUuid) -> Expected<Plan> {
       return Plan{{}, Show::top, {}};
     }},
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

// The token becomes part of a header, so it must not have characters that end the header.
Expected<std::string> token(std::string text) {
  const bool good = !text.empty() && text.size() <= max_token &&
                    std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (good) return text;
  return fail(Code::invalid, "the token must be ASCII without spaces, at most " + std::to_string(max_token));
}

// The value of option `name` at `arguments[i]`, after an equals sign or as the next word.
std::optional<Expected<std::string>> value_of(const std::string &name, const Words &arguments,
                                              std::size_t &i) {
  const std::string &word = arguments[i];
  if (word.rfind(name + "=", 0) == 0) return word.substr(name.size() + 1);
  if (word != name) return std::nullopt;
  if (i + 1 == arguments.size()) return fail(Code::invalid, name + " needs a value");
  return arguments[++i];
}

}  // namespace

Expected<Arguments> parse(const std::vector<std::string> &arguments, const std::string &environment_token) {
  Arguments parsed;
  std::string given_token = environment_token;
  bool has_token = !given_token.empty();
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
    } else if (const auto url = value_of("--node", arguments, i)) {
      auto node = url->and_then(node_url);
      if (!node) return tl::unexpected(node.error());
      parsed.node = std::move(*node);
    } else if (word == "--private") {
      parsed.words.push_back(word);
    } else if (const auto guest = value_of("--for", arguments, i)) {
      if (!*guest) return tl::unexpected(guest->error());
      parsed.words.push_back("--for=" + **guest);
    } else if (const auto expires = value_of("--expires", arguments, i)) {
      if (!*expires) return tl::unexpected(expires->error());
      parsed.words.push_back("--expires=" + **expires);
    } else if (const auto value = value_of("--token", arguments, i)) {
      if (!*value) return tl::unexpected(value->error());
      given_token = **value;
      has_token = true;
    } else if (parsed.words.empty()) {
      parsed.words.push_back(word);  // -ln or --listnodes; plan() looks it up
    } else {
      return fail(Code::invalid,
                  "unknown option " + word + " (-- goes before a word that starts with a hyphen)");
    }
  }
  if (has_token) {
    auto good = token(std::move(given_token));
    if (!good) return tl::unexpected(good.error());
    parsed.token = std::move(*good);
  }
  return parsed;
}

Expected<Plan> plan(const std::vector<std::string> &words, MakeUuid make_uuid) {
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
  auto made = command->make(arguments, make_uuid);
  if (made) made->command = command->name;
  return made;
}

std::string invitation_in(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == text.npos) return {};
  text = text.substr(first, text.find_last_not_of(spaces) - first + 1);
  constexpr std::string_view place = "#invite/";
  const std::size_t found = text.find(place);
  return std::string(found == text.npos ? text : text.substr(found + place.size()));
}

std::string help() {
  std::string text =
      "Usage: astralctl [--node URL] [--token TOKEN] [--json] COMMAND [ARGUMENT...]\n\n"
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
      "  --token TOKEN                       the node's access token (default: ASTRAL_TOKEN)\n"
      "  --json                              print the node's answers unchanged, for scripts\n"
      "  --version                           print the version and exit\n"
      "  -h, --help                          print this and exit\n\n"
      "Exit status: 0 done, 1 refused or unreachable, 2 wrong usage.\n\n"
      "Example: astralctl stream \"My Talk\" \"About streams\" && astralctl streamurl my-talk\n";
  return text;
}

}  // namespace astral::ctl
