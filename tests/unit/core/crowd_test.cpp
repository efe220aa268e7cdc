// SPDX-License-Identifier: BSD-3-Clause
// A node feeds as many children and local players as its settings allow, and a refusal says which setting it was.
#include <algorithm>
#include <string>
#include <variant>

#include "bench.hpp"

namespace astral::core {
namespace {

constexpr std::uint32_t many = 300;
constexpr PeerId first_element = 10'000;

struct Crowd : testing::Test {
  static Settings settings(std::uint32_t children, std::uint32_t players) {
    Settings settings = Bench::settings();
    settings.max_children = children;
    settings.max_players = players;
    return settings;
  }
  // What the node says to a message: a refusal, or that it asks its media for an offer.
  std::string answer(Bench &bench, PeerId peer, const Message &message) {
    Effects effects;
    bench.node.handle(PeerSaid{.peer = peer, .message = message}, bench.now, effects);
    bench.node.check_invariants();
    for (const Effect &effect : effects) {
      if (const auto *send = std::get_if<Send>(&effect)) {
        const auto *routed = std::get_if<Routed>(&send->message);
        const Message &said = routed == nullptr ? send->message : routed->what->message;
        if (const auto *refusal = std::get_if<Refusal>(&said)) return refusal->message;
      }
      if (std::holds_alternative<TellRelay>(effect)) return "asked";
    }
    return "nothing";
  }
  std::string child(Bench &bench, std::uint32_t number) {
    const std::string name = "far-" + std::to_string(number);
    return answer(bench, P, other_wish("s-" + name, name, name));
  }
  std::string player(Bench &bench, std::uint32_t number) {
    const PeerId peer = first_element + number;
    const std::string name = "player-" + std::to_string(number);
    bench.join(peer, name, PeerKind::element);
    return answer(bench, peer, Request{.ticket = "t-" + name, .slug = "own", .destination = name});
  }
};

TEST_F(Crowd, OfThreeHundredChildrenAndAsManyPlayersIsFed) {
  Bench bench(settings(1'000, 1'000));
  bench.fed_own();
  for (std::uint32_t number = 0; number < many; ++number) {
    EXPECT_EQ(child(bench, number), "asked") << number;
    EXPECT_EQ(player(bench, number), "asked") << number;
  }
  EXPECT_EQ(bench.node.fed_children(), many);
}

TEST_F(Crowd, IsBoundedBySettingsAndTheRefusalSaysWhich) {
  Bench bench(settings(2, 3));
  bench.fed_own();
  for (std::uint32_t number = 0; number < 2; ++number) EXPECT_EQ(child(bench, number), "asked");
  for (std::uint32_t number = 0; number < 3; ++number) EXPECT_EQ(player(bench, number), "asked");
  EXPECT_EQ(child(bench, 2), "the node's setting max-children allows no more");
  EXPECT_EQ(player(bench, 3), "as many play it here as the node's setting max-players allows");
}

TEST_F(Crowd, IsBoundedByTheUpstream) {
  Settings small = settings(1'000, 1'000);
  small.upstream_bps = 2 * stream_cost_bps;
  Bench bench(small);
  bench.fed_own();
  for (std::uint32_t number = 0; number < 2; ++number) EXPECT_EQ(child(bench, number), "asked");
  EXPECT_EQ(child(bench, 2), "the upstream is used up");
  EXPECT_EQ(player(bench, 0), "asked");
}

}  // namespace
}  // namespace astral::core
