// SPDX-License-Identifier: BSD-3-Clause
#include "track/store.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>

namespace astral::track {
namespace {

Object object(std::uint64_t group, std::uint64_t id, std::size_t size = 100) {
  Object made;
  made.id = {group, id};
  made.wire = Slice::copy(std::vector<std::uint8_t>(size, 1));
  return made;
}

Object end_of_group(std::uint64_t group, std::uint64_t id) {
  Object made = object(group, id, 3);
  made.status = moqt::ObjectStatus::end_of_group;
  return made;
}

// The ids that the cursor returns at this time. "!" is a gap; "!!" a gap because the reader was too slow.
std::string read(Cursor &cursor, const Store &store, Time now) {
  std::string text;
  for (;;) {
    const Cursor::Next next = cursor.next(store, now);
    if (!next.object) return text;
    if (next.skipped) text += "!";
    if (next.late) text += "!";
    if (next.begins_group) text += "|";
    text += std::to_string(next.object->id.group) + "." + std::to_string(next.object->id.object);
    text += next.object->status == moqt::ObjectStatus::normal ? " " : "e ";
  }
}

TEST(Store, KeepsEachObjectOnce) {
  Store store;
  EXPECT_EQ(store.add(object(5, 0), 0s), Store::Added::fresh);
  EXPECT_EQ(store.add(object(5, 0), 0s), Store::Added::duplicate);
  EXPECT_EQ(store.add(object(5, 2), 0s), Store::Added::fresh);
  EXPECT_EQ(store.add(end_of_group(5, 3), 0s), Store::Added::fresh);
  EXPECT_EQ(store.add(object(5, 4), 0s), Store::Added::late);
  EXPECT_EQ(store.add(object(5, 1), 0s), Store::Added::fresh);
  EXPECT_EQ(store.largest(), (Location{5, 2}));
}

TEST(Store, TellsOtherContentFromTheSame) {
  Store store;
  store.add(object(5, 0, 100), 0s);
  EXPECT_EQ(store.add(object(5, 0, 101), 0s), Store::Added::different);
  EXPECT_EQ(store.add(object(5, 0, 100), 0s), Store::Added::duplicate);
}

// The first object of a group says where the group before ended, whichever of the two groups comes first.
TEST(Store, KnowsTheEndOfAGroupThatArrivesLater) {
  Store store;
  store.add(object(5, 0), 0s);
  store.add(object(5, 1), 0s);
  store.end_group({5, 2}, 0s);
  store.end_group({6, 1}, 0s);  // nothing of it is there
  EXPECT_EQ(store.groups(), 1u);
  EXPECT_EQ(store.add(object(5, 2), 0s), Store::Added::different) << "the end of its group";
  EXPECT_EQ(store.add(object(5, 3), 0s), Store::Added::late);
  store.add(object(7, 0), 0s);
  store.add(object(6, 0), 0s);
  Cursor cursor({5, 0});
  EXPECT_EQ(read(cursor, store, 0s), "|5.0 5.1 5.2e |6.0 6.1e |7.0 ");
}

TEST(Store, RemembersABoundedNumberOfEnds) {
  Store store;
  for (std::uint64_t group = 1; group <= Store::max_groups + 1; ++group) store.end_group({group, 1}, 0s);
  store.add(object(1, 0), 0s);
  store.add(object(2, 0), 0s);
  store.add(object(3, 0), 0s);
  Cursor cursor({1, 0}, 0s);
  EXPECT_EQ(read(cursor, store, 0s), "|1.0 !|2.0 2.1e |3.0 3.1e ") << "the oldest is forgotten";
}

// A reader that continued after the last possible group would start again at 0 and never end.
TEST(Store, RefusesIdsThatHaveNoSuccessor) {
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  Store store;
  store.add(object(5, 0), 0s);
  EXPECT_EQ(store.add(object(last, 0), 0s), Store::Added::too_far);
  EXPECT_EQ(store.add(end_of_group(last, 0), 0s), Store::Added::too_far);
  EXPECT_EQ(store.add(object(Store::max_id, 0), 0s), Store::Added::too_far);
  EXPECT_EQ(store.add(object(6, last), 0s), Store::Added::too_far);
  EXPECT_EQ(store.add(end_of_group(Store::max_id - 1, 0), 0s), Store::Added::fresh);
  Cursor cursor({5, 0});
  EXPECT_EQ(read(cursor, store, 0s), "|5.0 !|" + std::to_string(Store::max_id - 1) + ".0e ");
}

TEST(Store, IsBoundedInBytesAndTime) {
  Store store({.bytes = 10'000, .age = 10s});
  for (std::uint64_t group = 0; group < 100; ++group)
    for (std::uint64_t id = 0; id < 5; ++id)
      store.add(object(group, id, 400), Time(1s) * static_cast<int>(group));
  EXPECT_LE(store.bytes(), 10'000u);
  EXPECT_EQ(store.add(object(3, 7), 100s), Store::Added::late);
  const std::size_t groups = store.groups();
  EXPECT_GT(groups, 1u);
  EXPECT_LE(groups, 10u);
}

// While the publisher's node is away, the seconds before that remain available.
TEST(Store, NothingExpiresWhileNoObjectsArrive) {
  Store store({.bytes = 100'000, .age = 10s});
  for (std::uint64_t group = 0; group < 5; ++group)
    store.add(object(group, 0), Time(1s) * static_cast<int>(group));
  store.add(object(5, 0), 60s);
  EXPECT_EQ(store.groups(), 6u);
  for (std::uint64_t group = 6; group < 20; ++group)
    store.add(object(group, 0), 60s + Time(1s) * static_cast<int>(group));
  EXPECT_EQ(store.groups(), 10u);
}

TEST(Store, AGroupLargerThanTheStoreLosesItsBeginning) {
  Store store({.bytes = 10'000, .age = 10s});
  Cursor slow(Location{});
  EXPECT_EQ(read(slow, store, 0s), "");
  for (std::uint64_t id = 0; id < 1000; ++id) store.add(object(1, id, 400), 0s);
  EXPECT_LE(store.bytes(), 10'000u);
  EXPECT_EQ(read(slow, store, 0s), "");
  store.add(object(2, 0), 0s);
  EXPECT_EQ(read(slow, store, 0s), "|2.0 ");
}

TEST(Store, ReportsTheFirstGap) {
  Store store;
  const auto gap = [&](std::uint64_t group, std::uint64_t id) { return store.gap({group, id}); };
  EXPECT_EQ(gap(5, 0), std::nullopt);
  for (const std::uint64_t id : {0u, 1u, 4u}) store.add(object(5, id), 0s);
  EXPECT_EQ(gap(5, 0), std::nullopt);
  EXPECT_EQ(gap(5, 2), (Span{{5, 2}, {5, 4}}));
  EXPECT_EQ(gap(5, 5), std::nullopt);
  store.add(object(8, 2), 0s);
  EXPECT_EQ(gap(5, 5), (Span{{5, 5}, {8, 2}}));
  store.add(end_of_group(5, 5), 0s);
  EXPECT_EQ(gap(5, 6), (Span{{6, 0}, {8, 2}}));
  EXPECT_EQ(gap(8, 0), (Span{{8, 0}, {8, 2}}));
  EXPECT_EQ(gap(8, 2), std::nullopt);
  store.add(object(8 + Store::restart_leap, 1), 0s);
  EXPECT_EQ(gap(8, 3), std::nullopt);  // another run of the publisher
}

TEST(Store, RefusesHostileIds) {
  Store store;
  EXPECT_EQ(store.add(object(1, UINT64_MAX), 0s), Store::Added::too_far);
  store.add(object(1, 0), 0s);
  EXPECT_EQ(store.add(object(1, 1u << 20), 0s), Store::Added::too_far);
  for (std::uint64_t group = 2; group < 5000; ++group) store.add(object(group * 1'000'000'007, 0, 1), 0s);
  EXPECT_LE(store.groups(), Store::max_groups);
}

TEST(Cursor, ReadsInOrderForAnyOrderOfArrival) {
  Store store;
  Cursor cursor(Location{7, 0});
  store.add(object(6, 0), 0s);
  store.add(object(7, 1), 0s);
  EXPECT_EQ(read(cursor, store, 0s), "");
  store.add(object(8, 0), 0s);
  store.add(object(7, 0), 0s);
  EXPECT_EQ(read(cursor, store, 0s), "|7.0 7.1 ");
  store.add(end_of_group(7, 2), 0s);
  EXPECT_EQ(read(cursor, store, 0s), "7.2e |8.0 ");
}

TEST(Cursor, StartsInTheMiddleOfAGroupOnlyAtItsStartLocation) {
  Store store;
  for (std::uint64_t id = 0; id < 4; ++id) store.add(object(3, id), 0s);
  store.add(end_of_group(3, 4), 0s);
  store.add(object(4, 0), 0s);
  Cursor middle(Location{3, 2}), next(Location{4, 0}), past(Location{9, 0});
  EXPECT_EQ(read(middle, store, 0s), "|3.2 3.3 3.4e |4.0 ");
  EXPECT_EQ(read(next, store, 0s), "|4.0 ");
  EXPECT_EQ(read(past, store, 0s), "");
}

TEST(Cursor, GivesUpMissingObjectsAfterItsPatience) {
  Store store;
  Cursor cursor(Location{}, 2s);
  store.add(object(1, 0), 0s);
  EXPECT_EQ(read(cursor, store, 0s), "|1.0 ");
  store.add(object(1, 2), 0s);
  EXPECT_EQ(read(cursor, store, 100s), "");  // no newer group waits
  EXPECT_EQ(cursor.deadline(), never);
  store.add(object(2, 0), 101s);
  EXPECT_EQ(read(cursor, store, 101s), "");
  EXPECT_EQ(cursor.deadline(), 103s);
  EXPECT_EQ(read(cursor, store, 103s), "!|2.0 ");
  EXPECT_EQ(cursor.skips(), 1u);
}

TEST(Cursor, GivesUpAMissingGroupAfterItsPatience) {
  Store store;
  Cursor cursor(Location{}, 2s);
  store.add(object(1, 0), 0s);
  store.add(end_of_group(1, 1), 0s);
  store.add(object(3, 0), 0s);
  EXPECT_EQ(read(cursor, store, 0s), "|1.0 1.1e ");
  store.add(object(2, 0), 1s);
  store.add(end_of_group(2, 1), 1s);
  EXPECT_EQ(read(cursor, store, 1s), "|2.0 2.1e |3.0 ");
}

TEST(Cursor, DoesNotWaitForObjectsThatCannotArrive) {
  Store store;
  Cursor cursor(Location{});
  store.add(object(1, 0), 0s);
  store.add(object(2, 0), 0s);
  store.abandon(1);
  EXPECT_EQ(read(cursor, store, 0s), "|1.0 !|2.0 ");
  store.add(end_of_group(2, 1), 0s);
  store.add(object(2 + Store::restart_leap * 60, 0), 0s);  // the publisher has restarted
  EXPECT_EQ(read(cursor, store, 0s), "2.1e |61442.0 ");
}

TEST(Cursor, SkipsToTheNewestGroupWhenItIsTooSlow) {
  Store store({.bytes = 10'000, .age = 10s});
  Cursor slow(Location{});
  store.add(object(1, 0), 0s);
  EXPECT_EQ(read(slow, store, 0s), "|1.0 ");
  for (std::uint64_t group = 1; group < 50; ++group)
    for (std::uint64_t id = 0; id < 4; ++id) store.add(object(group, id, 400), 0s);
  EXPECT_EQ(read(slow, store, 0s), "!!|49.0 49.1 49.2 49.3 ");
}

// What the range returns at this time: objects, "?" and the last missing location, "…" while it waits.
std::string read(Range &range, const Store &store, Time now) {
  std::string text;
  for (;;) {
    const Range::Next next = range.next(store, now);
    const auto at = [](Location id) {
      return std::to_string(id.group) + "." + (id.object == UINT64_MAX ? "end" : std::to_string(id.object));
    };
    switch (next.kind) {
      case Range::Next::Kind::object:
        text += at(next.object->id) + " ";
        break;
      case Range::Next::Kind::missing:
        text += "?" + at(next.last) + " ";
        break;
      case Range::Next::Kind::waiting:
        return text + "…";
      case Range::Next::Kind::done:
        return text;
    }
  }
}

// Groups 3 to 5 of four objects each; 5 has not ended.
Store three_groups() {
  Store store;
  for (std::uint64_t group = 3; group < 6; ++group) {
    for (std::uint64_t id = 0; id < 4; ++id) store.add(object(group, id), 0s);
    if (group < 5) store.add(end_of_group(group, 4), 0s);
  }
  return store;
}

TEST(Range, ReturnsObjectsAndReportsMissingOnes) {
  const Store store = three_groups();
  struct Row {
    Location start, end;
    const char *expected;
  };
  for (const Row &row :
       {Row{{3, 2}, {4, 1}, "3.2 3.3 4.0 "}, Row{{3, 4}, {4, 1}, "4.0 "}, Row{{3, 9}, {4, 1}, "4.0 "},
        Row{{5, 0}, {5, 4}, "5.0 5.1 5.2 5.3 "}, Row{{4, 1}, {4, 1}, ""}, Row{{4, 1}, {3, 0}, ""}}) {
    Range range(row.start, row.end);
    EXPECT_EQ(read(range, store, 0s), row.expected);
  }
}

TEST(Range, ReportsDroppedObjectsAsMissing) {
  Store store({.bytes = 3'000, .age = 10s});
  for (std::uint64_t group = 3; group < 6; ++group)
    for (std::uint64_t id = 0; id < 4; ++id) store.add(object(group, id, 200), 0s);
  Range range({2, 1}, {5, 2});
  EXPECT_EQ(read(range, store, 0s), "?3.end 4.0 4.1 4.2 4.3 …");
  store.add(end_of_group(4, 4), 0s);
  EXPECT_EQ(read(range, store, 0s), "5.0 5.1 ");
  Range gone({1, 0}, {2, 3});
  EXPECT_EQ(read(gone, store, 0s), "?2.2 ");
}

TEST(Range, WaitsForObjectsThatMayStillArrive) {
  Store store;
  for (const std::uint64_t id : {0, 1, 4}) store.add(object(7, id), 0s);
  store.add(object(9, 0), 0s);
  Range range({7, 0}, {9, 1}, 2s);
  EXPECT_EQ(read(range, store, 1s), "7.0 7.1 …");
  EXPECT_EQ(range.deadline(), 3s);
  store.add(object(7, 2), 2s);
  EXPECT_EQ(read(range, store, 2s), "7.2 …");
  EXPECT_EQ(read(range, store, 4s), "?7.3 7.4 …");
  EXPECT_EQ(read(range, store, 6s), "?7.end …");
  EXPECT_EQ(read(range, store, 8s), "?8.end 9.0 ");
  EXPECT_EQ(range.deadline(), never);
}

TEST(Range, ReportsNothingMissingBetweenTwoRunsOfAPublisher) {
  Store store;
  store.add(object(7, 0), 0s);
  store.add(end_of_group(7, 1), 0s);
  store.add(object(7 + Store::restart_leap * 5, 0), 0s);
  Range range({7, 0}, {7 + Store::restart_leap * 5, 1});
  EXPECT_EQ(read(range, store, 0s), "7.0 5127.0 ");
}

TEST(Store, RestartSetsWhereItBegins) {
  Store store = three_groups();
  Cursor cursor(Location{5, 2});
  store.restart({5, 2});
  EXPECT_EQ(store.bytes(), 0u);
  EXPECT_EQ(store.add(object(6, 0), 0s), Store::Added::fresh);
  EXPECT_EQ(store.add(object(4, 0), 0s), Store::Added::late);
  EXPECT_EQ(store.add(object(5, 1), 0s), Store::Added::late);
  EXPECT_EQ(read(cursor, store, 0s), "");  // waits for 5.2, where the store begins
  EXPECT_EQ(store.add(object(5, 2), 0s), Store::Added::fresh);
  EXPECT_EQ(store.add(end_of_group(5, 3), 0s), Store::Added::fresh);
  EXPECT_EQ(read(cursor, store, 0s), "|5.2 5.3e |6.0 ");
}

TEST(Store, ANewRunOfThePublisherIsNotAGap) {
  Store store;
  Cursor cursor(Location{5, 0});
  store.restart({5, 0});
  store.add(object(5 + Store::restart_leap, 0), 0s);
  EXPECT_EQ(read(cursor, store, 0s), "|1029.0 ");
  EXPECT_EQ(cursor.skips(), 0u);
}

TEST(Store, PlacesOfMissingObjectsCountTowardsTheLimit) {
  Store store({.bytes = 1'000'000, .age = 10s});
  for (std::uint64_t group = 0; group < 100; ++group) store.add(object(group, 60'000), 0s);
  EXPECT_EQ(store.groups(), 1u);
}

// For any order of arrival, duplicates and losses: the cursor returns ascending ids, none twice, and without
// losses all of them.
TEST(Cursor, ReadsAscendingIdsForRandomArrivals) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    const bool lossy = seed % 2 == 1;
    std::vector<Object> arrivals;
    for (std::uint64_t group = 10; group < 20; ++group) {
      const std::uint64_t count = 1 + random() % 6;
      for (std::uint64_t id = 0; id < count; ++id) arrivals.push_back(object(group, id));
      arrivals.push_back(end_of_group(group, count));
    }
    const std::size_t all = arrivals.size();
    for (std::size_t i = 1; i + 8 < arrivals.size(); i += 4)  // the first object sets where the cursor begins
      std::shuffle(arrivals.begin() + static_cast<std::ptrdiff_t>(i),
                   arrivals.begin() + static_cast<std::ptrdiff_t>(i + 8), random);
    Store store;
    Cursor cursor(Location{10, 0}, 2s);
    std::set<Location> seen;
    Location last{};
    Time time = 0s;
    for (const Object &arrival : arrivals) {
      time += 10ms;
      if (lossy && random() % 10 == 0) continue;
      store.add(arrival, time);
      if (random() % 3 == 0) store.add(arrival, time);
      while (const Object *next = cursor.next(store, time).object) {
        ASSERT_TRUE(seen.empty() || last < next->id) << "seed " << seed;
        last = next->id;
        seen.insert(next->id);
      }
    }
    while (const Object *next = cursor.next(store, time + 10s).object) seen.insert(next->id);
    if (!lossy) {
      ASSERT_EQ(seen.size(), all) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace astral::track
