// SPDX-License-Identifier: BSD-3-Clause
// What `astralctl top` draws: a view of a node in, lines of text out. Pure: knows no terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ctl/snapshot.hpp"

namespace astral::ctl {

enum class Style { plain, title, heading, faint, alert };

struct Line {
  std::string text;
  Style style = Style::plain;
};

struct View {
  std::string node = {};                    // URL
  std::string clock = {};                   // of day
  std::optional<Snapshot> known = {};       // the last one, however old
  std::optional<std::string> trouble = {};  // why there is no newer one
  std::uint64_t age_s = 0;                  // of `known`
};

inline constexpr std::size_t unlimited = SIZE_MAX;

// At most `height` lines of at most `width` cells. What does not fit is counted, not cut off in silence, as
// long as there is room for that: the three lists share the height, and a short one leaves its share.
std::vector<Line> draw(const View &view, std::size_t width, std::size_t height);

}  // namespace astral::ctl
