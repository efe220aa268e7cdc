// SPDX-License-Identifier: BSD-3-Clause
#include "formats/playlist.hpp"

#include <algorithm>
#include <utility>

namespace astral::formats {

namespace {

// EXTINF, rounded to the nearest second, must not exceed the target duration (RFC 8216, 4.3.3.1).
constexpr Time rounds_down = 499ms;
// A cut inside a group leaves this margin: the end of a piece is known only when the next piece comes.
constexpr Time forced_margin = 250ms;
constexpr Time same_change = 500ms;       // after a discontinuity
constexpr std::size_t most_steps = 4096;  // frame durations that choose the parts' target duration

bool starts_with_pat(Bytes packet) {
  return packet.size() >= 3 && packet[0] == 0x47 && (packet[1] & 0x1f) == 0 && packet[2] == 0;
}

Time distance(Time a, Time b) {
  return a < b ? b - a : a - b;
}

}  // namespace

HlsWindow::HlsWindow(std::uint64_t first_sequence, const HlsLimits &limits)
    : limits_(limits), dvr_bytes_(limits.dvr_bytes), next_sequence_(first_sequence) {}

void HlsWindow::set_header(Slice header) {
  header_ = header.size() <= limits_.header_bytes ? std::move(header) : Slice();
}

void HlsWindow::set_init(Slice init) {
  init_ = init.size() <= limits_.header_bytes ? std::move(init) : Slice();
  init_number_.reset();
  frames_.set_init(init_.bytes());
  marked_ = true;
}

Time HlsWindow::limit() const {
  return ready() ? target_ + rounds_down : limits_.longest;
}

// Within MPEG-TS the timestamps of pieces only say how long a pause was.
bool HlsWindow::has_clock_jumped(const Piece &piece, const std::vector<Frame> &frames, WallTime wall) const {
  if (!frames_.has_times()) return distance(piece.pts, last_pts_) > limits_.gap;
  if (frames.empty() || !has_frame_) return false;
  const Time step = frames.front().time - frame_time_;
  const Time pause = std::clamp(piece.pts - last_frame_pts_, Time{}, limits_.longest_pause);
  const Time passed = std::max<Time>(pause, wall - last_frame_wall_);
  return step < -limits_.back || step > passed + limits_.gap;
}

bool HlsWindow::is_discontinuity(const Piece &piece, const std::vector<Frame> &frames, WallTime wall) const {
  if (!group_) return false;
  if (marked_ || has_clock_jumped(piece, frames, wall)) return true;
  return piece.group != *group_ && (piece.broken || piece.group != *group_ + 1 || are_parameters_new_);
}

// On the clock of the media. A piece in which no frame begins continues the last one.
Time HlsWindow::time_of(const Piece &piece, const std::vector<Frame> &frames) const {
  if (!frames_.has_times()) return piece.pts;
  if (!frames.empty()) return frames.front().time;
  return last_time_ + std::clamp(piece.pts - last_pts_, Time{}, limits_.gap);
}

bool HlsWindow::is_cut(const Piece &piece, Time time) const {
  const Time length = time - open_time_;
  if (open_->size + piece.bytes.size() > limits_.segment_bytes) return true;
  if (piece.group != *group_) return length >= limits_.shortest || length + usual_group_ > limit();
  return length > limit() - forced_margin || (!ready() && length >= limits_.patience);
}

void HlsWindow::take(Slice bytes) {
  if (bytes.empty()) return;
  open_->size += bytes.size();
  size_ += bytes.size();
  open_->pieces.push_back(std::move(bytes));
}

// A part must last at least 85% of the part target duration (RFC 8216bis, 4.4.4.9).
void HlsWindow::take(const Slice &piece, const std::vector<Frame> &frames, bool is_start) {
  std::size_t taken = 0;
  for (const Frame &frame : frames) {
    learn_frame(frame.time);
    if (has_parts() && (frame.time - part_begin_) * 100 >= part_target_ * 85) {
      take(piece.part(taken, frame.offset - taken));
      taken = frame.offset;
      cut_part(frame.time);
    }
    part_has_start_ = std::exchange(is_start, false) || part_has_start_;
  }
  part_has_start_ = is_start || part_has_start_;
  take(piece.from(taken));
}

bool HlsWindow::push(Piece piece, WallTime wall) {
  if (piece.bytes.empty()) return false;
  const std::uint64_t segments_before = complete();
  const std::size_t parts_before = open_ ? open_->parts.size() : 0;
  const std::vector<Frame> frames = frames_.find(piece.bytes.bytes(), piece.pts);
  if (!frames_.are_fragments())
    are_parameters_new_ = parameters_.has_changed(piece.bytes.bytes()) || are_parameters_new_;
  const bool is_start = !group_ || piece.group != *group_;
  const bool discontinuity = is_discontinuity(piece, frames, wall);
  const Time time = time_of(piece, frames);
  // The sound that follows a new picture is a part of the same change.
  if (open_ && open_->discontinuity && !discontinuity && time - open_time_ < same_change)
    are_parameters_new_ = false;
  const Time frame_end = frames.empty() || discontinuity ? frame_time_ + frame_step_ : frames.front().time;
  if (discontinuity) {
    if (open_) cut(last_time_ + step_, frame_end);
    step_ = {};
  } else if (group_) {
    if (is_start) end_group(time);
    if (open_ && is_cut(piece, time)) {
      cut(time, frame_end);
      if (!is_start) open_early(limits_.by_time);
      if (is_start && segments_.back().duration >= limits_.enough) open_early({});
    }
    if (time > last_time_) step_ = time - last_time_;
  }
  if (!open_) {
    begin(piece, time, discontinuity, wall);
    part_begin_ = frames.empty() ? frame_end : frames.front().time;
  }
  if (is_start) group_time_ = time;
  if (is_start) are_parameters_new_ = false;
  if (!frames.empty()) {
    has_frame_ = true;
    last_frame_wall_ = wall;
    last_frame_pts_ = piece.pts;
  }
  marked_ = false;
  group_ = piece.group;
  last_pts_ = piece.pts;
  last_time_ = time;
  take(piece.bytes, frames, is_start);
  while (size_ > most_bytes() && !segments_.empty()) drop_first();
  return ready() && (complete() != segments_before || open_->parts.size() != parts_before);
}

std::size_t HlsWindow::most_bytes() const {
  if (limits_.dvr == Time::zero()) return limits_.bytes;
  return std::max(limits_.bytes, dvr_bytes_ + limits_.segment_bytes);
}

void HlsWindow::end() {
  if (open_) cut(last_time_ + step_, frame_time_ + frame_step_);
  has_ended_ = true;
}

void HlsWindow::begin(const Piece &piece, Time time, bool discontinuity, WallTime wall) {
  open_.emplace();
  open_->sequence = next_sequence_++;
  open_->begun = wall;
  open_->discontinuity = discontinuity;
  open_->independent = !group_ || piece.group != *group_;
  open_time_ = time;
  part_has_start_ = false;
  if (!init_.empty()) {
    if (!init_number_) inits_[init_number_.emplace(open_->sequence)] = init_;
    open_->init = init_number_;
    return;
  }
  if (header_.empty() || starts_with_pat(piece.bytes.bytes())) return;
  open_->size = header_.size();
  size_ += header_.size();
  open_->pieces.push_back(header_);
}

void HlsWindow::end_group(Time end) {
  const Time length = std::max(end - group_time_, Time::zero());
  usual_group_ = std::max(length, usual_group_ - usual_group_ / 8);
}

void HlsWindow::learn_frame(Time time) {
  const Time step = time - std::exchange(frame_time_, time);
  const bool is_step = step > Time::zero() && step <= limits_.gap;
  if (is_step) frame_step_ = step;
  if (is_step && !ready() && frame_steps_.size() < most_steps) frame_steps_.push_back(step);
  if (time < part_begin_ || time - part_begin_ > limits_.gap) part_begin_ = time;
}

void HlsWindow::cut_part(Time end) {
  open_->parts.push_back({.end = open_->pieces.size(),
                          .duration = std::clamp(end - part_begin_, Time(1ms), part_target_),
                          .independent = part_has_start_});
  part_begin_ = end;
  part_has_start_ = false;
}

void HlsWindow::cut(Time end, Time frame_end) {
  if (has_parts()) cut_part(frame_end);
  open_->duration = std::clamp(end - open_time_, Time(1ms), std::max(limit(), Time(1ms)));
  segments_.push_back(std::move(*open_));
  open_.reset();
  if (!ready() && segments_.size() >= limits_.ready) {
    choose_target();
    choose_part_target();
  }
  unlist_old();
}

// One segment is enough if the next group does not come, or has been long in coming.
void HlsWindow::open_early(Time least_target) {
  if (ready()) return;
  choose_target(least_target);
  choose_part_target();
}

// A tenth above the longest group so far, because the lengths of groups vary.
void HlsWindow::choose_target(Time least) {
  Time longest = usual_group_;
  for (const Segment &segment : segments_) longest = std::max(longest, segment.duration);
  longest = std::min(longest + longest / 10, limits_.longest);
  target_ = std::max({std::chrono::round<std::chrono::seconds>(longest),
                      std::chrono::round<std::chrono::seconds>(least), std::chrono::seconds(1)});
}

// Counts with the frame duration that nine of ten frames do not exceed, because publishers stumble. Takes a
// whole number of frames, plus a twentieth for rounded timestamps.
void HlsWindow::choose_part_target() {
  if (!frame_steps_.empty()) {
    const auto usual = frame_steps_.begin() + static_cast<std::ptrdiff_t>((frame_steps_.size() - 1) * 9 / 10);
    std::nth_element(frame_steps_.begin(), usual, frame_steps_.end());
    const Time frame = *usual;
    const auto frames = std::max<Time::rep>(1, (limits_.usual_part + frame / 2) / frame);
    const Time target = std::chrono::ceil<std::chrono::milliseconds>(frame * frames * 21 / 20);
    if (target <= limits_.longest_part) part_target_ = target;
  }
  frame_steps_ = {};
}

// After it loses a segment, a playlist must still be three target durations long (RFC 8216, 6.2.2), and as
// long as viewers may rewind, if there is room for that.
void HlsWindow::unlist_old() {
  if (!ready()) return;
  Time length{};
  std::size_t bytes = 0;
  for (std::size_t i = unlisted_; i < segments_.size(); ++i) {
    length += segments_[i].duration;
    bytes += segments_[i].size;
  }
  while (segments_.size() - unlisted_ > limits_.listed) {
    length -= segments_[unlisted_].duration;
    if (length < 3 * target_ || (length < limits_.dvr && bytes <= dvr_bytes_)) break;
    bytes -= segments_[unlisted_].size;
    if (segments_[unlisted_].discontinuity) ++discontinuities_gone_;
    ++unlisted_;
  }
  Time listed{};
  for (std::size_t i = unlisted_; i < segments_.size(); ++i) listed += segments_[i].duration;
  drop_unlisted(listed);
}

// `playlist`: its length.
void HlsWindow::drop_unlisted(Time playlist) {
  Time later{};  // since the first one has left the playlist
  for (std::size_t i = 1; i < unlisted_; ++i) later += segments_[i].duration;
  while (unlisted_ > limits_.kept) {
    const bool is_old = later >= playlist + segments_.front().duration;
    if (!is_old && size_ <= dvr_bytes_) return;
    drop_first();
    later -= segments_.front().duration;
  }
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
  const Segment *oldest = segments_.empty() ? (open_ ? &*open_ : nullptr) : &segments_.front();
  if (oldest && oldest->init) inits_.erase(inits_.begin(), inits_.lower_bound(*oldest->init));
}

const Segment *HlsWindow::find(std::uint64_t sequence) const {
  if (open_ && sequence == open_->sequence) return &*open_;
  if (segments_.empty() || sequence < segments_.front().sequence || sequence >= complete()) return nullptr;
  return &segments_[static_cast<std::size_t>(sequence - segments_.front().sequence)];
}

Expected<Segment> HlsWindow::segment(std::uint64_t sequence) const {
  if (sequence >= complete())
    return fail(Code::not_found, "segment " + std::to_string(sequence) + " is not there yet");
  const Segment *found = find(sequence);
  if (!found) return fail(Code::not_found, "segment " + std::to_string(sequence) + " is gone");
  return *found;
}

Expected<std::vector<Slice>> HlsWindow::part(const PartId &part) const {
  const Segment *segment = find(part.sequence);
  const std::size_t known = segment ? segment->parts.size() : 0;
  if (segment && part.index == known && segment->sequence == complete())
    return fail(Code::unreachable, "this part is not there yet");
  if (part.index >= known) return fail(Code::not_found, "there is no such part");
  const std::size_t begin = part.index == 0 ? 0 : segment->parts[part.index - 1].end;
  const auto pieces = segment->pieces.begin();
  return std::vector<Slice>(pieces + static_cast<std::ptrdiff_t>(begin),
                            pieces + static_cast<std::ptrdiff_t>(segment->parts[part.index].end));
}

Expected<Slice> HlsWindow::init(std::uint64_t number) const {
  const auto found = inits_.find(number);
  if (found == inits_.end()) return fail(Code::not_found, "there is no such initialization segment");
  return found->second;
}

std::vector<Slice> HlsWindow::key_fragment() const {
  const auto of = [&](const Segment &segment) -> std::vector<Slice> {
    if (!segment.init || segment.pieces.empty()) return {};
    for (const Slice &piece : segment.pieces)
      if (mp4::is_key_picture(piece.bytes(), frames_.tracks())) return {inits_.at(*segment.init), piece};
    return {};
  };
  std::vector<Slice> found = open_ ? of(*open_) : std::vector<Slice>();
  for (auto segment = segments_.rbegin(); found.empty() && segment != segments_.rend(); ++segment) {
    if (segment->init != init_number_) break;
    found = of(*segment);
  }
  return found;
}

// The part after a segment's last part is the first part of the next segment.
bool HlsWindow::is_there(const PartId &part) const {
  if (part.sequence + 1 < complete()) return true;
  const Segment *segment = find(part.sequence);
  if (segment && part.index < segment->parts.size()) return true;
  return part.sequence < complete() && !open_->parts.empty();
}

Expected<std::string> HlsWindow::playlist(const PlaylistQuery &query) const {
  if (!ready()) return fail(Code::unreachable, "there is no media yet");
  if (!query.sequence || has_ended_) return playlist(query.may_skip);
  const std::uint64_t ahead = *query.sequence - std::min(*query.sequence, complete());
  if (ahead > 1) return fail(Code::invalid, "this segment is too far in the future");
  const bool is_part = has_parts() && query.part;
  if (is_part && *query.sequence >= complete()) {
    const std::uint64_t known = ahead == 0 ? open_->parts.size() : 0;
    const std::uint64_t advance = static_cast<std::uint64_t>(3s / part_target_);
    if (*query.part > known + advance) return fail(Code::invalid, "this part is too far in the future");
  }
  const bool is_here = is_part ? is_there({*query.sequence, *query.part}) : *query.sequence < complete();
  if (!is_here) return fail(Code::unreachable, "the playlist does not have it yet");
  return playlist(query.may_skip);
}

}  // namespace astral::formats
