// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/table.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "ctl/text.hpp"

namespace astral::ctl {
namespace {

constexpr std::size_t gap = 2;           // between columns
constexpr std::size_t least_column = 6;  // a narrower column is useless
constexpr std::size_t no_limit = SIZE_MAX;

// Narrows the widest column by one cell at a time, until all fit or all are narrow.
void shrink(std::vector<std::size_t> &widths, std::size_t width) {
  const std::size_t gaps = gap * (widths.size() - 1);
  std::size_t total = std::accumulate(widths.begin(), widths.end(), gaps);
  while (total > width) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= least_column) return;
    --*widest;
    --total;
  }
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (std::string &cell : cells) cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::string> Table::lines(std::size_t width) const {
  // Invariant: the titles are the first row, and no row has more cells.
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto &row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  shrink(widths, width);
  std::vector<std::string> lines;
  for (const auto &row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = fit(row[i], widths[i]);
      line += cell;
      if (i + 1 < row.size()) line.append(widths[i] - columns(cell) + gap, ' ');
    }
    lines.push_back(fit(line, width));
  }
  return lines;
}

std::string Table::text() const {
  std::string text;
  for (const std::string &line : lines(no_limit)) text += line + "\n";
  return text;
}

}  // namespace astral::ctl
