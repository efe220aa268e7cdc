// SPDX-License-Identifier: BSD-3-Clause
#include "media/playlist.hpp"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <utility>

namespace astral::media {

namespace {

constexpr std::string_view suffix = ".ts";

// EXTINF, rounded to the nearest second, must not exceed the target duration (RFC 8216, 4.3.3.1).
constexpr Time rounds_down = 499ms;
// A cut within a group comes this much before that, as the end of a piece is known by the next one only.
constexpr Time forced_margin = 250ms;

bool starts_with_pat(Bytes packet) {
  return packet.size() >= 3 && packet[0] == 0x47 && (packet[1] & 0x1f) == 0 && packet[2] == 0;
}

Time distance(Time a, Time b) {
  return a < b ? b - a : a - b;
}

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

std::string extinf(Time duration) {
  const auto ms = std::chrono::round<std::chrono::milliseconds>(duration).count();
  char text[48];
  const int length = std::snprintf(text, sizeof text, "#EXTINF:%" PRId64 ".%03d,\n",
                                   static_cast<std::int64_t>(ms / 1000), static_cast<int>(ms % 1000));
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace

std::string segment_name(std::uint64_t sequence) {
  return std::to_string(sequence).append(suffix);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  if (name.size() > 1 && name.front() == '0') return std::nullopt;
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), sequence);
  if (error != std::errc() || end != name.data() + name.size() || name.empty()) return std::nullopt;
  return sequence;
}

HlsWindow::HlsWindow(std::uint64_t first_sequence, const HlsLimits &limits)
    : limits_(limits), next_sequence_(first_sequence) {}

void HlsWindow::set_header(Slice header) {
  header_ = header.size() <= limits_.header_bytes ? std::move(header) : Slice();
}

Time HlsWindow::limit() const {
  return ready() ? target_ + rounds_down : limits_.longest;
}

bool HlsWindow::is_discontinuity(const Piece &piece) const {
  if (!group_) return false;
  if (marked_ || distance(piece.pts, last_pts_) > limits_.gap) return true;
  return piece.group != *group_ && (piece.broken || piece.group != *group_ + 1);
}

bool HlsWindow::is_cut(const Piece &piece) const {
  const Time length = piece.pts - open_pts_;
  if (open_->size + piece.bytes.size() > limits_.segment_bytes) return true;
  if (piece.group != *group_) return length >= limits_.shortest || length + usual_group_ > limit();
  return length > limit() - forced_margin;
}

void HlsWindow::push(Piece piece, WallTime wall) {
  if (piece.bytes.empty()) return;
  const bool discontinuity = is_discontinuity(piece);
  if (discontinuity) {
    if (open_) cut(last_pts_ + step_);
    step_ = {};
  } else if (group_) {
    if (piece.group != *group_) end_group(piece.pts);
    if (open_ && is_cut(piece)) cut(piece.pts);
    if (piece.pts > last_pts_) step_ = piece.pts - last_pts_;
  }
  if (!open_) begin(piece, discontinuity, wall);
  if (!group_ || piece.group != *group_) group_pts_ = piece.pts;
  marked_ = false;
  group_ = piece.group;
  last_pts_ = piece.pts;
  open_->size += piece.bytes.size();
  size_ += piece.bytes.size();
  open_->parts.push_back(std::move(piece.bytes));
  while (size_ > limits_.bytes && !segments_.empty()) drop_first();
}

void HlsWindow::begin(const Piece &piece, bool discontinuity, WallTime wall) {
  open_.emplace();
  open_->sequence = next_sequence_++;
  open_->begun = wall;
  open_->discontinuity = discontinuity;
  open_->independent = !group_ || piece.group != *group_;
  open_pts_ = piece.pts;
  if (header_.empty() || starts_with_pat(piece.bytes.bytes())) return;
  open_->size = header_.size();
  size_ += header_.size();
  open_->parts.push_back(header_);
}

void HlsWindow::end_group(Time end) {
  const Time length = std::max(end - group_pts_, Time::zero());
  usual_group_ = std::max(length, usual_group_ - usual_group_ / 8);
}

void HlsWindow::cut(Time end) {
  open_->duration = std::clamp(end - open_pts_, Time(1ms), std::max(limit(), Time(1ms)));
  segments_.push_back(std::move(*open_));
  open_.reset();
  if (!ready() && segments_.size() >= limits_.ready) choose_target();
  unlist_old();
}

// A tenth above what was seen, as groups are not all of one length.
void HlsWindow::choose_target() {
  Time longest = usual_group_;
  for (const Segment &segment : segments_) longest = std::max(longest, segment.duration);
  longest = std::min(longest + longest / 10, limits_.longest);
  target_ = std::max(std::chrono::round<std::chrono::seconds>(longest), std::chrono::seconds(1));
}

// A playlist that loses a segment must still be three target durations long (RFC 8216, 6.2.2).
void HlsWindow::unlist_old() {
  if (!ready()) return;
  Time length{};
  for (std::size_t i = unlisted_; i < segments_.size(); ++i) length += segments_[i].duration;
  while (segments_.size() - unlisted_ > limits_.listed) {
    length -= segments_[unlisted_].duration;
    if (length < 3 * target_) break;
    if (segments_[unlisted_].discontinuity) ++discontinuities_gone_;
    ++unlisted_;
  }
  while (unlisted_ > limits_.kept) drop_first();
}

void HlsWindow::drop_first() {
  const Segment &first = segments_.front();
  if (unlisted_ > 0) {
    --unlisted_;
  } else if (first.discontinuity) {
    ++discontinuities_gone_;
  }
  size_ -= first.size;
  segments_.pop_front();
}

std::string HlsWindow::playlist() const {
  if (!ready()) return {};
  const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(unlisted_);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(target_).count();
  const std::uint64_t first = begin == segments_.end() ? complete() : begin->sequence;
  std::string text = "#EXTM3U\n#EXT-X-VERSION:3\n";
  if (std::all_of(begin, segments_.end(), [](const Segment &segment) { return segment.independent; }))
    text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  text += "#EXT-X-TARGETDURATION:" + std::to_string(seconds) + '\n';
  text += "#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first) + '\n';
  if (discontinuities_gone_ > 0)
    text += "#EXT-X-DISCONTINUITY-SEQUENCE:" + std::to_string(discontinuities_gone_) + '\n';
  for (auto segment = begin; segment != segments_.end(); ++segment) {
    if (segment->discontinuity) text += "#EXT-X-DISCONTINUITY\n";
    text += "#EXT-X-PROGRAM-DATE-TIME:" + iso8601(segment->begun) + '\n';
    text += extinf(segment->duration) + segment_name(segment->sequence) + '\n';
  }
  return text;
}

Expected<Segment> HlsWindow::segment(std::uint64_t sequence) const {
  if (sequence >= complete())
    return fail(Code::not_found, "segment " + std::to_string(sequence) + " is not there yet");
  if (segments_.empty() || sequence < segments_.front().sequence)
    return fail(Code::not_found, "segment " + std::to_string(sequence) + " is gone");
  return segments_[static_cast<std::size_t>(sequence - segments_.front().sequence)];
}

}  // namespace astral::media
