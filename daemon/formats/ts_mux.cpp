// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_mux.hpp"

#include <algorithm>
#include <utility>

#include "formats/opus_packet.hpp"
#include "formats/pes.hpp"

namespace astral::formats {

namespace {

constexpr std::uint16_t pat_pid = 0, pmt_pid = 0x20, video_pid = 0x41, audio_pid = 0x42, no_pid = 0x1fff;
constexpr std::uint8_t video_stream = 0xe0, audio_stream = 0xc0, private_stream = 0xbd;
constexpr std::uint8_t private_type = 0x06;
constexpr std::size_t head_of_packet = 4;
constexpr std::size_t clock_field = 8;  // an adaptation field with a PCR: length, flags, PCR
constexpr std::uint8_t has_clock = 0x10, random_access = 0x40;

using Packets = std::vector<std::uint8_t>;

std::uint8_t low_byte(std::int64_t value) {
  return static_cast<std::uint8_t>(value);
}

// Annex A.
std::uint32_t crc_of(Bytes section) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t value : section) {
    crc ^= std::uint32_t{value} << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ ((crc & 0x80000000) != 0 ? 0x04c11db7u : 0);
  }
  return crc;
}

void put_packet_head(Packets &out, std::uint16_t pid, bool is_begin, bool has_field, bool has_payload,
                     std::uint8_t counter) {
  out.push_back(0x47);
  out.push_back(low_byte((is_begin ? 0x40 : 0) | pid >> 8));
  out.push_back(low_byte(pid & 0xff));
  out.push_back(low_byte((has_field ? 0x20 : 0) | (has_payload ? 0x10 : 0) | (counter & 0xf)));
}

void put_pcr(Packets &out, std::int64_t clock) {
  out.push_back(low_byte(clock >> 25));
  out.push_back(low_byte(clock >> 17));
  out.push_back(low_byte(clock >> 9));
  out.push_back(low_byte(clock >> 1));
  out.push_back(low_byte((clock & 1) << 7 | 0x7e));
  out.push_back(0);
}

void put_stamp(Packets &out, std::uint8_t mark, std::int64_t ticks) {
  out.push_back(low_byte(mark << 4 | (ticks >> 30 & 7) << 1 | 1));
  out.push_back(low_byte(ticks >> 22));
  out.push_back(low_byte((ticks >> 15 & 0x7f) << 1 | 1));
  out.push_back(low_byte(ticks >> 7));
  out.push_back(low_byte((ticks & 0x7f) << 1 | 1));
}

Packets pes_head(const TsMux::Frame &frame, std::uint8_t stream) {
  const bool is_video = frame.kind == Kind::video;
  const bool has_decoded = frame.shown != 0;
  const std::size_t stamps = has_decoded ? 2 * pes_stamp_size : pes_stamp_size;
  const std::size_t length = 3 + stamps + frame.data.size();
  const bool has_length = !is_video && length <= 0xffff;  // only video may leave it open
  Packets out{0, 0, 1, stream};
  out.push_back(has_length ? low_byte(static_cast<std::int64_t>(length >> 8)) : std::uint8_t{0});
  out.push_back(has_length ? low_byte(static_cast<std::int64_t>(length)) : std::uint8_t{0});
  out.push_back(0x84);  // data_alignment_indicator: the frame begins here
  out.push_back(has_decoded ? 0xc0 : 0x80);
  out.push_back(low_byte(static_cast<std::int64_t>(stamps)));
  put_stamp(out, has_decoded ? 3 : 2, std::max<std::int64_t>(frame.decoded + frame.shown, 0));
  if (has_decoded) put_stamp(out, 1, frame.decoded);
  return out;
}

}  // namespace

void TsMux::set_tracks(Video video, Audio audio, unsigned channels) {
  if (video == video_type_ && audio == type_ && channels == channels_) return;
  if (tables_at_) version_ = (version_ + 1) & 0x1f;
  video_type_ = video;
  type_ = audio;
  channels_ = channels;
  are_tables_due_ = true;
}

// Behind the next frame of each track, if a track that pauses goes on as fast as the other one.
std::int64_t TsMux::clock() const {
  std::optional<std::int64_t> earliest;
  for (const auto &[track, other] : {std::pair(&video_, &audio_), std::pair(&audio_, &video_)}) {
    if (!track->newest) continue;
    const std::int64_t since = track->other_then ? *other->newest - *track->other_then : 0;
    earliest = std::min(earliest.value_or(*track->newest + since), *track->newest + since);
  }
  const std::int64_t clock = std::max<std::int64_t>(*earliest - clock_delay, 0);
  return clock_at_ ? std::max(clock, *clock_at_) : clock;
}

void TsMux::write_section(Buffer &out, std::uint16_t pid, std::uint8_t &counter, Buffer section) {
  const std::uint32_t crc = crc_of(section);
  for (int shift = 24; shift >= 0; shift -= 8) section.push_back(static_cast<std::uint8_t>(crc >> shift));
  put_packet_head(out, pid, true, false, true, counter++);
  out.push_back(0);  // pointer_field
  out.insert(out.end(), section.begin(), section.end());
  out.resize(out.size() + ts_packet_size - head_of_packet - 1 - section.size(), 0xff);
}

