// SPDX-License-Identifier: BSD-3-Clause
// The receiving side of a stream: takes an offer, connects, subscribes, fetches the missing objects, and
// returns the objects in order, each once. The catalog that describes an object comes before it. Decides what
// to request, what to wait for and what to give up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elements/catalog.hpp"
#include "elements/catchup.hpp"
#include "elements/gate.hpp"
#include "elements/lag_watch.hpp"
#include "elements/line_meter.hpp"
#include "elements/link.hpp"
#include "elements/sequence.hpp"
#include "elements/signalling.hpp"
#include "elements/statistics.hpp"
#include "track/store.hpp"

namespace astral::elements {

// **Thread**: the element's loop.
class Consumer final : private Link::Owner {
 public:
  struct Settings {
    std::string slug;
    LinkSettings link;
    track::Store::Limits store;  // of the store between the network and take()
    bool standby = false;
    Time max_lag{};  // see LagWatch; 0: skip nothing
    Fingerprint stream_key = {};  // see Gate
  };
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_consumer_signal(const std::string &text) = 0;
    virtual void on_consumer_connected(const std::string &ticket, const std::string &fingerprint) = 0;
    virtual Needs on_consumer_needs() = 0;
    // take() may return an object.
    virtual void on_consumer_ready() = 0;
    // The line does not carry the stream, so the reader skips; or it does again (nullopt).
    virtual void on_consumer_thin(const std::optional<LineMeter::Rates> &rates) = 0;
    // The last call, once. nullopt: the stream has ended, and take() returns what is left.
    virtual void on_consumer_ended(const std::optional<Error> &error) = 0;
  };
  Consumer(Settings settings, GMainContext *context, Owner &owner);
  ~Consumer() override;

  // Takes the signaller's messages: offers, candidates, cancels. Ignores the others.
  void handle(const signalling::Message &message);
  // Standby keeps the link and the subscription but receives no objects. Leaving standby fetches the missing
  // objects. A call that leaves standby when it is already off probes whether the provider still answers. A
  // provider that does not answer within answer_timeout is given up, unless it was probed and its QUIC is
  // silent too.
  void set_standby(bool standby);
  static constexpr Time answer_timeout = 1500ms;
  // If the round trip is at least this, a link that comes up in standby carries the newest two groups once.
  // So its congestion controller knows the path before the link is needed.
  static constexpr Time far = 50ms;
  // In standby: fetches this gap and stays in standby. Does nothing if the link is not ready or a request is
  // open.
  void fetch(const track::Span &gap);

  // The next object in order, if it has arrived; otherwise the next object of the past, if wanted.
  std::optional<Taken> take();
  // The reader has got this object as soon as it had arrived. May skip to a newer group.
  void observe(const Taken &taken);
  void fill(Statistics &statistics) const;
  std::uint64_t refused() const { return gate_.refused() + different_; }
  std::uint64_t forged() const { return gate_.refused(); }
  const Fingerprint &stream_key() const { return gate_.fingerprint(); }  // empty: not known yet
  // What comes before the answer that shows the stream's key waits for it, up to this.
  static constexpr std::size_t max_unchecked = 4 * 1024 * 1024;  // bytes
  static constexpr std::size_t max_unchecked_events = 4096;
  // A replay is signed, and checking it costs time. A link may bring this many objects more that are already
  // here, or too old, than new ones.
  static constexpr std::uint64_t max_repeated = 1024;

 private:
  void on_link_candidate(Link &link, const std::string &candidate) override;
  void on_link_ready(Link &link) override;
  void on_link_event(Link &link, moqt::Event &event) override;
  void on_link_writable(Link &) override {}
  void on_link_ended(Link &link, const Error &error) override;

  void offered(const signalling::Offer &offer);
  moqt::RequestId subscribe(const char *track, bool forward);
  void begin();
  void fetch_past(const std::optional<moqt::Location> &largest);
  void warm_up(const std::optional<moqt::Location> &largest);
  void miss_answer();
  void answered(const std::optional<moqt::Location> &largest);
  // The catch-up that made this fetch; null: none (any more).
  Catchup *asker(moqt::RequestId request);
  void handle(Link &link, moqt::Event &event);
  void keep_unchecked(moqt::Event &event);
  void subscribed(Link &link, const moqt::SubscribeAccepted &accepted);
  void received(moqt::ObjectReceived &event);
  std::optional<Taken> take_past(Time time);
  void group_begun(std::uint64_t group);
  bool is_over() const;
  void ask_largest();
  void skip_to(moqt::Location begin);
  void learn_catalog(moqt::Location at, Slice text, Bytes proof);
  void refuse(const Error &why);
  void fail_link(Error why);
  void end(std::optional<Error> error);

  const Settings settings_;
  Owner &owner_;
  GMainContext *const context_;
  std::unique_ptr<Link> link_;
  Gate gate_;
  std::vector<moqt::Event> unchecked_;
  std::size_t unchecked_bytes_ = 0;
  bool refusing_ = false;        // the link is being closed for what it brought
  std::uint64_t repeated_ = 0;
  std::uint64_t different_ = 0;  // objects with other content than before
  moqt::RequestId media_{}, catalog_{};
  std::size_t answers_ = 0;  // open: SUBSCRIBE and REQUEST_UPDATEs of the media track
  bool established_ = false;
  bool probing_ = false;  // the open REQUEST_UPDATE changes nothing
  bool cut_ = false;      // nothing came from the provider when it had to answer
  bool asking_ = false;   // an open REQUEST_UPDATE asks for the provider's largest object
  std::unique_ptr<Catchup> catchup_;
  struct Past {
    Past(const track::Store::Limits &limits, moqt::Session &session, moqt::TrackName track,
         std::string ticket);
    track::Store store;
    track::Cursor cursor{{}};
    Catchup fetch;
  };
  bool past_wanted_ = false;
  std::unique_ptr<Past> past_;
  std::optional<Present> present_;
  track::Store store_;
  Sequence sequence_;
  LineMeter line_;
  LagWatch lag_watch_;
  std::optional<LineMeter::Rates> thin_;  // as the owner was told
  std::optional<std::uint64_t> aborted_;  // the provider did not finish this group, and has begun none since
  std::uint64_t first_group_ = 0;         // that the subscription brings
  bool standby_ = false;
  bool fresh_ = false;  // objects have arrived since the last on_consumer_ready()
  bool ended_ = false;
  std::optional<moqt::Location> over_;  // the object with which the stream's key has ended the run
  bool track_ended_ = false;
  bool closing_ = false;  // being destroyed: ignore the link's calls
  std::uint64_t bytes_ = 0, objects_ = 0, groups_ = 0;
  Rate rate_;
  Timer timer_, answer_timer_;
};

}  // namespace astral::elements
