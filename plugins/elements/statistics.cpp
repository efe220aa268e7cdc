// SPDX-License-Identifier: BSD-3-Clause
#include "elements/statistics.hpp"

#include <algorithm>

namespace astral::elements {

GstStructure *Statistics::to_structure() const {
  double rtt_ms = 0;
  GValue list = G_VALUE_INIT;
  g_value_init(&list, GST_TYPE_ARRAY);
  for (const LinkStatistics &link : links) {
    rtt_ms += link.rtt_ms / static_cast<double>(links.size());
    const StructurePtr entry(gst_structure_new(
        "link", "ticket", G_TYPE_STRING, link.ticket.c_str(), "peer", G_TYPE_STRING, link.peer.c_str(),
        "rtt-ms", G_TYPE_DOUBLE, link.rtt_ms, "bytes-sent", G_TYPE_UINT64, link.bytes_sent, "bytes-received",
        G_TYPE_UINT64, link.bytes_received, "kept-streams", G_TYPE_UINT64, link.kept_streams, "skipped",
        G_TYPE_UINT64, link.skipped, "way", G_TYPE_STRING, link.way.c_str(), "unanswered-ms", G_TYPE_UINT64,
        link.unanswered_ms, nullptr));
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_STRUCTURE);
    gst_value_set_structure(&value, entry.get());
    gst_value_array_append_and_take_value(&list, &value);
  }
  GstStructure *structure = gst_structure_new(
      "application/x-astral-stats", "bytes", G_TYPE_UINT64, bytes, "objects", G_TYPE_UINT64, objects,
      "groups", G_TYPE_UINT64, groups, "largest-group", G_TYPE_UINT64, largest_group, "skipped",
      G_TYPE_UINT64, skipped, "dropped-bytes", G_TYPE_UINT64, dropped_bytes, "rate-bps", G_TYPE_UINT64,
      rate_bps, "lag-ms", G_TYPE_UINT64, lag_ms, "carried-bps", G_TYPE_UINT64, thin.carried_bps, "needed-bps",
      G_TYPE_UINT64, thin.needed_bps, "refused", G_TYPE_UINT64, refused, "forged", G_TYPE_UINT64, forged,
      "stream-key", G_TYPE_STRING, stream_key.c_str(), "rtt-ms", G_TYPE_DOUBLE, rtt_ms, "peers", G_TYPE_INT,
      static_cast<int>(links.size()), nullptr);
  gst_structure_take_value(structure, "links", &list);
  return structure;
}

void Rate::add(std::uint64_t bytes, Time now) {
  const std::int64_t slot = now / (window / slots);
  if (first_slot_ < 0) first_slot_ = slot;
  for (std::int64_t empty = std::max(slot_ + 1, slot - slots + 1); empty <= slot; ++empty)
    bytes_[empty % slots] = 0;
  slot_ = std::max(slot_, slot);
  bytes_[slot % slots] += bytes;
}

// Counts only complete slots: the newest is still being filled, and the first began before its first byte.
std::uint64_t Rate::bps(Time now) const {
  const std::int64_t slot = now / (window / slots);
  const std::int64_t oldest = std::max(slot - slots + 1, first_slot_ + 1);
  std::uint64_t bytes = 0;
  for (std::int64_t each = std::max(oldest, slot_ - slots + 1); each < slot && each <= slot_; ++each)
    bytes += bytes_[each % slots];
  const std::int64_t span = slot - oldest;
  if (first_slot_ < 0 || span < slots / 2) return 0;
  const auto ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(window / slots).count());
  return bytes * 8 * 1000 / (static_cast<std::uint64_t>(span) * ms);
}

}  // namespace astral::elements
