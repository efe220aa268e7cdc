// SPDX-License-Identifier: BSD-3-Clause
// The pipeline of one stream that this node carries: one astralsrc per parent, the astralrelay that serves
// the children, and what players get of it. It decides nothing about tickets; it does what the core says.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/fact_finder.hpp"
#include "formats/facts.hpp"
#include "formats/player.hpp"
#include "formats/playlist.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/astral_element.hpp"
#include "media/branches.hpp"
#include "media/hls_branch.hpp"
#include "media/media_backend.hpp"
#include "media/parent.hpp"
#include "media/tap.hpp"

namespace astral::media {

struct Settings {
  std::string key_file;                         // this node's Ed25519 key; empty: the elements make their own
  std::string stun;                             // "address:port"; empty: none
  std::string turn = {};                        // a URI with an IP address; empty: none
  Ref<GObject> endpoint = {};                   // the node's UDP port; none: all links need ICE
  std::uint64_t store_bytes = 64 << 20;         // of one stream
  std::uint64_t store_total_bytes = 512 << 20;  // of all together, shared evenly
  Time store_time = 10s;
  Time max_lag = 3s;  // on a line that is too thin, skip to the newest group when this late; 0: never
  unsigned max_children = 100;
  std::optional<Key> key = {};  // the stream's, if it is published at this node; see MediaBackend::open()
  formats::HlsLimits hls;
};

// What a stream reports. **Thread**: the context that the stream was opened on. A handler may call the stream
// and may destroy it.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_relay_message(const std::string &slug, const std::string &json) = 0;
  virtual void on_source_message(const std::string &slug, const std::string &ticket,
                                 const std::string &json) = 0;
  virtual void on_source_linked(const std::string &slug, const std::string &ticket) = 0;  // its link is up
  // Since it was added or switched on, its media has come and is not behind what other parents bring.
  virtual void on_source_flows(const std::string &slug, const std::string &ticket) = 0;
  // The parent of this ticket has ended: not_found after EOS (the publisher has ended the stream), otherwise
  // the error of its element. remove_source() then removes it.
  virtual void on_source_ended(const std::string &slug, const std::string &ticket, const Error &error) = 0;
  // The media's caps are known or have changed, or a child has become silent.
  virtual void on_media(const std::string &slug, const std::string &caps) = 0;
  // facts() or title() has changed.
  virtual void on_facts(const std::string &slug) = 0;
  // The playlist has grown: waiting requests may ask again.
  virtual void on_hls_news(const std::string &slug) = 0;
  // From the relay: no media for longer than the stream's cadence explains. Repeated at growing intervals.
  virtual void on_silence(const std::string &slug) = 0;
  // From the relay: this child cannot take the stream's bit rate and skips.
  virtual void on_child_slow(const std::string &slug, const std::string &ticket) = 0;
};

struct Stats {
  std::uint64_t bytes = 0;  // that the relay has got from its parents
  std::uint64_t objects = 0;
  std::uint64_t groups = 0;
  std::uint64_t largest_group = 0;
  std::uint64_t rate_bps = 0;
  std::uint64_t skipped = 0;
  std::uint64_t refused = 0;      // see Measured
  std::uint64_t carried_bps = 0;  // see Measured
  std::uint64_t needed_bps = 0;
  int peers = 0;  // children
  std::string caps;
  std::vector<LinkStats> links;
};

// **Thread**: one main context, the thread-default one at open(). The elements' threads post to a mailbox.
// **Owns** the pipeline, which plays from open() to the destructor.
class Stream {
 public:
  // failed: an element is missing or does not start; the detail says which. `handler` outlives the stream.
  static Expected<std::unique_ptr<Stream>> open(std::string slug, const Settings &settings, Handler &handler);
  ~Stream();
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  const std::string &slug() const { return slug_; }

  // Gives the relay a signalling message (JSON) from the child of a ticket.
  void to_relay(const std::string &json);

  // Adds a parent; the others stay until the caller removes them (make before break). A standby parent has
  // its link and gets no media. conflict: the ticket has a source already.
  Expected<void> add_source(const Source &source);
  // A parent that is switched on fetches what the relay lacks. Does nothing for an unknown ticket, as below.
  void switch_source(const std::string &ticket, bool standby);
  void set_privacy(const std::string &privacy);        // see MediaBackend
  void set_invitation(const std::string &invitation);  // the same
  const std::optional<Title> &title() const { return title_; }
  void limit_store(std::uint64_t bytes);  // and as much again for viewers who rewind
  // For links that are made from now on.
  void use_stun(const std::string &server);
  void use_turn(const std::string &uri);
  void to_source(const std::string &ticket, const std::string &json);
  // `drain`: after what it has received, at most `drain_time` from now.
  void remove_source(const std::string &ticket, bool drain = false);
  // The stream has ended. What has come goes to the children and the players first; then they end.
  void end();
  bool has_source(const std::string &ticket) const { return parents_.contains(ticket); }

  Stats stats() const;
  std::string drawing() const;                       // the pipeline in Graphviz' language
  const std::string &caps() const { return caps_; }  // empty before the first media

  formats::Facts facts() const;  // about the media, as far as known

  // Null: HLS cannot carry this media.
  const formats::HlsWindow *hls() const;
  // unsupported: HLS cannot carry it, the detail is for people (HTTP 415). unreachable: not yet (503).
  Expected<std::string> playlist(const formats::PlaylistQuery &query) const;
  Time hls_patience() const;  // how long a request may wait after unreachable

  // Plays from the newest group on, as the stream arrives. unsupported, by on_over: this format cannot carry
  // this media.
  void play(formats::Format format, formats::Player &player);
  void leave(formats::Format format, formats::Player &player);

 private:
  static constexpr Time drain_time = 2s;

  Stream(std::string slug, const Settings &settings, Handler &handler);
  Expected<void> build();
  ElementSettings element_settings() const;
  void on_error(GstObject *from, const Error &error);
  void on_lack();
  void on_told(const GstStructure &told);
  void drained(const std::string &ticket);
  void retire(const std::string &ticket, const Parent &parent);

  const std::string slug_;
  Settings settings_;
  Handler &handler_;
  std::string caps_;
  std::optional<Title> title_;
  Ref<GstElement> pipeline_;
  Ref<GstElement> relay_;
  Mailbox mailbox_;
  std::unique_ptr<BusErrors> errors_;
  formats::FactFinder facts_;
  std::unique_ptr<HlsBranch> hls_;
  std::unique_ptr<Branches> branches_;
  std::map<std::string, std::unique_ptr<Parent>> parents_;   // by ticket
  std::map<std::string, std::unique_ptr<Parent>> draining_;  // removed; what they have received still comes
  std::uint64_t refused_ = 0;                                // by parents that are gone
  bool ends_ = false;                                        // end() was called
  Timer drain_timer_;
  SignalHandler relay_signal_, silence_signal_, slow_signal_, silent_child_signal_, lack_signal_;
};

}  // namespace astral::media
