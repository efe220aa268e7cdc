// SPDX-License-Identifier: BSD-3-Clause
// A table for people: columns as wide as their widest cell, or narrower if there is too little room. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace astral::ctl {

class Table {
 public:
  explicit Table(std::vector<std::string> titles) { add(std::move(titles)); }
  void add(std::vector<std::string> cells);  // as many cells as titles; made printable

  std::size_t rows() const { return rows_.size() - 1; }  // without the titles

  // The titles and the rows, each at most `width` cells wide: the widest columns are cut. No spaces at the
  // end.
  std::vector<std::string> lines(std::size_t width) const;
  std::string text() const;  // all lines at full width

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace astral::ctl
