// SPDX-License-Identifier: BSD-3-Clause
// A table for people: columns as wide as their widest cell, or as there is room for. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace astral::ctl {

class Table {
 public:
  explicit Table(std::vector<std::string> titles) { add(std::move(titles)); }
  void add(std::vector<std::string> cells);  // as many as titles; made printable

  std::size_t rows() const { return rows_.size() - 1; }  // without the titles

  // The titles and the rows, each of at most `width` cells: the widest columns give way. No spaces at the
  // end.
  std::vector<std::string> lines(std::size_t width) const;
  std::string text() const;  // all of it, one line each

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace astral::ctl
