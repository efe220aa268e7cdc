// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/asking_players.hpp"

#include <iterator>

namespace astral::runtime {

// The first request of a program has no session yet, so that entry ends when the session begins.
void AskingPlayers::asked(const std::string &slug, const AskingPlayer &player, Time now) {
  if (all_ >= most) drop_old(now);
  auto &players = players_[slug];
  if (!player.session.empty()) all_ -= players.erase({player.address, player.program, ""});
  const Key key{player.address, player.session.empty() ? player.program : "", player.session};
  if (const auto known = players.find(key); known != players.end()) {
    known->second = now;
    return;
  }
  if (all_ >= most) return;
  const auto of_address = players.lower_bound({player.address, "", ""});
  std::size_t count = 0;
  for (auto at = of_address; at != players.end() && std::get<0>(at->first) == player.address; ++at)
    if (++count >= most_of_address) return;
  players.emplace(key, now);
  ++all_;
}

void AskingPlayers::drop_old(Time now) {
  for (auto &[slug, players] : players_)
    all_ -= std::erase_if(players, [&](const auto &player) { return now - player.second >= gone_after; });
  std::erase_if(players_, [](const auto &stream) { return stream.second.empty(); });
}

std::size_t AskingPlayers::count(const std::string &slug) const {
  const auto found = players_.find(slug);
  return found == players_.end() ? 0 : found->second.size();
}

}  // namespace astral::runtime
