// SPDX-License-Identifier: BSD-3-Clause
// The properties that the three elements share: names, descriptions, how a URI sets them, and how an Error
// becomes an element's error message.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

#include "elements/catalog.hpp"
#include "elements/line_meter.hpp"
#include "elements/link.hpp"
#include "elements/uri.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "track/store.hpp"
#include "trust/guest_list.hpp"

namespace astral::elements {

enum class SignallerKind { node = 0, application = 1 };

// The element copies these when it starts; later changes take effect at the next start.
struct ElementSettings {
  std::string uri;
  std::string bad_uri;  // why the last URI was refused
  std::string node = default_node;
  std::string slug;
  std::string title;
  std::string description;
  unsigned bitrate_kbps = 0;
  std::string key_file;
  std::string stream_key_file;
  std::string stream_key;  // fingerprint
  std::string signing_key;  // PEM
  std::string privacy;      // JSON, see Privacy
  std::string invitation;
  std::string stun_server;
  std::string turn_server;
  std::shared_ptr<udp::Endpoint> endpoint;
  Ref<GObject> endpoint_object;  // the AstralEndpoint that `endpoint` is of
  SignallerKind signaller = SignallerKind::node;
  unsigned max_children = 100;
  std::uint64_t store_bytes = track::Store::Limits{}.bytes;
  unsigned store_time_ms = 10'000;
  unsigned latency_ms = 120;
  unsigned max_lag_ms = 3000;
  bool standby = false;
  bool auto_reconnect = true;
};

// Property ids; each element installs the ones that it has.
enum Property : guint {
  prop_uri = 1,
  prop_node,
  prop_slug,
  prop_title,
  prop_description,
  prop_bitrate,
  prop_key_file,
  prop_stream_key_file,
  prop_stream_key,
  prop_signing_key,
  prop_privacy,
  prop_invitation,
  prop_stun_server,
  prop_turn_server,
  prop_endpoint,
  prop_signaller,
  prop_max_children,
  prop_store_bytes,
  prop_store_time,
  prop_latency,
  prop_max_lag,
  prop_standby,
  prop_auto_reconnect,
  prop_stats,
};
void install_property(GObjectClass *type, Property id, const ElementSettings &initial = {});
// Signals that all three elements have; `handle_signalling` is the class's action handler.
struct Signals {
  guint peer_added, peer_removed, signalling_message;
};
Signals install_signals(GType type, void (*handle_signalling)(GstElement *, const char *));

// False: unknown property. `uri` is not handled here, because it sets other properties: see apply_uri().
bool set_property(ElementSettings &settings, guint id, const GValue *value);
bool get_property(const ElementSettings &settings, guint id, GValue *value);
// Copies the address that a URI gave: uri, node, slug.
void take_address(ElementSettings &settings, const ElementSettings &from);
// Parses the URI and sets the properties of its query on the element. Errors: invalid.
Expected<void> apply_uri(ElementSettings &settings, GstElement *element, const std::string &uri);

// Checks whether the element can start. Errors: invalid (the URI), not_found (no stream is named).
Expected<void> check(const ElementSettings &settings);
// Whom a source pad opens a private stream for; nullopt: nobody. Errors: invalid: no invitation, or to
// another stream.
Expected<std::optional<trust::Guest>> guest_of(const ElementSettings &settings);
// The fingerprint of the key that has to sign the stream: the property's, else the invitation's; empty: any.
// Precondition: guest_of() has accepted the invitation.
Fingerprint stream_key_of(const ElementSettings &settings);
StunServer numeric_stun(const udp::Address &address);
// Reads HOST[:PORT] and resolves a name, which may take seconds. A name that cannot be resolved is no server.
// Errors: invalid.
Expected<StunServer> resolve_stun(const std::string &text);
// Reads a TURN server's URI, which may be empty, and resolves the name as resolve_stun() does. Errors: those
// of parse_turn_uri().
Expected<TurnServer> resolve_turn(const std::string &uri);
// The server that the URI names by address. None if it names none, or names it otherwise.
TurnServer numeric_turn(const std::string &uri);
// Loads or creates the key, and resolves the servers for ICE. Errors: those of these functions, and of Key.
Expected<LinkSettings> link_settings(const ElementSettings &settings);

// Posts the element message "astral-node" {there: gboolean, reason: string}: the node is lost, or back.
void post_node(GstElement *element, bool there, const std::string &reason);
// Posts the element message "astral-line" {thin: gboolean, carried-bps, needed-bps: guint64}.
void post_line(GstElement *element, const std::optional<LineMeter::Rates> &rates);
// Posts an error message with the domain and code that GStreamer applications expect. `reading`: from a
// source.
void post_error(GstElement *element, const Error &error, bool reading);
// Posts the element message "astral-private" {open: gboolean, reason, name, description: string}: whether the
// source pad gives the private stream, and why not.
void post_private(GstElement *element, const Catalog *catalog, const std::string &why);
// Posts a warning: a source has no media, and goes on trying.
void post_warning(GstElement *element, const Error &error);

}  // namespace astral::elements
