// SPDX-License-Identifier: BSD-3-Clause
#include "api/peers.hpp"

#include <algorithm>
#include <utility>

#include "api/message_json.hpp"
#include "core/limits.hpp"

namespace astral::api {

bool Peers::has_room() const {
  return sockets_.size() + leaving_.size() < core::max_peers;
}

WebSocket::Handler Peers::handlers(core::PeerId peer, bool outbound, const std::string &address) {
  return {.on_open = [=, this] { handler_.on_peer_connected(peer, outbound, address); },
          .on_text = [=, this](std::string_view text) { on_text(peer, text); },
          .on_closed = [=, this](const CloseReason &reason) { on_closed(peer, reason); }};
}

void Peers::accept(Ref<GIOStream> stream, const std::string &address) {
  const core::PeerId peer = next_++;
  sockets_.emplace(peer, WebSocket::accept(std::move(stream), handlers(peer, false, address),
                                           {.message_bytes = max_message_bytes}));
  g_debug("peer %" G_GUINT64_FORMAT " from %s", peer, address.c_str());
  handler_.on_peer_connected(peer, false, address);
}

void Peers::connect(core::PeerId peer, const std::string &host, std::uint16_t port) {
  g_debug("peer %" G_GUINT64_FORMAT ": connecting to %s port %u", peer, host.c_str(), port);
  sockets_.insert_or_assign(peer, WebSocket::connect(host, port, "/peer", handlers(peer, true, host),
                                                     {.message_bytes = max_message_bytes}));
}

void Peers::send(core::PeerId peer, const core::Message &message) {
  const auto found = sockets_.find(peer);
  if (found == sockets_.end()) return;
  const std::string text = write_message(message);
  if (text.size() > max_message_bytes) {
    g_warning("peer %" G_GUINT64_FORMAT ": a message of %zu bytes is too long to be sent", peer, text.size());
    return;
  }
  g_debug("peer %" G_GUINT64_FORMAT " <- %s", peer, text.c_str());
  found->second->send(text);
}

void Peers::disconnect(core::PeerId peer, const std::string &reason) {
  auto socket = sockets_.extract(peer);
  if (socket.empty()) return;
  g_debug("peer %" G_GUINT64_FORMAT ": let go: %s", peer, reason.c_str());
  const std::shared_ptr<WebSocket> &leaving = leaving_.insert(std::move(socket)).position->second;
  leaving->close({reason == "goodbye" ? close_code::normal : close_code::policy, reason});
}

bool Peers::flushed() const {
  return leaving_.empty() && std::all_of(sockets_.begin(), sockets_.end(),
                                         [](const auto &entry) { return entry.second->flushed(); });
}

void Peers::on_text(core::PeerId peer, std::string_view text) {
  if (!sockets_.contains(peer)) return;  // its last words, after we let it go
  g_debug("peer %" G_GUINT64_FORMAT " -> %.*s", peer, static_cast<int>(text.size()), text.data());
  auto message = read_message(text);
  if (!message) {
    g_info("peer %" G_GUINT64_FORMAT " says rubbish: %s", peer, message.error().detail.c_str());
    const auto code = message.error().code == Code::too_large ? close_code::too_big : close_code::bad_data;
    sockets_.at(peer)->close({code, message.error().detail});
  } else if (*message) {
    handler_.on_peer_message(peer, std::move(**message));
  }
}

void Peers::on_closed(core::PeerId peer, const CloseReason &reason) {
  leaving_.erase(peer);
  if (sockets_.erase(peer) == 0) return;
  g_debug("peer %" G_GUINT64_FORMAT ": lost: %u %s", peer, reason.code, reason.text.c_str());
  handler_.on_peer_lost(peer,
                        reason.text.empty() ? "closed (" + std::to_string(reason.code) + ")" : reason.text);
}

}  // namespace astral::api
