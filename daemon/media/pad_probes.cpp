// SPDX-License-Identifier: BSD-3-Clause
#include "media/pad_probes.hpp"

#include <utility>

#include "glue/ref.hpp"

namespace astral::media {

void drop_first_gaps(GstPad *pad) {
  constexpr auto all =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_BUFFER);
  gst_pad_add_probe(
      pad, all,
      [](GstPad *, GstPadProbeInfo *info, gpointer) noexcept -> GstPadProbeReturn {
        if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) return GST_PAD_PROBE_REMOVE;
        const bool is_gap = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_GAP;
        return is_gap ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
}

void own_buffers(GstPad *pad) {
  constexpr auto data =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(
      pad, data,
      [](GstPad *, GstPadProbeInfo *info, gpointer) noexcept -> GstPadProbeReturn {
        if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
          info->data = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
          return GST_PAD_PROBE_OK;
        }
        GstBufferList *list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
        for (guint i = 0; i < gst_buffer_list_length(list); ++i) gst_buffer_list_get_writable(list, i);
        info->data = list;
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
}

void complete_vp9(GstPad *pad) {
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad *, GstPadProbeInfo *info, gpointer) noexcept -> GstPadProbeReturn {
        GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
        if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
        GstCaps *caps = nullptr;
        gst_event_parse_caps(event, &caps);
        const auto complete = Ref<GstCaps>::adopt(gst_caps_copy(caps));
        GstStructure *media = gst_caps_get_structure(complete.get(), 0);
        for (const auto &[field, usual] :
             {std::pair("chroma-site", "mpeg2"), std::pair("colorimetry", "bt709")})
          if (!gst_structure_get_string(media, field))
            gst_structure_set(media, field, G_TYPE_STRING, usual, nullptr);
        GST_PAD_PROBE_INFO_DATA(info) = gst_event_new_caps(complete.get());
        gst_event_unref(event);
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
}

}  // namespace astral::media
