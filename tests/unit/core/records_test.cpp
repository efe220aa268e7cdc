// SPDX-License-Identifier: BSD-3-Clause
// The books of a supernode about others, and the book of tickets.
#include <gtest/gtest.h>

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

TEST(Records, NamesThoseWithRoomNearestFirst) {
  Records records;
  for (const Advert &advert :
       {through("a", 3, 9), through("b", 1, 0), through("c", 2, 1), through("d", 2, 5)})
    records.advert(advert, 10s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 1s)), "dca");
  EXPECT_EQ(names(records.carriers("talk", 2, "", false, 1s)), "dc");
  EXPECT_EQ(names(records.carriers("talk", 9, "d", false, 1s)), "ca");
  EXPECT_EQ(names(records.carriers("other", 9, "", false, 1s)), "");
  EXPECT_TRUE(records.has("talk"));
  EXPECT_FALSE(records.has("other"));
}

// Where nobody has room, those that have leaves are named: a leaf may make way.
TEST(Records, ThoseWithLeavesWhereNobodyHasRoom) {
  Records records;
  Advert advert = through("a", 2, 0);
  advert.leaves = 1;
  records.advert(advert, 10s);
  records.advert(through("b", 1, 0), 10s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 1s)), "");
  EXPECT_EQ(names(records.carriers("talk", 9, "", true, 1s)), "a");
  records.promised("talk", "a", 3s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", true, 1s)), "");
  records.advert(through("b", 1, 1), 10s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", true, 1s)), "b");
}

TEST(Records, APromisedPlaceIsTakenUntilTheNextAdvert) {
  Records records;
  records.advert(through("a", 1, 2), 10s);
  records.advert(through("b", 2, 1), 10s);
  records.promised("talk", "a", 3s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 1s)), "ab");
  records.promised("talk", "a", 3s);
  records.promised("talk", "a", 3s);  // not below nothing
  records.promised("talk", "nobody", 3s);
  records.promised("other", "a", 3s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 1s)), "b");
  EXPECT_TRUE(records.has("talk"));
  records.advert(through("a", 1, 1), 10s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 1s)), "ab");
}

// A supernode that hangs answers none of the searches that are sent to it, and its children have room all the
// time.
TEST(Records, APromiseLapses) {
  Records records;
  records.advert(through("a", 1, 2), 99s);
  records.promised("talk", "a", 3s);
  records.promised("talk", "a", 4s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 3s)), "");
  ASSERT_EQ(names(records.carriers("talk", 9, "", false, 4s)), "a");
  EXPECT_EQ(records.carriers("talk", 9, "", false, 4s)[0].room, 2u);
}

TEST(Records, WhatIsNotSaidAgainLapses) {
  Records records;
  records.advert(through("a", 1, 2), 10s);
  records.advert(through("b", 1, 2), 20s);
  records.here({.place = {.uuid = "n", .via = "a"}, .updated = 1}, 15s);
  records.lapse(9s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 1s)), "ab");
  records.lapse(10s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 1s)), "b");
  EXPECT_TRUE(records.place("n"));
  records.lapse(15s);
  EXPECT_FALSE(records.place("n"));
  records.lapse(20s);
  EXPECT_FALSE(records.has("talk"));
  EXPECT_EQ(records.streams() + records.nodes(), 0u);
}

TEST(Records, OverAndGoneAndUnreachable) {
  Records records;
  Advert over = through("a", 0, 0);
  over.over = true;
  records.advert(over, 10s);
  EXPECT_FALSE(records.has("talk"));  // nothing to end
  records.advert(through("a", 1, 1), 10s);
  records.advert(through("b", 1, 1), 10s);
  records.advert(through("b", 1, 1, "other"), 10s);
  records.advert(over, 10s);
  EXPECT_EQ(names(records.carriers("talk", 9, "", false, 1s)), "b");
  records.unreachable("b");
  EXPECT_EQ(
      names(records.carriers("talk", 9, "", false, 1s)) + names(records.carriers("other", 9, "", false, 1s)),
      "");
  EXPECT_TRUE(records.has("talk"));  // it exists, nobody has room
  records.end("talk");
  EXPECT_FALSE(records.has("talk"));
  records.clear();
  EXPECT_EQ(records.streams(), 0u);
}

