// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: a subgroup stream. The input's first byte is the size of the pieces in which the rest arrives. The
// objects must be the same as when it arrives in one piece, and each object's wire image must be readable.
#include <algorithm>
#include <cassert>

#include "moqt/subgroup.hpp"

using namespace astral::moqt;

namespace {

struct Result {
  std::vector<Object> objects;
  int end = 0;  // the last step, -1 for an error; 0 if more data is needed
  bool at_boundary = false;
};

Result parse(astral::Bytes stream, std::size_t piece) {
  constexpr std::uint64_t max_object = 1 << 16;
  Result result;
  SplitVi64 type;
  std::optional<SubgroupReader> reader;
  std::size_t arrived = 0;
  while (!stream.empty()) {
    astral::Bytes in = stream.first(std::min(stream.size(), piece));
    arrived += in.size();
    stream = stream.subspan(in.size());
    while (!in.empty()) {
      if (!reader) {
        const auto value = type.take(in);
        if (!value) continue;
        if (!is_subgroup_type(*value)) return result;
        reader.emplace(*value, max_object);
        continue;
      }
      const auto step = reader->read(in);
      assert(reader->held() <= 4 * arrived + 192 * 1024);
      if (!step || *step == SubgroupReader::Step::too_large || *step == SubgroupReader::Step::malformed) {
        result.end = step ? static_cast<int>(*step) : -1;
        return result;
      }
      if (*step == SubgroupReader::Step::object) result.objects.push_back(reader->take_object());
    }
  }
  result.at_boundary = reader && reader->at_boundary();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size == 0) return 0;
  const astral::Bytes stream(data + 1, size - 1);
  const Result whole = parse(stream, SIZE_MAX);
  const Result pieces = parse(stream, std::max<std::size_t>(data[0], 1));
  assert(whole.end == pieces.end && whole.at_boundary == pieces.at_boundary);
  assert(whole.objects.size() == pieces.objects.size());
  for (std::size_t i = 0; i < whole.objects.size(); ++i) {
    const Object &object = whole.objects[i];
    assert(object.id == pieces.objects[i].id && (i == 0 || whole.objects[i - 1].id < object.id));
    assert(std::ranges::equal(object.wire.bytes(), pieces.objects[i].wire.bytes()));
    const auto view = view_object(object.wire.bytes());
    assert(view && view->status == object.status);
    assert(std::ranges::equal(view->properties, object.properties()));
    assert(std::ranges::equal(view->payload, object.payload().bytes()));
  }
  return 0;
}
