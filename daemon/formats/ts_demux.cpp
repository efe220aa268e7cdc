// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_demux.hpp"

#include <algorithm>
#include <utility>

#include "formats/mpeg_audio.hpp"
#include "formats/opus_packet.hpp"
#include "formats/pes.hpp"

namespace astral::formats {

namespace {

constexpr std::int64_t untimed_step = Timeline::second / 25;  // of pictures without times of their own

// Whether the adaptation field has more than a PCR (2.4.3.4). Only the last packet of a PES packet has.
bool is_padded(Bytes packet) {
  if ((packet[3] & 0x20) == 0) return false;
  const bool has_clock = packet[4] > 0 && (packet[5] & 0x10) != 0;
  return packet[4] != (has_clock ? 7 : 1);
}

struct Times {
  std::int64_t decoded = 0, shown = 0;
};
std::optional<Times> times_of(Bytes pes) {
  if ((pes[7] & 0x80) == 0 || pes[8] < pes_stamp_size) return std::nullopt;
  const std::int64_t shown = pes_stamp(pes.subspan(pes_head_size));
  if ((pes[7] & 0x40) == 0 || pes[8] < 2 * pes_stamp_size) return Times{shown, 0};
  const std::int64_t decoded = pes_stamp(pes.subspan(pes_head_size + pes_stamp_size));
  return Times{decoded, pes_distance(decoded, shown)};
}

// None: such a track is not taken apart.
std::optional<Codec> codec_of(const TsCodecs::Track &track) {
  if (track.codec == "h264") return Codec::h264;
  if (track.codec == "h265") return Codec::h265;
  if (track.codec == "aac") return Codec::aac;
  if (track.codec == "mp3") return Codec::mpeg_audio;
  if (track.codec == "opus" && track.channels <= opus::most_channels) return Codec::opus;
  return std::nullopt;
}

}  // namespace

std::vector<Unit> TsDemux::push(Bytes bytes) {
  std::vector<Unit> out;
  if (!packet_.empty()) {
    const std::size_t missing = std::min(ts_packet_size - packet_.size(), bytes.size());
    packet_.insert(packet_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(missing));
    bytes = bytes.subspan(missing);
    if (packet_.size() < ts_packet_size) return out;
    take(packet_, out);
  }
  for (; bytes.size() >= ts_packet_size; bytes = bytes.subspan(ts_packet_size))
    take(bytes.first(ts_packet_size), out);
  packet_.assign(bytes.begin(), bytes.end());
  return out;
}

std::vector<Unit> TsDemux::finish() {
  std::vector<Unit> out;
  for (Track *track : {&video_, &audio_}) finish(*track, true, out);
  return out;
}

void TsDemux::take(Bytes packet, std::vector<Unit> &out) {
  if (packet[0] != 0x47) return;
  const auto pid = static_cast<std::uint16_t>((packet[1] & 0x1f) << 8 | packet[2]);
  if ((packet[3] & 0x10) == 0) return;  // without payload
  const std::size_t offset = (packet[3] & 0x20) != 0 ? std::size_t{5} + packet[4] : 4;
  const Bytes payload = packet.subspan(std::min(offset, packet.size()));
  if (codecs_.has(pid)) {
    if ((packet[1] & 0x40) != 0 && codecs_.read(pid, payload)) use_tracks();
    return;
  }
  if (pid == video_.pid) take(video_, packet, payload, out);
  if (pid == audio_.pid) take(audio_, packet, payload, out);
}

// A packet may come twice (2.4.3.3). A packet of which a bit is wrong counts as missing.
void TsDemux::take(Track &track, Bytes packet, Bytes payload, std::vector<Unit> &out) {
  const unsigned counter = packet[3] & 0xf;
  const bool is_begin = (packet[1] & 0x40) != 0, is_damaged = (packet[1] & 0x80) != 0;
  if (track.counter == counter && !is_begin) return;
  const bool is_next = !track.counter || ((*track.counter + 1) & 0xf) == counter;
  track.counter = counter;
  if (!is_next || is_damaged) {
    finish(track, track.is_padded && !is_damaged, out);
    track.has_lost = true;
  }
  if (is_damaged) return;
  if (is_begin) {
    if (&track == &audio_ && video_.is_padded && may_end_early_) finish(video_, true, out);
    finish(track, true, out);
    if (payload.size() < pes_head_size) return;
    const std::size_t length = std::size_t{payload[4]} << 8 | payload[5];
    track.length = length == 0 ? 0 : length + 6;
  } else if (track.pes.empty()) {
    if (&track == &video_ && track.is_padded) may_end_early_ = false;
    return;
  }
  if (track.pes.size() + payload.size() > largest) {
    track.pes.clear();
    track.has_lost = true;
    return;
  }
  track.pes.insert(track.pes.end(), payload.begin(), payload.end());
  track.is_padded = is_padded(packet);
  if (track.length != 0 && track.pes.size() >= track.length) finish(track, true, out);
}

void TsDemux::use_tracks() {
  const auto use = [](Track &track, const TsCodecs::Track &found) {
    const std::optional<Codec> codec = codec_of(found);
    const std::uint16_t pid = codec ? found.pid : none;
    if (track.pid == pid && track.codec == codec) return false;
    track = {.pid = pid, .codec = codec};
    return true;
  };
  use(video_, codecs_.video());
  if (use(audio_, codecs_.audio())) rest_.clear();
  tracks_ = {.are_known = true, .video = video_.codec, .audio = audio_.codec};
  if (audio_.codec == Codec::opus)
    tracks_.channels = codecs_.audio().channels == 0 ? opus::most_channels : codecs_.audio().channels;
}

// `is_whole`: all packets of it have come. Audio frames in front of a gap are whole anyway.
void TsDemux::finish(Track &track, bool is_whole, std::vector<Unit> &out) {
  const std::vector<std::uint8_t> pes = std::exchange(track.pes, {});
  const bool is_audio = &track == &audio_;
  const std::size_t before = out.size();
  if (is_pes(pes) && is_audio) take_sound(pes, out);
  if (is_pes(pes) && !is_audio && is_whole) take_picture(pes, out);
  if (out.size() > before) out[before].is_after_loss = std::exchange(track.has_lost, false);
  if (!is_whole && is_audio) rest_.clear();
}

void TsDemux::take_picture(Bytes pes, std::vector<Unit> &out) {
  const auto times = times_of(pes);
  const Bytes data = pes.subspan(pes_head_size + pes[8]);
  if (data.empty() || (!times && !video_.time)) return;
  const std::int64_t decoded =
      times ? times->decoded : *video_.time + (video_.step > 0 ? video_.step : untimed_step);
  if (video_.time) video_.step = pes_distance(*video_.time, decoded);
  video_.time = decoded;
  out.push_back({.kind = Kind::video,
                 .codec = *video_.codec,
                 .decoded = decoded,
                 .shown = times ? times->shown : 0,
                 .data = {data.begin(), data.end()}});
}

struct TsDemux::Sound {
  std::size_t head = 0;    // bytes that are left out
  std::size_t size = 0;    // bytes, with the head
  std::int64_t ticks = 0;  // how long it lasts
  unsigned layer = 0;
  adts::Config config = {};
};

// None: no frame begins here. The head of MPEG audio is short, so the next one must be right too if it is
// there.
std::optional<TsDemux::Sound> TsDemux::sound_at(Bytes bytes) const {
  if (audio_.codec == Codec::opus) {
    const auto frame = opus::read_head(bytes);
    if (!frame) return std::nullopt;
    return Sound{
        .head = frame->head, .size = frame->size, .ticks = frame->samples * Timeline::second / opus::rate};
  }
  if (audio_.codec == Codec::aac) {
    const auto frame = adts::read_head(bytes);
    if (!frame) return std::nullopt;
    return Sound{.head = frame->head,
                 .size = frame->size,
                 .ticks = adts::samples * Timeline::second / adts::rate_of(frame->config),
                 .config = frame->config};
  }
  const auto frame = mpeg_audio::read_head(bytes);
  if (!frame) return std::nullopt;
  const bool has_next = bytes.size() >= frame->size + mpeg_audio::head_size;
  if (has_next && !mpeg_audio::read_head(bytes.subspan(frame->size))) return std::nullopt;
  return Sound{
      .size = frame->size, .ticks = frame->samples * Timeline::second / frame->rate, .layer = frame->layer};
}

// The time of a PES packet is that of the first frame that begins in it (2.4.3.7).
void TsDemux::take_sound(Bytes pes, std::vector<Unit> &out) {
  const auto times = times_of(pes);
  const Bytes data = pes.subspan(pes_head_size + pes[8]);
  const std::size_t old = rest_.size();
  std::vector<std::uint8_t> bytes = std::exchange(rest_, {});
  bytes.insert(bytes.end(), data.begin(), data.end());
  bool is_timed = false;
  std::size_t at = 0;
  const std::size_t least = audio_.codec == Codec::opus ? opus::least_head : adts::head_size;
  while (at + least <= bytes.size()) {
    const auto frame = sound_at(Bytes(bytes).subspan(at));
    if (!frame) {
      ++at;
      continue;
    }
    if (at + frame->size > bytes.size()) break;
    if (at >= old && !std::exchange(is_timed, true) && times) audio_.time = times->decoded;
    if (audio_.time) {
      const Bytes whole = Bytes(bytes).subspan(at, frame->size);
      const Bytes body = whole.subspan(frame->head);
      out.push_back({.kind = Kind::audio,
                     .codec = *audio_.codec,
                     .decoded = *audio_.time,
                     .data = {body.begin(), body.end()},
                     .layer = frame->layer,
                     .config = frame->config});
      *audio_.time += frame->ticks;
    }
    at += frame->size;
  }
  if (bytes.size() - at < adts::largest + 2 * adts::head_size)
    rest_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
}

}  // namespace astral::formats
