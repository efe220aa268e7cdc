// SPDX-License-Identifier: BSD-3-Clause
// The terminal while `astralctl top` has it: a screen of its own, keys as they are pressed, and everything as
// it was before when it ends. What is drawn and what keys mean is not its business.
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

// What is written so that the lines, which fit, stand on the screen, from its first cell on. In one piece and
// without clearing first, so nothing flickers.
std::string frame(const std::vector<Line> &lines, const Size &size, bool colours);

// **Owns** the state of the terminal from construction to destruction.
class Terminal {
 public:
  // Whether standard output is a terminal that can do what is needed.
  static bool is_there();

  Terminal();
  ~Terminal();
  Terminal(const Terminal &) = delete;
  Terminal &operator=(const Terminal &) = delete;

  Size size() const;
  bool has_keys() const { return before_.has_value(); }  // standard input is a terminal, too
  void show(const std::vector<Line> &lines);             // writes nothing when they stand there already
  void suspend();                                        // gives it back until the shell goes on with us
  void forget() { shown_.clear(); }                      // what stands there is not what was shown any more

 private:
  void enter();
  void leave();
  void write(const std::string &text);

  std::optional<termios> before_;
  std::string shown_;
  bool colours_;
};

}  // namespace astral::ctl
