// SPDX-License-Identifier: BSD-3-Clause
// The WebSockets of /peer, both accepted and opened by this node. Each is a numbered peer that proves its key
// and then exchanges core::Messages. A peer that sends invalid messages is disconnected with a reason.
// core::Node decides which messages a peer may send.
#pragma once

#include <gio/gio.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/message.hpp"
#include "core/types.hpp"
#include "glue/ref.hpp"
#include "http/websocket.hpp"
#include "peer/peer_handshake.hpp"

namespace astral::peer {

// **Thread**: the default main context. **Owns** the sockets. Only accept() calls the handler before it
// returns; all other calls of the handler come from the main context.
class Peers {
 public:
  class Handler {
   public:
    virtual void on_peer_connected(core::PeerId peer, bool outbound, const std::string &address) = 0;
    // Called before the peer's first message. A peer that connected to us and proves no key is an element.
    virtual void on_peer_proved(core::PeerId peer, const Fingerprint &fingerprint) = 0;
    virtual void on_peer_message(core::PeerId peer, core::Message message) = 0;
    virtual void on_peer_lost(core::PeerId peer, const std::string &reason) = 0;  // not after disconnect()

   protected:
    ~Handler() = default;
  };

  // `dials_by_tls`: false for peers that are all on this machine.
  Peers(Handler &handler, Key key, bool dials_by_tls);

  bool has_room() const;  // for one more peer that connects to us
  // Who connects to us.
  struct Visitor {
    std::string address;
    std::string local_address;     // of this side
    std::string tls_binding = {};  // see http::Call; empty: none
    bool is_private = false;       // nobody can listen: it came by TLS, or is on this machine. A node must be
  };
  void accept(Ref<GIOStream> stream, Visitor visitor);
  // By TLS, with any certificate: the two prove their keys.
  void connect(core::PeerId peer, const std::string &host, std::uint16_t port);
  // From now on connect() to that host and port goes there, perhaps to a proxy's path. With https its
  // certificate has to be good, and a proxy may take the TLS off.
  void know_origin(http::WebSocketServer origin) { origin_ = std::move(origin); }
  void send(core::PeerId peer, const core::Message &message);
  void disconnect(core::PeerId peer, const std::string &reason);
  bool flushed() const;  // everything has been sent, and every disconnect() is complete

 private:
  struct Session {
    std::shared_ptr<http::WebSocket> socket;
    std::optional<PeerHandshake> handshake;  // once it is open
    bool is_bound = false;                   // of one that we open: to its TLS
    bool outbound;
    bool may_prove;  // see Visitor::is_private
    std::string address;
    std::string local_address = {};  // of one that connected to us
  };

  http::WebSocket::Handler handlers(core::PeerId peer);
  void on_network_changed();
  void on_open(core::PeerId peer);
  void end(core::PeerId peer, Session &session, const Error &why);
  // Returns true if the text was part of the handshake or ended the session.
  bool handle_handshake(core::PeerId peer, Session &session, std::string_view text);
  void on_text(core::PeerId peer, std::string_view text);
  void on_closed(core::PeerId peer, const http::CloseReason &reason);

  Handler &handler_;
  const Key key_;
  const bool dials_by_tls_;
  std::optional<http::WebSocketServer> origin_;
  core::PeerId next_ = 1;  // for the next peer that connects to us; stays below core::first_own_id
  std::map<core::PeerId, Session> sessions_;
  std::map<core::PeerId, std::shared_ptr<http::WebSocket>> leaving_;  // disconnect() was called; closing
  SignalHandler network_changed_;
};

}  // namespace astral::peer
