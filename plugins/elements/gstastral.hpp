// SPDX-License-Identifier: BSD-3-Clause
// The three element types of the plugin.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
GType astral_sink_get_type(void);
GType astral_src_get_type(void);
GType astral_relay_get_type(void);
G_END_DECLS
