// SPDX-License-Identifier: BSD-3-Clause
// What this program logged last, for GET /log: so many lines, each cut, without secrets. What it logs still
// goes where it went.
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

// `text` without what follows `token=` or `Bearer `, and without `secret` wherever it is (empty: there is
// none).
std::string without_secrets(std::string_view text, std::string_view secret);

// **Thread**: any.
class Log {
 public:
  struct Line {
    std::int64_t time_ms = 0;  // since 1970
    std::string level;         // error, critical, warning, message, info
    std::string text;
  };

  // GLib's, from now on and for the life of the program. Once.
  static Log &begin(std::string secret);

  // Without begin() too, and then empty.
  static std::vector<Line> lines();

  explicit Log(std::string secret) : secret_(std::move(secret)) {}
  void add(Line line);
  std::vector<Line> kept();

 private:
  static GLogWriterOutput write(GLogLevelFlags level, const GLogField *fields, gsize count,
                                gpointer self) noexcept;

  const std::string secret_;
  Guarded<std::deque<Line>> lines_;
};

}  // namespace astral::api
