// SPDX-License-Identifier: BSD-3-Clause
// The players that have no connection and only ask now and then, as those of HLS do. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "glue/time.hpp"

namespace astral::runtime {

class AskingPlayers {
 public:
  static constexpr Time gone_after = 12s;      // a player asks once per segment at least
  static constexpr std::size_t most = 10'000;  // of all streams; more are not counted

  void asked(const std::string &slug, const std::string &client, Time now);
  void drop_old(Time now);
  std::size_t count(const std::string &slug) const;

 private:
  std::map<std::string, std::map<std::string, Time>> clients_;  // by slug: when each asked last
  std::size_t all_ = 0;
};

}  // namespace astral::runtime
