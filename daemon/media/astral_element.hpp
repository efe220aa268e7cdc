// SPDX-License-Identifier: BSD-3-Clause
// What astralsrc and astralrelay have in common: their properties, their signalling signal, their "stats".
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"

namespace astral::media {

struct ElementSettings {
  std::string slug;
  std::string key_file;  // this node's Ed25519 key; empty: the element makes its own
  std::string stun;      // "address:port"; empty: none
  std::string turn;      // a URI with an IP address; empty: none
  std::string stream_key = {};  // the fingerprint of the key that must have signed the stream; empty: any
  Ref<GObject> endpoint = {};  // the AstralEndpoint whose UDP port the links use; none: they need ICE
  Time max_lag = 3s;           // of astralsrc
};

// One connection of an element, as its "stats" property reports it.
struct LinkStats {
  std::string ticket;
  bool parent = false;      // the other end forwards to us
  std::string fingerprint;  // of the other end's key
  double rtt_ms = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t kept_streams = 0;  // stream states that the QUIC library cannot free: one per group
  Time unanswered{};               // how long data has been in flight and nothing has come from the other end
};

// failed: GStreamer does not find the element. `name`: null, GStreamer chooses one.
Expected<Ref<GstElement>> make_element(const char *factory, const char *name,
                                       const ElementSettings &settings);
// Gives the element a signalling message (JSON) from the other end.
void handle_signalling(GstElement *element, const std::string &json);
StructurePtr stats_of(GstElement *element);
// A field of the "stats"; 0 if it is missing.
std::uint64_t stats_count(const GstStructure *stats, const char *field);
// Appends the links that are in the "stats".
void add_links(const GstStructure *stats, bool parent, std::vector<LinkStats> &out);

}  // namespace astral::media
