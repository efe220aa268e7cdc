// SPDX-License-Identifier: BSD-3-Clause
// A node keeps its invariants whatever messages it gets; the seed chooses them.
#include <gtest/gtest.h>

#include <set>

#include "babble.hpp"
#include "trace.hpp"

namespace astral::core {
namespace {

class Babbling : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Babbling, KeepsTheInvariantsOfTheNode) {
  Chances chances(GetParam());
  Babble babble(chances, GetParam());
  for (int i = 0; i < 6000; ++i) babble.step();
  babble.end();
  EXPECT_GT(babble.confirmed(), 0u);
}

// The messages make sense often enough: the node answers with every kind of message.
TEST(Babble, MakesTheNodeSendEveryKindOfMessage) {
  std::size_t confirmed = 0;
  std::set<std::size_t> did;
  for (std::uint64_t seed = 101; seed <= 160; ++seed) {
    Chances chances(seed);
    Babble babble(chances, seed);
    for (int i = 0; i < 4000; ++i) babble.step();
    babble.end();
    confirmed += babble.confirmed();
    did.insert(babble.did().begin(), babble.did().end());
  }
  EXPECT_GT(confirmed, 100u);
  for (const Message &kind :
       {Message{Hello{}},     Message{Welcome{}},     Message{Register{}}, Message{Registered{}},
        Message{Full{}},      Message{Summon{}},      Message{Probe{}},    Message{Probed{}},
        Message{Request{}},   Message{Offer{}},       Message{Refusal{}},  Message{Hold{}},
        Message{Confirm{}},   Message{Candidates{}},  Message{Cancel{}},   Message{Path{}},
        Message{LoopCheck{}}, Message{LoopChecked{}}, Message{Leaving{}},  Message{Streams{}},
        Message{Gone{}},      Message{Carrying{}},    Message{Advert{}},   Message{Find{}},
        Message{Here{}},      Message{Seed{}},        Message{Seeded{}},   Message{Routed{}},
        Message{Heartbeat{}}, Message{Goodbye{}},     Message{Published{}}})
    EXPECT_TRUE(did.contains(kind.index())) << text(kind);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Babbling, testing::Range<std::uint64_t>(1, 25));

}  // namespace
}  // namespace astral::core
