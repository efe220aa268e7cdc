// SPDX-License-Identifier: BSD-3-Clause
#include "elements/object_meta.hpp"

namespace astral::elements {

namespace {

constexpr char needs_query[] = "AstralNeeds";
constexpr char missing_event[] = "AstralMissing";

GType taken_type() {
  static const GType type = g_boxed_type_register_static(
      "AstralTaken",
      [](gpointer boxed) -> gpointer { return new SharedTaken(*static_cast<SharedTaken *>(boxed)); },
      [](gpointer boxed) { delete static_cast<SharedTaken *>(boxed); });
  return type;
}

gboolean copy_meta(GstBuffer *to, GstCustomMeta *meta, GstBuffer *, GQuark, gpointer, gpointer) noexcept {
  GstCustomMeta *copy = gst_buffer_add_custom_meta(to, object_meta);
  if (!copy) return FALSE;
  gst_structure_foreach(
      gst_custom_meta_get_structure(meta),
      [](GQuark field, const GValue *value, gpointer structure) -> gboolean {
        gst_structure_id_set_value(static_cast<GstStructure *>(structure), field, value);
        return TRUE;
      },
      gst_custom_meta_get_structure(copy));
  return TRUE;
}

void describe(GstStructure *structure, const SharedTaken &taken) {
  gst_structure_set(structure, "group", G_TYPE_UINT64, taken->object.id.group, "object", G_TYPE_UINT64,
                    taken->object.id.object, "taken", taken_type(), &taken, nullptr);
}

SharedTaken read(const GstStructure *structure) {
  const GValue *value = gst_structure_get_value(structure, "taken");
  if (!value || !G_VALUE_HOLDS(value, taken_type())) return nullptr;
  const auto *taken = static_cast<const SharedTaken *>(g_value_get_boxed(value));
  return taken ? *taken : nullptr;
}

}  // namespace

void register_object_meta() {
  taken_type();
  const gchar *tags[] = {nullptr};
  if (!gst_meta_get_info(object_meta))
    gst_meta_register_custom(object_meta, tags, &copy_meta, nullptr, nullptr);
}

Ref<GstBuffer> wrap(const Slice &slice) {
  GstBuffer *buffer = gst_buffer_new();
  if (!slice.empty()) {
    auto *owner = new std::shared_ptr<const void>(slice.owner());
    gst_buffer_append_memory(
        buffer, gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, const_cast<std::uint8_t *>(slice.data()),
                                       slice.size(), 0, slice.size(), owner, [](gpointer data) {
                                         delete static_cast<std::shared_ptr<const void> *>(data);
                                       }));
  }
  return Ref<GstBuffer>::adopt(buffer);
}

Ref<GstBuffer> buffer_of(const SharedTaken &taken) {
  Ref<GstBuffer> buffer = wrap(taken->object.payload());
  describe(gst_custom_meta_get_structure(gst_buffer_add_custom_meta(buffer.get(), object_meta)), taken);
  return buffer;
}

SharedTaken taken_of(GstBuffer *buffer) {
  GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, object_meta);
  return meta ? read(gst_custom_meta_get_structure(meta)) : nullptr;
}

Ref<GstEvent> event_of(const SharedTaken &taken) {
  GstStructure *structure = gst_structure_new_empty(status_event);
  describe(structure, taken);
  return Ref<GstEvent>::adopt(gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, structure));
}

SharedTaken taken_of(GstEvent *event) {
  return gst_event_has_name(event, status_event) ? read(gst_event_get_structure(event)) : nullptr;
}

Needs ask_needs(GstPad *source) {
  const auto query =
      Ref<GstQuery>::adopt(gst_query_new_custom(GST_QUERY_CUSTOM, gst_structure_new_empty(needs_query)));
  Needs needs;
  if (!gst_pad_peer_query(source, query.get())) return needs;
  needs.forwards = true;
  const GstStructure *answer = gst_query_get_structure(query.get());
  moqt::Location first;
  if (gst_structure_get_uint64(answer, "group", &first.group) &&
      gst_structure_get_uint64(answer, "object", &first.object))
    needs.first = first;
  gboolean past = FALSE;
  needs.past = gst_structure_get_boolean(answer, "past", &past) && past;
  if (const char *key = gst_structure_get_string(answer, "key")) needs.key = key;
  return needs;
}

Ref<GstEvent> event_of(const track::Span &gap) {
  return Ref<GstEvent>::adopt(gst_event_new_custom(
      GST_EVENT_CUSTOM_UPSTREAM,
      gst_structure_new(missing_event, "group", G_TYPE_UINT64, gap.first.group, "object", G_TYPE_UINT64,
                        gap.first.object, "end-group", G_TYPE_UINT64, gap.end.group, "end-object",
                        G_TYPE_UINT64, gap.end.object, nullptr)));
}

std::optional<track::Span> gap_of(GstEvent *event) {
  track::Span gap;
  const GstStructure *told = gst_event_get_structure(event);
  if (!gst_event_has_name(event, missing_event) ||
      !gst_structure_get(told, "group", G_TYPE_UINT64, &gap.first.group, "object", G_TYPE_UINT64,
                         &gap.first.object, "end-group", G_TYPE_UINT64, &gap.end.group, "end-object",
                         G_TYPE_UINT64, &gap.end.object, nullptr))
    return std::nullopt;
  return gap;
}

bool answer_needs(GstQuery *query, const Needs &needs) {
  const GstStructure *asked = gst_query_get_structure(query);
  if (!asked || !gst_structure_has_name(asked, needs_query)) return false;
  GstStructure *answer = gst_query_writable_structure(query);
  gst_structure_set(answer, "past", G_TYPE_BOOLEAN, needs.past, nullptr);
  if (!needs.key.empty()) gst_structure_set(answer, "key", G_TYPE_STRING, needs.key.c_str(), nullptr);
  if (needs.first)
    gst_structure_set(answer, "group", G_TYPE_UINT64, needs.first->group, "object", G_TYPE_UINT64,
                      needs.first->object, nullptr);
  return true;
}

}  // namespace astral::elements
