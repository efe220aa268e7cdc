// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/asking_players.hpp"

namespace astral::runtime {

void AskingPlayers::asked(const std::string &slug, const std::string &client, Time now) {
  if (all_ >= most) drop_old(now);
  auto &clients = clients_[slug];
  if (all_ >= most && !clients.contains(client)) return;
  if (clients.insert_or_assign(client, now).second) ++all_;
}

void AskingPlayers::drop_old(Time now) {
  for (auto &[slug, clients] : clients_)
    all_ -= std::erase_if(clients, [&](const auto &client) { return now - client.second >= gone_after; });
  std::erase_if(clients_, [](const auto &stream) { return stream.second.empty(); });
}

std::size_t AskingPlayers::count(const std::string &slug) const {
  const auto found = clients_.find(slug);
  return found == clients_.end() ? 0 : found->second.size();
}

}  // namespace astral::runtime
