// SPDX-License-Identifier: BSD-3-Clause
#include "api/log.hpp"

#include <algorithm>
#include <atomic>

#include "glue/ref.hpp"

namespace astral::api {
namespace {

std::atomic<Log *> the_log = nullptr;

const char *name_of(GLogLevelFlags level) {
  if (level & G_LOG_LEVEL_ERROR) return "error";
  if (level & G_LOG_LEVEL_CRITICAL) return "critical";
  if (level & G_LOG_LEVEL_WARNING) return "warning";
  return level & G_LOG_LEVEL_MESSAGE ? "message" : "info";
}

bool ends_secret(char c) {
  return g_ascii_isspace(c) || c == '&' || c == '"' || c == '\'';
}

void hide_after(std::string &text, std::string_view sign) {
  for (std::size_t at = text.find(sign); at != std::string::npos; at = text.find(sign, at)) {
    at += sign.size();
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at);
    text.replace(begin, std::find_if(begin, text.end(), ends_secret), "***");
  }
}

}  // namespace

std::string without_secrets(std::string_view text, std::string_view secret) {
  std::string out(text);
  for (std::size_t at = 0; !secret.empty() && (at = out.find(secret, at)) != std::string::npos; at += 3)
    out.replace(at, secret.size(), "***");
  for (const std::string_view sign : {"token=", "Bearer "}) hide_after(out, sign);
  return out;
}

Log &Log::begin(std::string secret) {
  static Log log(std::move(secret));
  the_log = &log;
  g_log_set_writer_func(&Log::write, &log, nullptr);
  return log;
}

std::vector<Log::Line> Log::lines() {
  Log *log = the_log;
  return log ? log->kept() : std::vector<Line>();
}

void Log::hide(std::string secret) {
  Log *log = the_log;
  if (!log) return;
  log->secrets_.with([&](std::vector<std::string> &secrets) {
    if (std::find(secrets.begin(), secrets.end(), secret) == secrets.end())
      secrets.push_back(std::move(secret));
  });
}

void Log::add(Line line) {
  secrets_.with([&](const std::vector<std::string> &secrets) {
    for (const std::string &secret : secrets) line.text = without_secrets(line.text, secret);
  });
  if (line.text.size() > max_log_line) line.text.resize(max_log_line);
  const GString_ whole(g_utf8_make_valid(line.text.c_str(), -1));
  line.text = whole.get();
  lines_.with([&](std::deque<Line> &lines) {
    if (lines.size() == max_log_lines) lines.pop_front();
    lines.push_back(std::move(line));
  });
}

std::vector<Log::Line> Log::kept() {
  return lines_.with(
      [](const std::deque<Line> &lines) { return std::vector<Line>(lines.begin(), lines.end()); });
}

GLogWriterOutput Log::write(GLogLevelFlags level, const GLogField *fields, gsize count,
                            gpointer self) noexcept {
  const auto *message = std::find_if(fields, fields + count, [](const GLogField &field) {
    return std::string_view(field.key) == "MESSAGE";
  });
  if (!(level & G_LOG_LEVEL_DEBUG) && message != fields + count) {
    const auto *text = static_cast<const char *>(message->value);
    const auto size = message->length < 0 ? std::string_view(text)
                                          : std::string_view(text, static_cast<std::size_t>(message->length));
    static_cast<Log *>(self)->add(
        {.time_ms = g_get_real_time() / 1000, .level = name_of(level), .text = std::string(size)});
  }
  return g_log_writer_default(level, fields, count, nullptr);
}

}  // namespace astral::api
