// SPDX-License-Identifier: BSD-3-Clause
// The interface by which the rest of a node uses media: pipelines in the program, a fake in the tests.
// Signalling messages are JSON text, as on /peer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/endpoints.hpp"
#include "formats/facts.hpp"
#include "formats/hls_request.hpp"
#include "formats/player.hpp"
#include "formats/rtmp/session.hpp"
#include "formats/webrtc/plan.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "glue/time.hpp"

namespace astral::media {

struct Measured {
  std::uint64_t rate_bps = 0;
  std::uint64_t largest_group = 0;
  std::string caps;
  std::uint64_t kept_streams = 0;  // the highest LinkStats::kept_streams of a parent
  // What the line from the parent carries and what the stream needs, while it is too thin and we skip; else
  // 0.
  std::uint64_t carried_bps = 0;
  std::uint64_t needed_bps = 0;
  std::uint64_t refused = 0;  // objects and catalogs that parents brought and the stream's key has not signed
  // Tickets whose other end acknowledges nothing.
  std::vector<std::string> silent_children = {}, silent_parents = {};
};

// What a parent is made of.
struct Source {
  std::string ticket;
  std::string offer;
  std::string stream_key = {};  // the fingerprint of the key that must have signed its media; empty: any
  bool standby = false;
};

// One end of the link of a ticket.
struct Link {
  double rtt_ms = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t kept_streams = 0;
};

// A pipeline in Graphviz' language.
struct Drawing {
  std::string slug;
  std::string name;
  std::string dot;
};

// The media of one stream's publishers, one after another. Destroying it ends the pipeline.
class PublishedMedia {
 public:
  virtual ~PublishedMedia() = default;
  virtual void begin() = 0;  // another publisher continues the stream
  virtual void expect(const rtmp::Metadata &metadata) = 0;
  virtual Expected<void> push(const rtmp::Media &media) = 0;
  virtual void finish() = 0;
};

// One WebRTC connection. Destroying it closes the connection.
class RtcPeer {
 public:
  // Never called from inside a call to the peer, nor after on_over, which may destroy the peer.
  struct Handler {
    std::function<void(const std::string &sdp)> on_answer;
    std::function<void()> on_connected;
    std::function<void(const Error &)> on_over;
    std::function<void(const rtmp::Media &)> on_media;  // from a publisher; must not destroy the peer
  };
  virtual ~RtcPeer() = default;
  virtual void play(const Slice &piece, bool is_start) = 0;  // to a viewer, once it is connected
};

// **Thread**: one main context. Calls about a slug without an open stream do nothing or return
// not_found.
// Of a private stream.
struct Title {
  std::string name, description;
  bool operator==(const Title &) const = default;
};

class MediaBackend {
 public:
  // Never called from inside a call to the backend.
  class Listener {
   public:
    virtual void on_relay_message(const std::string &slug, const std::string &json) = 0;
    virtual void on_source_message(const std::string &slug, const std::string &ticket,
                                   const std::string &json) = 0;
    virtual void on_source_linked(const std::string &slug, const std::string &ticket) = 0;  // its link is up
    // Its first media since it was added or switched on has come.
    virtual void on_source_flows(const std::string &slug, const std::string &ticket) = 0;
    virtual void on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) = 0;
    virtual void on_media(const std::string &slug) = 0;  // measure() has changed
    virtual void on_facts(const std::string &slug) = 0;  // facts() has changed
    // No media for longer than the stream's cadence explains. Repeated at growing intervals meanwhile.
    virtual void on_silence(const std::string &slug) = 0;
    // The child of this ticket cannot take the stream's bit rate. Repeated while it lasts.
    virtual void on_child_slow(const std::string &slug, const std::string &ticket) = 0;

   protected:
    ~Listener() = default;
  };

  virtual ~MediaBackend() = default;
  virtual void listen(Listener *listener) = 0;  // null: no listener

