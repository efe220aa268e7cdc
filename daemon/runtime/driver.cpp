// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/driver.hpp"

#include <bit>
#include <cassert>
#include <cstdlib>

#include "glue/random.hpp"
#include "peer/peer_cache.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/object_codec.hpp"

namespace astral::runtime {
namespace {

constexpr Time measure_every = 1s;
constexpr Time remember_every = 5s;
constexpr std::int64_t clock_slack_ms = 1'000;  // a clock that is adjusted slowly needs no word

std::int64_t unix_ms_at_zero() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto wall = duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  return (wall - duration_cast<milliseconds>(now())).count();
}

Driver::Settings with_key(Driver::Settings settings) {
  if (settings.key) return settings;
  auto made = Key::generate();
  assert(made);  // at the start: nobody has been heard yet
  settings.key = std::move(*made);
  return settings;
}

}  // namespace

Driver::Driver(Settings settings, media::MediaBackend &media)
    : settings_(with_key(std::move(settings))),
      media_(media),
      peers_(*this, *settings_.key),
      deadline_(g_main_context_default(), [this] { handle(core::Tick{}); }),
      patience_(g_main_context_default(), [this] { lapse(); }),
      measuring_(g_main_context_default(), [this] { measure(); }),
      remembering_(g_main_context_default(), [this] { remember(); }) {}

Driver::~Driver() {
  media_.listen(nullptr);
}

void Driver::start(std::uint16_t port) {
  assert(!node_);  // App starts it once
  core::Settings node = settings_.node;
  node.self.port = port;
  node.self.version = ASTRAL_VERSION;
  node.has_origin = !settings_.origin.empty();
  node.fingerprint = settings_.key->fingerprint();
  node.seed = std::bit_cast<std::uint64_t>(random_bytes<sizeof(std::uint64_t)>());
  node.unix_ms_at_zero = told_unix_ms_at_zero_ = unix_ms_at_zero();
  node.self.updated = static_cast<std::uint64_t>(node.unix_ms_at_zero + now() / 1ms);
  if (!settings_.state_dir.empty()) node.remembered = peer::remembered_peers(settings_.state_dir);
  node_.emplace(std::move(node));
  media_.listen(this);
  if (!settings_.origin.empty()) {
    origin_ = std::make_unique<peer::OriginClient>(
        settings_.origin, peer::OriginClient::Handler{
                              .self =
                                  [this] {
                                    json::Builder self = protocol::node_json(node_->self());
                                    return settings_.is_public ? self.set("public", true) : self;
                                  },
                              .on_lists =
                                  [this](peer::OriginClient::Lists lists) {
                                    handle(core::OriginKnows{.nodes = std::move(lists.nodes),
                                                             .streams = std::move(lists.streams)});
                                  }});
  }
  handle(core::Tick{});
}

// Effects may bring inputs at once; those wait for their turn, so that the core is never entered twice.
void Driver::handle(core::Input input) {
  inputs_.push_back(std::move(input));
  if (handling_) return;
  handling_ = true;
  while (!inputs_.empty()) {
    const core::Input next = std::move(inputs_.front());
    inputs_.pop_front();
    core::Effects effects;
    if (const std::int64_t zero = unix_ms_at_zero(); std::abs(zero - told_unix_ms_at_zero_) > clock_slack_ms) {
      told_unix_ms_at_zero_ = zero;
      node_->handle(core::ClockSet{zero}, now(), effects);
    }
    node_->handle(next, now(), effects);
    perform(std::move(effects));
  }
  handling_ = false;
  deadline_.set(node_->deadline());
  for (const auto &[what, key] : std::exchange(changes_, {})) on_change(what, key);
}

void Driver::perform(core::Effects effects) {
  for (const core::Effect &effect : effects) {
    std::visit([this](const auto &what) { perform(what); }, effect);
  }
}

core::CallId Driver::expect(Done done) {
  const core::CallId call = next_call_++;
  calls_.emplace(call, Expectation{std::move(done), now() + settings_.patience});
  patience_.set(calls_.begin()->second.deadline);
  return call;
}

void Driver::lapse() {
  while (!calls_.empty() && calls_.begin()->second.deadline <= now()) {
    const Done done = std::move(calls_.begin()->second.done);
    calls_.erase(calls_.begin());
    done(fail(Code::timeout, "no answer within the time limit"));
  }
  patience_.set(calls_.empty() ? never : calls_.begin()->second.deadline);
}

void Driver::measure() {
  const std::vector<std::string> slugs = media_.slugs();
  for (const std::string &slug : slugs) on_media(slug);
  if (!slugs.empty()) measuring_.set(now() + measure_every);
}

void Driver::perform(const core::Connect &effect) {
  peers_.connect(effect.peer, effect.ip_address, effect.port);
}
void Driver::perform(const core::Send &effect) {
  peers_.send(effect.peer, effect.message);
}
void Driver::perform(const core::Disconnect &effect) {
  peers_.disconnect(effect.peer, effect.reason);
}

void Driver::perform(const core::OpenMedia &effect) {
  if (const auto opened = media_.open(effect.slug, effect.own); !opened) {
    // Whoever feeds it or asks of it hears of the failure then.
    g_warning("stream %s: %s", effect.slug.c_str(), opened.error().detail.c_str());
    return;
  }
  measuring_.set(now() + measure_every);
}

