// SPDX-License-Identifier: BSD-3-Clause
// The properties that the three elements share: what they are called, what they mean, how a URI sets them,
// and how an Error becomes an element's error message.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>

#include "elements/link.hpp"
#include "elements/uri.hpp"
#include "glue/error.hpp"
#include "track/store.hpp"

namespace astral::elements {

enum class SignallerKind { node = 0, application = 1 };

// Copied when the element starts; what is set later holds from the next start.
struct ElementSettings {
  std::string uri;
  std::string bad_uri;  // why the last one was refused
  std::string node = default_node;
  std::string slug;
  std::string title;
  std::string description;
  std::string key_file;
  std::string stun_server;
  SignallerKind signaller = SignallerKind::node;
  unsigned max_children = 100;
  std::uint64_t store_bytes = track::Store::Limits{}.bytes;
  unsigned store_time_ms = 10'000;
  unsigned latency_ms = 120;
  bool standby = false;
};

// Property ids; an element installs those it has.
enum Property : guint {
  prop_uri = 1,
  prop_node,
  prop_slug,
  prop_title,
  prop_description,
  prop_key_file,
  prop_stun_server,
  prop_signaller,
  prop_max_children,
  prop_store_bytes,
  prop_store_time,
  prop_latency,
  prop_standby,
  prop_stats,
};
void install_property(GObjectClass *type, Property id, const ElementSettings &initial = {});
// Signals that all three have; `handle_signalling` is the class's action handler.
struct Signals {
  guint peer_added, peer_removed, signalling_message;
};
Signals install_signals(GType type, void (*handle_signalling)(GstElement *, const char *));

// False: not one of ours; nor is `uri`, which sets others in turn: see apply_uri().
bool set_property(ElementSettings &settings, guint id, const GValue *value);
bool get_property(const ElementSettings &settings, guint id, GValue *value);
// The address that a URI gave: uri, node, slug.
void take_address(ElementSettings &settings, const ElementSettings &from);
// Takes the URI apart; its query goes to the element's properties. Errors: invalid.
Expected<void> apply_uri(ElementSettings &settings, GstElement *element, const std::string &uri);

// Can the element start? Errors: invalid (the URI), not_found (no stream is named).
Expected<void> check(const ElementSettings &settings);
// Reads or makes the key, takes the STUN server apart. Errors: invalid, and Key's.
Expected<LinkSettings> link_settings(const ElementSettings &settings);

// Posts an element message "astral-node" {there: gboolean, reason: string}: the node has gone, or is back.
void post_node(GstElement *element, bool there, const std::string &reason);
// Posts an element error with the domain and code that a GStreamer user expects. `reading`: a source.
void post_error(GstElement *element, const Error &error, bool reading);

}  // namespace astral::elements
