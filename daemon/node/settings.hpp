// SPDX-License-Identifier: BSD-3-Clause
// The options of astralnode: from the command line, else from the settings file, else the defaults. Checks
// every value and names the one that is wrong; opens nothing but the settings file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "glue/error.hpp"

namespace astral::node {

enum class Supernode { automatic, yes, no };

struct Options {
  std::string settings_file;  // empty: none
  bool daemonize = false;
  core::Uuid uuid;                              // empty: the one that the state directory keeps
  std::optional<std::uint64_t> upstream_limit;  // KB/s, 1 KB = 1000 bytes
  std::string listen = "0.0.0.0";  // all addresses, so that peers reach it; Access keeps the changes local
  std::uint16_t port = 8000;       // 0: a free one
  std::uint16_t rtmp_port = 1935;  // 0: no RTMP
  bool needs_rtmp = false;         // the port was given: not without it
  std::string origin;              // URL without a slash at its end; empty: none
  std::vector<core::Address> bootstrap;
  std::string state_dir;  // empty: default_state_dir()
  Supernode supernode = Supernode::automatic;
  std::string stun;                          // HOST:PORT; empty: none
  std::vector<std::string> allowed_hosts;    // names by which this node is asked for
  std::vector<std::string> allowed_origins;  // scheme://host[:port] of pages that may drive this node
  std::string token;             // what counts as this machine when it comes from elsewhere; empty: none
  std::uint32_t capacity = 100;  // nodes that may register with it
  bool may_be_seeded = true;
  std::uint32_t renew_seconds = 6 * 3600;  // how old a link to a parent gets
  std::uint64_t renew_groups = 100'000;    // and how many it brings
  bool is_public = false;                  // anybody may play through it, by HLS
  std::uint32_t store_seconds = 10;        // of each stream, for whoever needs them again
  std::uint64_t store_mb = 64;             // of one stream
  std::uint64_t store_total_mb = 512;
  std::string shown;  // --help, --version: print this and end
};

// `args` without the program's name. Errors: invalid; the detail names the option.
Expected<Options> read_options(std::vector<std::string> args);

// XDG_STATE_HOME/astral, or astral-UUID for a node whose uuid was given, so that several live on one machine.
std::string default_state_dir(const Options &options);

// Makes the directory (mode 0700) where there is none.
Expected<void> make_state_dir(const std::string &directory);

// How many may be connected to a node at once that takes so many others.
std::size_t max_connections(const Options &options);

// The uuid that is kept in the directory; made at the first start.
Expected<core::Uuid> kept_uuid(const std::string &directory);

}  // namespace astral::node
