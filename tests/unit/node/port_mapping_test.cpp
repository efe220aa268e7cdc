// SPDX-License-Identifier: BSD-3-Clause
// When a router is asked to forward the ports, on a virtual clock.
#include "node/port_mapping.hpp"

#include <gtest/gtest.h>

#include "glue/match.hpp"

namespace astral::node {
namespace {

using core::Udp;
using State = PortMapping::State;

const RouterAnswer forwards{
    .protocol = "NAT-PMP", .address = "203.0.113.7", .outside = {.udp = 8000, .tcp = 8000}, .lease = 1h};
const RouterAnswer refuses{.error = "NAT-PMP: no answer"};

// A node at home, its clock, and what it has done.
struct AtHome {
  PortMapping mapping;
  PortMapping::Surroundings around{.allowed = true,
                                   .gateway = "192.168.1.1",
                                   .local = "192.168.1.7",
                                   .inside = {.udp = 8000, .tcp = 8000}};
  Time now = 1000s;
  std::vector<PortMapping::Effect> effects;
  std::uint32_t number = 0;  // of the last question
  std::string known;         // its protocol, as of the last answer

  void see(Udp udp) {
    around.udp = udp;
    mapping.observe(around, now, effects);
  }
  // Goes on to the next deadline, and returns how far it was; `never` stays where it is.
  Time advance() {
    const Time next = mapping.deadline();
    if (next == never) return never;
    const Time took = std::max(next, now) - now;
    now += took;
    mapping.tick(now, effects);
    return took;
  }
  void answer(const RouterAnswer &said) { mapping.answered(number, said, now, effects); }
  // What was done since the last call: "ask", "remove", "changed".
  std::string done() {
    std::string text;
    for (const auto &effect : std::exchange(effects, {}))
      text += std::visit(Match{[this](const PortMapping::Ask &ask) {
                                 number = ask.number;
                                 known = ask.known.protocol;
                                 return "ask ";
                               },
                               [](const PortMapping::Remove &) { return "remove "; },
                               [](const PortMapping::Changed &) { return "changed "; }},
                         effect);
    return text;
  }
  void become_mapped(const RouterAnswer &said = forwards) {
    see(Udp::behind_nat);
    advance();
    EXPECT_EQ(done(), "ask ");
    answer(said);
    EXPECT_EQ(done(), "changed ");
    EXPECT_EQ(mapping.state(), State::mapped);
  }
};

TEST(PortMapping, IsAskedForWhereANatIsBeforeUsAndAfterAWhileWhereNothingIsKnown) {
  for (const auto &[udp, wait] : std::vector<std::pair<Udp, Time>>{{Udp::behind_nat, 0s},
                                                                   {Udp::blocked, 0s},
                                                                   {Udp::unknown, PortMapping::first_wait},
                                                                   {Udp::open, never}}) {
    AtHome home;
    home.see(udp);
    EXPECT_EQ(home.advance(), wait);
    EXPECT_EQ(home.done(), wait == never ? "" : "ask ");
    EXPECT_EQ(home.mapping.state(), wait == never ? State::off : State::asking);
  }
}

TEST(PortMapping, IsAskedForAtHomeOnly) {
  const auto asks = [](auto change) {
    AtHome home;
    change(home.around);
    home.see(Udp::behind_nat);
    home.advance();
    return home.done() == "ask ";
  };
  EXPECT_TRUE(asks([](auto &) {}));
  EXPECT_TRUE(asks([](auto &around) { around.inside.udp = 0; }));  // TCP alone
  EXPECT_FALSE(asks([](auto &around) { around.allowed = false; }));
  EXPECT_FALSE(asks([](auto &around) { around.gateway = ""; }));
  EXPECT_FALSE(asks([](auto &around) { around.gateway = "203.0.113.1"; }));
  EXPECT_FALSE(asks([](auto &around) { around.local = ""; }));
  EXPECT_FALSE(asks([](auto &around) { around.inside = {}; }));
}

TEST(PortMapping, WhatIsFoundOutWhileWaitingEndsTheWait) {
  AtHome home;
  home.see(Udp::unknown);
  home.now += 2s;
  home.see(Udp::behind_nat);
  EXPECT_EQ(home.advance(), 0s);
  EXPECT_EQ(home.done(), "ask ");
}

TEST(PortMapping, IsRenewedAtHalfOfItsLeaseThoughTheNodeIsReachableNow) {
  AtHome home;
  home.become_mapped();
  home.see(Udp::open);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(home.advance(), 30min);
    EXPECT_EQ(home.done(), "ask ");
    EXPECT_EQ(home.known, "NAT-PMP");
    home.answer(forwards);
    EXPECT_EQ(home.done(), "");
  }
}

TEST(PortMapping, ARoutersLeaseIsTakenWithinBounds) {
  for (const auto &[lease, renewal] : std::vector<std::pair<Time, Time>>{
           {0s, 6h}, {2min, 1min}, {90s, 1min}, {10h, 5h}, {48h, PortMapping::longest_renewal}}) {
    AtHome home;
    RouterAnswer answer = forwards;
    answer.lease = lease;
    home.become_mapped(answer);
    EXPECT_EQ(home.advance(), renewal);
    EXPECT_EQ(home.done(), "ask ");
  }
}

TEST(PortMapping, ARenewalThatFailsIsTriedAgainUntilTheLeaseIsOver) {
  AtHome home;
  home.become_mapped();
  Time since{};
  while (home.mapping.state() == State::mapped) {
    ASSERT_LE(since, 1h);
    since += home.advance();
    if (home.done().starts_with("ask")) home.answer(refuses);
  }
  EXPECT_EQ(since, 1h);
  EXPECT_EQ(home.mapping.mapped(), std::nullopt);
  EXPECT_EQ(home.mapping.state(), State::refused);
  EXPECT_EQ(home.mapping.error(), refuses.error);
}

TEST(PortMapping, ARefusalMakesThePauseLonger) {
  AtHome home;
  home.see(Udp::behind_nat);
  home.advance();
  std::vector<Time> pauses;
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(home.done(), "ask ");
    home.answer(refuses);
    EXPECT_EQ(home.mapping.state(), State::refused);
    pauses.push_back(home.advance());
  }
  EXPECT_EQ(pauses, (std::vector<Time>{1min, 2min, 4min, 8min, 16min, 32min, 1h, 1h, 1h}));
}

