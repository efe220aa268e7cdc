// SPDX-License-Identifier: BSD-3-Clause
// The side of a stream that forwards: keeps its last seconds, takes requests for tickets, and feeds every
// child at that child's own pace. Decides what a child gets next; not who may be a child (the node does).
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
    std::string uuid;  // of the element, as the node knows it
    LinkSettings link;
    std::size_t max_children = 100;
    track::Store::Limits store;
  };
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_provider_signal(const std::string &text) = 0;
    // It has subscribed to the media.
    virtual void on_child_added(const std::string &ticket, const std::string &fingerprint) = 0;
    virtual void on_child_removed(const std::string &ticket, const Error &why) = 0;
    // It does not hold the rate: what it was to get has been dropped `slow_skips` times within `slow_time`.
    // Again as long as that lasts.
    virtual void on_child_slow(const std::string &ticket) = 0;
  };

  Provider(Settings settings, GMainContext *context, Owner &owner);
  ~Provider() override;

  // From the signaller: requests, confirms, candidates, cancels. Others are not a provider's.
  void handle(const signalling::Message &message);

  void set_catalog(Catalog catalog);
  const Catalog &catalog() const { return catalog_; }
  // Keeps the object; pump() then sends it to the children. False: it was here already, or came too late.
  bool add(track::Object object, std::optional<std::int64_t> pts);
  // Where the stream is now, if the first object is to be older.
  void anchor(const Present &present);
  void pump();
  void limit_store(std::size_t bytes) { store_.limit(bytes); }
  const track::Store &store() const { return store_; }

  // The track ends: PUBLISH_DONE to all children, once they have what there is.
  void finish();
  static constexpr std::size_t max_fetches = 4;  // of one child at a time
  // A path that was gone for a while is one skip; who is always too slow skips once for each store_time.
  static constexpr std::size_t slow_skips = 2;
  static constexpr Time slow_time = 60s;
  // Calls `done` (from the loop, once) when every child has acknowledged what there is.
  void drain(std::function<void()> done);
  std::size_t children() const { return children_.size(); }
  // Adds what the links have sent.
  void fill(Statistics &statistics) const;

 private:
  enum class Track { catalog, media };
  struct Subscription {
    Track track{};
    moqt::RequestId request{};
    moqt::Subscribe asked;
    bool accepted = false;
    bool forward = true;
    track::Cursor cursor{{}};
    std::optional<moqt::StreamId> stream;  // the group that is being sent
    std::uint64_t sent_catalog = 0;
  };
  struct Fetching {
    moqt::StreamId stream{};
    track::Range range;
    bool later = false;  // than the media
  };
  struct Child {
    std::unique_ptr<Link> link;
    bool served = false;  // has asked for the media
    std::optional<Subscription> media, catalog;
    std::map<moqt::RequestId, Fetching> fetches;
    std::uint64_t objects = 0, bytes = 0, skips = 0;
    std::deque<Time> late;  // when it skipped, the last slow_skips
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
  // Of both: bytes taken by this turn so far, and then.
  std::size_t send_fetches(Child &child, bool later, std::size_t taken);
  std::size_t send_media(Child &child, std::size_t taken);
  void count(Child &child, std::size_t bytes);
  void skipped(Child &child, bool late, Time now);
  void finish(Child &child);
  Subscription *find(Child &child, moqt::RequestId request);
  // Of a link of ours: they are told apart by their tickets, and a ticket that is in use is refused.
  Child &child_of(const Link &link);
  void set_timer();
  void check_drained();

  const Settings settings_;
  Owner &owner_;
  GMainContext *const context_;
  track::Store store_;
  Playout playout_;  // to the clock of now()
  Catalog catalog_;
  bool closing_ = false;  // being destroyed: what the links still bring is nobody's
  std::function<void()> drained_;
  std::map<std::string, Child> children_;  // by ticket
  std::uint64_t skipped_ = 0, sent_bytes_ = 0;
  Timer timer_;
  Mailbox mailbox_;
};

}  // namespace astral::elements
