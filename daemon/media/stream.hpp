// SPDX-License-Identifier: BSD-3-Clause
// The pipeline of one stream that this node carries: one astralsrc per parent, the astralrelay that serves
// the children, and the HLS window. It decides nothing about tickets; it does what the core says.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/fact_finder.hpp"
#include "formats/facts.hpp"
#include "formats/player.hpp"
#include "formats/playlist.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/branch.hpp"
#include "media/hls_branch.hpp"
#include "media/tap.hpp"

namespace astral::media {

struct Settings {
  std::string key_file;                         // this node's Ed25519 key; empty: a key of the element's own
  std::string stun;                             // "host:port"; empty: none
  std::uint64_t store_bytes = 64 << 20;         // of one stream
  std::uint64_t store_total_bytes = 512 << 20;  // of all together, shared evenly
  Time store_time = 10s;
  unsigned max_children = 100;
  formats::HlsLimits hls;
};

// What a stream has to tell. **Thread**: the context that the stream was opened on.
// A handler may call the stream, and may destroy it.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_relay_message(const std::string &slug, const std::string &json) = 0;
  virtual void on_source_message(const std::string &slug, const std::string &ticket,
                                 const std::string &json) = 0;
  // Since it was added or switched, its media has come, and is not behind what others bring.
  virtual void on_source_flows(const std::string &slug, const std::string &ticket) = 0;
  // That parent gives no more: not_found after EOS (the publisher ended it), else what its element said. The
  // source is still there; remove_source() takes it out.
  virtual void on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) = 0;
  // The media's caps, as soon as they are known and whenever they change.
  virtual void on_media(const std::string &slug, const std::string &caps) = 0;
  // facts() says something else.
  virtual void on_facts(const std::string &slug) = 0;
  // Somebody who waits for the playlist, or for a part, may look again.
  virtual void on_hls_news(const std::string &slug) = 0;
  // The relay's: no media for longer than the stream's cadence explains; again, ever later, while that lasts.
  virtual void on_silence(const std::string &slug) = 0;
  // The relay's: this child does not hold the stream's rate, and skips.
  virtual void on_child_slow(const std::string &slug, const std::string &ticket) = 0;
};

struct LinkStats {
  std::string ticket;
  bool parent = false;      // the other end forwards to us
  std::string fingerprint;  // of the other end's key
  double rtt_ms = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t kept_streams = 0;  // what the QUIC library cannot forget of it: one a group
};

struct Stats {
  std::uint64_t bytes = 0;  // the relay's, from its parents
  std::uint64_t objects = 0;
  std::uint64_t groups = 0;
  std::uint64_t largest_group = 0;
  std::uint64_t rate_bps = 0;
  std::uint64_t skipped = 0;
  int peers = 0;  // children
  std::string caps;
  std::vector<LinkStats> links;
};

// **Thread**: opened, used and destroyed on one main context (the thread-default one at open()); the
// elements' own threads are met at a mailbox. **Owns** the pipeline, which plays from open() to the
// destructor.
class Stream {
 public:
  // Fails when an element is missing or does not start (the detail says which). `handler` outlives the
  // stream.
  static Expected<std::unique_ptr<Stream>> open(std::string slug, const Settings &settings, Handler &handler);
  ~Stream();
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  const std::string &slug() const { return slug_; }

  // A signalling message (JSON) for the relay: what the children's side of a ticket sent.
  void to_relay(const std::string &json);

  // A new parent beside those there are: they are removed by the caller when this one serves (make before
  // break). One that stands by has its link and gets nothing. conflict: the ticket has a source already.
  Expected<void> add_source(const std::string &ticket, const std::string &offer_json, bool standby);
  // What the relay lacks is fetched by the one that is switched on. Unknown ticket: nothing.
  void switch_source(const std::string &ticket, bool standby);
  void limit_store(std::uint64_t bytes);
  void to_source(const std::string &ticket, const std::string &json);  // unknown ticket: nothing
  void remove_source(const std::string &ticket);                       // unknown ticket: nothing
  bool has_source(const std::string &ticket) const { return sources_.contains(ticket); }

  Stats stats() const;
  std::string drawing() const;                       // of the pipeline, for Graphviz
  const std::string &caps() const { return caps_; }  // empty until media came

  formats::Facts facts() const;  // of the media, as far as they are known

  // HLS. unsupported: never for this media, the detail is for people (HTTP 415). unreachable: not yet (503).
  // not_found: the segment is gone or not there yet (404).
  bool hls_ready() const;
  Expected<std::string> playlist(const formats::PlaylistQuery &query) const;
  Expected<formats::Segment> segment(std::uint64_t sequence) const;
  Expected<std::vector<Slice>> part(const formats::PartId &part) const;
  Time hls_patience() const;  // for what the window answers with unreachable

  // As it comes, from the newest group on. What a format takes is there while somebody plays it, and a while
  // longer. unsupported: never for this media.
  void play(formats::Format format, formats::Player &player);
  void leave(formats::Format format, formats::Player &player);

 private:
  struct Parent;

  Stream(std::string slug, const Settings &settings, Handler &handler);
  Expected<void> build();
  void on_error(GstObject *from, const Error &error);
  void drop_idle();
  void end_source(const std::string &ticket, std::uint64_t serial, const Error &error);

  const std::string slug_;
  const Settings settings_;
  Handler &handler_;
  std::string caps_;
  std::uint64_t serial_ = 0;  // tells a parent from an earlier one with the same ticket
  Ref<GstElement> pipeline_;
  Ref<GstElement> relay_;
  Mailbox mailbox_;
  std::unique_ptr<BusErrors> errors_;
  formats::FactFinder facts_;
  std::unique_ptr<HlsBranch> hls_;
  std::map<formats::Format, std::unique_ptr<Branch>> branches_;
  Timer idle_;
  std::map<std::string, std::unique_ptr<Parent>> sources_;  // by ticket
  SignalHandler relay_signal_, silence_signal_, slow_signal_;
};

}  // namespace astral::media
