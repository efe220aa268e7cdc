// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: a playlist's query, or the name of a segment or a part, asked of an HLS window. Each has one meaning
// only; the answer is a playlist, bytes that the window holds, or an error.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "formats/playlist.hpp"

using namespace astral;
using namespace astral::formats;

namespace {

std::string text_of(const PlaylistQuery &query) {
  std::string text = query.may_skip ? "_HLS_skip=YES" : "";
  if (query.part) text = "_HLS_part=" + std::to_string(*query.part) + '&' + text;
  if (query.sequence) text = "_HLS_msn=" + std::to_string(*query.sequence) + '&' + text;
  return text;
}

// Segments 1 to 12; the last one is incomplete.
const HlsWindow &window() {
  static const HlsWindow *made = [] {
    auto *window = new HlsWindow(1);
    const Slice piece = Slice::copy(as_bytes("piece"));
    for (int i = 0; i < 12 * 25 - 5; ++i)
      window->push({static_cast<std::uint64_t>(i / 25), i * Time(40ms), piece, false}, {});
    return window;
  }();
  return *made;
}

void ask_playlist(std::string_view bytes) {
  const auto query = parse_playlist_query(bytes);
  if (!query) return assert(query.error().code == Code::invalid && !query.error().detail.empty());
  assert(!query->part || query->sequence);
  assert(parse_playlist_query(text_of(*query)) == *query);
  const auto playlist = window().playlist(*query);
  if (playlist) {
    assert(playlist->starts_with("#EXTM3U\n") && playlist->size() < 8192);
  } else {
    assert(playlist.error().code == Code::invalid || playlist.error().code == Code::unreachable);
    assert(*query->sequence >= 11);
  }
}

void ask_media(std::string_view name) {
  const auto sequence = parse_segment_name(name);
  const auto id = parse_part_name(name);
  assert(!sequence || !id);
  if (sequence) {
    assert(segment_name(*sequence) == name);
    const auto segment = window().segment(*sequence);
    assert(!segment || segment->pieces.size() == 25);
  }
  if (!id) return;
  assert(part_name(*id) == name);
  const auto part = window().part(*id);
  assert(part ? !part->empty() : !part.error().detail.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  ask_playlist(bytes);
  ask_media(bytes);
  return 0;
}
