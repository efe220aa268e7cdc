// SPDX-License-Identifier: BSD-3-Clause
// The settings of astralnode. A value comes from the command line, else from the settings file, else it is
// the default below. Every value is checked; an error names the option. Only the settings file is opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/settings.hpp"
#include "core/types.hpp"
#include "glue/error.hpp"
#include "glue/turn_uri.hpp"

namespace astral::node {

enum class Supernode { automatic, yes, no };

struct Options {
  std::string settings_file;  // empty: none
  bool daemonize = false;
  std::string label;                            // of the node; empty: none
  std::optional<std::uint64_t> upstream_limit;  // KB/s, 1 KB = 1000 bytes; empty: measured
  std::string listen = "0.0.0.0";  // all addresses, so that peers reach the node; Access restricts changes
  std::uint16_t port = 8000;       // 0: a free one
  std::uint16_t rtmp_port = 1935;  // 0: no RTMP
  bool needs_rtmp = false;         // rtmp_port was given: fail if that port is taken
  bool has_udp = true;             // false: no UDP port, so every link needs ICE
  std::optional<std::uint16_t> udp_port;  // 0: a free one; empty: the number of the HTTP port
  bool maps_ports = true;                 // ask a home's router to forward the UDP and the HTTP port
  std::string origin;                     // URL without a trailing slash; empty: none
  std::vector<core::Address> bootstrap;
  std::string state_dir;  // empty: default_state_dir()
  Supernode supernode = Supernode::automatic;
  std::string stun;                          // HOST:PORT; empty: none
  TurnServer turn;                           // without a host: none
  std::vector<std::string> allowed_hosts;    // names that the Host header may have
  std::vector<std::string> allowed_origins;  // scheme://host[:port] of pages that may control this node
  std::string origin_ca;                     // PEM file; empty: what this system trusts
  std::vector<std::string> trusted_proxies;  // IP addresses and networks, ADDRESS[/BITS]
  std::string tls_certificate, tls_key;      // PEM files; empty: a self-signed one in state_dir
  std::string token;                         // authorizes requests from other machines; empty: none
  std::uint32_t capacity = 100;              // nodes that may register with this one
  std::uint32_t max_children = 1'000;        // nodes that get streams from this one at a time
  std::uint32_t max_players = 1'000;         // players of each kind
  core::SeededBy seeded_by = core::SeededBy::neighbours;
  std::uint32_t renew_seconds = 6 * 3600;    // age at which a link to a parent is replaced
  std::uint64_t renew_groups = 100'000;      // and number of groups at which it is
  bool shows_peers = false;                  // everybody may see its nodes and tickets
  bool is_public = false;                    // everybody may play through it
  std::uint32_t store_seconds = 10;          // kept of each stream
  std::uint32_t dvr_seconds = 60;            // how far viewers may rewind
  std::uint32_t max_lag_ms = 3000;           // on a line that is too thin, skip when this late; 0: never
  std::uint32_t publisher_wait_seconds = 60;  // for a publisher that has vanished, or its node
  std::uint64_t store_mb = 64;               // kept of one stream at most
  std::uint64_t store_total_mb = 512;        // kept of all streams at most
  std::string shown;                         // of --help or --version: print this and end

  bool operator==(const Options &) const = default;
};

// `args` is the command line without the program's name. Error: invalid.
Expected<Options> read_options(const std::vector<std::string> &args);

// How many connections the HTTP server accepts at once: more if capacity is larger.
std::size_t max_connections(const Options &options);

}  // namespace astral::node
