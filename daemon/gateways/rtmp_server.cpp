// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/rtmp_server.hpp"

#include <utility>
#include <vector>

#include "core/slug.hpp"
#include "glue/descriptors.hpp"
#include "protocol/title.hpp"

namespace astral::gateways {
namespace {

constexpr const char *application = "astral";
constexpr std::size_t player_queue = 8 << 20;

Slice shared(rtmp::Buffer &&buffer) {
  return rtmp::shared(std::move(buffer));
}

}  // namespace

RtmpServer::RtmpServer(Settings settings, const http::Access &access, runtime::Driver &driver,
                       Publishers &publishers)
    : settings_(std::move(settings)),
      access_(access),
      driver_(driver),
      publishers_(publishers),
      guests_(settings_.limits.guests),
      deadline_(g_main_context_default(), [this] { on_deadline(); }),
      listener_(Ref<GSocketService>::adopt(g_socket_service_new())) {
  const auto incoming =
      +[](GSocketService *, GSocketConnection *connection, GObject *, gpointer self) noexcept {
        static_cast<RtmpServer *>(self)->accept(connection);
        return TRUE;
      };
  g_signal_connect(listener_.get(), "incoming", G_CALLBACK(incoming), this);
}

RtmpServer::~RtmpServer() {
  g_signal_handlers_disconnect_by_data(listener_.get(), this);
  stop_listening();
}

void RtmpServer::stop_listening() {
  g_socket_service_stop(listener_.get());
  g_socket_listener_close(G_SOCKET_LISTENER(listener_.get()));
}

Expected<std::unique_ptr<RtmpServer>> RtmpServer::open(Settings settings, const http::Access &access,
                                                       runtime::Driver &driver, Publishers &publishers) {
  const auto where = Ref<GSocketAddress>::adopt(
      g_inet_socket_address_new_from_string(settings.address.c_str(), settings.port));
  if (!where) return fail(Code::invalid, "not an IP address to listen on: " + settings.address);
  std::unique_ptr<RtmpServer> server(new RtmpServer(std::move(settings), access, driver, publishers));
  GSocketAddress *effective = nullptr;
  GError *raw = nullptr;
  if (!g_socket_listener_add_address(G_SOCKET_LISTENER(server->listener_.get()), where.get(),
                                     G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr, &effective,
                                     &raw)) {
    const GErrorPtr error(raw);
    return fail(Code::unreachable, "cannot listen on " + server->settings_.address + " port " +
                                       std::to_string(server->settings_.port) + ": " + error->message);
  }
  const auto bound = Ref<GSocketAddress>::adopt(effective);
  server->port_ = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound.get()));
  g_socket_service_start(server->listener_.get());
  return server;
}

void RtmpServer::accept(GSocketConnection *connection) {
  const auto remote = Ref<GSocketAddress>::adopt(g_socket_connection_get_remote_address(connection, nullptr));
  if (!remote) return;  // the client has closed it already
  const auto local = Ref<GSocketAddress>::adopt(g_socket_connection_get_local_address(connection, nullptr));
  http::RemoteAddress caller = http::remote_address_of(remote.get(), local.get());
  const int fd = g_socket_get_fd(g_socket_connection_get_socket(connection));
  const auto id = is_one_of_the_last(fd)
                      ? Expected<Id>(fail(Code::no_room, "no file descriptor is left for a connection"))
                      : guests_.enter(caller.place, now() + settings_.limits.for_request);
  if (!id) {
    g_info("rtmp: %s: %s", caller.address.c_str(), id.error().detail.c_str());
    return static_cast<void>(g_io_stream_close(G_IO_STREAM(connection), nullptr, nullptr));
  }
  Client &client = clients_.emplace(*id, Client{.caller = std::move(caller)}).first->second;
  const auto held = Ref<GSocketConnection>::retain(connection);
  client.first_byte =
      http::Epoll::Watch(g_main_context_default(), fd, [this, id = *id, held] { begin(id, held); });
  set_deadline();
}

// The first byte is there, or the end.
void RtmpServer::begin(Id id, Ref<GSocketConnection> connection) {
  Client &client = clients_.at(id);
  client.first_byte.reset();
  if (certificate_ && http::begins_tls(connection.get())) {
    auto opened = http::TlsTunnel::open(std::move(connection), certificate_, [this, id] {
      if (const auto found = clients_.find(id); found != clients_.end()) found->second.tunnel.reset();
    });
    if (!opened) return on_gone(id, opened.error().detail);
    client.tunnel = std::move(opened->tunnel);
    connection = std::move(opened->inside);
  }
  client.connection = std::make_unique<MediaConnection>(
      Ref<GIOStream>::adopt(G_IO_STREAM(connection.release())),
      MediaConnection::Limits{.queue = player_queue},
      MediaConnection::Handler{.on_bytes = [this, id](Bytes bytes) { take(id, bytes); },
                               .on_gone = [this, id](const std::string &why) { on_gone(id, why); }});
}

void RtmpServer::take(Id id, Bytes bytes) {
  clients_.at(id).session.receive(bytes);
  settle(id);
}

void RtmpServer::settle(Id id) {
  Client &client = clients_.at(id);
  for (auto events = client.session.take_events(); !events.empty(); events = client.session.take_events())
    for (const rtmp::Event &event : events) std::visit([&](const auto &what) { take(id, what); }, event);
  client.connection->send(shared(client.session.take_output()));
  if (client.session.closed()) client.connection->close();
  set_deadline();
}

