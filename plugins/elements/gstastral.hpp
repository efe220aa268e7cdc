// SPDX-License-Identifier: BSD-3-Clause
// The types of the plugin: three elements, and the UDP port that they share.
#pragma once

#include <gst/gst.h>

#include <memory>

G_BEGIN_DECLS
GType astral_sink_get_type(void);
GType astral_src_get_type(void);
GType astral_relay_get_type(void);
GType astral_endpoint_get_type(void);
G_END_DECLS

namespace astral::udp {
class Endpoint;
}
// The port that an AstralEndpoint has opened; null: none, or no AstralEndpoint.
std::shared_ptr<astral::udp::Endpoint> astral_endpoint_of(GObject *object);
