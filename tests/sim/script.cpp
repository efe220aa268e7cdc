// SPDX-License-Identifier: BSD-3-Clause
#include "script.hpp"

#include <cstdio>
#include <map>
#include <sstream>

#include "trace.hpp"

namespace astral::sim {

using namespace core;

namespace {

std::vector<std::string> split(const std::string &text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::optional<Time> time_of(const std::string &text) {
  std::size_t unit = 0;
  while (unit < text.size() && text[unit] >= '0' && text[unit] <= '9') ++unit;
  if (unit == 0 || unit > 6) return std::nullopt;
  const auto count = static_cast<Time::rep>(std::stol(text.substr(0, unit)));
  if (text.substr(unit) == "s") return Time{1s} * count;
  if (text.substr(unit) == "ms") return Time{1ms} * count;
  return std::nullopt;
}

const char *name_of(RoleState state) {
  switch (state) {
    case RoleState::seeking:
      return "seeking";
    case RoleState::registering:
      return "registering";
    case RoleState::child:
      return "child";
    case RoleState::supernode:
      return "supernode";
  }
  return "";
}

const std::map<std::string, Nat> nats{
    {"open", {.udp = Udp::open}},
    {"port-restricted",
     {.udp = Udp::behind_nat,
      .mapping = NatRule::endpoint_independent,
      .filtering = NatRule::address_and_port_dependent}},
    {"symmetric",
     {.udp = Udp::behind_nat,
      .mapping = NatRule::address_and_port_dependent,
      .filtering = NatRule::address_and_port_dependent}},
    {"blocked", {.udp = Udp::blocked}},
};

bool is_id(const std::string &word) {
  return word.size() >= 24 && word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Script::Script() {
  world_.watch = [this](std::size_t node, const Effects &effects) { note(node, effects); };
}

std::string Script::name(std::size_t node, PeerId peer) {
  std::string &known = names_[{node, peer}];
  if (const auto uuid = world_.other_end(node, peer)) known = *uuid;
  return known.empty() ? "?" : known;
}

std::string Script::short_ids(std::string line) {
  std::string out;
  std::string word;
  const auto flush = [&] {
    if (is_id(word)) {
      const auto found = ids_.try_emplace(word, "#" + std::to_string(ids_.size() + 1));
      word = found.first->second;
    }
    out += std::exchange(word, "");
  };
  for (const char c : line) {
    const bool part = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!part) flush();
    (part ? word : out) += c;
  }
  flush();
  return out;
}

void Script::note(std::size_t node, const Effects &effects) {
  for (const Effect &effect : effects) {
    if (std::holds_alternative<Announce>(effect) || std::holds_alternative<MeasureBandwidth>(effect))
      continue;
    std::string line = world_.node(node).self().uuid;
    if (const auto *send = std::get_if<Send>(&effect)) {
      const Message *said = &send->message;
      if (const auto *routed = std::get_if<Routed>(said); routed != nullptr && routed->what)
        said = &routed->what->message;
      const std::string to = name(node, send->peer);
      if (std::holds_alternative<Heartbeat>(*said)) continue;
      line += " > " + to + ": " + text(send->message);
    } else if (const auto *end = std::get_if<Disconnect>(&effect)) {
      line += " Disconnect " + name(node, end->peer) + ": " + end->reason;
    } else {
      line += " " + text(effect);
    }
    char when[32];
    std::snprintf(when, sizeof when, "%8.3f ", static_cast<double>(world_.now() / 1ms) / 1000);
    out_ += when + short_ids(line) + "\n";
  }
}

bool Script::add(const Words &words) {
  if (words.size() < 2 || world_.index_of(words[1])) return false;
  Settings settings;
  Nat nat;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t at = words[i].find('=');
    if (at == std::string::npos) return false;
    const std::string key = words[i].substr(0, at);
    const std::string value = words[i].substr(at + 1);
    if (key == "bootstrap") {
      for (const std::string &uuid : split(value, ',')) {
        const auto index = world_.index_of(uuid);
        if (!index) return false;
        settings.bootstrap.push_back(World::address_of(*index));
      }
    } else if (key == "role" && value == "origin") {
      settings = of_origin(settings);
    } else if (key == "role" && (value == "child" || value == "supernode")) {
      settings.role = value == "child" ? Role::child : Role::supernode;
    } else if (key == "origin") {
      const auto index = world_.index_of(value);
      if (!index) return false;
      settings.has_origin = true;
      settings.origin_at = World::address_of(*index);
    } else if (key == "capacity") {
      settings.capacity = static_cast<std::uint32_t>(std::stoul(value));
    } else if (key == "upstream") {
      settings.upstream_bps = std::stoull(value) * 1000;
    } else if (key == "children") {
      settings.max_children = static_cast<std::uint32_t>(std::stoul(value));
    } else if (key == "nat" || key == "unknown-nat") {
      const auto found = nats.find(value);
      if (found == nats.end()) return false;
      nat = found->second;
      if (key == "nat") settings.self.nat = nat;
    } else if (key == "ip" && (value == "4" || value == "6" || value == "4,6")) {
      settings.self.families = {.ipv4 = value != "6", .ipv6 = value != "4"};
    } else {
      return false;
    }
  }
  world_.nat(world_.add(words[1], settings), nat);
  return true;
}

// The state of the nodes as a person would look at it.
void Script::show(const Words &words) {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    std::string line = world_.node(i).self().uuid + ":";
    if (!world_.alive(i)) {
      line += " away";
    } else if (words.size() == 1) {
      line += std::string(" ") + name_of(world_.node(i).role());
      if (!world_.node(i).primary().empty()) line += " of " + world_.node(i).primary();
      if (world_.node(i).self().supernode)
        line += ", children " + std::to_string(*world_.node(i).self().children);
    } else {
      for (const TicketView &ticket : world_.node(i).tickets(words[1])) {
        if (!ticket.held) continue;
        line += " " + ticket.role + " from " + (ticket.element ? "its publisher" : ticket.source) + " (" +
                ticket.state + ", " + std::to_string(ticket.hops) + ")";
      }
    }
    out_ += line + "\n";
  }
}

bool Script::act(const Words &words) {
  const std::string &what = words[0];
  if (what == "add") return add(words);
  if (what == "show") return show(words), true;
  if (words.size() < 2) return false;
  if (what == "run") {
    const auto time = time_of(words[1]);
    if (time) world_.run(*time);
    return time.has_value();
  }
  const auto found = world_.index_of(words[1]);
  if (!found) return false;
  const std::size_t node = *found;
  if (words.size() == 2) {
    if (what == "kill") return world_.kill(node), true;
    if (what == "restart") return world_.restart(node), true;
    if (what == "shutdown") return world_.step(node, Shutdown{}), true;
    if (what == "mute") return world_.mute(node), true;
    if (what == "unmute") return world_.mute(node, false), true;
    if (what == "unreachable") return world_.reachable(node, false), true;
    return false;
  }
  const Slug &slug = words[2];
  const std::string there = words[1] + "/" + slug;
  if (words.size() == 4 && what == "seed")
    return world_.call(node, AskTicket{.slug = slug, .destination = words[3]}), true;
  if (words.size() == 4 && what == "measure")  // kbit/s, the node's own figure
    return world_.step(node, MediaMeasured{.slug = slug, .rate_bps = std::stoull(words[3]) * 1000}), true;
  if (words.size() != 3) return false;
  if (what == "publish") return publishers_[there] = world_.publish(node, slug), true;
  if (what == "watch") return world_.ask(node, slug), true;
  if (what == "unwatch") return world_.call(node, RevokeTicket{.slug = slug}), true;
  if (what == "pause" || what == "resume")
    return world_.call(node, SetStreaming{.slug = slug, .streaming = what == "resume"}), true;
  if (what == "end" && publishers_.contains(there))
    return world_.say(publishers_[there], Ended{.slug = slug}), true;
  if (what == "delete") return world_.call(node, DeleteStream{.slug = slug}), true;
  if (what == "hang-up" && publishers_.contains(there)) return world_.hang_up(publishers_[there]), true;
  return false;
}

std::string Script::run(const std::string &line) {
  out_.clear();
  const Words words = split(line, ' ');
  if (words.empty() || !act(words)) return "not understood: " + line + "\n";
  return out_.empty() ? "ok\n" : out_;
}

std::string Script::play(const std::string &text) {
  Script script;
  std::istringstream in(text);
  std::string out;
  std::string said;
  bool output = false;
  for (std::string line; std::getline(in, line);) {
    if (output && !line.empty()) continue;
    if (output) {
      out += std::exchange(said, "") + "\n";
      output = false;
      continue;
    }
    out += line + "\n";
    if (line == "----")
      output = true;
    else if (!line.empty() && line[0] != '#')
      said += script.run(line);
  }
  return out + said;
}

}  // namespace astral::sim
