// SPDX-License-Identifier: BSD-3-Clause
// A media backend that refuses everything: an origin carries no media. core::Node asks for none, because its
// settings say so; whatever asked nevertheless would get an error here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "media/media_backend.hpp"

namespace astral::origin {

class NoMedia final : public media::MediaBackend {
 public:
  void listen(Listener *) override {}
  Expected<void> open(const std::string &, const std::optional<Key> &) override { return none(); }
  void close(const std::string &) override {}
  void tell_relay(const std::string &, const std::string &) override {}
  Expected<void> add_source(const std::string &, const media::Source &) override { return none(); }
  void switch_source(const std::string &, const std::string &, bool) override {}
  void tell_source(const std::string &, const std::string &, const std::string &) override {}
  void end(const std::string &) override {}
  void remove_source(const std::string &, const std::string &, bool) override {}
  std::unique_ptr<media::PublishedMedia> ingest(const std::string &, const std::string &,
                                                std::function<void(const Error &)>) override {
    return nullptr;  // only gateways ask, and an origin has none
  }
  std::vector<formats::LiveFormat> live_formats() const override { return {}; }
  Expected<void> play(const std::string &, formats::Format, formats::Player &) override { return none(); }
  void leave(const std::string &, formats::Format, formats::Player &) override {}
  void make_thumbnail(std::vector<Slice>, std::function<void(const Expected<Slice> &)>) override {}
  Expected<std::unique_ptr<media::RtcPeer>> send_rtc(webrtc::Plan, media::RtcPeer::Handler) override {
    return none();
  }
  Expected<std::unique_ptr<media::RtcPeer>> receive_rtc(webrtc::Plan, media::RtcPeer::Handler) override {
    return none();
  }
  std::vector<std::string> slugs() const override { return {}; }
  media::Measured measure(const std::string &) const override { return {}; }
  formats::Facts facts(const std::string &) const override { return {}; }
  std::map<std::string, media::Link> links(const std::string &) const override { return {}; }
  std::vector<media::Drawing> drawings() const override { return {}; }
  Expected<std::string> ended_playlist(const std::string &) const override { return none(); }
  Expected<std::string> playlist(const std::string &, const formats::PlaylistQuery &) const override {
    return none();
  }
  Expected<std::vector<Slice>> segment(const std::string &, const std::string &) const override {
    return none();
  }
  Time hls_patience(const std::string &) const override { return {}; }
  void hear_hls(std::function<void(const std::string &)>) override {}

 private:
  static tl::unexpected<Error> none() { return fail(Code::unsupported, "an origin carries no media"); }
};

}  // namespace astral::origin