TEST(PortMapping, ARouterThatHasForgottenItIsAskedAgainSoon) {
  AtHome home;
  home.become_mapped();
  home.see(Udp::open);
  home.now += 5min;
  home.see(Udp::behind_nat);
  EXPECT_EQ(home.advance(), 0s);
  EXPECT_EQ(home.done(), "ask ");
  home.answer(forwards);
  home.see(Udp::open);
  home.now += 1s;
  home.see(Udp::behind_nat);
  EXPECT_EQ(home.advance(), PortMapping::shortest_renewal - 1s);
}

TEST(PortMapping, AMappingThatHelpsNobodyIsNotAskedForAllTheTime) {
  AtHome home;
  home.become_mapped();
  for (int i = 0; i < 5; ++i) home.see(Udp::behind_nat);
  EXPECT_EQ(home.advance(), 30min);
}

TEST(PortMapping, InAnotherNetworkItIsAskedForAnew) {
  AtHome home;
  home.become_mapped();
  home.around.gateway = "10.0.0.1";
  home.around.local = "10.0.0.7";
  home.see(Udp::behind_nat);
  EXPECT_EQ(home.done(), "changed ");
  EXPECT_EQ(home.mapping.mapped(), std::nullopt);
  EXPECT_EQ(home.advance(), 0s);
  EXPECT_EQ(home.done(), "ask ");
  EXPECT_EQ(home.known, "");
}

TEST(PortMapping, AnAnswerFromTheOldNetworkDoesNotCount) {
  AtHome home;
  home.see(Udp::behind_nat);
  home.advance();
  home.done();
  home.around.gateway = "10.0.0.1";
  home.see(Udp::behind_nat);
  home.answer(forwards);
  EXPECT_EQ(home.mapping.mapped(), std::nullopt);
  home.advance();
  EXPECT_EQ(home.done(), "ask ");
  home.answer(forwards);
  home.answer(refuses);  // a second one
  EXPECT_EQ(home.mapping.state(), State::mapped);
}

TEST(PortMapping, AnotherPortOutsideIsAChange) {
  AtHome home;
  home.become_mapped();
  home.advance();
  home.done();
  RouterAnswer other = forwards;
  other.outside.udp = 20'001;
  home.answer(other);
  EXPECT_EQ(home.done(), "changed ");
}

TEST(PortMapping, TheRouterIsToldWhenTheNodeEnds) {
  AtHome mapped, asking, idle;
  mapped.become_mapped();
  mapped.mapping.leave(mapped.effects);
  EXPECT_EQ(mapped.done(), "remove ");
  EXPECT_EQ(mapped.mapping.deadline(), never);
  asking.see(Udp::behind_nat);
  asking.advance();
  asking.done();
  asking.mapping.leave(asking.effects);
  EXPECT_EQ(asking.done(), "remove ");
  idle.see(Udp::unknown);
  idle.mapping.leave(idle.effects);
  EXPECT_EQ(idle.done(), "");
  EXPECT_EQ(idle.mapping.deadline(), never);
}

TEST(RouterAnswer, IsReadWithinBounds) {
  const auto answer = read_router_answer(
      R"-({"protocol":"UPnP","address":"203.0.113.7","udp":8000,"tcp":0,"lease_s":3600,)-"
      R"-("url":"http://192.168.1.1:5000/rootDesc.xml","error":"UPnP, TCP: ConflictInMappingEntry (718)"})-");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->protocol, "UPnP");
  EXPECT_EQ(answer->outside, (Ports{.udp = 8000, .tcp = 0}));
  EXPECT_EQ(answer->lease, 1h);
  EXPECT_EQ(answer->error, "UPnP, TCP: ConflictInMappingEntry (718)");
  EXPECT_EQ(read_router_answer(R"({"lease_s":4294967295})")->lease, 24h);
  for (const std::string bad :
       {"", "no answer", "[]", R"({"udp":65536})", R"({"udp":-1})", R"({"tcp":"8000"})", R"({"address":7})",
        R"({"error":"\u001b[2J"})", R"({"lease_s":4294967296})"})
    EXPECT_FALSE(read_router_answer(bad)) << bad;
  EXPECT_FALSE(read_router_answer(R"({"url":")" + std::string(1025, 'x') + "\"}"));
  EXPECT_FALSE(read_router_answer(R"({"url":")" + std::string(5000, 'x') + "\"}"));
}

}  // namespace
}  // namespace astral::node
