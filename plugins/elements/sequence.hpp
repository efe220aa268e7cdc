// SPDX-License-Identifier: BSD-3-Clause
// A store's objects in order, each with its timing and with the catalog that describes it. Decides what is
// waited for and what is given up, so that a reader sees one stream with marked gaps.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "elements/catalog.hpp"
#include "track/store.hpp"
#include "track/timing.hpp"

namespace astral::elements {

// Where the stream was when it was joined.
struct Present {
  std::int64_t pts = 0;  // the publisher's, in nanoseconds
  Time at{};
};

struct Taken {
  track::Object object;
  track::Timing timing;
  std::shared_ptr<const Catalog> catalog;  // set for every object but statuses
  bool begins_group = false;
  bool skipped = false;  // something before it was given up
  bool past = false;     // from before the stream was joined, for who wants to keep it; no catalog
  std::optional<Present> present = std::nullopt;
  std::optional<Time> arrived = std::nullopt;  // nothing: it waited for its reader
};

// Of whoever takes the objects.
struct Needs {
  std::optional<moqt::Location> first;  // the first object that it lacks; nothing: the stream begins here
  bool past = false;                    // then, after the newest group, also all that was before
};

// **Thread**: the store's.
class Sequence {
 public:
  // An object whose catalog has not come for so long is given up.
  static constexpr Time catalog_patience = 2s;
  static constexpr std::size_t max_catalogs = 8;

  explicit Sequence(const track::Store &store) : store_(store) {}

  // Goes on at `begin`, which is where the store begins now.
  void restart(moqt::Location begin);
  void learn(std::shared_ptr<const Catalog> catalog);
  std::optional<Taken> take(Time now);
  // take() may have something then although nothing has arrived; `never` otherwise.
  Time deadline() const { return held_ ? held_since_ + catalog_patience : cursor_.deadline(); }
  std::uint64_t skips() const { return skipped_ + cursor_.skips() + given_up_; }

 private:
  const track::Store &store_;
  track::Cursor cursor_{moqt::Location{}};
  std::map<std::uint64_t, std::shared_ptr<const Catalog>> catalogs_;
  std::optional<Taken> held_;  // waits for its catalog
  Time held_since_{};
  bool gap_ = false;
  std::uint64_t given_up_ = 0;
  std::uint64_t skipped_ = 0;  // before the last restart
};

}  // namespace astral::elements
