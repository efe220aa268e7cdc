// SPDX-License-Identifier: BSD-3-Clause
#include "media/pipelines.hpp"

#include <algorithm>
#include <utility>

#include "formats/playlist.hpp"
#include "media/ingest.hpp"
#include "media/rtc_publisher.hpp"
#include "media/rtc_viewer.hpp"

namespace astral::media {
namespace {

// The store of a stream that is published here is longer: while this node is cut off, only it has the media.
constexpr int own_store = 3;                    // times store_time
constexpr Time child_silent_after = 400ms;      // a child without a sign of life, as in "child-silent"
constexpr Time parent_silent_after = 1s;        // it was asked for one 0.4 s after its last media
constexpr std::uint64_t least_store = 1 << 20;  // bytes; with less a stream cannot be forwarded

class MediaIngest : public PublishedMedia {
 public:
  MediaIngest(const std::string &slug, const std::string &uri, std::function<void(const Error &)> over)
      : ingest_(uri, slug, g_main_context_default(), std::move(over)) {}
  void begin() override { ingest_.begin(); }
  void expect(const rtmp::Metadata &metadata) override { ingest_.expect(metadata); }
  Expected<void> push(const rtmp::Media &media) override { return ingest_.push(media); }
  void finish() override { ingest_.finish(); }

 private:
  Ingest ingest_;
};

RtcLink::Handler link_handler(const RtcPeer::Handler &handler) {
  return {.on_answer = handler.on_answer, .on_connected = handler.on_connected, .on_over = handler.on_over};
}

class Viewer : public RtcPeer {
 public:
  Viewer(webrtc::Plan plan, const Handler &handler)
      : viewer_(std::move(plan), g_main_context_default(), link_handler(handler)) {}
  Expected<void> start() { return viewer_.start(); }
  void play(const Slice &piece, bool is_start) override { viewer_.play(piece, is_start); }

 private:
  RtcViewer viewer_;
};

class Publisher : public RtcPeer {
 public:
  Publisher(webrtc::Plan plan, const Handler &handler)
      : publisher_(std::move(plan), g_main_context_default(), link_handler(handler), handler.on_media) {}
  Expected<void> start() { return publisher_.start(); }
  void play(const Slice &, bool) override {}

