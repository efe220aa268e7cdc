// SPDX-License-Identifier: BSD-3-Clause
// Drives core::Node: hands it one input after the other (from sockets, media, the origin, the API and the
// clock) and performs its effects. Decides nothing. This header is cheap to include: it includes neither
// core::Node nor its messages.
#pragma once

#include <gio/gio.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/call.hpp"
#include "core/node_view.hpp"
#include "core/settings.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "glue/ref.hpp"
#include "media/media_backend.hpp"
#include "runtime/asking_players.hpp"

namespace astral::core {
enum class Change;  // core/effect.hpp
}

namespace astral::http {
struct Call;  // http/call.hpp
}

namespace astral::runtime {

class PrivateStreams;

// **Thread**: the default main context. `media` must outlive the driver.
class Driver {
 public:
  struct Settings {
    core::Settings node = {};     // start() adds the port, the seed, the clock and the fingerprint
    std::optional<Key> key = {};  // identifies this node to its peers; empty: the driver makes one
    std::string origin = {};      // URL; empty: none
    std::string origin_authorities = {};  // PEM file; see OriginClient
    std::string state_dir = {};           // where peers and the streams' keys are kept; empty: nowhere
    bool is_public = false;       // everybody may watch through this node; the origin is told
    bool dials_by_tls = true;     // false: its peers are on this machine, and plain
    Time patience = 20s;          // for the answer to a call; longer than the core's own limits
    // Whether the node may connect to an address that others told it.
    std::function<bool(const std::string &host)> may_connect = [](const std::string &) { return true; };
  };
  using Done = std::function<void(const Expected<core::Answered> &)>;

  Driver(Settings settings, media::MediaBackend &media);
  ~Driver();
  Driver(const Driver &) = delete;
  Driver &operator=(const Driver &) = delete;

  // Call start() once, before any other function. `port` is this node's HTTP port, at which peers reach it.
  void start(std::uint16_t port);
  // Says goodbye to everybody; on_quit follows.
  void shut_down();

  const core::NodeView &node() const;
  media::MediaBackend &media() { return media_; }
  const media::MediaBackend &media() const { return media_; }

  // Hands `input`, one of core/call.hpp, to the node. `done` is called once, with the node's answer or with a
  // timeout. driver.cpp instantiates this function for each of these inputs.
  template <typename T>
  void call(T input, Done done);

  // The key of a stream that this node publishes or will publish. Errors: KeptStreamKeys.
  Expected<Key> stream_key(const std::string &slug);
  Expected<Key> import_stream_key(const std::string &slug, const std::string &pem);

  PrivateStreams &private_streams();
  bool is_private(const std::string &slug);  // as others say, or as this node knows itself

  bool has_room_for_peer() const;  // for one more that connects to this node
  void accept_peer(Ref<GIOStream> stream, const http::Call &call);

  // Nodes that this program knows from elsewhere.
  void heard_of(std::vector<core::NodeInfo> nodes);

  // The UDP port of this node, what it has found out about the NAT before it, and the address families there.
  void nat_known(std::uint16_t udp_port, const core::Nat &nat, const core::Families &families);

  // Whoever publishes our stream through a gateway has lost the connection, or is back.
  void publisher_away(const std::string &slug, bool away);

  // Somebody plays the stream: between came() and left(), or where players only ask now and then, asked().
  // While nobody does, a stream that was brought here for a player is given up.
  void player_came(const std::string &slug);
  void player_left(const std::string &slug);
  void player_asked(const std::string &slug, const AskingPlayer &player);

  // A node that measures its line with this one: where it is, and which of its sockets belong together.
  struct Guest {
    std::string address = {};
    std::string run = {};
  };
  void set_public(bool is_public);  // the origin is told with the next report
  bool has_room_for_measuring() const;
  void let_measure(Ref<GIOStream> stream, const Guest &guest);

  bool flushed() const;  // everything for peers and the origin has been sent

  std::function<void(core::Change, const std::string &key)> on_change = [](core::Change,
                                                                           const std::string &) {};
  std::function<void()> on_quit = [] {};
  // Returns what people should know about a stream that is published here.
  std::function<std::vector<std::string>(const std::string &slug)> warnings = [](const std::string &) {
    return std::vector<std::string>();
  };

 private:
  class Impl;

  media::MediaBackend &media_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace astral::runtime
