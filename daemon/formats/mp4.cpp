// SPDX-License-Identifier: BSD-3-Clause
#include "formats/mp4.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace astral::formats::mp4 {

namespace {

constexpr std::size_t head_size = 8;  // of a box: its size and its type
constexpr std::size_t most_tracks = 8;
// tfhd (8.8.7.1)
constexpr std::uint32_t has_base_offset = 0x1, has_description = 0x2, has_duration = 0x8, has_size = 0x10,
                        has_flags = 0x20, base_is_moof = 0x2'0000;
// trun (8.8.8.1)
constexpr std::uint32_t has_data_offset = 0x1, has_first_flags = 0x4, has_sample_duration = 0x100,
                        has_sample_size = 0x200, has_sample_flags = 0x400, has_composition = 0x800;
constexpr std::uint32_t is_no_sync_sample = 0x1'0000;
constexpr std::size_t new_tfdt_size = 20;            // with 64 bit
constexpr std::uint64_t per_second = 1'000'000'000;  // ns
constexpr std::uint32_t most_timescale = 1'000'000;
constexpr std::uint64_t most_ticks = std::uint64_t{1} << 52;  // 140 years of the largest timescale

// Zero if it is outside.
std::uint64_t number(Bytes bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || size > bytes.size() - at) return 0;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, size)) value = value << 8 | byte;
  return value;
}
std::uint32_t u32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number(bytes, at, 4));
}
void put(std::uint8_t *at, std::uint64_t value, std::size_t size) {
  while (size > 0) *at++ = static_cast<std::uint8_t>(value >> 8 * --size);
}

struct Box {
  std::string_view type = {};
  std::size_t offset = 0;  // in the bytes that first() got
  Bytes content = {};
  std::size_t size() const { return head_size + content.size(); }
};

// The first box at `offset` or after it that has this type, or any type if that is empty.
std::optional<Box> first(Bytes bytes, std::string_view type, std::size_t offset = 0) {
  while (offset <= bytes.size() && bytes.size() - offset >= head_size) {
    const std::size_t size = u32(bytes, offset);
    if (size < head_size || size > bytes.size() - offset) return std::nullopt;
    const Box box{as_text(bytes.subspan(offset + 4, 4)), offset,
                  bytes.subspan(offset + head_size, size - head_size)};
    if (type.empty() || box.type == type) return box;
    offset += size;
  }
  return std::nullopt;
}

std::optional<Box> inside(const std::optional<Box> &box, std::string_view type) {
  return box ? first(box->content, type) : std::nullopt;
}

// Where the boxes of a moof are.
struct Layout {
  Box moof, traf, tfhd, tfdt, trun;
};

std::optional<Layout> layout_of(Bytes fragment) {
  const auto moof = first(fragment, "");
  if (!moof || moof->type != "moof") return std::nullopt;
  const auto traf = inside(moof, "traf");
  const auto tfhd = inside(traf, "tfhd"), tfdt = inside(traf, "tfdt"), trun = inside(traf, "trun");
  if (!tfhd || !tfdt || !trun || tfhd->content.size() < 8) return std::nullopt;
  const std::size_t time_size = number(tfdt->content, 0, 1) == 1 ? 8 : 4;
  if (tfdt->content.size() != 4 + time_size || trun->content.size() < 8) return std::nullopt;
  if (first(moof->content, "traf", traf->offset + traf->size())) return std::nullopt;
  return Layout{*moof, *traf, *tfhd, *tfdt, *trun};
}

std::optional<Track> read_track(const std::optional<Box> &trak) {
  const auto media = inside(trak, "mdia");
  const auto tkhd = inside(trak, "tkhd"), mdhd = inside(media, "mdhd"), hdlr = inside(media, "hdlr");
  if (!tkhd || !mdhd || !hdlr || hdlr->content.size() < 12) return std::nullopt;
  const std::size_t id_at = number(tkhd->content, 0, 1) == 1 ? 20 : 12;
  const std::size_t scale_at = number(mdhd->content, 0, 1) == 1 ? 20 : 12;
  const std::string_view handler = as_text(hdlr->content.subspan(8, 4));
  const Track track{u32(tkhd->content, id_at), u32(mdhd->content, scale_at),
                    handler == "vide" ? Kind::video : Kind::audio};
  const bool is_media = handler == "vide" || handler == "soun";
  const bool is_usual = track.timescale > 0 && track.timescale <= most_timescale;
  return is_media && is_usual ? std::optional(track) : std::nullopt;
}

