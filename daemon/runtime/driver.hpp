// SPDX-License-Identifier: BSD-3-Clause
// Drives core::Node: hands it what sockets, media, origin, API and clock have to say, one after the other,
// and performs its effects. It decides nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/node.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "glue/loop.hpp"
#include "media/media_backend.hpp"
#include "peer/bandwidth.hpp"
#include "peer/origin_client.hpp"
#include "peer/peers.hpp"

namespace astral::runtime {

// **Thread**: the default main context. `media` outlives it.
class Driver : private peer::Peers::Handler, private media::MediaBackend::Listener {
 public:
  struct Settings {
    core::Settings node = {};     // without the port, the seed, the clock and the fingerprint
    std::optional<Key> key = {};  // what peers know it by; none: made for this life
    std::string origin = {};      // URL; empty: none
    std::string state_dir = {};   // where peers are remembered; empty: nowhere
    bool is_public = false;       // anybody may have a stream brought here, by HLS
    Time patience = 20s;          // for the answer to a call: longer than the core's own
  };
  using Done = std::function<void(const Expected<core::Answered> &)>;

  Driver(Settings settings, media::MediaBackend &media);
  ~Driver();
  Driver(const Driver &) = delete;
  Driver &operator=(const Driver &) = delete;

  // Before it, nothing else may be called. `port` is where the others reach us.
  void start(std::uint16_t port);

  const core::Node &node() const { return *node_; }
  media::MediaBackend &media() { return media_; }
  const media::MediaBackend &media() const { return media_; }
  peer::Peers &peers() { return peers_; }

  void handle(core::Input input);
  // A call of the API: `input` is one of those that carry a CallId. `done` comes once.
  template <typename T>
  void call(T input, Done done) {
    input.call = expect(std::move(done));
    handle(std::move(input));
  }

  bool is_public() const { return settings_.is_public; }
  bool flushed() const { return peers_.flushed() && (!origin_ || origin_->flushed()); }

  std::function<void(core::Change, const std::string &key)> on_change = [](core::Change,
                                                                           const std::string &) {};
  std::function<void()> on_quit = [] {};
  // What people should know of a stream that is published here.
  std::function<std::vector<std::string>(const std::string &slug)> warnings = [](const std::string &) {
    return std::vector<std::string>();
  };

 private:
  core::CallId expect(Done done);
  void lapse();
  void measure();
  void perform(core::Effects effects);
  void perform(const core::Connect &effect);
  void perform(const core::Send &effect);
  void perform(const core::Disconnect &effect);
  void perform(const core::OpenMedia &effect);
  void perform(const core::CloseMedia &effect);
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

  Settings settings_;
  media::MediaBackend &media_;
  std::optional<core::Node> node_;  // from start() on: App calls it before anything can be heard
  peer::Peers peers_;
  std::unique_ptr<peer::OriginClient> origin_;
  peer::Bandwidth bandwidth_;
  std::deque<core::Input> inputs_;
  bool handling_ = false;
  std::int64_t told_unix_ms_at_zero_ = 0;                   // what the core takes for the wall clock
  core::CallId next_call_ = 1;                              // below core::first_own_id
  std::map<core::CallId, Expectation> calls_;               // in the order of their deadlines
  std::set<std::pair<core::Change, std::string>> changes_;  // to be announced after this round
  Timer deadline_;
  Timer patience_;
  Timer measuring_;
  Timer remembering_;
  bool to_remember_ = false;
};

}  // namespace astral::runtime