TEST(Records, RememberABoundedNumberOfCarriersTheBestOnes) {
  Records records;
  for (std::size_t i = 0; i < max_record_carriers; ++i)
    records.advert(through("n" + std::to_string(i), 5, 1), 10s);
  const auto count = [&] { return records.carriers("talk", 1'000, "", false, 1s).size(); };
  EXPECT_EQ(count(), max_record_carriers);
  records.advert(through("far", 6, 1), 10s);
  records.advert(through("same", 5, 9), 10s);
  records.advert(through("full", 1, 0), 10s);
  EXPECT_EQ(count(), max_record_carriers);
  for (const Records::Carrier &carrier : records.carriers("talk", 1'000, "", false, 1s))
    EXPECT_EQ(carrier.hops, 5u);
  records.advert(through("near", 2, 1), 10s);
  EXPECT_EQ(count(), max_record_carriers);
  EXPECT_EQ(names(records.carriers("talk", 1, "", false, 1s)), "near");
  // One that has no room goes first.
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
  EXPECT_TRUE(records.here({.place = {.uuid = "n0", .via = "b"}, .updated = 2}, 10s));  // a known one moves
}

TEST(Records, TheNewestPlaceOfANode) {
  Records records;
  EXPECT_EQ(records.place("n"), std::nullopt);
  EXPECT_TRUE(records.here({.place = {.uuid = "n", .via = "a"}, .updated = 5}, 10s));
  EXPECT_FALSE(records.here({.place = {.uuid = "n", .via = "b"}, .updated = 4}, 10s));
  EXPECT_EQ(records.place("n")->via, "a");
  EXPECT_TRUE(records.here({.place = {.uuid = "n", .via = "b"}, .updated = 5}, 10s));
  EXPECT_EQ(records.place("n")->via, "b");
}

// The book of tickets.

Ticket &add(Tickets &book, const TicketId &id, Side side = Side::given, PeerKind kind = PeerKind::node,
            TicketState state = TicketState::requested) {
  return book.add({.id = id, .slug = "talk", .side = side, .state = state, .peer = 1, .kind = kind});
}

TEST(Tickets, OneThatStandsByIsNoReasonToCarryAStream) {
  Tickets book;
  Ticket &ticket = add(book, "t");
  EXPECT_TRUE(book.any_given("talk"));
  book.enter(ticket, TicketState::offered);
  book.enter(ticket, TicketState::confirmed);
  book.enter(ticket, TicketState::standing_by);
  EXPECT_FALSE(book.any_given("talk"));
  EXPECT_EQ(book.given("talk", PeerKind::node), 0u);
  EXPECT_EQ(book.given("talk"), std::vector<TicketId>{"t"});
  book.check_invariants();
  book.enter(ticket, TicketState::requested);
  EXPECT_EQ(book.given("talk", PeerKind::node), 1u);
  book.check_invariants();
  book.enter(ticket, TicketState::offered);
  book.enter(ticket, TicketState::confirmed);
  book.enter(ticket, TicketState::standing_by);
  book.remove("t");
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(book.given("talk", PeerKind::node), 0u);
  book.check_invariants();
}

TEST(Tickets, HeldOnesAreCountedApart) {
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

// (from, to) → may it?
TEST(TicketsDeathTest, OnlyTheStepsOfTheDiagram) {
  using S = TicketState;
  const std::vector<S> states{S::waiting, S::requested, S::offered, S::confirmed, S::standing_by};
  // Without a link nothing is granted, and nobody stands by again.
  const auto may = [](S from, S to, bool linked) {
    if (linked && from == S::requested && (to == S::confirmed || to == S::standing_by)) return true;
    return (from == S::waiting && to == S::requested) || (from == S::requested && to == S::offered) ||
           (from == S::offered && to == S::confirmed) || (from == S::confirmed && to == S::standing_by) ||
           (from == S::standing_by && to == S::requested);
  };
  const auto go = [](S from, S to, bool linked) {
    Tickets book;
    Ticket &ticket = add(book, "t", Side::given, PeerKind::element, S::waiting);
    for (const S step : {S::requested, S::offered, S::confirmed, S::standing_by})
      if (ticket.state != from) book.enter(ticket, step);
    ticket.linked = linked;
    book.enter(ticket, to);
    EXPECT_EQ(ticket.state, to);
  };
  for (const S from : states)
    for (const S to : states)
      for (const bool linked : {false, true}) {
        if (may(from, to, linked)) {
          go(from, to, linked);
        } else {
          EXPECT_DEATH(go(from, to, linked), "") << name(from) << " to " << name(to);
        }
      }
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
