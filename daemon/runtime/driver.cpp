// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/driver.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "core/effect.hpp"
#include "core/input.hpp"
#include "core/node.hpp"
#include "core/slug.hpp"
#include "glue/loop.hpp"
#include "glue/random.hpp"
#include "peer/bandwidth.hpp"
#include "peer/bandwidth_guests.hpp"
#include "peer/origin_client.hpp"
#include "peer/origin_url.hpp"
#include "peer/peer_cache.hpp"
#include "peer/peers.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/object_codec.hpp"
#include "runtime/asking_players.hpp"
#include "runtime/kept_stream_keys.hpp"
#include "runtime/private_streams.hpp"
#include "runtime/seals.hpp"
#include "runtime/statements.hpp"

namespace astral::runtime {
namespace {

constexpr Time measure_every = 1s;
constexpr Time remember_every = 5s;
constexpr std::int64_t clock_slack_ms = 1'000;  // smaller changes, as NTP makes them, are ignored

std::int64_t unix_ms_at_zero() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto wall = duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  return (wall - duration_cast<milliseconds>(now())).count();
}

std::int64_t unix_ms() {
  return unix_ms_at_zero() + now() / 1ms;
}

Driver::Settings with_key(Driver::Settings settings) {
  if (!settings.key) settings.key = Key::generate().value();
  return settings;
}

}  // namespace

class Driver::Impl : private peer::Peers::Handler, private media::MediaBackend::Listener {
 public:
  Impl(Driver &outside, Settings settings, media::MediaBackend &media);
  ~Impl();

  void start(std::uint16_t port);
  void handle(core::Input input);
  template <typename T>
  void call(T input, Done done) {
    input.call = expect(std::move(done));
    handle(std::move(input));
  }

  const core::Node &node() const { return *node_; }
  peer::Peers &peers() { return peers_; }
  KeptStreamKeys &keys() { return keys_; }
  PrivateStreams &private_streams() { return private_streams_; }
  peer::BandwidthGuests &guests() { return guests_; }
  void player_came(const std::string &slug) { ++players_[slug]; }
  void player_left(const std::string &slug) {
    if (const auto found = players_.find(slug); found != players_.end() && --found->second == 0)
      players_.erase(found);
  }
  void player_asked(const std::string &slug, const AskingPlayer &player) {
    if (node_->find_stream(slug)) asking_.asked(slug, player, now());
  }
  void set_public(bool is_public) { settings_.is_public = is_public; }
  bool flushed() const { return peers_.flushed() && (!origin_ || origin_->flushed()); }

 private:
  core::CallId expect(Done done);
  void lapse();
  void measure();
  void see_links(const std::vector<std::string> &slugs);
  bool receives() const;
  void perform(core::Effects effects);
  void perform(const core::Connect &effect);
  void perform(const core::Send &effect);
  void perform(const core::Disconnect &effect);
  void perform(const core::OpenMedia &effect);
  void perform(const core::CloseMedia &effect);
  void perform(const core::EndMedia &effect);
  void perform(const core::TellRelay &effect);
  void perform(const core::AddSource &effect);
  void perform(const core::SwitchSource &effect);
  void perform(const core::TellSource &effect);
  void perform(const core::RemoveSource &effect);
  void perform(const core::Answer &effect);
  void perform(const core::Announce &effect);
  void perform(const core::RegisterStream &effect);
  void perform(const core::UnregisterStream &effect);
  void perform(const core::AskOrigin &effect);
  void perform(const core::MeasureBandwidth &effect);
  void perform(const core::Quit &effect);
  void remember();

