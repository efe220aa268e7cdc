// SPDX-License-Identifier: BSD-3-Clause
// The players that have no connection and only ask now and then, as those of HLS do. Pure; what they say of
// themselves is not trusted.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <tuple>

#include "glue/time.hpp"

namespace astral::runtime {

// Whom a request is from. Behind one address are several people, whom sessions tell apart, else programs.
struct AskingPlayer {
  std::string address;
  std::string program;  // User-Agent
  std::string session;  // empty: the program keeps none
};

class AskingPlayers {
 public:
  static constexpr Time gone_after = 12s;      // a player asks once per segment at least
  static constexpr std::size_t most = 10'000;  // of all streams; more are not counted
  static constexpr std::size_t most_of_address = 64;  // of one stream; so many may be behind one NAT

  void asked(const std::string &slug, const AskingPlayer &player, Time now);
  void drop_old(Time now);
  std::size_t count(const std::string &slug) const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // of an AskingPlayer

  std::map<std::string, std::map<Key, Time>> players_;  // by slug: when each asked last
  std::size_t all_ = 0;
};

}  // namespace astral::runtime
