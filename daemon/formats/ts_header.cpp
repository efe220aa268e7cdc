// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_header.hpp"

#include <utility>
#include <vector>

#include "formats/pes.hpp"

namespace astral::formats {

namespace {

bool has_payload(Bytes packet) {
  return packet[0] == 0x47 && (packet[3] & 0x10) != 0;
}

std::uint16_t pid_of(Bytes packet) {
  return static_cast<std::uint16_t>((packet[1] & 0x1f) << 8 | packet[2]);
}

template <typename F>
void for_each_packet(Bytes bytes, F run) {
  for (; bytes.size() >= ts_packet_size; bytes = bytes.subspan(ts_packet_size))
    if (has_payload(bytes)) run(bytes.first(ts_packet_size));
}

}  // namespace

TsHeader::TsHeader(Slice packets) : packets_(std::move(packets)) {
  for_each_packet(packets_.bytes(), [this](Bytes packet) { ++counts_[pid_of(packet)]; });
}

void TsHeader::begin_group() {
  awaited_ = counts_;
}

bool TsHeader::see(Bytes piece) {
  if (awaited_.empty()) return false;
  const std::size_t before = awaited_.size();
  for_each_packet(piece, [this](Bytes packet) {
    const std::uint16_t pid = pid_of(packet);
    if (awaited_.erase(pid) > 0) lead_to(pid, packet[3] & 0xf);
  });
  return awaited_.size() != before;
}

void TsHeader::lead_to(std::uint16_t pid, unsigned counter) {
  std::vector<std::uint8_t> bytes(packets_.bytes().begin(), packets_.bytes().end());
  unsigned left = counts_[pid];
  for (std::size_t at = 0; at + ts_packet_size <= bytes.size(); at += ts_packet_size) {
    const Bytes packet = Bytes(bytes).subspan(at, ts_packet_size);
    if (!has_payload(packet) || pid_of(packet) != pid) continue;
    const auto lead = static_cast<std::uint8_t>((counter - left--) & 0xf);
    bytes[at + 3] = static_cast<std::uint8_t>((bytes[at + 3] & 0xf0) | lead);
  }
  packets_ = Slice::copy(bytes);
}

}  // namespace astral::formats
