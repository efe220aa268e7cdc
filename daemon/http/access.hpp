// SPDX-License-Identifier: BSD-3-Clause
// Decides who may do what, by the Host header, the Origin header, the client's address, its token and its
// cookie. Pure.
// The details of its errors are for the client to read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
#include "http/call.hpp"
#include "http/devices.hpp"
#include "http/forwarded.hpp"
#include "http/guesses.hpp"
#include "http/remote_address.hpp"
#include "http/routes.hpp"

namespace astral::http {

class Access {
 public:
  struct Rules {
    // Refuses a Host header that is neither an IP address, nor localhost, nor one of `hosts`: a foreign
    // site's name may point to this machine (DNS rebinding).
    bool checks_host = false;
    std::vector<std::string> hosts = {};
    std::vector<std::string> origins =
        {};                  // scheme://host[:port] whose pages may do what the node's own pages may
    std::string token = {};  // a client that sends it may do what this machine may; empty: none
    TrustedProxies proxies = {};
    bool is_public = false;      // everybody may watch, not only this machine and its local network
    bool shows_peers = false;    // everybody may see which nodes and tickets this node knows
    Devices *devices = nullptr;  // those that may do what this machine may; it outlives Access. Null: none
    Guesses *guesses = nullptr;  // of tokens; it outlives Access. Null: they are not counted
  };

  explicit Access(Rules rules);

  // Makes a call that a trusted proxy has forwarded its client's. To be called first.
  void take_forwarded(Call &call) const { rules_.proxies.apply(call); }

  // Sets who makes the call and what that allows. To be called next.
  void recognize(Call &call, WallTime now) const;

  // **Errors**: refused.
  Expected<void> may_come(const Call &call) const;
  Expected<void> may_open(const Call &call) const;  // a WebSocket
  // `is_open`: of the call's route.
  Expected<void> may_change(const Call &call, Who who, bool is_open = false) const;

  // For RTMP, which has no headers: `query` is the part of the stream key behind '?'.
  Expected<void> may_publish(const RemoteAddress &caller, const std::string &query, WallTime now) const;

  bool is_owner(const Call &call) const;
  bool may_see_peers(const Call &call) const;
  // Who may watch may have a stream brought to this node.
  bool may_watch(const Call &call) const;
  bool may_watch(const RemoteAddress &caller, const std::string &query, WallTime now) const;  // over RTMP
  // A private stream is for the owner, and not for other sites' pages in the owner's browser.
  bool may_watch_private(const Call &call) const;
  bool is_friend(std::string_view origin) const;                 // one of `origins`
  // Whose pages may show this node's player in a frame, for a Content-Security-Policy's frame-ancestors:
  // this node's own and those of `origins`; everybody's if everybody may watch.
  std::string framers() const;

 private:
  Expected<void> may_page(const Call &call, const char *what) const;
  bool is_token(std::string_view token) const;
  // A token that `address` shows. Errors: refused: it is wrong, or too many were.
  Expected<void> check_token(const std::string &token, const std::string &address, WallTime now) const;

  Rules rules_;
};

// Takes equally long wherever the two differ, so that nobody can guess a secret by measuring time.
bool same_secret(std::string_view given, std::string_view secret);

// Why a caller's token is not even looked at.
Error guesses_too_often();
// Why a caller that is not the owner may not do what only the owner may.
Error not_the_owner(const Call &call);
// … why one may not see what this node knows of others
Error not_one_who_sees_peers();
// … and why one may not watch.
Error not_a_viewer();
Error not_a_private_viewer();

}  // namespace astral::http
