// SPDX-License-Identifier: BSD-3-Clause
#include "formats/parameter_watch.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "formats/pes.hpp"

namespace astral::formats {

namespace {

constexpr std::size_t most_of_picture = 1024;  // bytes; its parameter sets come first

bool is_picture_head(Bytes pes) {
  return is_pes(pes) && (pes[3] & 0xf0) == 0xe0;
}
bool is_sound_head(Bytes pes) {
  return is_pes(pes) && (pes[3] & 0xe0) == 0xc0;
}

}  // namespace

bool ParameterWatch::has_changed(Bytes piece) {
  bool has_changed = false;
  std::vector<std::uint8_t> head;
  std::optional<unsigned> reading;  // the PID of the picture whose head is being collected
  const auto finish = [&] {
    if (std::exchange(reading, std::nullopt)) has_changed = look_at_picture(head) || has_changed;
    head.clear();
  };
  for (std::size_t at = 0; at + ts_packet_size <= piece.size(); at += ts_packet_size) {
    const Bytes packet = piece.subspan(at, ts_packet_size);
    if (packet[0] != 0x47 || (packet[3] & 0x10) == 0) continue;
    const unsigned pid = (packet[1] & 0x1fu) << 8 | packet[2];
    const std::size_t offset = (packet[3] & 0x20) != 0 ? std::size_t{5} + packet[4] : 4;
    const Bytes payload = packet.subspan(std::min(offset, packet.size()));
    const bool is_begin = (packet[1] & 0x40) != 0;
    if (is_begin && reading == pid) finish();
    if (is_begin && is_sound_head(payload)) {
      has_changed = look_at_sound(payload.subspan(pes_head_size + payload[8])) || has_changed;
    } else if (is_begin && is_picture_head(payload)) {
      reading = pid;
      const Bytes begin = payload.subspan(pes_head_size + payload[8]);
      head.assign(begin.begin(), begin.end());
    } else if (reading == pid) {
      head.insert(head.end(), payload.begin(), payload.end());
      if (head.size() >= most_of_picture) finish();
    }
  }
  finish();
  return has_changed;
}

// The last unit may be cut short, so it does not count.
bool ParameterWatch::look_at_picture(Bytes head) {
  auto units = h264::units_after_start_codes(head);
  if (!units.empty()) units.pop_back();
  if (is_hevc_) {
    const bool was_hevc_known = hevc_.are_known();
    return hevc_.learn(units) && was_hevc_known;
  }
  const bool was_known = video_.are_known();
  return video_.learn(units) && was_known;
}

bool ParameterWatch::look_at_sound(Bytes frame) {
  const auto read = adts::read_head(frame);
  if (!read || audio_ == read->config) return false;
  return std::exchange(audio_, read->config).has_value();
}

}  // namespace astral::formats
