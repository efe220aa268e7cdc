// SPDX-License-Identifier: BSD-3-Clause
#include "api/events.hpp"

#include "api/names.hpp"
#include "api/ticket_json.hpp"
#include "protocol/object_codec.hpp"

namespace astral::api {
namespace {

constexpr Time ping_every = 30s;
constexpr std::size_t max_incoming = 1024;  // bytes; incoming messages are ignored
constexpr std::size_t max_queue = 4 * 1024 * 1024;

}  // namespace

Events::Events() : ping_(g_main_context_default(), [this] { ping(); }) {
  ping_.set(now() + ping_every);
}

void Events::accept(Ref<GIOStream> stream, bool may_see_peers) {
  const std::uint64_t id = next_++;
  http::WebSocket::Handler handler{
      .on_open = {}, .on_text = {}, .on_closed = [this, id](const http::CloseReason &) {
        sockets_.erase(id);
      }};
  auto socket = http::WebSocket::accept(std::move(stream), std::move(handler),
                                        {.message_bytes = max_incoming, .queue_bytes = max_queue});
  sockets_.emplace(id, Listener{std::move(socket), may_see_peers});
}

void Events::ping() {
  for (const auto &[id, listener] : sockets_) listener.socket->ping();
  ping_.set(now() + ping_every);
}

void Events::close() {
  for (const auto &[id, listener] : sockets_)
    listener.socket->close({http::close_code::going_away, "this node shuts down"});
}

void Events::send(To to, const char *type, const json::Builder &data) {
  json::Builder out;
  const std::string text = out.set("type", type).set("data", data).text();
  for (const auto &[id, listener] : sockets_) {
    if (to == To::all || listener.may_see_peers) listener.socket->send(text);
  }
}

void Events::tell(const core::NodeView &node, core::Change what, const std::string &key) {
  json::Builder gone;
  switch (what) {
    case core::Change::node:
      if (const auto found = node.find_node(key)) {
        const To to = key == node.self().uuid ? To::all : To::who_sees_peers;
        json::Builder shown = protocol::node_json(*found);
        set_label(shown, "primary_supernode_label", node, found->primary);
        return send(to, "node", shown);
      }
      return send(To::who_sees_peers, "node", gone.set("uuid", key).set("gone", true));
    case core::Change::stream:
      if (const auto found = node.find_stream(key)) {
        json::Builder shown = protocol::plain_stream_json(*found);
        set_label(shown, "source_label", node, found->source);
        return send(To::all, "stream",
                    shown.set("state", core::state_of(*found))
                        .set("viewers", node.viewers(key))
                        .set("audience", node.audience(key)));
      }
      return send(To::all, "stream", gone.set("slug", key).set("gone", true));
    case core::Change::ticket: {
      const core::TicketId id = key.substr(key.find('/') + 1);
      if (const auto found = node.find_ticket(id)) {
        tickets_.insert_or_assign(id, *found);
        return send(To::who_sees_peers, "ticket", ticket_json(node, *found));
      }
      const auto told = tickets_.extract(id);
      if (!told.empty())
        send(To::who_sees_peers, "ticket",
             ticket_json(node, told.mapped()).set("state", "ended").set("gone", true));
      return;
    }
  }
}

}  // namespace astral::api
