// SPDX-License-Identifier: BSD-3-Clause
#include "http/access.hpp"

#include <glib.h>

#include <algorithm>
#include <utility>

#include "glue/ref.hpp"
#include "http/request_head.hpp"

namespace astral::http {
namespace {

bool has_word(const std::vector<std::string> &words, std::string_view word) {
  return std::any_of(words.begin(), words.end(), [&](const std::string &w) { return same_word(w, word); });
}

// The value of `name` in name=value&name=value, percent-decoded; empty if it is missing or cannot be decoded.
std::string value_of(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.size() <= name.size() || pair[name.size()] != '=' || !pair.starts_with(name)) continue;
    const GString_ value(g_uri_unescape_string(std::string(pair.substr(name.size() + 1)).c_str(), nullptr));
    return value ? value.get() : "";
  }
  return "";
}

}  // namespace

bool same_secret(std::string_view given, std::string_view secret) {
  unsigned differ = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    differ |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(secret[i % secret.size()]);
  }
  return differ == 0;
}

Access::Access(Rules rules) : rules_(std::move(rules)) {}

void Access::recognize(Call &call, WallTime now) const {
  call.guesses_too_often = !call.token.empty() && !call.is_loopback && rules_.guesses &&
                           !rules_.guesses->may_guess(call.caller, now);
  if (call.guesses_too_often) call.token.clear();
  if (!call.token.empty() && !call.is_loopback) static_cast<void>(check_token(call.token, call.caller, now));
  if (rules_.devices) call.device = rules_.devices->find(call.cookies, now);
  if (!call.device.empty()) rules_.devices->saw(call.device, now);
  call.is_owner = is_owner(call);
  call.may_watch = may_watch(call);
  call.may_watch_private = may_watch_private(call);
  call.may_see_peers = may_see_peers(call);
}

Expected<void> Access::may_come(const Call &call) const {
  if (!rules_.checks_host || same_word(call.host, "localhost") ||
      g_hostname_is_ip_address(call.host.c_str()) || has_word(rules_.hosts, call.host)) {
    return {};
  }
  return fail(Code::refused,
              "header 'Host': '" + call.host +
                  "' is no name of this node; use its IP address, or start it with --allowed-host " +
                  (call.host.empty() ? "NAME" : call.host));
}

Expected<void> Access::may_page(const Call &call, const char *what) const {
  if (call.origin.empty() || same_word(call.origin, call.site()) || is_friend(call.origin)) return {};
  return fail(Code::refused, "header 'Origin': another site's page may not " + std::string(what) +
                                 ", unless allowed_origins in the settings file has " + call.origin);
}

Expected<void> Access::may_open(const Call &call) const {
  return may_page(call, "open this");
}

Expected<void> Access::may_change(const Call &call, Who who, bool is_open) const {
  // A browser sends a token only if the page knows it.
  const bool is_trusted = is_open && (who == Who::anyone || is_token(call.token));
  if (auto may = may_page(call, "do that"); !may && !is_trusted) return may;
  if (who == Who::anyone || is_owner(call)) return {};
  return tl::unexpected(not_the_owner(call));
}

Error not_the_owner(const Call &call) {
  if (!call.token.empty()) return {Code::refused, "header 'Authorization': that is not this node's token"};
  return {Code::refused,
          "only this machine itself may do that, a device that its owner has paired ('Pair a device' on the "
          "node's page, or 'astralctl pair'), or a client that sends 'Authorization: Bearer TOKEN' with the "
          "token "
          "from the node's settings file"};
}

Error not_one_who_sees_peers() {
  return {
      Code::refused,
      "which nodes watch, and where they are, is for this node's owner, unless it runs with --show-peers"};
}

Error not_a_viewer() {
  return {Code::refused,
          "only this machine and its network may bring a stream to this node, unless it runs with --public"};
}

Error not_a_private_viewer() {
  return {Code::refused,
          "the stream is private: only this machine itself and the devices that its owner has paired may "
          "watch it"};
}

Error guesses_too_often() {
  return {Code::refused, "too many wrong tokens from your address; wait some seconds"};
}

Expected<void> Access::check_token(const std::string &token, const std::string &address, WallTime now) const {
  if (rules_.guesses && !rules_.guesses->may_guess(address, now))
    return tl::unexpected<Error>(guesses_too_often());
  if (is_token(token)) return {};
  if (rules_.guesses) rules_.guesses->was_wrong(address, now);
  return fail(Code::refused, "that is not this node's token");
}

Expected<void> Access::may_publish(const RemoteAddress &caller, const std::string &query,
                                   WallTime now) const {
  if (caller.is_loopback) return {};
  if (const std::string token = value_of(query, "token"); !token.empty())
    return check_token(token, caller.address, now);
  return fail(Code::refused,
              "only this machine itself may publish, or a client that adds '?token=TOKEN' to the stream key, "
              "with the "
              "token from the node's settings file");
}

bool Access::is_owner(const Call &call) const {
  return call.is_loopback || is_token(call.token) || !call.device.empty();
}

bool Access::may_see_peers(const Call &call) const {
  return rules_.shows_peers || is_owner(call);
}

bool Access::may_watch(const Call &call) const {
  return rules_.is_public || call.is_near || is_owner(call);
}

bool Access::may_watch(const RemoteAddress &caller, const std::string &query, WallTime now) const {
  return rules_.is_public || caller.is_near || may_publish(caller, query, now);
}

bool Access::may_watch_private(const Call &call) const {
  return is_owner(call) && (is_token(call.token) || may_page(call, "watch"));
}

bool Access::is_token(std::string_view token) const {
  return !rules_.token.empty() && same_secret(token, rules_.token);
}

std::string Access::framers() const {
  if (rules_.is_public) return "*";
  std::string all = "'self'";
  for (const std::string &origin : rules_.origins) all += " " + origin;
  return all;
}

bool Access::is_friend(std::string_view origin) const {
  return has_word(rules_.origins, origin);
}

}  // namespace astral::http
