// SPDX-License-Identifier: BSD-3-Clause
#include "media/elements.hpp"

#include <gst/gst.h>

#include <string>

#include "glue/ref.hpp"

namespace astral::media {
namespace {

// The first of the two variables that is set: "NAME=VALUE". GStreamer reads the one with its version first.
std::string variable(const std::string &name) {
  for (const std::string &full : {name + "_1_0", name})
    if (const char *value = g_getenv(full.c_str())) return full + "=" + value;
  return {};
}

// The folder of GStreamer's own plugins, if it has found them.
std::string system_folder() {
  const auto core = Ref<GstPlugin>::adopt(gst_registry_find_plugin(gst_registry_get(), "coreelements"));
  const char *file = core ? gst_plugin_get_filename(core.get()) : nullptr;
  return file ? GString_(g_path_get_dirname(file)).get() : std::string();
}

std::string where_gstreamer_looks() {
  const std::string given = variable("GST_PLUGIN_PATH");
  std::string places = given.empty() ? "GST_PLUGIN_PATH, which is not set" : given;
  const std::string system = variable("GST_PLUGIN_SYSTEM_PATH");
  if (!system.empty()) return places + ", " + system;
  places += std::string(", ") + g_get_user_data_dir() + "/gstreamer-1.0/plugins";
  if (const std::string folder = system_folder(); !folder.empty()) places += ", " + folder;
  return places;
}

}  // namespace

Expected<void> find_elements() {
  for (const char *name : {"astralsink", "astralsrc", "astralrelay"}) {
    const auto found = Ref<GstElementFactory>::adopt(gst_element_factory_find(name));
    const auto loaded = Ref<GstPluginFeature>::adopt(
        found ? gst_plugin_feature_load(GST_PLUGIN_FEATURE(found.get())) : nullptr);
    if (!loaded)
      return fail(Code::failed, std::string("GStreamer does not find the element ") + name +
                                    " of libgstastral.so. It looked in: " + where_gstreamer_looks() +
                                    ". GST_DEBUG=2 shows why it does not load a file that is there");
  }
  return {};
}

}  // namespace astral::media
