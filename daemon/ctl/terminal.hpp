// SPDX-License-Identifier: BSD-3-Clause
// The terminal while `astralctl top` runs: the alternate screen, keys without echo and line editing, and the
// old state afterwards. Does not know what is drawn or what keys mean.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ctl/screen.hpp"

namespace astral::ctl {

struct Size {
  std::size_t width = 80;
  std::size_t height = 24;
};

// The bytes that draw `lines` from the first cell of the screen on. Precondition: the lines fit. It is one
// piece and does not clear the screen first, so nothing flickers.
std::string frame(const std::vector<Line> &lines, const Size &size, bool colours);

// **Owns** the state of the terminal from construction to destruction.
class Terminal {
 public:
  // Whether standard output is a terminal with the functions that are needed.
  static bool is_there();

  Terminal();
  ~Terminal();
  Terminal(const Terminal &) = delete;
  Terminal &operator=(const Terminal &) = delete;

  Size size() const;
  bool has_keys() const { return before_.has_value(); }  // standard input is a terminal, too
  void show(const std::vector<Line> &lines);             // writes nothing if the screen shows them already
  void suspend();                                        // restores the terminal until the shell resumes us
  void forget() { shown_.clear(); }                      // the next show() draws in any case

 private:
  void enter();
  void leave();
  void write(const std::string &text);

  std::optional<termios> before_;
  std::string shown_;
  bool colours_;
};

}  // namespace astral::ctl
