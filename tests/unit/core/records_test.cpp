// SPDX-License-Identifier: BSD-3-Clause
// A supernode's records of carriers and places, and the table of tickets.
#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

#include "core/limits.hpp"
#include "core/records.hpp"
#include "core/tickets.hpp"

namespace astral::core {
namespace {

Advert through(const Uuid &supernode, std::uint32_t hops, std::uint32_t room, const Slug &slug = "talk") {
  return {.slug = slug, .supernode = {.uuid = supernode, .via = supernode}, .hops = hops, .room = room};
}
std::string names(const std::vector<Records::Carrier> &carriers) {
  std::string line;
  for (const Records::Carrier &carrier : carriers) line += carrier.supernode.uuid;
  return line;
}

TEST(Records, NamesCarriersWithRoomNearestFirst) {
  Records records;
  for (const Advert &advert :
       {through("a", 3, 9), through("b", 1, 0), through("c", 2, 1), through("d", 2, 5)})
    records.advert(advert, 10s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)), "dca");
  EXPECT_EQ(names(records.carriers("talk", "d", false, 1s)), "ca");
  EXPECT_EQ(names(records.carriers("other", "", false, 1s)), "");
  EXPECT_TRUE(records.has("talk"));
  EXPECT_FALSE(records.has("other"));
}

// Without room anywhere, carriers with leaves are named: a leaf may make room.
TEST(Records, NamesCarriersWithLeavesWhenNobodyHasRoom) {
  Records records;
  Advert advert = through("a", 2, 0);
  advert.leaves = 1;
  records.advert(advert, 10s);
  records.advert(through("b", 1, 0), 10s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)), "");
  EXPECT_EQ(names(records.carriers("talk", "", true, 1s)), "a");
  records.promised("talk", "a", 3s);
  EXPECT_EQ(names(records.carriers("talk", "", true, 1s)), "");
  records.advert(through("b", 1, 1), 10s);
  EXPECT_EQ(names(records.carriers("talk", "", true, 1s)), "b");
}

TEST(Records, APromisedPlaceIsTakenUntilTheNextAdvert) {
  Records records;
  records.advert(through("a", 1, 2), 10s);
  records.advert(through("b", 2, 1), 10s);
  records.promised("talk", "a", 3s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)), "ab");
  records.promised("talk", "a", 3s);
  records.promised("talk", "a", 3s);  // not below zero
  records.promised("talk", "nobody", 3s);
  records.promised("other", "a", 3s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)), "b");
  EXPECT_TRUE(records.has("talk"));
  records.advert(through("a", 1, 1), 10s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)), "ab");
}

// A supernode that hangs answers none of the searches that are sent to it, and its children have room all the
// time.
TEST(Records, APromiseLapses) {
  Records records;
  records.advert(through("a", 1, 2), 99s);
  records.promised("talk", "a", 3s);
  records.promised("talk", "a", 4s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 3s)), "");
  ASSERT_EQ(names(records.carriers("talk", "", false, 4s)), "a");
  EXPECT_EQ(records.carriers("talk", "", false, 4s)[0].room, 2u);
}

TEST(Records, ARecordThatIsNotRepeatedLapses) {
  Records records;
  records.advert(through("a", 1, 2), 10s);
  records.advert(through("b", 1, 2), 20s);
  records.here({.place = {.uuid = "n", .via = "a"}, .updated = 1}, 15s);
  records.lapse(9s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)), "ab");
  records.lapse(10s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)), "b");
  EXPECT_TRUE(records.place("n"));
  records.lapse(15s);
  EXPECT_FALSE(records.place("n"));
  records.lapse(20s);
  EXPECT_FALSE(records.has("talk"));
  EXPECT_EQ(records.streams() + records.nodes(), 0u);
}

