// SPDX-License-Identifier: BSD-3-Clause
// The last lines that this program logged, for GET /log: their number and length are bounded, and secrets are
// removed. GLib's default writer still gets every line.
#pragma once

#include <glib.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "glue/guarded.hpp"

namespace astral::api {

inline constexpr std::size_t max_log_lines = 500;
inline constexpr std::size_t max_log_line = 1024;  // bytes

// Returns `text` with `***` in place of every value after `token=` or `Bearer `, and of every occurrence of
// `secret`. An empty `secret` means none.
std::string without_secrets(std::string_view text, std::string_view secret);

// **Thread**: any.
class Log {
 public:
  struct Line {
    std::int64_t time_ms = 0;  // since 1970
    std::string level;         // error, critical, warning, message, info
    std::string text;
  };

  // Makes one Log that receives everything that GLib logs, until the program ends. Call it once.
  static Log &begin(std::string secret);

  // The lines of the Log that begin() made; empty without begin().
  static std::vector<Line> lines();

  // Removes this secret too from lines that come from now on.
  static void hide(std::string secret);

  explicit Log(std::string secret) : secrets_(std::vector{std::move(secret)}) {}
  void add(Line line);
  std::vector<Line> kept();

 private:
  static GLogWriterOutput write(GLogLevelFlags level, const GLogField *fields, gsize count,
                                gpointer self) noexcept;

  Guarded<std::vector<std::string>> secrets_;
  Guarded<std::deque<Line>> lines_;
};

}  // namespace astral::api
