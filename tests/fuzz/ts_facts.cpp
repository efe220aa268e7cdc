// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: MPEG-TS from a publisher. The input's first byte says where groups begin and where the stream breaks.
// The facts that are found are possible values, there are at most four warnings, and the gathered keyframe
// is no larger than what came. The pictures and
// audio frames are no larger either, and their times are those of 33 bits, or a little later.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "formats/fact_finder.hpp"
#include "formats/key_frame.hpp"
#include "formats/pictures.hpp"
#include "formats/ts_demux.hpp"

using namespace astral;
using namespace astral::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  constexpr std::size_t packets = 7 * 188;
  if (size == 0) return 0;
  const Slice all = Slice::copy({data + 1, size - 1});
  int news = 0;
  FactFinder finder([&] { ++news; });
  KeyFrame frame;
  TsDemux demux;
  Pictures pictures;
  std::size_t taken = 0;
  const auto take = [&](const std::vector<Unit> &units) {
    for (const Unit &unit : units) {
      taken += unit.data.size();
      assert(!unit.data.empty() && unit.decoded >= 0 && unit.decoded < std::int64_t{1} << 34);
      if (unit.kind == Kind::video && pictures.take(unit, Time{})) assert(pictures.record().size() > 10);
    }
  };
  std::size_t number = 0;
  for (std::size_t at = 0; at < all.size(); at += packets, ++number) {
    const Slice piece = all.part(at, std::min(packets, all.size() - at));
    if (data[0] >> 4 != 0 && number % (data[0] >> 4) == 5) {
      finder.on_break();
      frame.on_break();
    }
    const bool is_start = number % ((data[0] & 0xf) + 1) == 0;
    finder.on_frame(piece, is_start);
    frame.on_frame(piece, is_start);
    take(demux.push(piece.bytes()));
  }
  take(demux.finish());
  assert(taken <= all.size());
  const Facts &facts = finder.facts();
  if (facts.video) {
    assert(!facts.video->codec.empty() && facts.video->width <= 16'384 && facts.video->height <= 16'384);
    assert(facts.video->keyframe_seconds >= 0 && facts.video->keyframe_seconds <= 600);
    assert((facts.video->frames == 0) == (facts.video->seconds == 0));
  }
  assert(!facts.audio || facts.audio->channels <= 8);
  assert(warnings_of(facts).size() <= 6);
  assert(news <= static_cast<int>(number));
  std::size_t gathered = 0;
  for (const Slice &part : frame.pieces()) gathered += part.size();
  assert(gathered <= all.size());
  return 0;
}
