// SPDX-License-Identifier: BSD-3-Clause
#include "elements/unpacker.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "track/cutter.hpp"
#include "trust/proof.hpp"

namespace astral::elements {

namespace {

bool same(const Catalog &a, const Catalog &b) {
  return a.caps == b.caps &&
         std::ranges::equal(a.streamheader, b.streamheader, [](const Slice &x, const Slice &y) {
           return std::ranges::equal(x.bytes(), y.bytes());
         });
}

bool has_own_time(const std::shared_ptr<const Catalog> &catalog) {
  if (!catalog) return false;
  const std::string_view caps = catalog->caps;
  const std::string_view media_type = caps.substr(0, caps.find_first_of(",; "));
  if (media_type == "video/mpeg") return caps.find("systemstream=(boolean)true") != caps.npos;
  return track::packaging_of(media_type) == track::Packaging::byte_stream;
}

GstClockTime clock_time(std::int64_t time) {
  return static_cast<GstClockTime>(std::max<std::int64_t>(time, 0));
}

}  // namespace

GstSegment Unpacker::segment() const {
  GstSegment segment;
  gst_segment_init(&segment, has_own_time(catalog_) ? GST_FORMAT_BYTES : GST_FORMAT_TIME);
  if (segment.format == GST_FORMAT_TIME) segment.start = segment.position = lead;
  return segment;
}

Expected<void> Unpacker::change_catalog(const std::shared_ptr<const Catalog> &catalog, Out &out) {
  const auto before = std::exchange(catalog_, catalog);
  if (before && same(*before, *catalog)) return {};
  out.caps = Ref<GstCaps>::adopt(gst_caps_from_string(catalog->caps.c_str()));
  if (!out.caps || !gst_caps_is_fixed(out.caps.get()))
    return fail(Code::invalid, "the stream's caps cannot be read: " + catalog->caps);
  if (catalog->streamheader.empty()) return {};
  GValue headers = G_VALUE_INIT;
  g_value_init(&headers, GST_TYPE_ARRAY);
  for (const Slice &header : catalog->streamheader) {
    Ref<GstBuffer> buffer = wrap(header);
    GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_HEADER);
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_BUFFER);
    gst_value_set_buffer(&value, buffer.get());
    gst_value_array_append_and_take_value(&headers, &value);
    out.buffers.push_back(std::move(buffer));
  }
  GstCaps *writable = gst_caps_make_writable(out.caps.release());
  gst_structure_take_value(gst_caps_get_structure(writable, 0), "streamheader", &headers);
  out.caps = Ref<GstCaps>::adopt(writable);
  // The caps share the header buffers, so the pushed ones are copies that get timestamps.
  for (Ref<GstBuffer> &buffer : out.buffers) buffer = Ref<GstBuffer>::adopt(gst_buffer_copy(buffer.get()));
  return {};
}

Expected<Unpacker::Out> Unpacker::unpack(const SharedTaken &taken, std::int64_t running_time) {
  Out out;
  if (taken->skipped) discontinuity_ = gap_ = true;
  const bool is_end = taken->object.payload().empty() && trust::is_over(taken->object.properties());
  if (taken->past || is_end || taken->object.status != moqt::ObjectStatus::normal) {
    out.event = event_of(taken);
    return out;
  }
  // A new run of the publisher does not continue the old one. A step of its clock alone is no break.
  const std::uint64_t group = taken->object.id.group;
  if (group_ && group > *group_ && group - *group_ >= track::Store::restart_leap) discontinuity_ = true;
  group_ = group;
  if (taken->catalog != catalog_)
    if (auto changed = change_catalog(taken->catalog, out); !changed)
      return tl::unexpected<Error>(changed.error());

  if (taken->present)
    playout_.anchor(
        taken->present->pts,
        running_time -
            std::chrono::duration_cast<std::chrono::nanoseconds>(now() - taken->present->at).count());
  const track::Timing &timing = taken->timing;
  Ref<GstBuffer> buffer = buffer_of(taken);
  if (timing.pts) {
    const std::int64_t waited =
        taken->arrived ? std::chrono::duration_cast<std::chrono::nanoseconds>(now() - *taken->arrived).count()
                       : 0;
    GST_BUFFER_PTS(buffer.get()) =
        clock_time(playout_.map(*timing.pts, running_time - waited, !taken->arrived) + lead);
    for (const Ref<GstBuffer> &header : out.buffers)
      GST_BUFFER_PTS(header.get()) = GST_BUFFER_PTS(buffer.get());
  }
  if (timing.dts)
    GST_BUFFER_DTS(buffer.get()) = clock_time(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(*timing.dts) +
                                  static_cast<std::uint64_t>(playout_.offset().value_or(0)) + lead));
  // A sink without sync, such as filesink, drops a buffer that ends before the segment starts. A buffer
  // without a duration is not dropped.
  const bool before = GST_BUFFER_PTS_IS_VALID(buffer.get()) && GST_BUFFER_PTS(buffer.get()) < lead;
  if (timing.duration && !before) GST_BUFFER_DURATION(buffer.get()) = clock_time(*timing.duration);
  if (timing.delta) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
  if (timing.header) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_HEADER);
  const GstClockTime pts = GST_BUFFER_PTS(buffer.get());
  const bool lost = std::exchange(gap_, false) && !has_own_time(catalog_);
  if (lost && GST_CLOCK_TIME_IS_VALID(end_) && GST_CLOCK_TIME_IS_VALID(pts) && pts > end_)
    out.event = Ref<GstEvent>::adopt(gst_event_new_gap(end_, pts - end_));
  if (GST_CLOCK_TIME_IS_VALID(pts))
    end_ = pts + (GST_BUFFER_DURATION_IS_VALID(buffer.get()) ? GST_BUFFER_DURATION(buffer.get()) : 0);
  out.buffers.push_back(std::move(buffer));
  if (std::exchange(discontinuity_, false) || timing.discontinuity)
    GST_BUFFER_FLAG_SET(out.buffers.front().get(), GST_BUFFER_FLAG_DISCONT);
  return out;
}

}  // namespace astral::elements