 private:
  RtcPublisher publisher_;
};

template <typename Peer>
Expected<std::unique_ptr<RtcPeer>> started(std::unique_ptr<Peer> peer) {
  if (const auto begun = peer->start(); !begun) return tl::unexpected<Error>(begun.error());
  return peer;
}

tl::unexpected<Error> not_carried(const std::string &slug) {
  return fail(Code::not_found, "this node does not carry '" + slug + "'");
}

}  // namespace

Stream *Pipelines::find(const std::string &slug) const {
  const auto found = streams_.find(slug);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Pipelines::use_stun(const std::string &server) {
  settings_.stun = server;
  for (const auto &[slug, stream] : streams_) stream->use_stun(server);
}

void Pipelines::use_turn(const std::string &uri) {
  settings_.turn = uri;
  for (const auto &[slug, stream] : streams_) stream->use_turn(uri);
}

Expected<void> Pipelines::open(const std::string &slug, const std::optional<Key> &key) {
  if (find(slug)) return {};
  Settings settings = settings_;
  if (key) settings.store_time *= own_store;
  settings.key = key;
  auto stream = Stream::open(slug, settings, *this);
  if (!stream) return tl::unexpected<Error>(stream.error());
  streams_.emplace(slug, std::move(*stream));
  share_stores();
  return {};
}

void Pipelines::set_privacy(const std::string &slug, const std::string &privacy) {
  if (Stream *stream = find(slug)) stream->set_privacy(privacy);
}

void Pipelines::set_invitation(const std::string &slug, const std::string &invitation) {
  if (Stream *stream = find(slug)) stream->set_invitation(invitation);
}

std::optional<Title> Pipelines::title(const std::string &slug) const {
  const Stream *stream = find(slug);
  return stream == nullptr ? std::nullopt : stream->title();
}

void Pipelines::close(const std::string &slug) {
  if (const Stream *stream = find(slug)) {
    if (const formats::HlsWindow *window = stream->hls()) ended_hls_.put(slug, *window, now());
    drop_ended_.set(ended_hls_.due());
  }
  streams_.erase(slug);
  share_stores();
}

void Pipelines::end(const std::string &slug) {
  if (Stream *stream = find(slug)) stream->end();
}

void Pipelines::drop_ended() {
  ended_hls_.drop_old(now());
  drop_ended_.set(ended_hls_.due());
}

void Pipelines::share_stores() {
  if (streams_.empty()) return;
  const std::uint64_t share =
      std::max(least_store, std::min(settings_.store_bytes, settings_.store_total_bytes / streams_.size()));
  for (const auto &[slug, stream] : streams_) stream->limit_store(share);
}

void Pipelines::tell_relay(const std::string &slug, const std::string &json) {
  if (Stream *stream = find(slug)) stream->to_relay(json);
}

Expected<void> Pipelines::add_source(const std::string &slug, const Source &source) {
  Stream *stream = find(slug);
  return stream ? stream->add_source(source) : not_carried(slug);
}

void Pipelines::switch_source(const std::string &slug, const std::string &ticket, bool standby) {
  if (Stream *stream = find(slug)) stream->switch_source(ticket, standby);
}

void Pipelines::tell_source(const std::string &slug, const std::string &ticket, const std::string &json) {
  if (Stream *stream = find(slug)) stream->to_source(ticket, json);
}

void Pipelines::remove_source(const std::string &slug, const std::string &ticket, bool drain) {
  if (Stream *stream = find(slug)) stream->remove_source(ticket, drain);
}

std::unique_ptr<PublishedMedia> Pipelines::ingest(const std::string &slug, const std::string &uri,
                                                  std::function<void(const Error &)> over) {
  return std::make_unique<MediaIngest>(slug, uri, std::move(over));
}

Expected<void> Pipelines::play(const std::string &slug, formats::Format format, formats::Player &player) {
  Stream *stream = find(slug);
  if (!stream) return not_carried(slug);
  stream->play(format, player);
  return {};
}

void Pipelines::leave(const std::string &slug, formats::Format format, formats::Player &player) {
  if (Stream *stream = find(slug)) stream->leave(format, player);
}

Expected<std::unique_ptr<RtcPeer>> Pipelines::send_rtc(webrtc::Plan plan, RtcPeer::Handler handler) {
  return started(std::make_unique<Viewer>(std::move(plan), handler));
}

Expected<std::unique_ptr<RtcPeer>> Pipelines::receive_rtc(webrtc::Plan plan, RtcPeer::Handler handler) {
  return started(std::make_unique<Publisher>(std::move(plan), handler));
}

std::vector<std::string> Pipelines::slugs() const {
  std::vector<std::string> slugs;
  for (const auto &[slug, stream] : streams_) slugs.push_back(slug);
  return slugs;
}

Measured Pipelines::measure(const std::string &slug) const {
  const Stream *stream = find(slug);
  if (!stream) return {};
  Stats stats = stream->stats();
  std::uint64_t kept_streams = 0;
  std::vector<std::string> silent_children, silent_parents;
  for (const LinkStats &link : stats.links) {
    if (link.parent) kept_streams = std::max(kept_streams, link.kept_streams);
    if (link.unanswered >= (link.parent ? parent_silent_after : child_silent_after))
      (link.parent ? silent_parents : silent_children).push_back(link.ticket);
  }
  return {.rate_bps = stats.rate_bps,
          .largest_group = stats.largest_group,
          .caps = std::move(stats.caps),
          .kept_streams = kept_streams,
          .carried_bps = stats.carried_bps,
          .needed_bps = stats.needed_bps,
          .refused = stats.refused,
          .silent_children = std::move(silent_children),
          .silent_parents = std::move(silent_parents)};
}

formats::Facts Pipelines::facts(const std::string &slug) const {
  const Stream *stream = find(slug);
  return stream ? stream->facts() : formats::Facts{};
}

std::map<std::string, Link> Pipelines::links(const std::string &slug) const {
  std::map<std::string, Link> links;
  const Stream *stream = find(slug);
  if (!stream) return links;
  for (const LinkStats &link : stream->stats().links)
    links[link.ticket] = {link.rtt_ms, link.bytes_sent, link.bytes_received, link.kept_streams};
  return links;
}

std::vector<Drawing> Pipelines::drawings() const {
  std::vector<Drawing> drawings;
  for (const auto &[slug, stream] : streams_) drawings.push_back({slug, "relay", stream->drawing()});
  return drawings;
}

Expected<std::string> Pipelines::playlist(const std::string &slug,
                                          const formats::PlaylistQuery &query) const {
  const Stream *stream = find(slug);
  return stream ? stream->playlist(query) : not_carried(slug);
}

Expected<std::vector<Slice>> Pipelines::segment(const std::string &slug, const std::string &file) const {
  const Stream *stream = find(slug);
  const formats::HlsWindow *window = stream ? stream->hls() : ended_hls_.find(slug, now());
  if (!window) return not_carried(slug);
  if (const auto part = formats::parse_part_name(file)) return window->part(*part);
  if (const auto number = formats::parse_init_name(file)) {
    const auto init = window->init(*number);
    if (!init) return tl::unexpected<Error>(init.error());
    return std::vector<Slice>{*init};
  }
  const auto sequence = formats::parse_segment_name(file);
  if (!sequence) return fail(Code::not_found, "no segment is called '" + file + "'");
  auto segment = window->segment(*sequence);
  if (!segment) return tl::unexpected<Error>(segment.error());
  return std::move(segment->pieces);
}

Expected<std::string> Pipelines::ended_playlist(const std::string &slug) const {
  const formats::HlsWindow *window = find(slug) ? nullptr : ended_hls_.find(slug, now());
  if (!window) return not_carried(slug);
  return window->playlist();
}

Time Pipelines::hls_patience(const std::string &slug) const {
  const Stream *stream = find(slug);
  return stream ? stream->hls_patience() : Time::zero();
}

void Pipelines::on_relay_message(const std::string &slug, const std::string &json) {
  if (listener_) listener_->on_relay_message(slug, json);
}

void Pipelines::on_source_message(const std::string &slug, const std::string &ticket,
                                  const std::string &json) {
  if (listener_) listener_->on_source_message(slug, ticket, json);
}

void Pipelines::on_source_linked(const std::string &slug, const std::string &ticket) {
  if (listener_) listener_->on_source_linked(slug, ticket);
}

void Pipelines::on_source_flows(const std::string &slug, const std::string &ticket) {
  if (listener_) listener_->on_source_flows(slug, ticket);
}

void Pipelines::on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) {
  if (listener_) listener_->on_source_ended(slug, ticket, error);
}

void Pipelines::on_media(const std::string &slug, const std::string &) {
  if (listener_) listener_->on_media(slug);
}

void Pipelines::on_facts(const std::string &slug) {
  if (listener_) listener_->on_facts(slug);
}

void Pipelines::on_hls_news(const std::string &slug) {
  if (hls_news_) hls_news_(slug);
}

void Pipelines::on_silence(const std::string &slug) {
  if (listener_) listener_->on_silence(slug);
}

void Pipelines::on_child_slow(const std::string &slug, const std::string &ticket) {
  if (listener_) listener_->on_child_slow(slug, ticket);
}

}  // namespace astral::media