TEST(Records, DropCarriersThatAreOverOrUnreachableAndStreamsThatEnd) {
  Records records;
  Advert over = through("a", 0, 0);
  over.over = true;
  records.advert(over, 10s);
  EXPECT_FALSE(records.has("talk"));  // there is no stream to end
  records.advert(through("a", 1, 1), 10s);
  records.advert(through("b", 1, 1), 10s);
  records.advert(through("b", 1, 1, "other"), 10s);
  records.advert(over, 10s);
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)), "b");
  records.unreachable("b");
  EXPECT_EQ(names(records.carriers("talk", "", false, 1s)) + names(records.carriers("other", "", false, 1s)),
            "");
  EXPECT_TRUE(records.has("talk"));  // the stream exists, but nobody has room
  records.end("talk");
  EXPECT_FALSE(records.has("talk"));
  records.clear();
  EXPECT_EQ(records.streams(), 0u);
}

TEST(Records, RememberABoundedNumberOfTheBestCarriers) {
  Records records;
  for (std::size_t i = 0; i < max_record_carriers; ++i)
    records.advert(through("n" + std::to_string(i), 5, 1), 10s);
  const auto count = [&] { return records.carriers("talk", "", false, 1s).size(); };
  EXPECT_EQ(count(), max_record_carriers);
  records.advert(through("far", 6, 1), 10s);
  records.advert(through("same", 5, 9), 10s);
  records.advert(through("full", 1, 0), 10s);
  EXPECT_EQ(count(), max_record_carriers);
  for (const Records::Carrier &carrier : records.carriers("talk", "", false, 1s)) EXPECT_EQ(carrier.hops, 5u);
  records.advert(through("near", 2, 1), 10s);
  EXPECT_EQ(count(), max_record_carriers);
  EXPECT_EQ(records.carriers("talk", "", false, 1s)[0].supernode.uuid, "near");
  // A carrier without room is dropped first.
  records.advert(through("n5", 5, 0), 10s);
  records.advert(through("new", 4, 1), 10s);
  EXPECT_EQ(count(), max_record_carriers);
}

TEST(Records, AreBounded) {
  Records records;
  for (std::size_t i = 0; i < max_records + 5; ++i) {
    records.advert(through("a", 1, 1, "s" + std::to_string(i)), 10s);
    const bool kept =
        records.here({.place = {.uuid = "n" + std::to_string(i), .via = "a"}, .updated = 1}, 10s);
    EXPECT_EQ(kept, i < max_records);
  }
  EXPECT_EQ(records.streams(), max_records);
  EXPECT_EQ(records.nodes(), max_records);
  EXPECT_TRUE(records.here({.place = {.uuid = "n0", .via = "b"}, .updated = 2}, 10s));  // a known node moves
}

TEST(Records, KeepTheNewestPlaceOfANode) {
  Records records;
  EXPECT_EQ(records.place("n"), std::nullopt);
  EXPECT_TRUE(records.here({.place = {.uuid = "n", .via = "a"}, .updated = 5}, 10s));
  EXPECT_FALSE(records.here({.place = {.uuid = "n", .via = "b"}, .updated = 4}, 10s));
  EXPECT_EQ(records.place("n")->via, "a");
  EXPECT_TRUE(records.here({.place = {.uuid = "n", .via = "b"}, .updated = 5}, 10s));
  EXPECT_EQ(records.place("n")->via, "b");
}

// The table of tickets.

Ticket &add(Tickets &book, const TicketId &id, Side side = Side::given, PeerKind kind = PeerKind::node,
            TicketState state = TicketState::requested) {
  const bool waits = state == TicketState::waiting;
  return book.add({.id = id,
                   .slug = "talk",
                   .side = side,
                   .state = state,
                   .peer = 1,
                   .kind = kind,
                   .child = {.state = waits ? ChildState::waiting : ChildState::asking}});
}

