// SPDX-License-Identifier: BSD-3-Clause
#include "track/timing.hpp"

#include "moqt/properties.hpp"
#include "moqt/wire.hpp"

namespace astral::track {

namespace {

enum Flag : std::uint8_t {
  has_pts = 0x01,
  has_dts = 0x02,
  has_duration = 0x04,
  is_delta = 0x08,
  is_discontinuity = 0x10,
  is_header = 0x20,
};

// Differences wrap around, because a hostile pts and dts may have any value.
constexpr std::uint64_t zigzag(std::uint64_t value) {
  return (value << 1) ^ ((value >> 63) != 0 ? ~std::uint64_t{0} : 0);
}
constexpr std::uint64_t unzigzag(std::uint64_t value) {
  return (value >> 1) ^ ((value & 1) != 0 ? ~std::uint64_t{0} : 0);
}
constexpr std::uint64_t bits(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

// The value of the first property of this odd type.
Expected<std::optional<Bytes>> find(Bytes properties, std::uint64_t wanted) {
  moqt::Reader block(properties);
  std::uint64_t type = 0;
  while (block.ok() && block.left() > 0) {
    type += block.vi64();
    if (type % 2 == 0) {
      block.vi64();
      continue;
    }
    const Bytes value = block.take_prefixed();
    if (type == wanted && block.ok()) return value;
  }
  if (!block.ok()) return fail(Code::invalid, "object properties are cut short");
  return std::nullopt;
}

Expected<Timing> read(Bytes value) {
  moqt::Reader in(value);
  const std::uint8_t flags = in.uint8();
  Timing timing;
  timing.delta = (flags & is_delta) != 0;
  timing.discontinuity = (flags & is_discontinuity) != 0;
  timing.header = (flags & is_header) != 0;
  timing.catalog = in.vi64();
  if (flags & has_pts) timing.pts = static_cast<std::int64_t>(unzigzag(in.vi64()));
  if (flags & has_dts)
    timing.dts = static_cast<std::int64_t>(unzigzag(in.vi64()) + bits(timing.pts.value_or(0)));
  if (flags & has_duration) timing.duration = static_cast<std::int64_t>(unzigzag(in.vi64()));
  if (!in.ok()) return fail(Code::invalid, "timing property is cut short");
  return timing;
}

}  // namespace

std::vector<std::uint8_t> encode_timing(const Timing &timing) {
  std::uint8_t flags = 0;
  if (timing.pts) flags |= has_pts;
  if (timing.dts) flags |= has_dts;
  if (timing.duration) flags |= has_duration;
  if (timing.delta) flags |= is_delta;
  if (timing.discontinuity) flags |= is_discontinuity;
  if (timing.header) flags |= is_header;
  moqt::Writer value;
  value.uint8(flags).vi64(timing.catalog);
  if (timing.pts) value.vi64(zigzag(bits(*timing.pts)));
  if (timing.dts) value.vi64(zigzag(bits(*timing.dts) - bits(timing.pts.value_or(0))));
  if (timing.duration) value.vi64(zigzag(bits(*timing.duration)));
  moqt::Writer block;
  block.vi64(timing_property).prefixed(value.view());
  return block.take();
}

Expected<Timing> decode_timing(Bytes properties) {
  auto value = find(properties, timing_property);
  if (value && !*value) {
    const auto inside = find(properties, moqt::property::immutable_properties);
    if (inside && *inside) value = find(**inside, timing_property);
  }
  if (!value) return tl::unexpected<Error>(value.error());
  return *value ? read(**value) : Timing{};
}

}  // namespace astral::track