void RtmpServer::take(Id id, const rtmp::PublishAsked &asked) {
  Client &client = clients_.at(id);
  auto slug = may_publish(client, asked.address);
  const auto begun = slug ? publish(id, *slug) : tl::unexpected<Error>(slug.error());
  if (!begun) {
    g_info("rtmp: %s may not publish '%s': %s", client.caller.address.c_str(), asked.address.key.c_str(),
           begun.error().detail.c_str());
    return client.session.refuse(begun.error());
  }
  g_info("rtmp: %s publishes %s", client.caller.address.c_str(), slug->c_str());
  guests_.wait_until(id, now() + settings_.limits.silence);
  client.session.accept();
}

Expected<std::string> RtmpServer::may_publish(const Client &client, const rtmp::Address &address) const {
  const auto may = access_.may_publish(client.caller, address.query, http::wall_now());
  return may ? slug_of(address) : tl::unexpected<Error>(may.error());
}

Expected<std::string> RtmpServer::slug_of(const rtmp::Address &address) {
  if (address.app != application)
    return fail(Code::invalid, "the server must be rtmp://HOST/astral, and the stream key the stream's name");
  if (core::is_slug(address.key)) return address.key;
  const std::string slug = protocol::slug_of_title(address.key);
  return fail(Code::invalid, "the stream key may have letters a-z, digits and single hyphens" +
                                 (slug.empty() ? "" : ", like " + slug));
}

Expected<void> RtmpServer::publish(Id id, const std::string &slug) {
  const auto begun = publishers_.begin(slug, [this, id](const Error &error) { on_publish_over(id, error); });
  if (!begun) return tl::unexpected<Error>(begun.error());
  clients_.at(id).publisher = *begun;
  return {};
}

void RtmpServer::take(Id id, const rtmp::PlayAsked &asked) {
  Client &client = clients_.at(id);
  const auto slug = slug_of(asked.address);
  if (!slug) return client.session.refuse(slug.error());
  guests_.wait_until(id, never);  // MediaConnection watches for stalled clients
  client.request = std::make_unique<PlaybackRequest>(
      driver_,
      PlaybackRequest::Wish{
          .slug = *slug,
          .format = formats::Format::rtmp,
          .may_bring = access_.may_watch(client.caller, asked.address.query, http::wall_now()),
          .may_watch_private =
              access_.may_publish(client.caller, asked.address.query, http::wall_now()).has_value(),
          .patience = settings_.patience},
      PlaybackRequest::Handler{
          .on_ready =
              [this, id] {
                clients_.at(id).session.accept();
                settle(id);
              },
          .on_frame = [this, id](const Slice &frame,
                                 bool is_start) { clients_.at(id).connection->play(frame, is_start); },
          .on_over = [this, id](const Error &error) { on_play_over(id, error); }});
}

void RtmpServer::on_play_over(Id id, const Error &error) {
  Client &client = clients_.at(id);
  const Error why = error.detail.empty() ? Error{error.code, "no such stream"} : error;
  client.request.reset();
  if (client.session.state() == rtmp::Session::State::playing)
    client.session.finish();
  else
    client.session.refuse(why);
  settle(id);
}

void RtmpServer::take(Id id, const rtmp::Metadata &metadata) {
  publishers_.expect(clients_.at(id).publisher, metadata);
}

void RtmpServer::take(Id id, const rtmp::Media &media) {
  Client &client = clients_.at(id);
  if (!publishers_.is_there(client.publisher)) return;
  guests_.wait_until(id, now() + settings_.limits.silence);
  if (const auto pushed = publishers_.push(client.publisher, media); !pushed)
    client.session.refuse(pushed.error());
}

void RtmpServer::take(Id id, const rtmp::OtherTrack &other) {
  publishers_.warn(clients_.at(id).publisher,
                   std::string("The publisher sends several ") + (other.is_video ? "pictures" : "sounds") +
                       ", and viewers get the first one: send each other one as a stream of its own");
}

void RtmpServer::take(Id id, const rtmp::Ended &) {
  guests_.wait_until(id, now() + settings_.limits.for_request);
  clients_.at(id).request.reset();
  publishers_.finish(clients_.at(id).publisher);
}

void RtmpServer::take(Id id, const rtmp::Closed &closed) {
  g_info("rtmp: %s: %s", clients_.at(id).caller.address.c_str(), closed.error.detail.c_str());
  clients_.at(id).request.reset();
  publishers_.leave(clients_.at(id).publisher);
}

void RtmpServer::on_publish_over(Id id, const Error &error) {
  clients_.at(id).session.refuse(error);
  settle(id);
}

void RtmpServer::on_gone(Id id, const std::string &why) {
  Client &client = clients_.at(id);
  g_info("rtmp: %s: %s", client.caller.address.c_str(), why.c_str());
  publishers_.leave(client.publisher);
  clients_.erase(id);
  guests_.leave(id);
  set_deadline();
}

void RtmpServer::on_deadline() {
  for (const Id id : guests_.late(now())) on_gone(id, "too slow");
  set_deadline();
}

void RtmpServer::set_deadline() {
  deadline_.set(guests_.deadline());
}

}  // namespace astral::gateways
