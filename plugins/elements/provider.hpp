// SPDX-License-Identifier: BSD-3-Clause
// The sending side of a stream: keeps its last seconds, answers ticket requests, and feeds each child at the
// child's own pace. Decides what a child gets next. The node decides who may be a child.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elements/catalog.hpp"
#include "elements/link.hpp"
#include "elements/playout.hpp"
#include "elements/sequence.hpp"
#include "elements/signalling.hpp"
#include "elements/statistics.hpp"
#include "track/store.hpp"

namespace astral::elements {

// **Thread**: the element's loop. **Owns** the store and the children's links.
class Provider final : private Link::Owner {
 public:
  struct Settings {
    std::string slug;
    std::string uuid;  // the element's uuid at the node
    LinkSettings link;
    std::size_t max_children = 100;
    track::Store::Limits store;
  };
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_provider_signal(const std::string &text) = 0;
    // A child has subscribed to the media track.
    virtual void on_child_added(const std::string &ticket, const std::string &fingerprint) = 0;
    virtual void on_child_removed(const std::string &ticket, const Error &why) = 0;
    // The child is too slow for the stream's rate: objects were dropped `slow_skips` times within `slow_time`
    // before it got them. Repeated while this lasts.
    virtual void on_child_slow(const std::string &ticket) = 0;
    // Data has been in flight to this child for `silent_after`, and nothing has come from it. Called once.
    virtual void on_child_silent(const std::string &) {}
  };

  Provider(Settings settings, GMainContext *context, Owner &owner);
  ~Provider() override;

  // Takes the signaller's messages: requests, confirms, candidates, cancels. Ignores the others.
  void handle(const signalling::Message &message);

  void set_catalog(Catalog catalog);
  const Catalog &catalog() const { return catalog_; }
  // Stores the object, which was checked; pump() sends it to the children. False: it is a duplicate or too
  // late.
  bool add(track::Object object, std::optional<std::int64_t> pts);
  // What has not arrived before `first` will not arrive: no reader waits for it.
  void give_up_before(moqt::Location first);
  // Sets where the stream is now, in case the first objects are older.
  void anchor(const Present &present);
  void pump();
  void limit_store(std::size_t bytes) { store_.limit(bytes); }
  // For new links.
  void use_stun(StunServer server) { settings_.link.stun = std::move(server); }
  void use_turn(TurnServer server) { settings_.link.turn = std::move(server); }
  const track::Store &store() const { return store_; }

  // The track ends: each child gets PUBLISH_DONE after everything that is in the store, when its line has taken
  // that. Nothing is added afterwards.
  void finish();
  static constexpr std::size_t max_fetches = 4;  // open fetches of one child
  // An interrupted path causes one skip. A child that is always too slow skips once in each store_time.
  static constexpr std::size_t slow_skips = 2;
  static constexpr Time slow_time = 60s;
  // A child that pauses and goes on so soon has skipped to the newest object: its line is too thin.
  static constexpr Time skip_time = 100ms;
  static constexpr Time silent_after = 400ms;
  // Calls `done` from the loop, once, when every child has acknowledged everything.
  void drain(std::function<void()> done);
  std::size_t children() const { return children_.size(); }
  // Adds the counters of the links.
  void fill(Statistics &statistics) const;

 private:
  enum class Track { catalog, media };
  struct Subscription {
    Track track{};
    moqt::RequestId request{};
    moqt::Subscribe asked;
    bool accepted = false;
    bool forward = true;
    Time paused{};  // when the child set FORWARD to 0
    track::Cursor cursor{{}};
    std::optional<moqt::StreamId> stream;  // the group that is being sent; nullopt: none
    std::uint64_t sent_catalog = 0;
  };
  struct Fetching {
    moqt::StreamId stream{};
    track::Range range;
    bool later = false;  // is sent after the media
  };
  struct Child {
    std::unique_ptr<Link> link;
    bool served = false;  // has subscribed to the media track
    std::optional<Subscription> media, catalog;
    std::map<moqt::RequestId, Fetching> fetches;
    std::uint64_t objects = 0, bytes = 0, skips = 0;
    bool silent = false;    // as the owner was told
    std::deque<Time> late;  // times of its last skips because of dropped objects
  };

  void on_link_candidate(Link &link, const std::string &candidate) override;
  void on_link_ready(Link &) override {}
  void on_link_event(Link &link, moqt::Event &event) override;
  void on_link_writable(Link &link) override;
  void on_link_ended(Link &link, const Error &error) override;

  void request(const signalling::Request &request);
  void confirm(const signalling::Confirm &confirm);
  void cancel(const std::string &ticket, const Error &why);
  void subscribed(Child &child, const moqt::Subscribed &event);
  void updated(Child &child, const moqt::UpdateReceived &update);
  void accept(Child &child, Subscription &subscription);
  void fetched(Child &child, const moqt::Fetched &asked);
  bool good_token(const Child &child, const moqt::Parameters &parameters) const;
  void send_catalog(Child &child);
  // Both take and return the number of bytes that this turn has sent.
  std::size_t send_fetches(Child &child, bool later, std::size_t taken);
  std::size_t send_media(Child &child, std::size_t taken);
  void count(Child &child, std::size_t bytes);
  void skipped(Child &child, bool late, Time now);
  void finish_if_sent(Child &child);
  void end_at_once(Child &child);
  void send_done(Child &child);
  Subscription *find(Child &child, moqt::RequestId request);
  // Precondition: the link is one of ours. Links are identified by ticket; a ticket in use is refused.
  Child &child_of(const Link &link);
  void set_timer();
  void check_drained();

  Settings settings_;
  Owner &owner_;
  GMainContext *const context_;
  track::Store store_;
  Playout playout_;  // maps to the clock of now()
  Catalog catalog_;
  bool finishing_ = false;  // the track ends
  bool closing_ = false;    // being destroyed: ignore the links' calls
  std::function<void()> drained_;
  std::map<std::string, Child> children_;  // by ticket
  std::uint64_t skipped_ = 0, refused_ = 0, sent_bytes_ = 0;
  Timer timer_;
  Mailbox mailbox_;
};

}  // namespace astral::elements
