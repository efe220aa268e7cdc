// SPDX-License-Identifier: BSD-3-Clause
// The window's playlist as text. It has no EXT-X-RENDITION-REPORT, because there is only one rendition.
#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "formats/playlist.hpp"

namespace astral::formats {

namespace {

constexpr int skip_boundary = 6;  // segment target durations; the least that is allowed
constexpr int hold_back = 3;      // part target durations; the least that is allowed
constexpr int parts_listed = 3;   // segment target durations; the most that is allowed

std::string iso8601(WallTime wall) {
  using namespace std::chrono;
  const auto day = floor<days>(wall);
  const year_month_day date(day);
  const auto of_day = floor<milliseconds>(wall - day);
  const hh_mm_ss time(of_day);
  char text[40];
  const int length =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text, static_cast<std::size_t>(length)};
}

std::string seconds(Time duration) {
  const auto ms = std::chrono::round<std::chrono::milliseconds>(duration).count();
  char text[40];
  const int length = std::snprintf(text, sizeof text, "%" PRId64 ".%03d",
                                   static_cast<std::int64_t>(ms / 1000), static_cast<int>(ms % 1000));
  return {text, static_cast<std::size_t>(length)};
}

Container container_of(const Segment &segment) {
  return segment.init ? Container::mp4 : Container::ts;
}

// `init`: of the segment before it in this playlist.
std::string tags(const Segment &segment, std::optional<std::uint64_t> &init) {
  std::string text = segment.discontinuity ? "#EXT-X-DISCONTINUITY\n" : "";
  if (segment.init && segment.init != init) text += "#EXT-X-MAP:URI=\"" + init_name(*segment.init) + "\"\n";
  init = segment.init;
  return text + "#EXT-X-PROGRAM-DATE-TIME:" + iso8601(segment.begun) + '\n';
}

std::string parts(const Segment &segment) {
  std::string text;
  for (std::uint64_t i = 0; i < segment.parts.size(); ++i) {
    const Part &part = segment.parts[i];
    text += "#EXT-X-PART:DURATION=" + seconds(part.duration) + ",URI=\"" +
            part_name({segment.sequence, i}, container_of(segment)) + '"';
    text += part.independent ? ",INDEPENDENT=YES\n" : "\n";
  }
  return text;
}

}  // namespace

// How many segments end before the skip boundary. A delta update has their number instead of them.
std::size_t HlsWindow::skippable() const {
  Time length{};
  std::size_t count = segments_.size();
  while (count > unlisted_ && length < skip_boundary * target_) length += segments_[--count].duration;
  return count - unlisted_;
}

std::string HlsWindow::playlist_head(std::size_t skipped) const {
  const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(unlisted_);
  const std::uint64_t first = begin == segments_.end() ? complete() : begin->sequence;
  const auto is_mp4 = [](const Segment &segment) { return segment.init.has_value(); };
  const bool has_map = std::any_of(begin, segments_.end(), is_mp4) || (open_ && is_mp4(*open_));
  std::string text = "#EXTM3U\n#EXT-X-VERSION:";
  text += skipped > 0 ? "9\n" : has_map ? "6\n" : "3\n";
  if (std::all_of(begin, segments_.end(), [](const Segment &segment) { return segment.independent; }))
    text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  text += "#EXT-X-TARGETDURATION:" + std::to_string(target_ / 1s) + '\n';
  text += "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=" + seconds(skip_boundary * target_);
  if (has_parts()) {
    text += ",PART-HOLD-BACK=" + seconds(hold_back * part_target_) + '\n';
    text += "#EXT-X-PART-INF:PART-TARGET=" + seconds(part_target_);
  }
  text += "\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first) + '\n';
  if (discontinuities_gone_ > 0)
    text += "#EXT-X-DISCONTINUITY-SEQUENCE:" + std::to_string(discontinuities_gone_) + '\n';
  if (skipped > 0) text += "#EXT-X-SKIP:SKIPPED-SEGMENTS=" + std::to_string(skipped) + '\n';
  return text;
}

std::string HlsWindow::playlist(bool may_skip) const {
  if (!ready()) return {};
  const std::size_t skipped = may_skip ? skippable() : 0;
  const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(unlisted_ + skipped);
  Time rest{};
  for (auto segment = begin; segment != segments_.end(); ++segment) rest += segment->duration;
  std::string text = playlist_head(skipped);
  std::optional<std::uint64_t> init;
  for (auto segment = begin; segment != segments_.end(); ++segment) {
    rest -= segment->duration;
    text += tags(*segment, init);
    if (rest < parts_listed * target_) text += parts(*segment);
    text += "#EXTINF:" + seconds(segment->duration) + ",\n" +
            segment_name(segment->sequence, container_of(*segment)) + '\n';
  }
  if (open_ && !open_->parts.empty()) text += tags(*open_, init) + parts(*open_);
  if (has_parts() && open_) {
    const std::string next = part_name({open_->sequence, open_->parts.size()}, container_of(*open_));
    text += "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"" + next + "\"\n";
  }
  if (has_ended_) text += "#EXT-X-ENDLIST\n";
  return text;
}

}  // namespace astral::formats
