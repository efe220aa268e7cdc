// SPDX-License-Identifier: BSD-3-Clause
// What a node says of the NAT before its UDP port.
#include "three.hpp"

namespace astral::core {
namespace {

constexpr Nat symmetric{.udp = Udp::behind_nat,
                        .mapping = NatRule::address_and_port_dependent,
                        .filtering = NatRule::address_and_port_dependent};

struct Home : testing::Test {
  Home() {
    s = world.add("s", supernode());
    EXPECT_TRUE(world.run_until([&] { return world.node(s).role() == RoleState::supernode; }));
  }
  void add_child(const Nat &nat = {}) {
    Settings settings = knowing({World::address_of(s)}, Role::child);
    settings.self.nat = nat;
    c = world.add("c", settings);
    EXPECT_TRUE(world.run_until([&] { return world.node(c).primary() == "s"; }));
  }
  World world;
  std::size_t s = 0, c = 0;
};

TEST_F(Home, ANodeSaysWhatItKnowsOfItsNatWhenItConnects) {
  add_child(symmetric);
  EXPECT_EQ(world.node(s).find_node("c")->nat, symmetric);
}

TEST_F(Home, ASupernodeHearsWhenItsChildHasFoundOutAboutItsNat) {
  add_child();
  EXPECT_EQ(world.node(s).find_node("c")->nat, Nat{});
  world.step(c, NatKnown{.nat = symmetric});
  world.run(1s);
  EXPECT_EQ(world.node(s).find_node("c")->nat, symmetric);
  EXPECT_EQ(world.node(c).self().nat, symmetric);
}

}  // namespace
}  // namespace astral::core
