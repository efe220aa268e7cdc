// SPDX-License-Identifier: BSD-3-Clause
#include "api/rtmp_server.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/slug.hpp"

namespace astral::api {
namespace {

constexpr const char *application = "astral";
constexpr std::size_t player_queue = 8 << 20;

Slice shared(rtmp::Buffer &&buffer) {
  return rtmp::shared(std::move(buffer));
}

}  // namespace

RtmpServer::RtmpServer(Settings settings, const Access &access, Driver &driver)
    : settings_(std::move(settings)),
      access_(access),
      driver_(driver),
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

Expected<std::unique_ptr<RtmpServer>> RtmpServer::open(Settings settings, const Access &access,
                                                       Driver &driver) {
  const auto where = Ref<GSocketAddress>::adopt(
      g_inet_socket_address_new_from_string(settings.address.c_str(), settings.port));
  if (!where) return fail(Code::invalid, "not an IP address to listen on: " + settings.address);
  std::unique_ptr<RtmpServer> server(new RtmpServer(std::move(settings), access, driver));
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
  if (!remote) return;  // gone already
  Caller caller = caller_of(remote.get());
  const auto id = guests_.enter(caller.place, now() + settings_.limits.for_request);
  if (!id) {
    g_info("rtmp: %s: %s", caller.address.c_str(), id.error().detail.c_str());
    return static_cast<void>(g_io_stream_close(G_IO_STREAM(connection), nullptr, nullptr));
  }
  Client &client = clients_.emplace(*id, Client{.caller = std::move(caller)}).first->second;
  client.flow = std::make_unique<Flow>(
      Ref<GIOStream>::retain(G_IO_STREAM(connection)), Flow::Limits{.queue = player_queue},
      Flow::Handler{.on_bytes = [this, id = *id](Bytes bytes) { take(id, bytes); },
                    .on_gone = [this, id = *id](const std::string &why) { on_gone(id, why); }});
  set_deadline();
}

void RtmpServer::take(Id id, Bytes bytes) {
  clients_.at(id).session.receive(bytes);
  settle(id);
}

void RtmpServer::settle(Id id) {
  Client &client = clients_.at(id);
  for (auto events = client.session.take_events(); !events.empty(); events = client.session.take_events())
    for (const rtmp::Event &event : events) std::visit([&](const auto &what) { take(id, what); }, event);
  client.flow->send(shared(client.session.take_output()));
  if (client.session.closed()) client.flow->close();
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
  client.slug = *slug;
  guests_.wait_until(id, now() + settings_.limits.silence);
  client.session.accept();
}

Expected<std::string> RtmpServer::may_publish(const Client &client, const rtmp::Address &address) const {
  const auto may = access_.may_publish(client.caller.is_loopback, address.query);
  return may ? slug_of(address) : tl::unexpected<Error>(may.error());
}

Expected<std::string> RtmpServer::slug_of(const rtmp::Address &address) {
  if (address.app != application)
    return fail(Code::invalid, "the server is rtmp://HOST/astral, and the stream's name is the stream key");
  if (core::is_slug(address.key)) return address.key;
  const std::string slug = core::slug_of(address.key);
  return fail(Code::invalid, "the stream key must be of letters a-z, digits and single hyphens" +
                                 (slug.empty() ? "" : ", like " + slug));
}

Expected<void> RtmpServer::publish(Id id, const std::string &slug) {
  const auto found = publishers_.find(slug);
  if (found == publishers_.end()) {
    if (publishers_.size() >= settings_.limits.publishers)
      return fail(Code::no_room, "too many publish at this node");
    Publisher publisher{.client = id, .heard = now()};
    publisher.ingest = driver_.media().ingest(slug, "astral://" + settings_.node + "/" + slug,
                                              [this, slug](const Error &error) { on_over(slug, error); });
    publishers_.emplace(slug, std::move(publisher));
    return {};
  }
  Publisher &publisher = found->second;
  if (publisher.is_ending)
    return fail(Code::no_room, "the publisher before is still saying goodbye: again in a moment");
  if (publisher.client != 0 && now() - publisher.heard < settings_.limits.until_stale)
    return fail(Code::conflict, "somebody is publishing " + slug + " already");
  if (const auto stale = clients_.find(publisher.client); stale != clients_.end()) {
    stale->second.slug.clear();
    stale->second.flow->close();
  }
  publisher.client = id;
  publisher.heard = now();
  publisher.until = never;
  publisher.ingest->begin();
  return {};
}

void RtmpServer::take(Id id, const rtmp::PlayAsked &asked) {
  Client &client = clients_.at(id);
  const auto slug = slug_of(asked.address);
  if (!slug) return client.session.refuse(slug.error());
  guests_.wait_until(id, never);  // who takes nothing is the flow's business
  const bool may_bring = client.caller.is_near || access_.may_publish(false, asked.address.query);
  client.watching = std::make_unique<Watching>(
      driver_,
      Watching::Wish{.slug = *slug,
                     .format = media::Format::rtmp,
                     .may_bring = may_bring,
                     .patience = settings_.patience},
      Watching::Handler{
          .on_ready =
              [this, id] {
                clients_.at(id).session.accept();
                settle(id);
              },
          .on_frame = [this, id](const Slice &frame,
                                 bool is_start) { clients_.at(id).flow->play(frame, is_start); },
          .on_over = [this, id](const Error &error) { on_play_over(id, error); }});
}

void RtmpServer::on_play_over(Id id, const Error &error) {
  Client &client = clients_.at(id);
  const Error why = error.detail.empty() ? Error{error.code, "no such stream"} : error;
  client.watching.reset();
  if (client.session.state() == rtmp::Session::State::playing)
    client.session.finish();
  else
    client.session.refuse(why);
  settle(id);
}

RtmpServer::Publisher *RtmpServer::published_by(Id id) {
  const auto found = publishers_.find(clients_.at(id).slug);
  return found != publishers_.end() && found->second.client == id ? &found->second : nullptr;
}

void RtmpServer::take(Id id, const rtmp::Metadata &metadata) {
  if (Publisher *publisher = published_by(id)) publisher->ingest->expect(metadata);
}

void RtmpServer::take(Id id, const rtmp::Media &media) {
  Publisher *publisher = published_by(id);
  if (!publisher) return;
  publisher->heard = now();
  guests_.wait_until(id, publisher->heard + settings_.limits.silence);
  const auto pushed = publisher->ingest->push(media);
  if (pushed) return;
  publishers_.erase(clients_.at(id).slug);
  clients_.at(id).session.refuse(pushed.error());
}

void RtmpServer::take(Id id, const rtmp::Ended &) {
  guests_.wait_until(id, now() + settings_.limits.for_request);
  clients_.at(id).watching.reset();
  Publisher *publisher = published_by(id);
  clients_.at(id).slug.clear();
  if (!publisher) return;
  publisher->client = 0;
  publisher->is_ending = true;
  publisher->ingest->finish();
}

void RtmpServer::take(Id id, const rtmp::Closed &closed) {
  g_info("rtmp: %s: %s", clients_.at(id).caller.address.c_str(), closed.error.detail.c_str());
  clients_.at(id).watching.reset();
  detach(id);
}

void RtmpServer::detach(Id id) {
  Publisher *publisher = published_by(id);
  clients_.at(id).slug.clear();
  if (!publisher) return;
  publisher->client = 0;
  publisher->until = now() + settings_.limits.for_return;
}

void RtmpServer::on_over(const std::string &slug, const Error &error) {
  const auto over = publishers_.extract(slug);
  if (over.empty()) return;
  g_info("rtmp: %s: %s", slug.c_str(), error.detail.c_str());
  const Id id = over.mapped().client;
  if (id == 0) return;
  clients_.at(id).slug.clear();
  clients_.at(id).session.refuse(error);
  settle(id);
}

void RtmpServer::on_gone(Id id, const std::string &why) {
  Client &client = clients_.at(id);
  g_info("rtmp: %s: %s", client.caller.address.c_str(), why.c_str());
  detach(id);
  clients_.erase(id);
  guests_.leave(id);
  set_deadline();
}

void RtmpServer::on_deadline() {
  for (const Id id : guests_.late(now())) on_gone(id, "too slow");
  for (auto &[slug, publisher] : publishers_) {
    if (publisher.until > now()) continue;
    publisher.until = never;
    publisher.is_ending = true;
    publisher.ingest->finish();
  }
  set_deadline();
}

void RtmpServer::set_deadline() {
  Time next = guests_.deadline();
  for (const auto &[slug, publisher] : publishers_) next = std::min(next, publisher.until);
  deadline_.set(next);
}

}  // namespace astral::api