// The boxes in which av1C, vpcC and dOps are, and the bytes before the boxes that they contain
// (12.1.3, 12.2.3).
struct Parent {
  std::string_view type;
  std::size_t fields;
};
constexpr std::array parents{Parent{"moov", 0},  Parent{"trak", 0},  Parent{"mdia", 0},
                             Parent{"minf", 0},  Parent{"stbl", 0},  Parent{"stsd", 8},
                             Parent{"av01", 78}, Parent{"vp09", 78}, Parent{"Opus", 28}};
constexpr std::size_t deepest = parents.size();
constexpr std::size_t width_at = 24;  // in a VisualSampleEntry; the height follows

void put_box(std::vector<std::uint8_t> &out, std::string_view type, Bytes content) {
  std::uint8_t head[head_size];
  put(head, head_size + content.size(), 4);
  std::copy_n(type.begin(), 4, head + 4);
  out.insert(out.end(), head, head + head_size);
  out.insert(out.end(), content.begin(), content.end());
}

// OpusSpecificBox (Encapsulation of Opus in ISO Base Media File Format, 4.3.2), whose numbers GStreamer 1.22
// swaps.
std::vector<std::uint8_t> repair_opus(Bytes box) {
  constexpr std::size_t pre_skip = 2, rate = 4, least = 11;
  constexpr std::uint64_t usual_rate = 48'000;
  std::vector<std::uint8_t> out(box.begin(), box.end());
  if (out.size() < least) return out;
  put(out.data() + pre_skip, 0, 2);
  put(out.data() + rate, usual_rate, 4);
  return out;
}

// VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding, 2). The level is the least that allows
// such a picture (VP9 Levels).
std::vector<std::uint8_t> repair_vp9(Bytes box, std::uint64_t pixels) {
  constexpr std::size_t level_at = 5;
  struct Level {
    std::uint8_t number;
    std::uint64_t pixels;
  };
  constexpr std::array levels{Level{10, 36'864},    Level{11, 73'728},   Level{20, 122'880},
                              Level{21, 245'760},   Level{30, 552'960},  Level{31, 983'040},
                              Level{40, 2'228'224}, Level{50, 8'912'896}};
  constexpr std::uint8_t highest = 60;
  std::vector<std::uint8_t> out(box.begin(), box.end());
  if (out.size() <= level_at || out[level_at] != 0) return out;
  const auto found =
      std::find_if(levels.begin(), levels.end(), [&](const Level &level) { return pixels <= level.pixels; });
  out[level_at] = found == levels.end() ? highest : found->number;
  return out;
}

struct Repair {
  Bytes av1;
  std::uint64_t pixels = 0;  // of a picture of the entry that the boxes are in
};

std::vector<std::uint8_t> repair_boxes(Bytes boxes, const Repair &repair, std::size_t depth) {
  std::vector<std::uint8_t> out;
  std::size_t at = 0;
  while (const auto box = first(boxes, "", at)) {
    at += box->size();
    const auto parent = std::find_if(parents.begin(), parents.end(),
                                     [&](const Parent &one) { return one.type == box->type; });
    const bool is_parent =
        parent != parents.end() && box->content.size() >= parent->fields && depth < deepest;
    const bool has_no_config = box->content.empty() || box->content[0] == 0;
    if (is_parent) {
      std::vector<std::uint8_t> content(box->content.begin(),
                                        box->content.begin() + static_cast<std::ptrdiff_t>(parent->fields));
      const std::uint64_t pixels = number(content, width_at, 2) * number(content, width_at + 2, 2);
      const auto inner = repair_boxes(box->content.subspan(parent->fields), {repair.av1, pixels}, depth + 1);
      content.insert(content.end(), inner.begin(), inner.end());
      put_box(out, box->type, content);
    } else if (box->type == "av1C" && has_no_config && !repair.av1.empty()) {
      put_box(out, box->type, repair.av1);
    } else if (box->type == "vpcC") {
      put_box(out, box->type, repair_vp9(box->content, repair.pixels));
    } else if (box->type == "dOps") {
      put_box(out, box->type, repair_opus(box->content));
    } else {
      put_box(out, box->type, box->content);
    }
  }
  return out;
}

}  // namespace

std::vector<std::uint8_t> repair_init(Bytes init, Bytes av1) {
  return repair_boxes(init, {av1}, 0);
}

Time time_of(std::uint64_t ticks, const Track &track) {
  const std::uint64_t scale = std::max<std::uint64_t>(track.timescale, 1),
                      limit = std::min(ticks, most_ticks);
  return static_cast<std::int64_t>(limit / scale) * 1s +
         Time(static_cast<std::int64_t>(limit % scale * per_second / scale));
}

std::vector<Track> read_init(Bytes init) {
  std::vector<Track> tracks;
  const auto moov = first(init, "moov");
  for (auto trak = inside(moov, "trak"); trak && tracks.size() < most_tracks;
       trak = first(moov->content, "trak", trak->offset + trak->size()))
    if (const auto track = read_track(trak)) tracks.push_back(*track);
  return tracks;
}

std::optional<Fragment> read_fragment(Bytes fragment) {
  const auto layout = layout_of(fragment);
  if (!layout) return std::nullopt;
  const Bytes tfhd = layout->tfhd.content, tfdt = layout->tfdt.content, trun = layout->trun.content;
  Fragment out{.track = u32(tfhd, 4), .decoded = number(tfdt, 4, tfdt.size() - 4)};

  const std::uint32_t defaults = u32(tfhd, 0), fields = u32(trun, 0);
  std::size_t at = 8;
  if ((defaults & has_base_offset) != 0) at += 8;
  for (const std::uint32_t field : {has_description, has_duration, has_size})
    if ((defaults & field) != 0) at += 4;
  std::uint32_t flags = (defaults & has_flags) != 0 ? u32(tfhd, at) : 0;

  at = 8;
  if ((fields & has_data_offset) != 0) at += 4;
  const std::size_t first_flags_at = at;
  if ((fields & has_first_flags) != 0) at += 4;
  for (const std::uint32_t field : {has_sample_duration, has_sample_size})
    if ((fields & field) != 0) at += 4;
  if ((fields & has_sample_flags) != 0) flags = u32(trun, at);
  if ((fields & has_sample_flags) != 0) at += 4;
  if ((fields & has_first_flags) != 0) flags = u32(trun, first_flags_at);
  if ((fields & has_composition) != 0) out.shown = static_cast<std::int32_t>(u32(trun, at));
  out.is_sync = (flags & is_no_sync_sample) == 0;
  if (out.decoded > most_ticks) return std::nullopt;
  return out;
}

bool is_key_picture(Bytes fragment, const std::vector<Track> &tracks) {
  const auto read = read_fragment(fragment);
  return read && read->is_sync && std::any_of(tracks.begin(), tracks.end(), [&](const Track &track) {
           return track.id == read->track && track.kind == Kind::video;
         });
}

std::vector<std::uint8_t> with_time(Bytes fragment, std::uint64_t decoded) {
  const Layout layout = *layout_of(fragment);
  const std::size_t traf = head_size + layout.traf.offset;
  const std::size_t in_traf = traf + head_size;
  const std::size_t tfdt = in_traf + layout.tfdt.offset, after = tfdt + layout.tfdt.size();
  const std::size_t growth = new_tfdt_size - layout.tfdt.size();
  const auto begin = fragment.begin();

  std::vector<std::uint8_t> out(begin, begin + static_cast<std::ptrdiff_t>(tfdt));
  out.resize(tfdt + new_tfdt_size);
  put(out.data() + tfdt, new_tfdt_size, 4);
  std::copy_n(as_bytes("tfdt").begin(), 4, out.begin() + static_cast<std::ptrdiff_t>(tfdt + 4));
  put(out.data() + tfdt + 8, std::uint64_t{1} << 24, 4);
  put(out.data() + tfdt + 12, decoded, 8);
  out.insert(out.end(), begin + static_cast<std::ptrdiff_t>(after), fragment.end());

  put(out.data(), layout.moof.size() + growth, 4);
  put(out.data() + traf, layout.traf.size() + growth, 4);
  const auto moved = [&](const Box &box) {
    return in_traf + box.offset + (box.offset > layout.tfdt.offset ? growth : 0);
  };
  std::uint8_t *const tfhd = out.data() + moved(layout.tfhd) + head_size;
  const std::uint32_t defaults = u32(layout.tfhd.content, 0);
  if ((defaults & has_base_offset) == 0) put(tfhd, defaults | base_is_moof, 4);
  // All runs of the track, of which read_fragment() reads the first one.
  for (auto trun = first(layout.traf.content, "trun"); trun;
       trun = first(layout.traf.content, "trun", trun->offset + trun->size()))
    if (trun->content.size() >= 12 && (u32(trun->content, 0) & has_data_offset) != 0)
      put(out.data() + moved(*trun) + head_size + 8, u32(trun->content, 8) + growth, 4);
  return out;
}

Expected<std::vector<Unit>> Cutter::push(Bytes bytes) {
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  std::vector<Unit> out;
  std::size_t at = 0;
  while (waiting_.size() - at >= head_size) {
    const std::size_t size = u32(waiting_, at);
    if (size < head_size || size > largest - std::min(largest, unit_.bytes.size()))
      return fail(Code::invalid, "a box of " + std::to_string(size) + " bytes in fragmented MP4");
    if (waiting_.size() - at < size) break;
    const Bytes box = Bytes(waiting_).subspan(at, size);
    const std::string_view type = as_text(box.subspan(4, 4));
    at += size;
    const bool is_begin = type == "ftyp" || type == "moof", is_end = type == "moov" || type == "mdat";
    if (!is_begin && !is_end) continue;
    if (is_begin) unit_ = {.is_init = type == "ftyp"};
    if (is_end && unit_.bytes.empty()) continue;
    unit_.bytes.insert(unit_.bytes.end(), box.begin(), box.end());
    if (is_end) out.push_back(std::exchange(unit_, {}));
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(at));
  return out;
}

void Clock::set_init(Bytes init) {
  tracks_ = read_init(init);
  video_shift_.reset();
  audio_shift_.reset();
}

std::optional<Clock::Piece> Clock::correct(Bytes fragment, const Starts &starts) {
  const auto read = read_fragment(fragment);
  if (!read) return std::nullopt;
  const auto track =
      std::find_if(tracks_.begin(), tracks_.end(), [&](const Track &one) { return one.id == read->track; });
  if (track == tracks_.end()) return std::nullopt;
  const std::int64_t scale = track->timescale;
  auto &shift = track->kind == Kind::video ? video_shift_ : audio_shift_;
  if (!shift) {
    const Time shown = lead + (track->kind == Kind::video ? starts.video : starts.audio).value_or(Time{});
    const std::int64_t ticks = shown / 1s * scale + (shown % 1s).count() * scale / Time(1s).count();
    shift = ticks - static_cast<std::int64_t>(read->decoded) - read->shown;
  }
  const auto decoded = static_cast<std::uint64_t>(
      std::max<std::int64_t>(static_cast<std::int64_t>(read->decoded) + *shift, 0));
  const bool has_video =
      std::any_of(tracks_.begin(), tracks_.end(), [](const Track &one) { return one.kind == Kind::video; });
  return Piece{with_time(fragment, decoded), track->kind, time_of(decoded, *track),
               read->is_sync && (track->kind == Kind::video || !has_video)};
}

}  // namespace astral::formats::mp4
