// SPDX-License-Identifier: BSD-3-Clause
#include "track/cutter.hpp"

#include <algorithm>
#include <array>

namespace astral::track {

using Kind = TsScanner::Kind;
constexpr std::size_t packet_size = TsScanner::packet_size;

Packaging packaging_of(std::string_view media_type) {
  static constexpr std::array<std::string_view, 10> streams = {
      "video/x-matroska", "audio/x-matroska", "video/webm",      "audio/webm", "video/x-flv",
      "application/ogg",  "audio/ogg",        "video/quicktime", "video/mpeg", "video/x-ms-asf"};
  if (media_type == "video/mpegts") return Packaging::mpegts;
  return std::ranges::find(streams, media_type) != streams.end() ? Packaging::byte_stream
                                                                 : Packaging::buffers;
}

bool Cutter::starts_group(Kind kind, std::int64_t pts) {
  if (kind == Kind::delta) {
    group_has_delta_ = true;
    return false;
  }
  const bool lost = packaging_ == Packaging::mpegts && !sync_seen_ && pts - first_pts_ >= patience;
  if (kind != Kind::sync && !lost) return false;
  if (kind == Kind::sync) sync_seen_ = true;
  // A pts that goes back starts a group too: the publisher's clock was reset.
  if (in_group_ && !group_has_delta_ && pts - group_pts_ < timed_group && pts >= group_pts_) return false;
  in_group_ = true;
  group_has_delta_ = false;
  group_pts_ = pts;
  return true;
}

void Cutter::emit(Bytes data, const Timing &timing, bool starts, bool in_group, std::vector<Piece> &out) {
  if (data.empty()) return;
  if (!in_group) {
    dropped_ += data.size();
    return;
  }
  out.push_back({data, timing, starts});
}

void Cutter::push(Bytes data, const Timing &timing, std::vector<Piece> &out) {
  if (first_pts_ < 0) first_pts_ = *timing.pts;
  if (packaging_ == Packaging::mpegts) return push_packets(data, timing, out);
  const bool starts = starts_group(timing.delta ? Kind::delta : Kind::sync, *timing.pts);
  emit(data, timing, starts, in_group_, out);
}

// Holds back an incomplete packet, and tables until the packet after them is known, because a group begins
// with its tables. Everything else is passed on at once, in as few pieces as the group boundaries allow.
void Cutter::push_packets(Bytes data, const Timing &timing, std::vector<Piece> &out) {
  if (!held_.empty()) {
    const std::size_t missing = (packet_size - held_.size() % packet_size) % packet_size;
    const std::size_t taken = std::min(missing, data.size());
    held_.insert(held_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(taken));
    data = data.subspan(taken);
    if (held_.size() % packet_size != 0) return;
    if (taken > 0) {
      const Kind kind = scanner_.classify(Bytes(held_).last(packet_size));
      if (kind != Kind::table || held_.size() >= max_held) {
        const bool starts = starts_group(kind, *held_timing_.pts);
        released_.swap(held_);
        held_.clear();
        emit(released_, held_timing_, starts, in_group_, out);
      }
    }
  } else {
    held_timing_ = timing;
  }

  std::size_t begin = 0;   // start of the current piece
  std::size_t tables = 0;  // start of the tables before `at`; `at` if there are none
  bool starts = false;
  std::size_t at = 0;
  for (; at + packet_size <= data.size(); at += packet_size) {
    const Kind kind = scanner_.classify(data.subspan(at, packet_size));
    if (kind == Kind::table && at + packet_size - tables < max_held) continue;
    const bool in_group =
        in_group_;  // the bytes before the start belong to the previous group, if there is one
    if (starts_group(kind, *timing.pts)) {
      if (!held_.empty()) {  // the tables arrived in earlier buffers
        released_.swap(held_);
        held_.clear();
        emit(released_, held_timing_, true, true, out);
        starts = false;
        begin = 0;
      } else {
        emit(data.subspan(begin, tables - begin), timing, starts, in_group, out);
        begin = tables;
        starts = true;
      }
    } else if (!held_.empty()) {
      released_.swap(held_);
      held_.clear();
      emit(released_, held_timing_, false, in_group_, out);
    }
    tables = at + packet_size;
  }
  emit(data.subspan(begin, tables - begin), timing, starts, in_group_, out);
  if (tables < data.size()) {
    if (held_.empty()) held_timing_ = timing;
    held_.insert(held_.end(), data.begin() + static_cast<std::ptrdiff_t>(tables), data.end());
  }
}

void Cutter::learn_tables(Bytes packets) {
  if (packaging_ != Packaging::mpegts) return;
  for (; packets.size() >= packet_size; packets = packets.subspan(packet_size))
    scanner_.classify(packets.first(packet_size));
}

void Cutter::finish(std::vector<Piece> &out) {
  released_.swap(held_);
  held_.clear();
  emit(released_, held_timing_, false, in_group_, out);
}

}  // namespace astral::track