  // `key`: the stream's, if it is published at this node, which then signs what its publishers bring.
  virtual Expected<void> open(const std::string &slug, const std::optional<Key> &key) = 0;
  // Of the open stream: who can read what is published here, as the relay's property "privacy"; and the
  // invitation with which this node reads what others publish.
  virtual void set_privacy(const std::string & /*slug*/, const std::string & /*privacy*/) {}
  virtual void set_invitation(const std::string & /*slug*/, const std::string & /*invitation*/) {}
  // What only the guests of a private stream see, from its media; nullopt: this node cannot read it, or not
  // yet.
  virtual std::optional<Title> title(const std::string & /*slug*/) const { return std::nullopt; }
  virtual void close(const std::string &slug) = 0;
  // The stream has ended: what has come goes to the children and the players, then each of them ends.
  virtual void end(const std::string &slug) = 0;
  virtual void tell_relay(const std::string &slug, const std::string &json) = 0;
  virtual Expected<void> add_source(const std::string &slug, const Source &source) = 0;
  virtual void switch_source(const std::string &slug, const std::string &ticket, bool standby) = 0;
  virtual void tell_source(const std::string &slug, const std::string &ticket, const std::string &json) = 0;
  // `drain`: what it has received still comes.
  virtual void remove_source(const std::string &slug, const std::string &ticket, bool drain) = 0;

  // Publishes at the node `uri` (astral://HOST:PORT/SLUG) under the slug. Calls `over` once, never from
  // inside a call; it may destroy the result. not_found: finish() has sent all media.
  virtual std::unique_ptr<PublishedMedia> ingest(const std::string &slug, const std::string &uri,
                                                 std::function<void(const Error &)> over) = 0;

  // The formats of play() that HTTP serves. The node reads them once, when it opens.
  virtual std::vector<formats::LiveFormat> live_formats() const = 0;
  // Plays the stream as it arrives. not_found: no such stream. A player that gets on_over has left already.
  virtual Expected<void> play(const std::string &slug, formats::Format format, formats::Player &player) = 0;
  virtual void leave(const std::string &slug, formats::Format format, formats::Player &player) = 0;

  // A JPEG of a key frame that a formats::KeyFrame has collected. Never calls `done` from inside a call.
  virtual void make_thumbnail(std::vector<Slice> key_frame,
                              std::function<void(const Expected<Slice> &)> done) = 0;

  virtual Expected<std::unique_ptr<RtcPeer>> send_rtc(webrtc::Plan plan, RtcPeer::Handler handler) = 0;
  virtual Expected<std::unique_ptr<RtcPeer>> receive_rtc(webrtc::Plan plan, RtcPeer::Handler handler) = 0;

  virtual std::vector<std::string> slugs() const = 0;
  virtual Measured measure(const std::string &slug) const = 0;
  virtual formats::Facts facts(const std::string &slug) const = 0;               // as far as known
  virtual std::map<std::string, Link> links(const std::string &slug) const = 0;  // by ticket
  virtual std::vector<Drawing> drawings() const = 0;

  // HLS. not_found: no such stream, segment or part. unreachable: not yet. unsupported: HLS cannot carry
  // this media. invalid: too far in the future to wait for.
  virtual Expected<std::string> playlist(const std::string &slug,
                                         const formats::PlaylistQuery &query) const = 0;
  virtual Expected<std::vector<Slice>> segment(const std::string &slug, const std::string &file) const = 0;
  // The last playlist of a stream that is not carried any more; its segments are there as before. not_found:
  // none, or it is too long ago.
  virtual Expected<std::string> ended_playlist(const std::string &slug) const = 0;
  // How long a request may wait for the next segment or part; zero: there is no playlist yet.
  virtual Time hls_patience(const std::string &slug) const = 0;
  // Calls `news` when a playlist has grown, never from inside a call.
  virtual void hear_hls(std::function<void(const std::string &slug)> news) = 0;
};

}  // namespace astral::media
