// SPDX-License-Identifier: BSD-3-Clause
// Returns a store's objects in order, each with its timing and its catalog. Decides what to wait for and what
// to give up, so that a reader sees one stream with marked gaps.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "elements/catalog.hpp"
#include "track/store.hpp"
#include "track/timing.hpp"

namespace astral::elements {

// Where the stream was when we joined it: `pts` at our time `at`.
struct Present {
  std::int64_t pts = 0;  // the publisher's running time, nanoseconds
  Time at{};
};

struct Taken {
  track::Object object;
  track::Timing timing;
  std::shared_ptr<const Catalog> catalog;  // null only for status objects
  bool begins_group = false;
  bool skipped = false;  // missing objects before it were given up
  bool jumped = false;   // on purpose, because the line is too thin: nobody waits for them
  bool past = false;     // from before we joined; for a relay's store, without a catalog
  bool standby = false;  // asked of a parent in standby
  std::optional<Present> present = std::nullopt;
  std::optional<Time> arrived = std::nullopt;  // nullopt: it waited for its reader
  Slice key = {};                              // raw: the stream's key, which has signed this
};

// What the reader of a source needs.
struct Needs {
  std::optional<moqt::Location> first;  // the first object that it lacks; nullopt: it has nothing yet
  bool past = false;                    // it also wants everything before the newest group
  std::string key = {};                 // fingerprint of the stream's key; empty: it knows none
  bool forwards = false;                // it is a relay, which needs a private stream as it is
};

// **Thread**: the store's.
class Sequence {
 public:
  // An object is given up if its catalog has not arrived after this time.
  static constexpr Time catalog_patience = 2s;
  static constexpr std::size_t max_catalogs = 8;

  explicit Sequence(const track::Store &store) : store_(store) {}

  // Continues at `begin`, where the store now begins.
  void restart(moqt::Location begin);
  // The same, and what lies between is given up on purpose.
  void skip_to(moqt::Location begin);
  void learn(std::shared_ptr<const Catalog> catalog);
  std::optional<Taken> take(Time now);
  // When to call take() again even if nothing has arrived; `never` otherwise.
  Time deadline() const { return held_ ? held_since_ + catalog_patience : cursor_.deadline(); }
  std::uint64_t skips() const { return skipped_ + cursor_.skips() + given_up_; }

 private:
  const track::Store &store_;
  track::Cursor cursor_{moqt::Location{}};
  std::map<std::uint64_t, std::shared_ptr<const Catalog>> catalogs_;
  std::optional<Taken> held_;  // an object that waits for its catalog
  Time held_since_{};
  bool gap_ = false;
  bool jump_ = false;
  std::uint64_t given_up_ = 0;
  std::uint64_t skipped_ = 0;  // skips before the last restart()
};

}  // namespace astral::elements
