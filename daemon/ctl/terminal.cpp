// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "ctl/text.hpp"

namespace astral::ctl {
namespace {

// ECMA-48 and DEC private modes that all common terminals have; those without mode 2026 (draw at once) ignore
// it. Line wrapping is off, because the terminal may count the cells of a text differently than we do.
constexpr const char *enter_screen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr const char *leave_screen = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr const char *begin_frame = "\x1b[?2026h\x1b[H";
constexpr const char *end_frame = "\x1b[?2026l";
constexpr const char *clear_line = "\x1b[K";  // from the cursor on
constexpr const char *clear_below = "\x1b[J";

const char *codes(Style style, bool colours) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::title:
      return "\x1b[7m";
    case Style::heading:
      return "\x1b[1m";
    case Style::faint:
      return "\x1b[2m";
    case Style::alert:
      return colours ? "\x1b[1;31m" : "\x1b[1m";
  }
  return "";
}

}  // namespace

// After the last cell of a line the cursor stays on that cell, and clearing would erase it. So nothing is
// cleared after a full line.
std::string frame(const std::vector<Line> &lines, const Size &size, bool colours) {
  std::string text = begin_frame;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";
    text += codes(lines[i].style, colours) + lines[i].text + "\x1b[0m";
    if (columns(lines[i].text) < size.width) text += clear_line;
  }
  if (lines.size() < size.height) text += std::string("\r\n") + clear_below;
  return text + end_frame;
}

bool Terminal::is_there() {
  const char *kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && kind && *kind && std::strcmp(kind, "dumb") != 0;
}

Terminal::Terminal() : colours_(!std::getenv("NO_COLOR") || !*std::getenv("NO_COLOR")) {
  termios now{};
  if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &now) == 0) before_ = now;
  enter();
}

Terminal::~Terminal() {
  leave();
}

Size Terminal::size() const {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Terminal::show(const std::vector<Line> &lines) {
  std::string text = frame(lines, size(), colours_);
  if (text == shown_) return;
  write(text);
  shown_ = std::move(text);
}

void Terminal::suspend() {
  leave();
  std::raise(SIGTSTP);
  enter();
}

void Terminal::enter() {
  if (before_) {
    termios ours = *before_;
    // Ctrl-C and Ctrl-Z come as keys, so that the terminal is restored before they take effect.
    ours.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    ours.c_cc[VMIN] = 1;
    ours.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &ours);
  }
  write(enter_screen);
  forget();
}

void Terminal::leave() {
  write(leave_screen);
  if (before_) tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
}

// Gives up if the terminal is gone; a signal then ends the program.
void Terminal::write(const std::string &text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data() + at, text.size() - at);
    if (count < 0 && errno != EINTR) return;
    if (count > 0) at += static_cast<std::size_t>(count);
  }
}

}  // namespace astral::ctl
