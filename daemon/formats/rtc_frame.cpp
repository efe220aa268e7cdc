// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtc_frame.hpp"

#include <cstring>
#include <vector>

namespace astral::formats {

namespace {

constexpr std::size_t head_size = 1 + sizeof(std::int64_t);
constexpr std::uint8_t sps = 7;  // nal_unit_type

}  // namespace

Slice write_frame(RtcFrame::Kind kind, Time time, Bytes data) {
  std::vector<std::uint8_t> piece(head_size + data.size());
  const std::int64_t count = time.count();
  piece[0] = static_cast<std::uint8_t>(kind);
  std::memcpy(piece.data() + 1, &count, sizeof count);
  if (!data.empty()) std::memcpy(piece.data() + head_size, data.data(), data.size());
  auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(piece));
  const Bytes view(*owner);
  return {std::move(owner), view};
}

std::optional<RtcFrame> read_frame(const Slice &piece) {
  if (piece.size() < head_size || piece.data()[0] > static_cast<std::uint8_t>(RtcFrame::Kind::audio))
    return std::nullopt;
  std::int64_t count = 0;
  std::memcpy(&count, piece.data() + 1, sizeof count);
  return RtcFrame{static_cast<RtcFrame::Kind>(piece.data()[0]), Time(count), piece.from(head_size)};
}

Slice write_tracks(const webrtc::Tracks &tracks) {
  const std::string text =
      std::string(tracks.has_video ? "v" : "-") + (tracks.has_audio ? "a" : "-") + tracks.profile;
  return write_frame(RtcFrame::Kind::tracks, Time{}, as_bytes(text));
}

std::optional<webrtc::Tracks> read_tracks(const Slice &piece) {
  const auto frame = read_frame(piece);
  if (!frame || frame->kind != RtcFrame::Kind::tracks || frame->data.size() < 2) return std::nullopt;
  const std::string_view text = as_text(frame->data.bytes());
  return webrtc::Tracks{text[0] == 'v', text[1] == 'a', std::string(text.substr(2))};
}

std::string profile_of(Bytes unit) {
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i + 6 < unit.size(); ++i) {
    const bool is_start = unit[i] == 0 && unit[i + 1] == 0 && unit[i + 2] == 1;
    if (!is_start || (unit[i + 3] & 0x1f) != sps) continue;
    std::string profile;
    for (const std::uint8_t byte : unit.subspan(i + 4, 3)) {
      profile += digits[byte >> 4];
      profile += digits[byte & 0xf];
    }
    return profile;
  }
  return "";
}

}  // namespace astral::formats
