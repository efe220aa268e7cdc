// SPDX-License-Identifier: BSD-3-Clause
// A media backend without media: it accepts everything and records its calls.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "media/media_backend.hpp"

namespace astral::test {

class FakeMedia : public media::MediaBackend {
 public:
  void listen(Listener *to) override { listener = to; }
  Expected<void> open(const std::string &slug, const std::optional<Key> &key) override {
    keys.insert_or_assign(slug, key ? key->fingerprint() : "");
    if (broken) return fail(Code::failed, "no elements");
    streams.insert_or_assign(slug, fail(Code::unreachable, "no segment yet"));
    return {};
  }
  void close(const std::string &slug) override { streams.erase(slug); }
  void end(const std::string &slug) override { ended.emplace(slug, ""); }
  void tell_relay(const std::string &, const std::string &json) override { to_relay.push_back(json); }
  Expected<void> add_source(const std::string &, const media::Source &source) override {
    if (broken) return fail(Code::failed, "no elements");
    sources[source.ticket] = source.offer;
    switch_source({}, source.ticket, source.standby);
    return {};
  }
  void switch_source(const std::string &, const std::string &ticket, bool standby) override {
    standby ? (void)standbys.insert(ticket) : (void)standbys.erase(ticket);
  }
  void tell_source(const std::string &, const std::string &, const std::string &json) override {
    to_source.push_back(json);
  }
  void remove_source(const std::string &, const std::string &ticket, bool) override { sources.erase(ticket); }
  struct FakeIngest : media::PublishedMedia {
    explicit FakeIngest(FakeMedia &of, const std::string &slug, std::function<void(const Error &)> when_over)
        : media(of), name(slug), over(std::move(when_over)) {
      media.ingests[name] = this;
    }
    ~FakeIngest() override { media.ingests.erase(name); }
    void begin() override { ++begun; }
    void expect(const rtmp::Metadata &) override { ++metadata; }
    Expected<void> push(const rtmp::Media &) override {
      if (media.broken) return fail(Code::no_room, "no elements");
      ++pushed;
      return {};
    }
    void finish() override { ++finished; }
    FakeMedia &media;
    const std::string name;
    const std::function<void(const Error &)> over;
    int begun = 0, metadata = 0, pushed = 0, finished = 0;
  };
  std::unique_ptr<media::PublishedMedia> ingest(const std::string &slug, const std::string &uri,
                                                std::function<void(const Error &)> over) override {
    ingest_uri = uri;
    return std::make_unique<FakeIngest>(*this, slug, std::move(over));
  }
  std::vector<formats::LiveFormat> live_formats() const override { return live; }
  Expected<void> play(const std::string &slug, formats::Format format, formats::Player &player) override {
    if (!streams.contains(slug)) return fail(Code::not_found, "not carried");
    players[format].join(player);
    return {};
  }
  void leave(const std::string &, formats::Format format, formats::Player &player) override {
    players[format].leave(player);
  }
  void make_thumbnail(std::vector<Slice> key_frame,
                      std::function<void(const Expected<Slice> &)> done) override {
    key_frames.push_back(std::move(key_frame));
    picture_wanted = std::move(done);
  }
  struct FakePeer : media::RtcPeer {
    FakePeer(FakeMedia &of, webrtc::Plan of_plan, Handler of_handler)
        : media(of), plan(std::move(of_plan)), handler(std::move(of_handler)) {
      media.rtc_peers.push_back(this);
      ++media.rtc_made;
    }
    ~FakePeer() override { std::erase(media.rtc_peers, this); }
    void play(const Slice &, bool) override { ++played; }
    FakeMedia &media;
    const webrtc::Plan plan;
    const Handler handler;
    int played = 0;
  };
  Expected<std::unique_ptr<media::RtcPeer>> send_rtc(webrtc::Plan plan,
                                                     media::RtcPeer::Handler handler) override {
    if (broken) return fail(Code::failed, "no elements");
    return std::make_unique<FakePeer>(*this, std::move(plan), std::move(handler));
  }
  Expected<std::unique_ptr<media::RtcPeer>> receive_rtc(webrtc::Plan plan,
                                                        media::RtcPeer::Handler handler) override {
    return send_rtc(std::move(plan), std::move(handler));
  }
  std::vector<std::string> slugs() const override {
    std::vector<std::string> slugs;
    for (const auto &[slug, playlist] : streams) slugs.push_back(slug);
    return slugs;
  }
  media::Measured measure(const std::string &) const override { return measured; }
  formats::Facts facts(const std::string &slug) const override {
    const auto found = known.find(slug);
    return found == known.end() ? formats::Facts{} : found->second;
  }
  std::map<std::string, media::Link> links(const std::string &) const override { return {}; }
  std::vector<media::Drawing> drawings() const override {
    std::vector<media::Drawing> drawings;
    for (const auto &[slug, playlist] : streams) drawings.push_back({slug, "relay", "digraph pipeline {}"});
    return drawings;
  }
  Expected<std::string> playlist(const std::string &slug,
                                 const formats::PlaylistQuery &query) const override {
    asked = query;
    const auto found = streams.find(slug);
    if (found == streams.end()) return fail(Code::not_found, "not carried");
    return found->second;
  }
  Expected<std::string> ended_playlist(const std::string &slug) const override {
    const auto found = ended.find(slug);
    return found == ended.end() ? fail(Code::not_found, "not carried") : Expected<std::string>(found->second);
  }
  Expected<std::vector<Slice>> segment(const std::string &slug, const std::string &file) const override {
    if (has_hint && file == "8.0.ts") return fail(Code::unreachable, "not yet");
    if (!streams.contains(slug) || (file != "7.ts" && file != "8.0.ts"))
      return fail(Code::not_found, "no such segment");
    return std::vector<Slice>{Slice::copy(as_bytes("seg")), Slice::copy(as_bytes("ment"))};
  }
  Time hls_patience(const std::string &) const override { return patience; }
  void hear_hls(std::function<void(const std::string &slug)> news) override { hls_news = std::move(news); }

  mutable formats::PlaylistQuery asked;
  bool has_hint = true;  // of a part that is not there yet
  Time patience{};
  std::function<void(const std::string &slug)> hls_news;
  Listener *listener = nullptr;
  std::map<std::string, FakeIngest *> ingests;
  std::string ingest_uri;
  std::vector<FakePeer *> rtc_peers;
  int rtc_made = 0;
  std::vector<std::vector<Slice>> key_frames;
  std::function<void(const Expected<Slice> &)> picture_wanted;
  std::vector<formats::LiveFormat> live = {{formats::Format::flv, "HTTP-FLV", "video/x-flv"},
                                           {formats::Format::ts, "MPEG-TS", "video/mp2t"}};
  std::map<formats::Format, formats::Fanout> players;
  bool broken = false;
  std::map<std::string, Expected<std::string>> streams;  // slug → playlist
  std::map<std::string, std::string> ended;              // slug → last playlist
  std::map<std::string, formats::Facts> known;           // slug → facts
  std::map<std::string, std::string> keys;               // stream → its key's fingerprint, if it is ours
  std::map<std::string, std::string> sources;            // ticket → offer
  std::set<std::string> standbys;
  std::vector<std::string> to_relay;
  std::vector<std::string> to_source;
  media::Measured measured{.rate_bps = 1'000'000, .largest_group = 5, .caps = "video/mpegts"};
};

}  // namespace astral::test
