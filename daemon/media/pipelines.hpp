// SPDX-License-Identifier: BSD-3-Clause
// The program's MediaBackend: one media::Stream for each stream that this node carries.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/ended_hls.hpp"
#include "glue/loop.hpp"
#include "media/media_backend.hpp"
#include "media/player_formats.hpp"
#include "media/stream.hpp"
#include "media/thumbnail.hpp"

namespace astral::media {

class Pipelines : public MediaBackend, private Handler {
 public:
  explicit Pipelines(Settings settings) : settings_(std::move(settings)) {}

  // For links that are made from now on.
  void use_stun(const std::string &server);
  void use_turn(const std::string &uri);
  void use_endpoint(GObject *endpoint) { settings_.endpoint = Ref<GObject>::retain(endpoint); }

  void listen(Listener *listener) override { listener_ = listener; }
  Expected<void> open(const std::string &slug, const std::optional<Key> &key) override;
  void set_privacy(const std::string &slug, const std::string &privacy) override;
  void set_invitation(const std::string &slug, const std::string &invitation) override;
  std::optional<Title> title(const std::string &slug) const override;
  void close(const std::string &slug) override;
  void end(const std::string &slug) override;
  void tell_relay(const std::string &slug, const std::string &json) override;
  Expected<void> add_source(const std::string &slug, const Source &source) override;
  void switch_source(const std::string &slug, const std::string &ticket, bool standby) override;
  void tell_source(const std::string &slug, const std::string &ticket, const std::string &json) override;
  void remove_source(const std::string &slug, const std::string &ticket, bool drain) override;
  std::unique_ptr<PublishedMedia> ingest(const std::string &slug, const std::string &uri,
                                         std::function<void(const Error &)> over) override;
  std::vector<formats::LiveFormat> live_formats() const override { return media::live_formats(); }
  Expected<void> play(const std::string &slug, formats::Format format, formats::Player &player) override;
  void leave(const std::string &slug, formats::Format format, formats::Player &player) override;
  void make_thumbnail(std::vector<Slice> key_frame,
                      std::function<void(const Expected<Slice> &)> done) override {
    thumbnailer_.make(std::move(key_frame), std::move(done));
  }
  Expected<std::unique_ptr<RtcPeer>> send_rtc(webrtc::Plan plan, RtcPeer::Handler handler) override;
  Expected<std::unique_ptr<RtcPeer>> receive_rtc(webrtc::Plan plan, RtcPeer::Handler handler) override;
  std::vector<std::string> slugs() const override;
  Measured measure(const std::string &slug) const override;
  formats::Facts facts(const std::string &slug) const override;
  std::map<std::string, Link> links(const std::string &slug) const override;
  std::vector<Drawing> drawings() const override;
  Expected<std::string> playlist(const std::string &slug, const formats::PlaylistQuery &query) const override;
  Expected<std::vector<Slice>> segment(const std::string &slug, const std::string &file) const override;
  Expected<std::string> ended_playlist(const std::string &slug) const override;
  Time hls_patience(const std::string &slug) const override;
  void hear_hls(std::function<void(const std::string &slug)> news) override { hls_news_ = std::move(news); }

 private:
  void on_relay_message(const std::string &slug, const std::string &json) override;
  void on_source_message(const std::string &slug, const std::string &ticket,
                         const std::string &json) override;
  void on_source_linked(const std::string &slug, const std::string &ticket) override;
  void on_source_flows(const std::string &slug, const std::string &ticket) override;
  void on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) override;
  void on_media(const std::string &slug, const std::string &caps) override;
  void on_facts(const std::string &slug) override;
  void on_hls_news(const std::string &slug) override;
  void on_silence(const std::string &slug) override;
  void on_child_slow(const std::string &slug, const std::string &ticket) override;
  void share_stores();
  void drop_ended();
  Stream *find(const std::string &slug) const;

  Settings settings_;
  Listener *listener_ = nullptr;
  std::function<void(const std::string &)> hls_news_;
  std::map<std::string, std::unique_ptr<Stream>> streams_;
  formats::EndedHls ended_hls_;
  Timer drop_ended_{g_main_context_default(), [this] { drop_ended(); }};
  Thumbnailer thumbnailer_{g_main_context_default()};
};

}  // namespace astral::media