  void on_peer_connected(core::PeerId peer, bool outbound, const std::string &address) override;
  void on_peer_proved(core::PeerId peer, const Fingerprint &fingerprint) override;
  void on_peer_message(core::PeerId peer, core::Message message) override;
  void on_peer_lost(core::PeerId peer, const std::string &reason) override;
  void on_relay_message(const std::string &slug, const std::string &json) override;
  void on_source_message(const std::string &slug, const std::string &ticket,
                         const std::string &json) override;
  void on_source_linked(const std::string &slug, const std::string &ticket) override;
  void on_source_flows(const std::string &slug, const std::string &ticket) override;
  void on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) override;
  void on_media(const std::string &slug) override;
  void on_facts(const std::string &slug) override;
  void on_silence(const std::string &slug) override;
  void on_child_slow(const std::string &slug, const std::string &ticket) override;

  struct Expectation {
    Done done;
    Time deadline;
  };

  Driver &outside_;  // its callbacks
  Settings settings_;
  media::MediaBackend &media_;
  KeptStreamKeys keys_;
  PrivateStreams private_streams_{
      keys_, media_, [this](const core::Slug &slug) { handle(core::StreamReworded{.slug = slug}); }};
  std::optional<core::Node> node_;  // since start(), which App calls before any input can arrive
  Seals seals_;
  peer::Peers peers_;
  std::unique_ptr<peer::OriginClient> origin_;
  peer::Bandwidth bandwidth_;
  peer::BandwidthGuests guests_;
  std::deque<core::Input> inputs_;
  bool handling_ = false;
  std::int64_t told_unix_ms_at_zero_ = 0;                   // the wall clock as the node knows it
  core::CallId next_call_ = 1;                              // below core::first_own_id
  std::map<core::CallId, Expectation> calls_;               // in the order of their deadlines
  std::set<std::pair<core::Change, std::string>> changes_;  // announced at the end of handle()
  std::map<std::string, std::size_t> players_;              // by slug; none without a player
  AskingPlayers asking_;                                    // that have no connection
  Timer deadline_;
  Timer patience_;
  Timer measuring_;
  Timer remembering_;
  bool to_remember_ = false;
};

Driver::Impl::Impl(Driver &outside, Settings settings, media::MediaBackend &media)
    : outside_(outside),
      settings_(with_key(std::move(settings))),
      media_(media),
      keys_(settings_.state_dir),
      seals_(*settings_.key, unix_ms()),
      peers_(*this, *settings_.key, settings_.dials_by_tls),
      guests_({.may_send = [this] { return node_->fed_children() == 0; },
               .may_receive = [this] { return !receives(); },
               .on_begun = [this] { handle(core::MeasuringBegun{}); },
               .on_measured =
                   [this](std::uint64_t bps, bool near) {
                     g_info("a guest measured: up %" G_GUINT64_FORMAT " bit/s", bps);
                     handle(core::BandwidthMeasured{.upstream_bps = bps, .near = near, .by_other = true});
                   }}),
      deadline_(g_main_context_default(), [this] { handle(core::Tick{}); }),
      patience_(g_main_context_default(), [this] { lapse(); }),
      measuring_(g_main_context_default(), [this] { measure(); }),
      remembering_(g_main_context_default(), [this] { remember(); }) {}

Driver::Impl::~Impl() {
  media_.listen(nullptr);
}

void Driver::Impl::start(std::uint16_t port) {
  assert(!node_);  // App calls start() once
  core::Settings node = settings_.node;
  node.self.port = port;
  node.self.version = ASTRAL_VERSION;
  const std::optional<peer::OriginUrl> origin = peer::OriginUrl::parse(settings_.origin);
  node.has_origin = origin.has_value();
  if (origin) node.origin_at = core::Address{origin->host, origin->port};
  node.fingerprint = settings_.key->fingerprint();
  node.self.uuid = core::uuid_of(node.fingerprint);
  node.stream_keys = &keys_;
  node.seed = std::bit_cast<std::uint64_t>(random_bytes<sizeof(std::uint64_t)>());
  node.unix_ms_at_zero = told_unix_ms_at_zero_ = unix_ms_at_zero();
  node.self.updated = static_cast<std::uint64_t>(node.unix_ms_at_zero + now() / 1ms);
  if (!settings_.state_dir.empty()) node.remembered = peer::remembered_peers(settings_.state_dir);
  node_.emplace(std::move(node));
  media_.listen(this);
  if (origin) {
    const Ref<GTlsDatabase> authorities = peer::read_authorities(settings_.origin_authorities);
    peers_.know_origin({.host = origin->host,
                        .port = origin->port,
                        .path = origin->path + "/peer",
                        .is_secure = origin->is_secure,
                        .authorities = authorities});
    origin_ = std::make_unique<peer::OriginClient>(
        settings_.origin, settings_.state_dir, authorities, *settings_.key,
        peer::OriginClient::Handler{.self =
                                        [this] {
                                          json::Builder self = protocol::node_json(node_->self());
                                          return settings_.is_public ? self.set("public", true) : self;
                                        },
                                    .on_lists =
                                        [this](peer::OriginClient::Lists lists) {
                                          check_listed(lists.streams, *node_, unix_ms());
                                          handle(core::OriginKnows{.nodes = std::move(lists.nodes),
                                                                   .streams = std::move(lists.streams)});
                                        }});
  }
  handle(core::Tick{});
}

