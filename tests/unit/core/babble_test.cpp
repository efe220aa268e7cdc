// SPDX-License-Identifier: BSD-3-Clause
// A node keeps its invariants whatever messages it gets; the seed chooses them.
#include <gtest/gtest.h>

#include <map>
#include <string>

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

// The messages make sense often enough: the node answers with every kind of message. Some kinds are rare, so
// the seeds go on until all were seen.
TEST(Babble, MakesTheNodeSendEveryKindOfMessage) {
  std::map<std::size_t, std::string> missing;
  for (const Message &kind :
       {Message{Hello{}},     Message{Welcome{}},     Message{Register{}}, Message{Registered{}},
        Message{Full{}},      Message{Summon{}},      Message{Probe{}},    Message{Probed{}},
        Message{Request{}},   Message{Offer{}},       Message{Refusal{}},  Message{Hold{}},
        Message{Confirm{}},   Message{Candidates{}},  Message{Cancel{}},   Message{Path{}},
        Message{LoopCheck{}}, Message{LoopChecked{}}, Message{Leaving{}},  Message{Streams{}},
        Message{Gone{}},      Message{Carrying{}},    Message{Advert{}},   Message{Find{}},
        Message{Here{}},      Message{Seed{}},        Message{Seeded{}},   Message{Routed{}},
        Message{Heartbeat{}}, Message{Goodbye{}},     Message{Published{}}, Message{Viewers{}}})
    missing.emplace(kind.index(), text(kind));
  std::size_t confirmed = 0;
  for (std::uint64_t seed = 101; seed <= 600 && !missing.empty(); ++seed) {
    Chances chances(seed);
    Babble babble(chances, seed);
    for (int i = 0; i < 4000; ++i) babble.step();
    babble.end();
    confirmed += babble.confirmed();
    for (const std::size_t kind : babble.did()) missing.erase(kind);
  }
  EXPECT_GT(confirmed, 100u);
  for (const auto &[index, kind] : missing) ADD_FAILURE() << "never sent: " << kind;
}

INSTANTIATE_TEST_SUITE_P(Seeds, Babbling, testing::Range<std::uint64_t>(1, 25));

}  // namespace
}  // namespace astral::core
