// SPDX-License-Identifier: BSD-3-Clause
// The plan that follows from the facts of one stream. No node, no message, no clock.
#include "core/streams/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "core/ranking.hpp"

namespace astral::core {
namespace {

struct Planning : testing::Test {
  Link &add(const TicketId &id, LinkState state, std::vector<Uuid> path = {"origin"}) {
    Link link{.id = id, .state = state, .since = at.now, .source = path.back()};
    link.hops = static_cast<std::uint32_t>(path.size());
    link.path = std::move(path);
    if (state == LinkState::granted) link.grant = ++stream.grants;
    return stream.links[id] = link;
  }
  Link &parent(std::vector<Uuid> path = {"origin", "parent"}) {
    Link &link = add("p", LinkState::granted, std::move(path));
    link.media = at.now;
    return link;
  }
  Search &searching(Purpose purpose) {
    const Link *feeds = roles(stream).parent;
    return stream.search.emplace(Search{.purpose = purpose,
                                        .parent = feeds == nullptr ? TicketId{} : feeds->id,
                                        .begun = at.now,
                                        .until = at.now + times.ask,
                                        .offered = at.now});
  }
  void due(Purpose purpose) { stream.pause(purpose).until = at.now; }
  Plan planned() const { return plan(stream, at, times); }
  Use use(const TicketId &id) const {
    for (const Duty &duty : planned().links)
      if (duty.link->id == id) return duty.use;
    ADD_FAILURE() << "no duty for " << id;
    return Use::release;
  }

