// SPDX-License-Identifier: BSD-3-Clause
#include "peer/peers.hpp"

#include <algorithm>
#include <utility>

#include "core/limits.hpp"
#include "http/remote_address.hpp"
#include "protocol/message_codec.hpp"

namespace astral::peer {

Peers::Peers(Handler &handler, Key key, bool dials_by_tls)
    : handler_(handler), key_(std::move(key)), dials_by_tls_(dials_by_tls) {
  GNetworkMonitor *monitor = g_network_monitor_get_default();
  const auto changed = +[](GNetworkMonitor *, gboolean, gpointer self) noexcept {
    static_cast<Peers *>(self)->on_network_changed();
  };
  network_changed_ =
      SignalHandler(monitor, g_signal_connect(monitor, "network-changed", G_CALLBACK(changed), this));
}

// Nothing arrives any more for a session whose address this machine has lost, and TCP would report that only
// after minutes.
void Peers::on_network_changed() {
  for (auto &[peer, session] : sessions_) {
    const std::string &local = session.outbound ? session.socket->local_address() : session.local_address;
    if (!http::has_address(local)) session.socket->break_off("this machine has another address now");
  }
}

bool Peers::has_room() const {
  return sessions_.size() + leaving_.size() < core::max_peers;
}

http::WebSocket::Handler Peers::handlers(core::PeerId peer) {
  return {.on_open = [=, this] { on_open(peer); },
          .on_text = [=, this](std::string_view text) { on_text(peer, text); },
          .on_closed = [=, this](const http::CloseReason &reason) { on_closed(peer, reason); }};
}

void Peers::accept(Ref<GIOStream> stream, Visitor visitor) {
  const core::PeerId peer = next_++;
  auto socket = http::WebSocket::accept(std::move(stream), handlers(peer),
                                        {.message_bytes = protocol::max_message_bytes});
  sessions_.emplace(
      peer, Session{.socket = std::move(socket),
                    .handshake = PeerHandshake(key_, PeerHandshake::Side::accepting, visitor.tls_binding),
                    .outbound = false,
                    .may_prove = visitor.is_private,
                    .address = visitor.address,
                    .local_address = visitor.local_address});
  g_debug("peer %" G_GUINT64_FORMAT " from %s", peer, visitor.address.c_str());
  on_open(peer);
  handler_.on_peer_connected(peer, false, visitor.address);
}

void Peers::connect(core::PeerId peer, const std::string &host, std::uint16_t port) {
  g_debug("peer %" G_GUINT64_FORMAT ": connecting to %s port %u", peer, host.c_str(), port);
  const bool is_origin = origin_ && origin_->host == host && origin_->port == port;
  http::WebSocketServer server =
      is_origin ? *origin_ : http::WebSocketServer{.host = host, .port = port, .path = "/peer"};
  server.is_bound = !server.is_secure && dials_by_tls_;
  const bool is_bound = server.is_bound;
  auto socket = http::WebSocket::connect(std::move(server), handlers(peer),
                                         {.message_bytes = protocol::max_message_bytes});
  sessions_.emplace(peer, Session{.socket = std::move(socket),
                                  .handshake = {},
                                  .is_bound = is_bound,
                                  .outbound = true,
                                  .may_prove = true,
                                  .address = host});
}

void Peers::on_open(core::PeerId peer) {
  const auto found = sessions_.find(peer);
  if (found == sessions_.end()) return;
  Session &session = found->second;
  if (session.outbound) {
    const std::string binding = session.is_bound ? session.socket->binding() : "";
    if (session.is_bound && binding.empty())
      return end(peer, session, {Code::refused, "its TLS has no binding; a node speaks TLS 1.3"});
    session.handshake.emplace(key_, PeerHandshake::Side::connecting, binding);
  }
  session.socket->send(session.handshake->challenge());
}

void Peers::send(core::PeerId peer, const core::Message &message) {
  const auto found = sessions_.find(peer);
  if (found == sessions_.end()) return;
  const std::string text = protocol::write_message(message);
  if (text.size() > protocol::max_message_bytes) {
    g_warning("peer %" G_GUINT64_FORMAT ": a message of %zu bytes is too long to be sent", peer, text.size());
    return;
  }
  g_debug("peer %" G_GUINT64_FORMAT " <- %s", peer, text.c_str());
  found->second.socket->send(text);
}

void Peers::disconnect(core::PeerId peer, const std::string &reason) {
  const auto session = sessions_.extract(peer);
  if (session.empty()) return;
  g_debug("peer %" G_GUINT64_FORMAT ": disconnecting: %s", peer, reason.c_str());
  const auto leaving = leaving_.emplace(peer, session.mapped().socket).first;
  leaving->second->close({reason == "goodbye" ? http::close_code::normal : http::close_code::policy, reason});
}

bool Peers::flushed() const {
  return leaving_.empty() && std::all_of(sessions_.begin(), sessions_.end(), [](const auto &entry) {
           return entry.second.socket->flushed();
         });
}

void Peers::end(core::PeerId peer, Session &session, const Error &why) {
  g_info("peer %" G_GUINT64_FORMAT " is refused: %s", peer, why.detail.c_str());
  std::uint16_t code = http::close_code::bad_data;
  if (why.code == Code::too_large) code = http::close_code::too_big;
  if (why.code == Code::refused) code = http::close_code::policy;
  session.socket->close({code, why.detail});
}

bool Peers::handle_handshake(core::PeerId peer, Session &session, std::string_view text) {
  PeerHandshake &handshake = *session.handshake;
  const bool before = handshake.challenged();
  const auto heard = handshake.hear(text);
  if (!heard) {
    end(peer, session, heard.error());
  } else if (!*heard) {
    if (!session.outbound) return false;
    end(peer, session, {Code::refused, "expected a proof of its key"});
  } else if (handshake.proven()) {
    handler_.on_peer_proved(peer, handshake.fingerprint());
  } else if (!session.may_prove) {
    end(peer, session, {Code::refused, "a node of another machine connects by TLS"});
  } else if (!before) {
    session.socket->send(handshake.proof());
    // Our hello does not wait for the other end's proof. Nothing that the other end says is handled before
    // its proof.
    if (session.outbound) handler_.on_peer_connected(peer, true, std::string(session.address));
  }
  return true;
}

void Peers::on_text(core::PeerId peer, std::string_view text) {
  const auto session = sessions_.find(peer);
  if (session == sessions_.end()) return;  // sent before the peer saw our disconnect()
  g_debug("peer %" G_GUINT64_FORMAT " -> %.*s", peer, static_cast<int>(text.size()), text.data());
  if (!session->second.handshake->proven() && handle_handshake(peer, session->second, text)) return;
  auto message = protocol::read_message(text);
  if (!message) {
    end(peer, session->second, message.error());
  } else if (*message) {
    handler_.on_peer_message(peer, std::move(**message));
  }
}

void Peers::on_closed(core::PeerId peer, const http::CloseReason &reason) {
  leaving_.erase(peer);
  if (sessions_.erase(peer) == 0) return;
  g_debug("peer %" G_GUINT64_FORMAT ": lost: %u %s", peer, reason.code, reason.text.c_str());
  handler_.on_peer_lost(peer,
                        reason.text.empty() ? "closed (" + std::to_string(reason.code) + ")" : reason.text);
}

}  // namespace astral::peer
