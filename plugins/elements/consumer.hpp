// SPDX-License-Identifier: BSD-3-Clause
// The side of a stream that receives: takes an offer, connects, subscribes, fetches what came before, and
// yields the objects in order, each once, with the catalog that describes them before the first. Decides what
// is asked for, waited for and given up.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "elements/catalog.hpp"
#include "elements/catchup.hpp"
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
    track::Store::Limits store;  // between the network and whoever takes the objects
    bool standby = false;
  };
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_consumer_signal(const std::string &text) = 0;
    virtual void on_consumer_connected(const std::string &ticket, const std::string &fingerprint) = 0;
    virtual Needs on_consumer_needs() = 0;
    // take() may have something.
    virtual void on_consumer_ready() = 0;
    // Once, the last call. No error: the stream has ended, all of it can be taken.
    virtual void on_consumer_ended(const std::optional<Error> &error) = 0;
  };
  Consumer(Settings settings, GMainContext *context, Owner &owner);
  ~Consumer() override;

  // From the signaller: the offer, candidates, cancels. Others are not a consumer's.
  void handle(const signalling::Message &message);
  // Paused: the link and the subscription stay, no object comes. Going on, it fetches what is needed. Told to
  // go on while it does, it asks whether the provider is there. Who does not answer in time is given up.
  void set_standby(bool standby);
  static constexpr Time answer_timeout = 1500ms;
  // From this round trip on, a link that comes up to stand by carries the newest two groups once: its
  // congestion controller knows then what the path bears, and does not have to find out when time is short.
  static constexpr Time far = 50ms;
  // While it stands by: this, and no more. Nothing where its link is not there, or is asked already.
  void fetch(const track::Span &gap);

  // The next object in order, when it is there; where there is none, the next of the past.
  std::optional<Taken> take();
  void fill(Statistics &statistics) const;

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
  void answered(const std::optional<moqt::Location> &largest);
  // Of what is fetched: who asked for it. Null: nobody (any more).
  Catchup *asker(moqt::RequestId request);
  void received(moqt::ObjectReceived &event);
  std::optional<Taken> take_past(Time time);
  void learn_catalog(std::uint64_t group, Slice text);
  void break_off(Error why);
  void end(std::optional<Error> error);

  const Settings settings_;
  Owner &owner_;
  GMainContext *const context_;
  std::unique_ptr<Link> link_;
  moqt::RequestId media_{}, catalog_{};
  std::size_t answers_ = 0;  // of the media's subscription and its updates, that have not come
  bool established_ = false;
  bool probing_ = false;  // the answer that is awaited changes nothing
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
  bool standby_ = false;
  bool fresh_ = false;  // objects have arrived since the owner was told
  bool ended_ = false;
  bool track_ended_ = false;
  bool closing_ = false;  // being destroyed: what the link still brings is nobody's
  std::uint64_t bytes_ = 0, objects_ = 0, groups_ = 0;
  Rate rate_;
  Timer timer_, answer_timer_;
};

}  // namespace astral::elements
