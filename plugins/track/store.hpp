// SPDX-License-Identifier: BSD-3-Clause
// The last seconds of one track: groups of objects, each object once, bounded in bytes and in time. Readers
// go through the store in order, each at its own pace.
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

// The locations from `first` to `end`; `end` is not included.
struct Span {
  Location first, end;
  bool operator==(const Span &) const = default;
};

// **Thread**: one. **Owns** references to the objects' bytes.
class Store {
 public:
  struct Limits {
    std::size_t bytes = 32 * 1024 * 1024;  // the newest group alone may exceed it by its last object
    Time age = 10s;                        // of a group that is not the newest; see longest_pause
  };
  // A pause between two objects ages the store by at most this. While no objects arrive nothing expires,
  // because a reader that is behind may need to fetch it when the publisher is back.
  static constexpr Time longest_pause = 1s;
  // Bytes that each object costs besides its wire image, also if it has not arrived; so their number is
  // bounded too.
  static constexpr std::size_t object_cost = 128;
  static constexpr std::uint64_t max_ahead =
      65'536;  // objects of a group that may arrive before their predecessors
  static constexpr std::size_t max_groups = 1024;
  // Group and object ids are below this; others are refused. So every kept id has a successor, and a reader
  // cannot wrap around to its start. Astral's own ids stay far below.
  static constexpr std::uint64_t max_id = std::uint64_t{1} << 61;
  // A publisher's first group id is the time in milliseconds, times this. A step of at least this size is a
  // new run of the publisher, and readers do not wait for anything in between. Loss never causes such a step.
  static constexpr std::uint64_t restart_leap = 1024;

  enum class Added {
    fresh,
    duplicate,  // the store has it already
    late,       // its place was dropped, or its group ended before it
    too_far,    // more than max_ahead ahead, or not below max_id
    different,  // the store has it already, with other content
  };

  Store() : Store(Limits{}) {}
  explicit Store(Limits limits) : limits_(limits) {}

  // Drops everything. From now on objects before `begin` are late.
  void restart(Location begin);
  Added add(Object object, Time now);
  // The publisher has ended that group: `end` is the place of its End of Group object. If none of the group
  // has arrived yet, the store keeps this for later.
  void end_group(Location end, Time now);
  // Tells the store that no more objects of this group will arrive.
  void abandon(std::uint64_t group);
  // Tells the store that no more objects up to and including `last` will arrive.
  void lose_until(Location last) { lost_until_ = std::max(lost_until_, last); }
  void limit(std::size_t bytes);            // replaces Limits::bytes from now on
  std::optional<Location> largest() const;  // the newest object that is not a status
  // The missing objects from `from` on that precede a newer one. nullopt: none is missing, or nothing newer
  // has arrived.
  std::optional<Span> gap(Location from) const;
  std::size_t bytes() const { return bytes_; }
  std::size_t groups() const { return groups_.size(); }

 private:
  friend class Cursor;
  friend class Range;

  struct Group {
    std::uint64_t first = 0;           // id of objects[0]; above 0: the beginning was dropped
    std::deque<Object> objects;        // an object that has not arrived has an empty `wire`
    std::optional<std::uint64_t> end;  // id of its End of Group status
    std::size_t bytes = 0;
    bool abandoned = false;
    Time arrived{};  // when its newest object arrived, by clock_
    const Object *find(std::uint64_t id) const;
    // The first object at or after `id` that has arrived.
    std::optional<std::uint64_t> find_from(std::uint64_t id) const;
  };
  void drop_oldest();
  void fit();
  void expire();

  Limits limits_;
  std::map<std::uint64_t, Group> groups_;
  std::map<std::uint64_t, std::uint64_t> ends_;  // of groups that have not arrived; at most max_groups
  std::uint64_t dropped_below_ = 0;  // groups below this were dropped
  Location lost_until_;
  std::size_t bytes_ = 0;
  Time last_{};   // when the newest object arrived
  Time clock_{};  // time since the first object, pauses shortened
};

// A reader that follows a Store. **Thread**: the store's. It keeps nothing alive: if objects are dropped
// before it reads them, it continues at the newest group whose beginning the store has.
class Cursor {
 public:
  // How long a newer group waits for missing objects before it.
  static constexpr Time default_patience = 2s;

  // Begins at `start`, or at the first beginning of a group after it.
  explicit Cursor(Location start, Time patience = default_patience) : at_(start), patience_(patience) {}

  struct Next {
    const Object *object = nullptr;  // valid until the store changes; nullptr: none yet
    bool begins_group = false;
    bool skipped = false;  // missing objects before it were given up
    bool late = false;     // they had arrived and were dropped before they were read
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
  bool started_ = false;   // an object has been returned
  bool in_group_ = false;  // a part of at_.group has been read
  bool skipped_ = false;   // missing objects were given up since the last Next
  bool late_ = false;      // they were dropped; since the last Next too
  Time waiting_since_ = never;
  std::uint64_t skips_ = 0;
};

// A reader for a fetch: the objects from `start` to `end`, without `end` and without End of Group objects.
// **Thread**: the store's. It keeps nothing alive: objects that are dropped meanwhile are reported as
// missing.
class Range {
 public:
  Range(Location start, Location end, Time patience = Cursor::default_patience)
      : at_(start), end_(end), patience_(patience) {}

  struct Next {
    enum class Kind {
      object,
      missing,  // up to and including `last`: dropped, or not arrived in time
      waiting,  // the next object may still arrive
      done,
    };
    Kind kind = Kind::done;
    const Object *object = nullptr;  // valid until the store changes
    Location last;
  };
  // Advances, unless it returns waiting or done.
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
