// SPDX-License-Identifier: BSD-3-Clause
// The plugin's entry point.
#include "elements/gstastral.hpp"
#include "elements/object_meta.hpp"

#ifndef PACKAGE
#define PACKAGE "astral"
#endif

static gboolean plugin_init(GstPlugin *plugin) {
  astral::elements::register_object_meta();
  // Applications make it by its name: g_type_from_name("AstralEndpoint").
  gst_type_mark_as_plugin_api(astral_endpoint_get_type(), static_cast<GstPluginAPIFlags>(0));
  return gst_element_register(plugin, "astralsrc", GST_RANK_PRIMARY, astral_src_get_type()) &&
         gst_element_register(plugin, "astralsink", GST_RANK_NONE, astral_sink_get_type()) &&
         gst_element_register(plugin, "astralrelay", GST_RANK_NONE, astral_relay_get_type());
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, astral,
                  "Peer-to-peer live video over MOQT, QUIC and ICE", plugin_init, ASTRAL_VERSION, "BSD",
                  "Astral", "https://github.com/peplin/astral")
