// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ended_hls.hpp"

#include <algorithm>
#include <utility>

namespace astral::formats {

void EndedHls::put(const std::string &slug, HlsWindow window, Time now) {
  all_.erase(slug);
  drop_old(now);
  if (!window.ready()) return;
  window.end();
  if (all_.size() >= most)
    all_.erase(std::min_element(all_.begin(), all_.end(), [](const auto &one, const auto &other) {
      return one.second.until < other.second.until;
    }));
  all_.emplace(slug, Ended{std::move(window), now + kept});
}

const HlsWindow *EndedHls::find(const std::string &slug, Time now) const {
  const auto found = all_.find(slug);
  return found == all_.end() || found->second.until <= now ? nullptr : &found->second.window;
}

void EndedHls::drop_old(Time now) {
  std::erase_if(all_, [&](const auto &one) { return one.second.until <= now; });
}

Time EndedHls::due() const {
  Time first = never;
  for (const auto &[slug, one] : all_) first = std::min(first, one.until);
  return first;
}

}  // namespace astral::formats