// Performing an effect may produce an input. That input is queued, so that the node is never re-entered.
void Driver::Impl::handle(core::Input input) {
  inputs_.push_back(std::move(input));
  if (handling_) return;
  handling_ = true;
  while (!inputs_.empty()) {
    const core::Input next = std::move(inputs_.front());
    inputs_.pop_front();
    core::Effects effects;
    const std::int64_t zero = unix_ms_at_zero();
    if (std::abs(zero - told_unix_ms_at_zero_) > clock_slack_ms) {
      told_unix_ms_at_zero_ = zero;
      node_->handle(core::ClockSet{zero}, now(), effects);
    }
    node_->handle(next, now(), effects);
    perform(std::move(effects));
  }
  handling_ = false;
  deadline_.set(node_->deadline());
  for (const auto &[what, key] : std::exchange(changes_, {})) outside_.on_change(what, key);
}

void Driver::Impl::perform(core::Effects effects) {
  for (const core::Effect &effect : effects) {
    std::visit([this](const auto &what) { perform(what); }, effect);
  }
}

core::CallId Driver::Impl::expect(Done done) {
  const core::CallId call = next_call_++;
  calls_.emplace(call, Expectation{std::move(done), now() + settings_.patience});
  patience_.set(calls_.begin()->second.deadline);
  return call;
}

void Driver::Impl::lapse() {
  while (!calls_.empty() && calls_.begin()->second.deadline <= now()) {
    const Done done = std::move(calls_.begin()->second.done);
    calls_.erase(calls_.begin());
    done(fail(Code::timeout, "no answer within the time limit"));
  }
  patience_.set(calls_.empty() ? never : calls_.begin()->second.deadline);
}

void Driver::Impl::measure() {
  const std::vector<std::string> slugs = media_.slugs();
  for (const std::string &slug : slugs) on_media(slug);
  for (const std::string &slug : slugs) private_streams_.expire(slug);
  asking_.drop_old(now());
  for (const std::string &slug : slugs) {
    const auto players = players_.find(slug);
    const std::size_t count = (players == players_.end() ? 0 : players->second) + asking_.count(slug);
    handle(core::PlayersSeen{
        .slug = slug, .any = count > 0, .count = static_cast<std::uint32_t>(count)});
  }
  if (node_->fed_children() > 0) see_links(slugs);
  if (!slugs.empty()) measuring_.set(now() + measure_every);
}

// Of the children: a node learns what its line carries.
void Driver::Impl::see_links(const std::vector<std::string> &slugs) {
  core::LinksSeen seen;
  for (const std::string &slug : slugs) {
    const std::map<std::string, media::Link> links = media_.links(slug);
    for (const core::TicketView &ticket : node_->tickets(slug)) {
      const auto link = links.find(ticket.id);
      if (ticket.held || ticket.element || ticket.role != "active" || link == links.end()) continue;
      const std::chrono::duration<double, std::milli> rtt(link->second.rtt_ms);
      seen.links.push_back({.ticket = ticket.id,
                            .bytes_sent = link->second.bytes_sent,
                            .rtt = std::chrono::duration_cast<Time>(rtt)});
    }
  }
  if (!seen.links.empty()) handle(std::move(seen));
}

