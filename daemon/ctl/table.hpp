// SPDX-License-Identifier: BSD-3-Clause
// A table for people: columns as wide as their widest cell. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace astral::ctl {

// What strangers said, made safe for a terminal: control characters (they could move the cursor, or worse)
// become '?'. The text must be UTF-8.
std::string printable(std::string_view text);

class Table {
 public:
  explicit Table(std::vector<std::string> titles) { add(std::move(titles)); }
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }  // as many as titles
  std::string text() const;  // one line each, without spaces at the end; cells made printable

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace astral::ctl