void TsMux::write_tables(Buffer &out) {
  write_section(out, pat_pid, pat_counter_,
                {0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0 | pmt_pid >> 8, pmt_pid & 0xff});
  const std::uint16_t clock_pid = has_video() ? video_pid : type_ != Audio::none ? audio_pid : no_pid;
  const std::size_t tracks = (has_video() ? 1u : 0u) + (type_ != Audio::none ? 1u : 0u);
  // A registration, and the number of channels.
  const Buffer opus =
      type_ != Audio::opus ? Buffer() : Buffer{0x05, 4,    'O', 'p',  'u',
                                               's',  0x7f, 2,   0x80, static_cast<std::uint8_t>(channels_)};
  Buffer section{2,
                 0xb0,
                 low_byte(static_cast<std::int64_t>(13 + 5 * tracks + opus.size())),
                 0,
                 1,
                 low_byte(0xc1 | version_ << 1),
                 0,
                 0,
                 low_byte(0xe0 | clock_pid >> 8),
                 low_byte(clock_pid & 0xff),
                 0xf0,
                 0};
  const auto put_track = [&](std::uint8_t type, std::uint16_t pid, const Buffer &descriptors = {}) {
    for (const int value :
         {int{type}, 0xe0 | pid >> 8, pid & 0xff, 0xf0, static_cast<int>(descriptors.size())})
      section.push_back(low_byte(value));
    section.insert(section.end(), descriptors.begin(), descriptors.end());
  };
  if (has_video()) put_track(video_type_ == Video::h264 ? h264_type : h265_type, video_pid);
  if (type_ == Audio::opus)
    put_track(private_type, audio_pid, opus);
  else if (type_ != Audio::none)
    put_track(type_ == Audio::aac ? aac_type : mp3_type, audio_pid);
  write_section(out, pmt_pid, pmt_counter_, std::move(section));
}

// A packet without payload, which does not count.
void TsMux::write_clock(Buffer &out, std::int64_t clock) const {
  const Track &track = has_video() ? video_ : audio_;
  put_packet_head(out, has_video() ? video_pid : audio_pid, false, true, false,
                  static_cast<std::uint8_t>(track.counter - 1));
  out.push_back(ts_packet_size - head_of_packet - 1);
  out.push_back(has_clock);
  put_pcr(out, clock);
  out.resize(out.size() + ts_packet_size - head_of_packet - clock_field, 0xff);
}

std::vector<std::uint8_t> TsMux::write(const Frame &frame) {
  Buffer out;
  const bool is_video = frame.kind == Kind::video;
  Track &track = track_of(frame.kind);
  track.newest = frame.decoded;
  Track &other = is_video ? audio_ : video_;
  track.other_then = other.newest;
  if (!other.other_then) other.other_then = frame.decoded;
  const std::int64_t clock = this->clock();
  const bool is_start = is_video && frame.is_start;
  if (is_start || are_tables_due_ || clock - *tables_at_ >= table_interval) {
    write_tables(out);
    tables_at_ = clock;
    are_tables_due_ = false;
  }
  const bool carries_clock = is_video == has_video();
  const bool is_clock_due = is_start || !clock_at_ || clock - *clock_at_ >= clock_interval;
  if (is_clock_due) clock_at_ = clock;
  if (is_clock_due && !carries_clock) write_clock(out, clock);

  const bool is_opus = !is_video && type_ == Audio::opus;
  Buffer packet;
  if (is_opus) opus::put_head(packet, frame.data.size());
  packet.insert(packet.end(), frame.data.begin(), frame.data.end());
  Frame whole = frame;
  whole.data = packet;
  Buffer pes = pes_head(whole, is_video ? video_stream : is_opus ? private_stream : audio_stream);
  pes.insert(pes.end(), packet.begin(), packet.end());
  std::size_t at = 0;
  while (at < pes.size()) {
    Buffer field;  // the adaptation field after its length
    const bool is_clock_here = at == 0 && is_clock_due && carries_clock;
    if (is_clock_here || (at == 0 && is_start))
      field.push_back(low_byte((is_start ? random_access : 0) | (is_clock_here ? has_clock : 0)));
    if (is_clock_here) put_pcr(field, clock);
    const std::size_t most = ts_packet_size - head_of_packet - (field.empty() ? 0 : 1 + field.size());
    const std::size_t taken = std::min(most, pes.size() - at);
    const std::size_t stuffing = most - taken;
    const bool has_field = !field.empty() || stuffing > 0;
    put_packet_head(out, is_video ? video_pid : audio_pid, at == 0, has_field, true, track.counter++);
    if (has_field) {
      const std::size_t length = ts_packet_size - head_of_packet - taken - 1;
      out.push_back(low_byte(static_cast<std::int64_t>(length)));
      if (length > 0 && field.empty()) field.push_back(0);
      out.insert(out.end(), field.begin(), field.end());
      out.resize(out.size() + length - field.size(), 0xff);
    }
    const auto from = pes.begin() + static_cast<std::ptrdiff_t>(at);
    out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(taken));
    at += taken;
  }
  return out;
}

}  // namespace astral::formats
