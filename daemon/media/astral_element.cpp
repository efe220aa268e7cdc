// SPDX-License-Identifier: BSD-3-Clause
#include "media/astral_element.hpp"

#include <utility>

namespace astral::media {
namespace {

std::string text_field(const GstStructure *structure, const char *field) {
  const char *value = gst_structure_get_string(structure, field);
  return value ? value : "";
}

}  // namespace

Expected<Ref<GstElement>> make_element(const char *factory, const char *name,
                                       const ElementSettings &settings) {
  GstElement *made = gst_element_factory_make(factory, name);
  if (!made)
    return fail(Code::failed, std::string("the GStreamer element ") + factory +
                                  " is missing: GST_PLUGIN_PATH must name the folder of Astral's plugin");
  auto element = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(made)));
  gst_util_set_object_arg(G_OBJECT(element.get()), "signaller", "application");
  g_object_set(element.get(), "slug", settings.slug.c_str(), nullptr);
  if (!settings.key_file.empty())
    g_object_set(element.get(), "key-file", settings.key_file.c_str(), nullptr);
  if (!settings.stun.empty()) g_object_set(element.get(), "stun-server", settings.stun.c_str(), nullptr);
  if (!settings.turn.empty()) g_object_set(element.get(), "turn-server", settings.turn.c_str(), nullptr);
  if (!settings.stream_key.empty())
    g_object_set(element.get(), "stream-key", settings.stream_key.c_str(), nullptr);
  if (settings.endpoint) g_object_set(element.get(), "endpoint", settings.endpoint.get(), nullptr);
  return element;
}

void handle_signalling(GstElement *element, const std::string &json) {
  g_signal_emit_by_name(element, "handle-signalling", json.c_str());
}

StructurePtr stats_of(GstElement *element) {
  GstStructure *stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  return StructurePtr(stats);
}

std::uint64_t stats_count(const GstStructure *stats, const char *field) {
  guint64 value = 0;
  gst_structure_get_uint64(stats, field, &value);
  return value;
}

void add_links(const GstStructure *stats, bool parent, std::vector<LinkStats> &out) {
  const GValue *links = gst_structure_get_value(stats, "links");
  if (!links || !GST_VALUE_HOLDS_ARRAY(links)) return;
  for (guint i = 0; i < gst_value_array_get_size(links); ++i) {
    const GValue *value = gst_value_array_get_value(links, i);
    const GstStructure *link = GST_VALUE_HOLDS_STRUCTURE(value) ? gst_value_get_structure(value) : nullptr;
    if (!link) continue;
    LinkStats found{.ticket = text_field(link, "ticket"),
                    .parent = parent,
                    .fingerprint = text_field(link, "peer"),
                    .bytes_sent = stats_count(link, "bytes-sent"),
                    .bytes_received = stats_count(link, "bytes-received"),
                    .kept_streams = stats_count(link, "kept-streams"),
                    .unanswered = std::chrono::milliseconds(stats_count(link, "unanswered-ms"))};
    gst_structure_get_double(link, "rtt-ms", &found.rtt_ms);
    out.push_back(std::move(found));
  }
}

}  // namespace astral::media