// Media comes from another node.
bool Driver::Impl::receives() const {
  const std::vector<core::TicketView> tickets = node_->tickets();
  return std::any_of(tickets.begin(), tickets.end(), [](const core::TicketView &ticket) {
    return ticket.held && !ticket.element && ticket.role == "active";
  });
}

void Driver::Impl::perform(const core::Connect &effect) {
  if (!settings_.may_connect(effect.ip_address))
    return handle(core::PeerLost{.peer = effect.peer, .reason = "this node does not call that address"});
  peers_.connect(effect.peer, effect.ip_address, effect.port);
}
void Driver::Impl::perform(const core::Send &effect) {
  if (const auto sealed = seals_.sealed(effect.message)) return peers_.send(effect.peer, *sealed);
  peers_.send(effect.peer, effect.message);
}
void Driver::Impl::perform(const core::Disconnect &effect) {
  peers_.disconnect(effect.peer, effect.reason);
}

void Driver::Impl::perform(const core::OpenMedia &effect) {
  std::optional<Key> key;
  if (effect.own)
    if (auto own = keys_.find(effect.slug)) key = std::move(*own);
  if (const auto opened = media_.open(effect.slug, key); !opened) {
    // Later effects on this stream fail too, and report the failure to the node.
    g_warning("stream %s: %s", effect.slug.c_str(), opened.error().detail.c_str());
    return;
  }
  private_streams_.opened(effect.slug, effect.own);
  measuring_.set(now() + measure_every);
}

void Driver::Impl::perform(const core::CloseMedia &effect) {
  media_.close(effect.slug);
}

void Driver::Impl::perform(const core::EndMedia &effect) {
  media_.end(effect.slug);
}

void Driver::Impl::perform(const core::TellRelay &effect) {
  media_.tell_relay(effect.slug, protocol::write_message(effect.message));
}

void Driver::Impl::perform(const core::AddSource &effect) {
  const core::TicketId &ticket = effect.offer.ticket;
  const auto added =
      media_.add_source(effect.slug, {.ticket = ticket,
                                      .offer = protocol::write_message(effect.offer),
                                      .stream_key = private_streams_.key_of(effect.slug, effect.stream_key),
                                      .standby = effect.standby});
  if (!added) handle(core::SourceEnded{.slug = effect.slug, .ticket = ticket, .error = added.error()});
}

void Driver::Impl::perform(const core::SwitchSource &effect) {
  media_.switch_source(effect.slug, effect.ticket, effect.standby);
}

void Driver::Impl::perform(const core::TellSource &effect) {
  media_.tell_source(effect.slug, effect.ticket, protocol::write_message(effect.message));
}

void Driver::Impl::perform(const core::RemoveSource &effect) {
  media_.remove_source(effect.slug, effect.ticket, effect.drain);
}

void Driver::Impl::perform(const core::Answer &effect) {
  auto call = calls_.extract(effect.call);
  if (!call.empty()) call.mapped().done(effect.result);
}

void Driver::Impl::perform(const core::Announce &effect) {
  if (effect.what == core::Change::node && effect.key == node_->self().uuid && origin_) origin_->changed();
  if (effect.what == core::Change::node && !std::exchange(to_remember_, true))
    remembering_.set(now() + remember_every);
  changes_.emplace(effect.what, effect.key);
}

void Driver::Impl::perform(const core::RegisterStream &effect) {
  if (!origin_) return;
  origin_->put_stream(effect.stream, effect.viewers, [this, call = effect.call](Expected<core::StreamInfo> result) {
    handle(core::OriginAnswered{.call = call, .result = std::move(result)});
  });
}

void Driver::Impl::perform(const core::UnregisterStream &effect) {
  if (!origin_) return;
  const auto key = keys_.find(effect.slug);
  origin_->delete_stream(effect.slug, node_->self().uuid, key ? std::optional(*key) : std::nullopt);
}