  Timeouts times;
  StreamState stream{.slug = "talk", .media = true};
  Circumstances at{.now = 100s, .wanted = true};
};

TEST_F(Planning, AWatcherIsAnsweredWhenTheMediaHasComeOrItHasWaitedEnough) {
  stream.watchers = {1};
  stream.watch_until = at.now + 10s;
  Link &link = add("p", LinkState::granted);
  EXPECT_FALSE(planned().answer_watchers);
  EXPECT_LE(planned().look_again, stream.watch_until);
  link.media = at.now;
  EXPECT_TRUE(planned().answer_watchers);
  link.media.reset();
  at.streaming = false;  // it is paused: no media is to be expected
  EXPECT_TRUE(planned().answer_watchers);
  at.streaming = true;
  at.now = stream.watch_until;
  EXPECT_TRUE(planned().answer_watchers);
  stream.watchers.clear();
  EXPECT_FALSE(planned().answer_watchers);
}

TEST_F(Planning, AnOfferOfANodeToWhichNoLinkCameUpIsTheLastChoice) {
  add("near", LinkState::offered, {"origin"}).doubtful = true;
  add("far", LinkState::offered, {"origin", "a", "b"});
  EXPECT_EQ(ranked_offers(stream).front()->id, "far");
}

TEST_F(Planning, ANodeThatWantsAStreamSearchesForAParentWhenThePauseIsOver) {
  EXPECT_TRUE(planned().needs[static_cast<std::size_t>(Purpose::parent)]);
  EXPECT_FALSE(planned().search);
  stream.pause(Purpose::parent).until = at.now + 1s;
  EXPECT_FALSE(planned().search);
  EXPECT_EQ(planned().look_again, at.now + 1s);
  due(Purpose::parent);
  EXPECT_EQ(planned().search, Purpose::parent);
  at.wanted = false;
  EXPECT_FALSE(planned().search);
}

TEST_F(Planning, AStreamThatNobodyWantsIsKeptForAWhileAndThenClosed) {
  at.wanted = false;
  parent();
  stream.unwanted = at.now;
  EXPECT_EQ(planned().ending, Ending::none);
  EXPECT_EQ(planned().look_again, at.now + times.unwanted);
  EXPECT_EQ(use("p"), Use::feed);
  at.now += times.unwanted;
  EXPECT_EQ(planned().ending, Ending::close);
  EXPECT_EQ(use("p"), Use::release);
}

TEST_F(Planning, AStreamThatHasEndedWaitsForTheRestOfItsMedia) {
  parent();
  add("s", LinkState::ready, {"origin", "x"});
  at.ended = true;
  stream.end_heard = at.now;
  EXPECT_EQ(planned().ending, Ending::none);
  EXPECT_EQ(use("p"), Use::feed);
  EXPECT_LE(planned().look_again, at.now + times.ending);
  for (const bool parent_says : {true, false}) {
    stream.dry = parent_says;
    if (!parent_says) at.now += times.ending;
    EXPECT_TRUE(planned().over);
    EXPECT_EQ(planned().ending, Ending::end);
    EXPECT_EQ(use("p"), Use::release);
    EXPECT_EQ(use("s"), Use::release);
  }
}

TEST_F(Planning, WhatHasEndedIsPassedOnForAWhileAndNotSearchedFor) {
  at.ended = true;
  stream.ended = at.now;
  due(Purpose::parent);
  EXPECT_EQ(planned().ending, Ending::none);
  EXPECT_FALSE(planned().search);
  EXPECT_EQ(planned().look_again, at.now + times.ending);
  at.now += times.ending;
  EXPECT_EQ(planned().ending, Ending::close_media);
  stream.media = false;
  stream.ended.reset();
  EXPECT_TRUE(planned().over);
  EXPECT_FALSE(planned().search);
  at.ended = false;  // it begins again
  EXPECT_EQ(planned().search, Purpose::parent);
}

TEST_F(Planning, AStreamThatBeginsAgainBeforeItsMediaIsClosedClosesIt) {
  stream.ended = at.now;
  EXPECT_EQ(planned().ending, Ending::close_media);
}

TEST_F(Planning, TheFirstGrantedLinkIsTheParentUntilALaterOneBringsMedia) {
  add("b", LinkState::granted).since -= 1s;
  add("a", LinkState::granted);
  EXPECT_EQ(planned().parent->id, "b");
  EXPECT_EQ(planned().next_parent->id, "a");
  stream.links["a"].media = at.now;
  EXPECT_EQ(planned().parent->id, "a");
  EXPECT_EQ(planned().next_parent, nullptr);
  EXPECT_EQ(use("b"), Use::release);
}

TEST_F(Planning, ANextParentWhoseMediaDoesNotComeIsGivenUp) {
  parent();
  add("n", LinkState::granted);
  EXPECT_EQ(use("n"), Use::feed);
  EXPECT_EQ(planned().look_again, at.now + times.overlap);
  at.now += times.overlap;
  EXPECT_EQ(use("n"), Use::release);
  EXPECT_EQ(use("p"), Use::feed);
}

TEST_F(Planning, AStandbyTakesOverWithoutAParentUnlessItIsCutOff) {
  add("s", LinkState::ready, {"origin", "x"});
  EXPECT_EQ(use("s"), Use::feed);
  stream.links["s"].cut = true;
  EXPECT_EQ(use("s"), Use::stand_by);
}

TEST_F(Planning, AStandbyReplacesALinkThatComesUpOnceTheParentIsLost) {
  add("n", LinkState::linking);
  add("s", LinkState::ready, {"origin", "x"});
  EXPECT_EQ(use("s"), Use::feed);
  EXPECT_EQ(use("n"), Use::release);
}

TEST_F(Planning, AStandbyReplacesAParentThatLeavesOrIsCutOffUnlessItDependsOnThatParent) {
  for (const bool leaves : {true, false}) {
    stream.links.clear();
    Link &old = parent();
    (leaves ? old.leaving : old.cut) = true;
    Link &standby = add("s", LinkState::ready, {"origin", "x"});
    EXPECT_EQ(use("s"), Use::feed);
    standby.path = {"origin", "parent", "x"};
    EXPECT_EQ(use("s"), Use::stand_by);
  }
}

TEST_F(Planning, ASilentParentIsReplacedByAStandbyThatBringsMedia) {
  parent();
  Link &standby = add("s", LinkState::ready, {"origin", "x"});
  stream.silence = Silence{.since = at.now, .tries = 1};
  EXPECT_EQ(use("s"), Use::listen);
  standby.state = LinkState::tried;
  EXPECT_EQ(use("s"), Use::listen);
  standby.media = at.now;
  EXPECT_EQ(use("s"), Use::listen);
  EXPECT_EQ(planned().look_again, at.now + times.silent);
  at.now += times.silent;
  EXPECT_EQ(use("s"), Use::feed);
  stream.silence.reset();
  EXPECT_EQ(use("s"), Use::stand_by);
}

TEST_F(Planning, AStandbyThatBringsNoMediaIsReleasedUnlessThePublisherPauses) {
  parent();
  add("s", LinkState::tried, {"origin", "x"});
  stream.silence = Silence{.since = at.now, .tries = 1};
  EXPECT_EQ(use("s"), Use::listen);
  EXPECT_EQ(planned().look_again, at.now + times.tried);
  at.now += times.tried;
  EXPECT_EQ(use("s"), Use::release);
  at.streaming = false;
  EXPECT_EQ(use("s"), Use::listen);
  at.streaming = true;
  stream.silence->tries = 2;  // each gets twice the time of the one before
  EXPECT_EQ(use("s"), Use::listen);
  at.now += times.tried;
  EXPECT_EQ(use("s"), Use::release);
}

TEST_F(Planning, AStandbyIsChosenByTheAncestorsThatItSharesWithTheParent) {
  parent({"origin", "a", "b", "parent"});
  add("near", LinkState::offered, {"origin", "a", "x"});
  add("apart", LinkState::offered, {"origin", "c", "d", "e", "y"});
  const auto best = [&] { return ranked_offers(stream).front()->id; };
  searching(Purpose::standby);
  EXPECT_EQ(best(), "apart");
  searching(Purpose::better);
  EXPECT_EQ(best(), "near");
}

TEST_F(Planning, OneSearchRunsForTheFirstPurposeThatNeedsOne) {
  parent({"a", "b", "c", "parent"});
  for (const Purpose purpose : {Purpose::away, Purpose::renewal, Purpose::better, Purpose::standby})
    due(purpose);
  EXPECT_EQ(planned().search, Purpose::renewal);
  stream.pause(Purpose::renewal).until = at.now + 1s;
  EXPECT_EQ(planned().search, Purpose::better);
  stream.pause(Purpose::better).tries = 2;
  EXPECT_EQ(planned().search, Purpose::standby);
  searching(Purpose::standby);
  stream.links["p"].leaving = true;
  EXPECT_EQ(planned().search, Purpose::away);
}

TEST_F(Planning, ASearchIsOverWhenAParentFeedsUs) {
  searching(Purpose::parent);
  EXPECT_EQ(planned().search, Purpose::parent);
  parent();
  EXPECT_FALSE(planned().search);
}

TEST_F(Planning, TheBestOfferIsLinkedTheSecondIsReservedTheOthersAreReleased) {
  searching(Purpose::parent);
  add("far", LinkState::offered, {"a", "b", "c"});
  add("near", LinkState::offered, {"a"});
  add("mid", LinkState::offered, {"a", "b"});
  EXPECT_EQ(use("near"), Use::feed);
  stream.links["near"].state = LinkState::linking;
  EXPECT_EQ(use("mid"), Use::reserve);
  EXPECT_EQ(use("far"), Use::release);
  stream.links["near"].state = LinkState::granted;
  stream.links["near"].grant = 1;
  EXPECT_EQ(use("mid"), Use::stand_by);
}

TEST_F(Planning, ALostParentIsLinkedLast) {
  searching(Purpose::parent);
  stream.lost_parent = "a";
  add("near", LinkState::offered, {"a"});
  add("far", LinkState::offered, {"x", "b"});
  EXPECT_EQ(use("far"), Use::feed);
}

TEST_F(Planning, ABetterStandbyReplacesOneThatDependsOnTheParent) {
  parent();
  add("s", LinkState::ready, {"origin", "parent", "s"});
  due(Purpose::standby);
  EXPECT_EQ(planned().search, Purpose::standby);
  searching(Purpose::standby).offered -= times.gather;
  add("o", LinkState::offered, {"origin", "y"});
  EXPECT_EQ(use("o"), Use::stand_by);
  stream.links["o"].state = LinkState::preparing;
  EXPECT_EQ(use("s"), Use::release);
  EXPECT_FALSE(planned().search);
}

TEST_F(Planning, ANodeWithoutAWayToThePublisherIsCutOff) {
  EXPECT_FALSE(planned().upstream_lost);  // it never had one
  parent().cut = true;
  EXPECT_TRUE(planned().upstream_lost);
  stream.links.clear();
  stream.lost = at.now;
  EXPECT_TRUE(planned().upstream_lost);
  add("s", LinkState::switching);  // it will be known in a moment whether this one feeds us
  EXPECT_FALSE(planned().upstream_lost);
}

TEST_F(Planning, AConnectedPublisherIsAskedForItsStream) {
  stream.own.emplace();
  due(Purpose::parent);
  EXPECT_FALSE(planned().ask_publisher);
  at.publisher_here = true;
  EXPECT_TRUE(planned().ask_publisher);
  add("l", LinkState::requested, {"sink"});
  EXPECT_FALSE(planned().ask_publisher);
  stream.links["l"].state = LinkState::offered;
  EXPECT_EQ(use("l"), Use::feed);
}

// For any facts, also those that no node ever has.
TEST_F(Planning, GivesEachLinkOneUseAndFeedsOneNextParentAtMost) {
  std::mt19937_64 random(7);
  const auto chance = [&](std::uint64_t one_in) { return random() % one_in == 0; };
  const auto moment = [&] { return at.now - 2s + Time{1ms} * static_cast<Time::rep>(random() % 4000); };
  for (int round = 0; round < 5'000; ++round) {
    stream = StreamState{.slug = "talk", .media = !chance(4)};
    if (chance(6)) stream.own.emplace();
    at.wanted = !chance(4);
    at.publisher_here = stream.own && !chance(3);
    at.streaming = !chance(4);
    at.may_appear = chance(2);
    at.shutting_down = chance(8);
    for (int i = static_cast<int>(random() % 5); i > 0; --i) {
      Link &link = add("t" + std::to_string(i), static_cast<LinkState>(random() % 8),
                       {"origin", "n" + std::to_string(random() % 3)});
      link.since = moment();
      link.cut = chance(4);
      link.leaving = chance(4);
      if (chance(2)) link.media = moment();
    }
    for (Pause &pause : stream.pauses)
      if (chance(2)) pause.until = moment();
    if (chance(2)) stream.silence = Silence{.since = moment()};
    if (chance(2)) stream.lost = moment();
    if (chance(2)) {
      Search &search = searching(static_cast<Purpose>(random() % purposes));
      search.wide = chance(2);
      search.until = moment();
      if (chance(2)) search.parent = "t1";
      if (chance(3)) search.again = moment();
    }
    const Plan once = planned();
    EXPECT_GT(once.look_again, at.now);
    std::set<TicketId> named;
    std::size_t feeding = 0;
    for (const Duty &duty : once.links) {
      named.insert(duty.link->id);
      feeding += duty.use == Use::feed && duty.link != once.parent;
    }
    EXPECT_EQ(named.size(), stream.links.size());
    EXPECT_EQ(once.links.size(), stream.links.size());
    EXPECT_LE(feeding, 1u) << round;
    const bool fed_by_silent = once.parent != nullptr && !once.parent->media;
    const bool media = std::any_of(stream.links.begin(), stream.links.end(), [](const auto &entry) {
      return entry.second.state == LinkState::granted && entry.second.media;
    });
    EXPECT_FALSE(fed_by_silent && media);
  }
}

TEST(Links, NoStateFollowsItselfAndNoneFollowsGranted) {
  for (int from = 0; from < 8; ++from) {
    EXPECT_FALSE(may_follow(static_cast<LinkState>(from), LinkState::requested));
    EXPECT_FALSE(may_follow(static_cast<LinkState>(from), static_cast<LinkState>(from)));
    EXPECT_FALSE(may_follow(LinkState::granted, static_cast<LinkState>(from)));
  }
  EXPECT_TRUE(may_follow(LinkState::tried, LinkState::switching));
  EXPECT_FALSE(may_follow(LinkState::preparing, LinkState::switching));
}

TEST(Ranks, WeighDependenceBeforeHopsAndHopsBeforeDistance) {
  EXPECT_LT((Rank{.hops = 9}), (Rank{.failed_us = true}));
  EXPECT_LT((Rank{.hops = 9}), (Rank{.shares_parent = true, .hops = 1}));
  EXPECT_LT((Rank{.common = 9}), (Rank{.shares_parent = true}));
  EXPECT_LT((Rank{.hops = 9}), (Rank{.common = 1, .hops = 1}));
  EXPECT_LT((Rank{.hops = 9}), (Rank{.full = true, .hops = 1}));
  EXPECT_LT((Rank{.hops = 1, .rtt = 1s}), (Rank{.hops = 2}));
  EXPECT_LT((Rank{.rtt = 1ms}), (Rank{.rtt = 2ms, .room = 9}));
  EXPECT_LT((Rank{.room = 9}), (Rank{.room = 1}));
}

struct SearchSteps : testing::Test {
  SearchStep step(std::size_t offers = 0, bool may_pause = false) const {
    return next_step(search, offers, 2, may_pause, now, times);
  }
  Timeouts times;
  Time now = 100s;
  Search search{.begun = now, .until = now + times.ask, .offered = now};
};

TEST_F(SearchSteps, ASearchWaitsThenAsksEverybodyThenFails) {
  EXPECT_EQ(step().act, SearchAct::wait);
  EXPECT_EQ(step().until, now + times.ask);
  now += times.ask;
  EXPECT_EQ(step().act, SearchAct::ask_everybody);
  search.wide = true;
  EXPECT_EQ(step().act, SearchAct::fail);
}

TEST_F(SearchSteps, TheFirstOfferWaitsForASecondAMoment) {
  EXPECT_EQ(step(1).until, now + times.gather);
  EXPECT_EQ(step(2).act, SearchAct::choose);
  now += times.gather;
  EXPECT_EQ(step(1).act, SearchAct::choose);
}

TEST_F(SearchSteps, ASearchThatMayPauseAsksAgainUntilItsTimeIsUp) {
  search.wide = true;
  search.until = now;
  EXPECT_EQ(step(0, true).act, SearchAct::pause);
  search.again = now + times.ask_again;
  EXPECT_EQ(step(0, true).until, now + times.ask_again);
  now += times.ask_again;
  EXPECT_EQ(step(0, true).act, SearchAct::ask_again);
  now = search.begun + times.search;
  EXPECT_EQ(step(0, true).act, SearchAct::fail);
}

}  // namespace
}  // namespace astral::core
