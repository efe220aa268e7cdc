// SPDX-License-Identifier: BSD-3-Clause
#include "media/make.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace astral::media {

Ref<GstElement> make(const char *factory) {
  GstElement *element = gst_element_factory_make(factory, nullptr);
  return element ? Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(element))) : Ref<GstElement>();
}

tl::unexpected<Error> missing(const char *factory) {
  return fail(Code::failed, std::string("the GStreamer element ") + factory + " is missing");
}

Ref<GstElement> make_bin(const char *description) {
  GError *raw = nullptr;
  GstElement *bin = gst_parse_bin_from_description(description, TRUE, &raw);
  const GErrorPtr error(raw);
  if (error) g_warning("%s: %s", description, error->message);
  if (bin) gst_object_ref_sink(bin);
  auto made = Ref<GstElement>::adopt(bin);
  return error ? Ref<GstElement>() : made;
}

Ref<GstBuffer> wrap(const Slice &slice) {
  auto *owner = new Slice(slice);
  return Ref<GstBuffer>::adopt(gst_buffer_new_wrapped_full(
      GST_MEMORY_FLAG_READONLY, const_cast<std::uint8_t *>(owner->data()), owner->size(), 0, owner->size(),
      owner, [](gpointer data) { delete static_cast<Slice *>(data); }));
}

Slice slice_of(GstMemory *memory) {
  struct Mapped {
    explicit Mapped(GstMemory *of) : memory(gst_memory_ref(of)) {
      mapped = gst_memory_map(memory, &info, GST_MAP_READ);
    }
    ~Mapped() {
      if (mapped) gst_memory_unmap(memory, &info);
      gst_memory_unref(memory);
    }
    Mapped(const Mapped &) = delete;
    Mapped &operator=(const Mapped &) = delete;
    GstMemory *memory;
    GstMapInfo info{};
    bool mapped = false;
  };
  auto owner = std::make_shared<const Mapped>(memory);
  if (!owner->mapped) return {};
  const Bytes view(owner->info.data, owner->info.size);
  return {std::move(owner), view};
}

Slice copy_of(GstBuffer *buffer) {
  GstMapInfo info{};
  if (!buffer || !gst_buffer_map(buffer, &info, GST_MAP_READ)) return {};
  Slice copy = Slice::copy({info.data, info.size});
  gst_buffer_unmap(buffer, &info);
  return copy;
}

Time running(const GstSegment *segment, GstClockTime time) {
  constexpr guint64 farthest = std::uint64_t{1} << 62;  // ns; differences of smaller times do not overflow
  guint64 result = 0;
  const int sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &result);
  return Time(sign * static_cast<std::int64_t>(std::min(result, farthest)));
}

}  // namespace astral::media