void Driver::Impl::perform(const core::AskOrigin &) {
  if (origin_) origin_->ask();
}

void Driver::Impl::perform(const core::MeasureBandwidth &effect) {
  bandwidth_.measure({.host = effect.ip_address,
                      .port = effect.port,
                      .upstream = effect.upstream,
                      .pings = effect.pings,
                      .may_send = [this] { return node_->fed_children() == 0 && !receives(); }},
                     [this](const peer::LineFigures &line) {
                       g_info("measured: up %s%" G_GUINT64_FORMAT " bit/s, down %" G_GUINT64_FORMAT " bit/s",
                              line.rough ? "at least " : "", line.upstream_bps, line.downstream_bps);
                       handle(core::BandwidthMeasured{.upstream_bps = line.upstream_bps,
                                                      .downstream_bps = line.downstream_bps,
                                                      .rough = line.rough,
                                                      .near = line.near});
                     });
}

void Driver::Impl::remember() {
  if (!std::exchange(to_remember_, false) || settings_.state_dir.empty()) return;
  const std::vector<core::NodeInfo> peers = node_->remembered();
  // If there are no peers, the file keeps those of the last run.
  if (!peers.empty()) peer::remember_peers(settings_.state_dir, peers);
}

void Driver::Impl::perform(const core::Quit &) {
  remember();
  if (origin_) origin_->forget_node(node_->self().uuid);
  outside_.on_quit();
}

void Driver::Impl::on_peer_connected(core::PeerId peer, bool outbound, const std::string &address) {
  handle(core::PeerConnected{.peer = peer, .outbound = outbound, .address = address});
}
void Driver::Impl::on_peer_proved(core::PeerId peer, const Fingerprint &fingerprint) {
  handle(core::PeerProved{.peer = peer, .fingerprint = fingerprint});
}
void Driver::Impl::on_peer_message(core::PeerId peer, core::Message message) {
  if (!seals_.admit(message, node_->self().uuid)) return;
  if (const char *reason = "it says of a stream what the stream's key has not signed";
      !check_statements(message, *node_, unix_ms())) {
    peers_.disconnect(peer, reason);
    return handle(core::PeerLost{.peer = peer, .reason = reason});
  }
  handle(core::PeerSaid{.peer = peer, .message = std::move(message)});
}
void Driver::Impl::on_peer_lost(core::PeerId peer, const std::string &reason) {
  handle(core::PeerLost{.peer = peer, .reason = reason});
}
void Driver::Impl::on_relay_message(const std::string &slug, const std::string &json) {
  auto message = protocol::read_message(json);
  if (!message)
    return g_warning("stream %s: invalid message from its relay: %s", slug.c_str(),
                     message.error().detail.c_str());
  if (*message) handle(core::RelaySaid{.slug = slug, .message = std::move(**message)});
}

void Driver::Impl::on_source_message(const std::string &slug, const std::string &ticket,
                                     const std::string &json) {
  auto message = protocol::read_message(json);
  if (!message)
    return g_warning("stream %s: invalid message from a source: %s", slug.c_str(),
                     message.error().detail.c_str());
  if (*message) handle(core::SourceSaid{.slug = slug, .ticket = ticket, .message = std::move(**message)});
}

void Driver::Impl::on_source_linked(const std::string &slug, const std::string &ticket) {
  handle(core::SourceLinked{.slug = slug, .ticket = ticket});
}

void Driver::Impl::on_source_flows(const std::string &slug, const std::string &ticket) {
  handle(core::SourceFlows{.slug = slug, .ticket = ticket});
}

void Driver::Impl::on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) {
  g_info("stream %s: a source ended: %s", slug.c_str(), error.detail.c_str());
  handle(core::SourceEnded{.slug = slug, .ticket = ticket, .error = error});
}