TEST(Tickets, AStandbyIsNoReasonToCarryAStream) {
  Tickets book;
  Ticket &ticket = add(book, "t");
  EXPECT_TRUE(book.any_given("talk"));
  for (const ChildState state : {ChildState::offered, ChildState::fed}) book.enter(ticket, state);
  book.claim(ticket, Claim::none);
  book.enter(ticket, ChildState::standby);
  EXPECT_FALSE(book.any_given("talk"));
  EXPECT_EQ(book.given("talk", PeerKind::node), 0u);
  EXPECT_EQ(book.given("talk"), std::vector<TicketId>{"t"});
  book.check_invariants();
  book.claim(ticket, Claim::overcommitted);
  book.enter(ticket, ChildState::resuming);
  EXPECT_EQ(book.given("talk", PeerKind::node), 1u);
  book.check_invariants();
  book.remove("t");
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(book.given("talk", PeerKind::node), 0u);
  book.check_invariants();
}

TEST(Tickets, HeldTicketsAreCountedApart) {
  Tickets book;
  Ticket &ticket = add(book, "t", Side::held, PeerKind::node, TicketState::offered);
  book.enter(ticket, TicketState::confirmed);
  book.enter(ticket, TicketState::standing_by);
  EXPECT_FALSE(book.any_given("talk"));
  EXPECT_TRUE(book.given("talk").empty());
  EXPECT_EQ(book.of_stream("talk"), std::vector<TicketId>{"t"});
  add(book, "p", Side::given, PeerKind::element, TicketState::waiting);
  EXPECT_EQ(book.given("talk", PeerKind::element), 1u);
  EXPECT_EQ(book.of_peer(1), (std::vector<TicketId>{"p", "t"}));
  book.check_invariants();
}

// Walks a new ticket to `from`, then to `to`.
void walk(ChildState from, ChildState to) {
  using S = ChildState;
  Tickets book;
  const S first = from == S::waiting || from == S::checking ? from : S::asking;
  Ticket &ticket = book.add({.id = "t",
                             .slug = "talk",
                             .state = agreed(first),
                             .peer = 1,
                             .kind = PeerKind::element,
                             .child = {.state = first}});
  for (const S step : {S::offered, S::fed, S::slow, S::standby, S::resuming})
    if (ticket.child.state != from && (step != S::slow || from == S::slow)) book.enter(ticket, step);
  book.enter(ticket, to);
  EXPECT_EQ(ticket.child.state, to);
  EXPECT_EQ(ticket.state, agreed(to));
  book.check_invariants();
}

TEST(TicketsDeathTest, AGivenTicketTakesOnlyTheStepsOfTheDiagram) {
  using S = ChildState;
  const std::set<std::pair<S, S>> steps{
      {S::waiting, S::asking}, {S::checking, S::asking}, {S::asking, S::offered}, {S::offered, S::fed},
      {S::fed, S::slow},       {S::slow, S::fed},        {S::fed, S::standby},    {S::standby, S::resuming},
      {S::resuming, S::fed},   {S::resuming, S::standby}};
  const std::vector<S> states{S::waiting, S::checking, S::asking,  S::offered,
                              S::fed,     S::slow,     S::standby, S::resuming};
  for (const S from : states)
    for (const S to : states) {
      if (steps.contains({from, to})) {
        walk(from, to);
      } else {
        EXPECT_DEATH(walk(from, to), "") << static_cast<int>(from) << " to " << static_cast<int>(to);
      }
    }
}

TEST(TicketsDeathTest, AHeldTicketTakesNoStepOfAGivenOne) {
  Tickets book;
  Ticket &held = add(book, "h", Side::held, PeerKind::node, TicketState::offered);
  EXPECT_DEATH(book.enter(held, ChildState::fed), "");
  Ticket &given = add(book, "g");
  EXPECT_DEATH(book.enter(given, TicketState::offered), "");
}

TEST(Tickets, AreBounded) {
  Tickets book;
  for (std::size_t i = 0; i < max_tickets_per_peer; ++i) add(book, "t" + std::to_string(i));
  EXPECT_TRUE(book.full(1));
  EXPECT_FALSE(book.full(2));
  PeerId peer = 1;
  while (book.size() < max_tickets) {
    if (book.full(peer)) ++peer;
    book.add({.id = "u" + std::to_string(book.size()), .slug = "talk", .peer = peer});
  }
  EXPECT_TRUE(book.full(peer + 5));
  book.check_invariants();
}

}  // namespace
}  // namespace astral::core
