// SPDX-License-Identifier: BSD-3-Clause
#include "media/caps.hpp"

namespace astral::media {

namespace {

bool is_plain(const GValue *value) {
  if (GST_VALUE_HOLDS_ARRAY(value)) {
    for (guint i = 0; i < gst_value_array_get_size(value); ++i)
      if (!is_plain(gst_value_array_get_value(value, i))) return false;
    return true;
  }
  if (GST_VALUE_HOLDS_BUFFER(value)) return gst_value_get_buffer(value);
  return !G_VALUE_HOLDS_BOXED(value) && !G_VALUE_HOLDS_OBJECT(value) && !G_VALUE_HOLDS_POINTER(value);
}

}  // namespace

bool are_plain(const GstCaps *caps) {
  const auto check =
      +[](GQuark, const GValue *value, gpointer) noexcept -> gboolean { return is_plain(value); };
  for (guint i = 0; i < gst_caps_get_size(caps); ++i)
    if (!gst_structure_foreach(gst_caps_get_structure(caps, i), check, nullptr)) return false;
  return true;
}

std::vector<GstBuffer *> stream_headers(const GstCaps *caps) {
  std::vector<GstBuffer *> buffers;
  const GValue *headers = gst_structure_get_value(gst_caps_get_structure(caps, 0), "streamheader");
  if (!headers || !GST_VALUE_HOLDS_ARRAY(headers)) return buffers;
  for (guint i = 0; i < gst_value_array_get_size(headers); ++i) {
    const GValue *header = gst_value_array_get_value(headers, i);
    GstBuffer *buffer = GST_VALUE_HOLDS_BUFFER(header) ? gst_value_get_buffer(header) : nullptr;
    if (buffer) buffers.push_back(buffer);
  }
  return buffers;
}

}  // namespace astral::media
