// SPDX-License-Identifier: BSD-3-Clause
// Makes objects and groups from a publisher's buffers and gives them to the provider. Decides the size of an
// object, the number of a group, and when the catalog changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "elements/provider.hpp"
#include "track/cutter.hpp"
#include "trust/signer.hpp"

namespace astral::elements {

// **Thread**: the element's loop.
class Publisher {
 public:
  // Maximum size and duration of an object of a byte stream. A relay forwards whole objects, so they are
  // small: 16 KiB take 6.5 ms at 20 Mbit/s. Up to max_tail more stay with the last object of what is waiting:
  // an object of its own costs each child a burst, a wake-up and an acknowledgement, however small it is.
  // It is a whole number of TS packets, so that each object of MPEG-TS begins with one.
  static constexpr std::size_t max_object = 87 * track::TsScanner::packet_size;
  static constexpr std::size_t max_tail = 4 * 1024;
  static constexpr std::int64_t max_span = 5'000'000;  // ns
  // Maximum buffer of other media, where one buffer is one object.
  static constexpr std::size_t max_buffer = 8 * 1024 * 1024 - 1024;

  // `first_group` must be above all groups of earlier runs, see track::Store::restart_leap. It is the epoch.
  // `key` is the stream's.
  Publisher(Provider &provider, const std::string &slug, const Key &key, std::uint64_t first_group);

  // Errors: too_large.
  Expected<void> set_caps(const std::string &media_type, const std::string &caps,
                          std::vector<Slice> streamheader);
  // Errors: too_large (a buffer), invalid (no caps yet).
  Expected<void> push(Bytes data, const track::Timing &timing);
  // No more input is waiting: makes an object of the gathered bytes.
  void flush() { emit_gathered(gathered_.size()); }
  // Ends the last group. The media may go on with other caps.
  void end();
  // Ends the run: says so, signed, behind the last group.
  void finish();
  // Numbers the next groups above `group`, in another epoch if they jump.
  void go_above(std::uint64_t group);

  const Statistics &counts() const { return counts_; }
  std::uint64_t dropped_bytes() const { return cutter_ ? cutter_->dropped_bytes() : 0; }
  std::uint64_t rate_bps() const { return rate_.bps(now()); }

 private:
  Expected<void> add(const track::Piece &piece);
  void emit_gathered(std::size_t size);
  Expected<void> start_group();
  void end_group();
  void emit(const track::Timing &timing, Bytes payload);
  void emit(track::Object object, std::optional<std::int64_t> pts);
  bool is_leading_header(Bytes data);

  Provider &provider_;
  const trust::Signer media_, catalog_;
  track::Packaging packaging_ = track::Packaging::buffers;
  std::optional<track::Cutter> cutter_;
  std::vector<track::Piece> pieces_;

  std::string caps_;
  std::vector<Slice> streamheader_;
  bool header_given_ = false;    // the caps had it; otherwise it was found in the stream
  std::size_t header_seen_ = 0;  // leading buffers that repeated the streamheader
  bool catalog_due_ = false;
  std::uint64_t tables_version_ = 0;
  std::uint64_t catalog_group_ = 0;

  std::uint64_t next_epoch_, next_group_;
  std::uint64_t epoch_ = 0;  // of group_
  std::uint64_t group_ = 0;
  std::uint64_t next_object_ = 0;
  bool in_group_ = false;
  std::optional<moqt::Location> ended_;  // the End of Group before this group, in this run
  bool is_over_ = false;

  std::vector<std::uint8_t> gathered_;
  track::Timing gathered_timing_;
  Statistics counts_;
  Rate rate_;
};

}  // namespace astral::elements
