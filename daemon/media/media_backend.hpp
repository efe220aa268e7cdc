// SPDX-License-Identifier: BSD-3-Clause
// What the driver asks of the media, as an interface: pipelines in the program, a fake in the tests. Messages
// are JSON text, as on /peer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
#include "glue/time.hpp"

namespace astral::media {

struct Measured {
  std::uint64_t rate_bps = 0;
  std::uint64_t largest_group = 0;
  std::string caps;
  std::uint64_t kept_streams = 0;  // by the link to a parent that has most
};

// A link of one ticket, at either of its ends.
struct Link {
  double rtt_ms = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t kept_streams = 0;
};

// A pipeline, as Graphviz reads it.
struct Drawing {
  std::string slug;
  std::string name;
  std::string dot;
};

// What one stream's publishers send by RTMP, one after the other; ends with its destruction.
class PublishedMedia {
 public:
  virtual ~PublishedMedia() = default;
  virtual void begin() = 0;  // another publisher goes on
  virtual void expect(const rtmp::Metadata &metadata) = 0;
  virtual Expected<void> push(const rtmp::Media &media) = 0;
  virtual void finish() = 0;
};

// One WebRTC connection; ends with its destruction.
class RtcPeer {
 public:
  // Never from inside a call to it, and nothing after on_over, which may destroy it.
  struct Handler {
    std::function<void(const std::string &sdp)> on_answer;
    std::function<void()> on_connected;
    std::function<void(const Error &)> on_over;
    std::function<void(const rtmp::Media &)> on_media;  // of one who publishes; must not destroy it
  };
  virtual ~RtcPeer() = default;
  virtual void play(const Slice &piece, bool is_start) = 0;  // to one who watches, once it is connected
};

// **Thread**: one main context. Streams are named by slug; calls about one that is not open do nothing, or
// answer not_found.
class MediaBackend {
 public:
  // Never called from inside a call to the backend.
  class Listener {
   public:
    virtual void on_relay_message(const std::string &slug, const std::string &json) = 0;
    virtual void on_source_message(const std::string &slug, const std::string &ticket,
                                   const std::string &json) = 0;
    // Its first media has come, since it was added or switched.
    virtual void on_source_flows(const std::string &slug, const std::string &ticket) = 0;
    virtual void on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) = 0;
    virtual void on_media(const std::string &slug) = 0;  // measure() says something new
    virtual void on_facts(const std::string &slug) = 0;  // facts() says something new
    // No media for longer than the stream's cadence explains; again, ever later, while that lasts.
    virtual void on_silence(const std::string &slug) = 0;
    // The child of this ticket does not hold the stream's rate. Again while that lasts.
    virtual void on_child_slow(const std::string &slug, const std::string &ticket) = 0;

   protected:
    ~Listener() = default;
  };

  virtual ~MediaBackend() = default;
  virtual void listen(Listener *listener) = 0;  // null: nobody

  // `own`: published here.
  virtual Expected<void> open(const std::string &slug, bool own) = 0;
  virtual void close(const std::string &slug) = 0;
  virtual void tell_relay(const std::string &slug, const std::string &json) = 0;
  virtual Expected<void> add_source(const std::string &slug, const std::string &ticket,
                                    const std::string &offer, bool standby) = 0;
  virtual void switch_source(const std::string &slug, const std::string &ticket, bool standby) = 0;
  virtual void tell_source(const std::string &slug, const std::string &ticket, const std::string &json) = 0;
  virtual void remove_source(const std::string &slug, const std::string &ticket) = 0;

  // Publishes at the node `uri` (astral://HOST:PORT/SLUG) under the slug. `over` comes once, never from
  // inside a call, and may destroy the ingest; not_found: after finish(), all is out.
  virtual std::unique_ptr<PublishedMedia> ingest(const std::string &slug, const std::string &uri,
                                                 std::function<void(const Error &)> over) = 0;

  // What play() can give as an HTTP answer without an end.
  virtual std::vector<formats::LiveFormat> live_formats() const = 0;
  // As it comes. not_found: no such stream. What ends the player, has left by itself.
  virtual Expected<void> play(const std::string &slug, formats::Format format, formats::Player &player) = 0;
  virtual void leave(const std::string &slug, formats::Format format, formats::Player &player) = 0;

  // A small JPEG of what a media::KeyFrame has gathered. `done` is never called from inside a call.
  virtual void make_thumbnail(std::vector<Slice> key_frame,
                              std::function<void(const Expected<Slice> &)> done) = 0;

  virtual Expected<std::unique_ptr<RtcPeer>> send_rtc(webrtc::Plan plan, RtcPeer::Handler handler) = 0;
  virtual Expected<std::unique_ptr<RtcPeer>> receive_rtc(webrtc::Plan plan, RtcPeer::Handler handler) = 0;

  virtual std::vector<std::string> slugs() const = 0;
  virtual Measured measure(const std::string &slug) const = 0;
  virtual formats::Facts facts(const std::string &slug) const = 0;               // as far as they are known
  virtual std::map<std::string, Link> links(const std::string &slug) const = 0;  // by ticket
  virtual std::vector<Drawing> drawings() const = 0;

  // HLS. not_found: no such stream, segment or part. unreachable: not yet. unsupported: never for this
  // media. invalid: nobody waits that long.
  virtual Expected<std::string> playlist(const std::string &slug,
                                         const formats::PlaylistQuery &query) const = 0;
  virtual Expected<std::vector<Slice>> segment(const std::string &slug, const std::string &file) const = 0;
  // How long one may wait for what comes next; zero: nothing has come.
  virtual Time hls_patience(const std::string &slug) const = 0;
  // `news`: what was not there yet may be. Never from inside a call.
  virtual void hear_hls(std::function<void(const std::string &slug)> news) = 0;
};

}  // namespace astral::media
