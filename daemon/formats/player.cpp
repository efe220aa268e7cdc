// SPDX-License-Identifier: BSD-3-Clause
#include "formats/player.hpp"

#include <utility>

namespace astral::formats {

void Fanout::set_header(Slice header, const Slice &news) {
  const bool is_first = header_.empty();
  header_ = std::move(header);
  for (const auto &[player, has_begun] : players_) {
    if (is_first) player->on_frame(header_, true);
    if (!is_first && !news.empty()) player->on_frame(news, false);
  }
}

void Fanout::push(const Slice &frame, bool is_start) {
  if (is_start) {
    forget();
    has_start_ = true;
  }
  if (has_start_) {
    group_.push_back(frame);
    group_bytes_ += frame.size();
    if (group_bytes_ > max_group) forget();
  }
  for (auto &[player, has_begun] : players_) {
    has_begun = has_begun || is_start;
    if (has_begun) player->on_frame(frame, is_start);
  }
}

void Fanout::forget() {
  has_start_ = false;
  group_.clear();
  group_bytes_ = 0;
}

void Fanout::mark_break() {
  forget();
  for (const auto &[player, has_begun] : players_) player->on_break();
}

void Fanout::join(Player &player) {
  if (ended_) return player.on_over(*ended_);
  players_.emplace(&player, has_start_);
  if (!header_.empty()) player.on_frame(header_, true);
  for (std::size_t i = 0; i < group_.size(); ++i) player.on_frame(group_[i], i == 0);
}

void Fanout::end(const Error &error) {
  if (!ended_) ended_ = error;
  for (const auto &[player, has_begun] : std::exchange(players_, {})) player->on_over(error);
}

}  // namespace astral::formats
