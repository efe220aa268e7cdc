// SPDX-License-Identifier: BSD-3-Clause
#include "media/branches.hpp"

#include <algorithm>
#include <string>

#include "media/player_formats.hpp"

namespace astral::media {
namespace {

constexpr Time keep_idle = 10s;  // a viewer that reloads its page finds the branch running

}  // namespace

Branches::Branches(formats::Fanout &stream, GMainContext *context)
    : stream_(stream), context_(context), timer_(context, [this] { remove_idle(); }) {}

void Branches::join(formats::Format format, formats::Player &player) {
  if (format == formats::Format::ts) return stream_.join(player);
  auto found = branches_.find(format);
  if (found == branches_.end()) {
    auto branch = make_branch(format, context_);
    if (!branch) return player.on_over({Code::unsupported, "no format is called " + std::string(format.id)});
    found = branches_.emplace(format, std::move(branch)).first;
    stream_.join(*found->second);
  }
  found->second->set_idle_since(never);
  found->second->out().join(player);
}

void Branches::leave(formats::Format format, formats::Player &player) {
  if (format == formats::Format::ts) return stream_.leave(player);
  const auto found = branches_.find(format);
  if (found == branches_.end()) return;
  found->second->out().leave(player);
  if (found->second->out().players() > 0) return;
  found->second->set_idle_since(now());
  timer_.set(now() + keep_idle);
}

void Branches::remove_idle() {
  const Time oldest = now() - keep_idle;
  for (auto branch = branches_.begin(); branch != branches_.end();) {
    if (branch->second->idle_since() > oldest) {
      ++branch;
      continue;
    }
    stream_.leave(*branch->second);
    branch = branches_.erase(branch);
  }
  Time next = never;
  for (const auto &[format, branch] : branches_)
    if (branch->idle_since() != never) next = std::min(next, branch->idle_since() + keep_idle);
  timer_.set(next);
}

}  // namespace astral::media