void Driver::Impl::on_media(const std::string &slug) {
  media::Measured measured = media_.measure(slug);
  handle(core::MediaMeasured{.slug = slug,
                             .rate_bps = measured.rate_bps,
                             .largest_group = measured.largest_group,
                             .caps = std::move(measured.caps),
                             .kept_streams = measured.kept_streams,
                             .thin = measured.needed_bps > 0,
                             .silent_children = std::move(measured.silent_children),
                             .silent_parents = std::move(measured.silent_parents)});
}

void Driver::Impl::on_facts(const std::string &slug) {
  if (node_->find_stream(slug)) outside_.on_change(core::Change::stream, slug);
}

void Driver::Impl::on_silence(const std::string &slug) {
  handle(core::StreamSilent{.slug = slug});
}

void Driver::Impl::on_child_slow(const std::string &slug, const std::string &ticket) {
  handle(core::ChildSlow{.slug = slug, .ticket = ticket});
}

Driver::Driver(Settings settings, media::MediaBackend &media)
    : media_(media), impl_(std::make_unique<Impl>(*this, std::move(settings), media)) {}

Driver::~Driver() = default;

void Driver::start(std::uint16_t port) {
  impl_->start(port);
}

void Driver::shut_down() {
  impl_->handle(core::Shutdown{});
}

const core::NodeView &Driver::node() const {
  return impl_->node();
}

template <typename T>
void Driver::call(T input, Done done) {
  impl_->call(std::move(input), std::move(done));
}
template void Driver::call(core::CreateStream, Done);
template void Driver::call(core::SetStreaming, Done);
template void Driver::call(core::DeleteStream, Done);
template void Driver::call(core::AskTicket, Done);
template void Driver::call(core::RefreshTicket, Done);
template void Driver::call(core::ConfirmTicket, Done);
template void Driver::call(core::RevokeTicket, Done);
template void Driver::call(core::RegisterNode, Done);
template void Driver::call(core::ForgetNode, Done);

Expected<Key> Driver::stream_key(const std::string &slug) {
  return impl_->keys().find(slug);
}

Expected<Key> Driver::import_stream_key(const std::string &slug, const std::string &pem) {
  return impl_->keys().adopt(slug, pem);
}

PrivateStreams &Driver::private_streams() {
  return impl_->private_streams();
}

bool Driver::is_private(const std::string &slug) {
  const auto known = node().find_stream(slug);
  return (known && known->is_private) || private_streams().is_known(slug);
}

bool Driver::has_room_for_peer() const {
  return impl_->peers().has_room();
}

void Driver::publisher_away(const std::string &slug, bool away) {
  impl_->handle(core::PublisherAway{.slug = slug, .away = away});
}

void Driver::player_came(const std::string &slug) {
  impl_->player_came(slug);
}

void Driver::player_left(const std::string &slug) {
  impl_->player_left(slug);
}

void Driver::player_asked(const std::string &slug, const AskingPlayer &player) {
  impl_->player_asked(slug, player);
}

void Driver::set_public(bool is_public) {
  impl_->set_public(is_public);
}

bool Driver::has_room_for_measuring() const {
  return impl_->guests().has_room();
}

void Driver::let_measure(Ref<GIOStream> stream, const Guest &guest) {
  impl_->guests().accept(std::move(stream), {.address = guest.address, .run = guest.run});
}

void Driver::accept_peer(Ref<GIOStream> stream, const http::Call &call) {
  impl_->peers().accept(std::move(stream), {.address = call.caller,
                                            .local_address = call.local,
                                            .tls_binding = call.tls_binding,
                                            .is_private = call.is_secure || call.is_loopback});
}

void Driver::heard_of(std::vector<core::NodeInfo> nodes) {
  impl_->handle(core::OriginKnows{.nodes = std::move(nodes)});
}

void Driver::nat_known(std::uint16_t udp_port, const core::Nat &nat, const core::Families &families) {
  impl_->handle(core::NatKnown{.udp_port = udp_port, .nat = nat, .families = families});
}

bool Driver::flushed() const {
  return impl_->flushed();
}

}  // namespace astral::runtime
