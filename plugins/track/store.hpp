// SPDX-License-Identifier: BSD-3-Clause
// The last seconds of one track: groups of objects, each object once, bounded in bytes and in time. And its
// readers, each of which goes through it in order at its own pace.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "glue/time.hpp"
#include "moqt/object.hpp"

namespace astral::track {

using moqt::Location;
using moqt::Object;

// From `first` to before `end`.
struct Span {
  Location first, end;
  bool operator==(const Span &) const = default;
};

// Thread: one. Owns: references on the objects' bytes.
class Store {
 public:
  struct Limits {
    std::size_t bytes = 32 * 1024 * 1024;  // the newest group may pass it alone only by its last object
    Time age = 10s;                        // of a group that is not the newest, as long as objects come
  };
  // A longer pause between two objects counts as this one: while nothing newer comes nothing ages, for who
  // is behind may have to fetch it when the publisher is there again.
  static constexpr Time longest_pause = 1s;
  // What an object costs beside its bytes, and its place before it has come: so that these are bounded too.
  static constexpr std::size_t object_cost = 128;
  static constexpr std::uint64_t max_ahead =
      65'536;  // objects of a group that arrive before their predecessors
  static constexpr std::size_t max_groups = 1024;
  // Groups and objects are numbered below this; what says otherwise is refused. So the id after one that is
  // kept is an id as well, and a reader never gets back to where it began. Ours stay far below it.
  static constexpr std::uint64_t max_id = std::uint64_t{1} << 61;
  // Group ids of a publisher's run start at the time in milliseconds, times this: a leap of this size is a
  // new run, in which nothing between is to be waited for. Loss never makes one.
  static constexpr std::uint64_t restart_leap = 1024;

  enum class Added {
    fresh,
    duplicate,  // it is here already
    late,       // its place has been dropped, or its group has ended before it
    too_far,    // more than max_ahead, or no id of ours
  };

  Store() : Store(Limits{}) {}
  explicit Store(Limits limits) : limits_(limits) {}

  // Forgets all; from now on what lies before `begin` is late.
  void restart(Location begin);
  Added add(Object object, Time now);
  // What of this group has not arrived will not come.
  void abandon(std::uint64_t group);
  // Nor will what has not arrived up to and with `last`.
  void lose_until(Location last) { lost_until_ = std::max(lost_until_, last); }
  void limit(std::size_t bytes);            // instead of Limits::bytes, from now on
  std::optional<Location> largest() const;  // the newest object, statuses not counted
  // What has not arrived from `from` on, before something newer. Nothing: it has, or nothing newer has.
  std::optional<Span> gap(Location from) const;
  std::size_t bytes() const { return bytes_; }
  std::size_t groups() const { return groups_.size(); }

 private:
  friend class Cursor;
  friend class Range;

  struct Group {
    std::uint64_t first = 0;           // the id of objects[0]; above 0: its beginning has been dropped
    std::deque<Object> objects;        // one that has not arrived has an empty wire
    std::optional<std::uint64_t> end;  // the id of its end-of-group status
    std::size_t bytes = 0;
    bool abandoned = false;
    Time arrived{};  // its newest object, by clock_
    const Object *find(std::uint64_t id) const;
    // The first that is here, from `id` on.
    std::optional<std::uint64_t> find_from(std::uint64_t id) const;
  };
  void drop_oldest();
  void fit();
  void expire();

  Limits limits_;
  std::map<std::uint64_t, Group> groups_;
  std::uint64_t dropped_below_ = 0;  // groups below were here and are gone
  Location lost_until_;
  std::size_t bytes_ = 0;
  Time last_{};   // when the newest object came
  Time clock_{};  // since the first one, without the pauses
};

// One reader's place in a Store. **Thread**: the store's. Holds nothing: what it has not read in time is gone
// for it too, and it goes on at the newest group whose beginning is there.
class Cursor {
 public:
  // How long a newer group waits for what is missing before it.
  static constexpr Time default_patience = 2s;

  // Begins at `start`, or at the first object after it that begins a group.
  explicit Cursor(Location start, Time patience = default_patience) : at_(start), patience_(patience) {}

  struct Next {
    const Object *object = nullptr;  // valid until the store changes; nullptr: nothing yet
    bool begins_group = false;
    bool skipped = false;  // something before it was given up
    bool late = false;     // that was here, and was dropped before it was read
  };
  // Advances when it returns an object.
  Next next(const Store &store, Time now);
  // next() may have something then although nothing has arrived; `never` otherwise.
  Time deadline() const { return waiting_since_ == never ? never : waiting_since_ + patience_; }

  Location position() const { return at_; }
  std::uint64_t skips() const { return skips_; }

 private:
  using Groups = std::map<std::uint64_t, Store::Group>;
  bool enter(const Store &store, Groups::const_iterator group);
  bool give_up(Time now, bool at_once);

  Location at_;
  Time patience_;
  bool started_ = false;   // has returned an object
  bool in_group_ = false;  // at_.group has been begun
  bool skipped_ = false;   // since the last returned object
  bool late_ = false;      // as well
  Time waiting_since_ = never;
  std::uint64_t skips_ = 0;
};

// Another reader: of the objects from `start` to before `end`, for whoever fetches them. Ends of groups are
// not among them. **Thread**: the store's. Holds nothing: what is dropped meanwhile is missing.
class Range {
 public:
  Range(Location start, Location end, Time patience = Cursor::default_patience)
      : at_(start), end_(end), patience_(patience) {}

  struct Next {
    enum class Kind {
      object,
      missing,  // up to and with `last`: gone, or it did not come
      waiting,  // it may come yet
      done,
    };
    Kind kind = Kind::done;
    const Object *object = nullptr;  // valid until the store changes
    Location last;
  };
  // Advances unless it says waiting or done.
  Next next(const Store &store, Time now);
  // next() may have something then although nothing has arrived; `never` otherwise.
  Time deadline() const { return waiting_since_ == never ? never : waiting_since_ + patience_; }

 private:
  bool give_up(Time now);
  Next missing_before(Location next);

  Location at_;
  const Location end_;
  const Time patience_;
  Time waiting_since_ = never;
};

}  // namespace astral::track
