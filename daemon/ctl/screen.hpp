// SPDX-License-Identifier: BSD-3-Clause
// What `astralctl top` shows: the state of a node in, lines of text out. Pure: knows no terminal.
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
  std::string clock = {};                   // time of day
  std::optional<Snapshot> known = {};       // the last one
  std::optional<std::string> trouble = {};  // why there is no newer one; none: `known` is up to date
  std::uint64_t age_s = 0;                  // of `known`
};

inline constexpr std::size_t unlimited = SIZE_MAX;

// At most `height` lines of at most `width` cells. The three lists share the height; a short list leaves the
// rest of its share to the others. The last line of a list that does not fit says how many rows are missing.
std::vector<Line> draw(const View &view, std::size_t width, std::size_t height);

}  // namespace astral::ctl