void Driver::perform(const core::CloseMedia &effect) {
  media_.close(effect.slug);
}

void Driver::perform(const core::TellRelay &effect) {
  media_.tell_relay(effect.slug, protocol::write_message(effect.message));
}

void Driver::perform(const core::AddSource &effect) {
  const core::TicketId &ticket = effect.offer.ticket;
  const auto added =
      media_.add_source(effect.slug, ticket, protocol::write_message(effect.offer), effect.standby);
  if (!added) handle(core::SourceEnded{.slug = effect.slug, .ticket = ticket, .error = added.error()});
}

void Driver::perform(const core::SwitchSource &effect) {
  media_.switch_source(effect.slug, effect.ticket, effect.standby);
}

void Driver::perform(const core::TellSource &effect) {
  media_.tell_source(effect.slug, effect.ticket, protocol::write_message(effect.message));
}

void Driver::perform(const core::RemoveSource &effect) {
  media_.remove_source(effect.slug, effect.ticket);
}

void Driver::perform(const core::Answer &effect) {
  auto call = calls_.extract(effect.call);
  if (!call.empty()) call.mapped().done(effect.result);
}

void Driver::perform(const core::Announce &effect) {
  if (effect.what == core::Change::node && effect.key == node_->self().uuid && origin_) origin_->changed();
  if (effect.what == core::Change::node && !std::exchange(to_remember_, true))
    remembering_.set(now() + remember_every);
  changes_.emplace(effect.what, effect.key);
}

void Driver::perform(const core::RegisterStream &effect) {
  if (!origin_) return;
  origin_->put_stream(effect.stream, [this, call = effect.call](Expected<core::StreamInfo> result) {
    handle(core::OriginAnswered{.call = call, .result = std::move(result)});
  });
}

void Driver::perform(const core::UnregisterStream &effect) {
  if (origin_) origin_->delete_stream(effect.slug, node_->self().uuid);
}

void Driver::perform(const core::AskOrigin &) {
  if (origin_) origin_->ask();
}

void Driver::perform(const core::MeasureBandwidth &effect) {
  bandwidth_.measure(effect.ip_address, effect.port, [this](std::uint64_t up, std::uint64_t down) {
    g_info("measured: up %" G_GUINT64_FORMAT " bit/s, down %" G_GUINT64_FORMAT " bit/s", up, down);
    handle(core::BandwidthMeasured{.upstream_bps = up, .downstream_bps = down});
  });
}

void Driver::remember() {
  if (!std::exchange(to_remember_, false) || settings_.state_dir.empty()) return;
  const std::vector<core::NodeInfo> peers = node_->remembered();
  if (!peers.empty()) peer::remember_peers(settings_.state_dir, peers);  // the last ones are better than none
}

void Driver::perform(const core::Quit &) {
  remember();
  if (origin_) origin_->forget_node(node_->self().uuid);
  on_quit();
}

void Driver::on_peer_connected(core::PeerId peer, bool outbound, const std::string &address) {
  handle(core::PeerConnected{.peer = peer, .outbound = outbound, .address = address});
}
void Driver::on_peer_proved(core::PeerId peer, const Fingerprint &fingerprint) {
  handle(core::PeerProved{.peer = peer, .fingerprint = fingerprint});
}
void Driver::on_peer_message(core::PeerId peer, core::Message message) {
  handle(core::PeerSaid{.peer = peer, .message = std::move(message)});
}
void Driver::on_peer_lost(core::PeerId peer, const std::string &reason) {
  handle(core::PeerLost{.peer = peer, .reason = reason});
}

void Driver::on_relay_message(const std::string &slug, const std::string &json) {
  auto message = protocol::read_message(json);
  if (!message)
    return g_warning("stream %s: its relay says rubbish: %s", slug.c_str(), message.error().detail.c_str());
  if (*message) handle(core::RelaySaid{.slug = slug, .message = std::move(**message)});
}

void Driver::on_source_message(const std::string &slug, const std::string &ticket, const std::string &json) {
  auto message = protocol::read_message(json);
  if (!message)
    return g_warning("stream %s: a source says rubbish: %s", slug.c_str(), message.error().detail.c_str());
  if (*message) handle(core::SourceSaid{.slug = slug, .ticket = ticket, .message = std::move(**message)});
}

void Driver::on_source_flows(const std::string &slug, const std::string &ticket) {
  handle(core::SourceFlows{.slug = slug, .ticket = ticket});
}

void Driver::on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) {
  g_info("stream %s: a source ended: %s", slug.c_str(), error.detail.c_str());
  handle(core::SourceEnded{.slug = slug, .ticket = ticket, .error = error});
}

void Driver::on_media(const std::string &slug) {
  media::Measured measured = media_.measure(slug);
  handle(core::MediaMeasured{.slug = slug,
                             .rate_bps = measured.rate_bps,
                             .largest_group = measured.largest_group,
                             .caps = std::move(measured.caps),
                             .kept_streams = measured.kept_streams});
}

void Driver::on_facts(const std::string &slug) {
  if (node_->find_stream(slug)) on_change(core::Change::stream, slug);
}

void Driver::on_silence(const std::string &slug) {
  handle(core::StreamSilent{.slug = slug});
}

void Driver::on_child_slow(const std::string &slug, const std::string &ticket) {
  handle(core::ChildSlow{.slug = slug, .ticket = ticket});
}

}  // namespace astral::runtime
