// SPDX-License-Identifier: BSD-3-Clause
// Settings of nodes in a virtual network, and the smallest network that relays.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "world.hpp"

namespace astral::core {

using Chain = std::vector<Uuid>;

inline Settings with_room(std::uint64_t bps) {
  Settings settings;
  settings.upstream_bps = bps;
  return settings;
}

inline Settings knowing(std::vector<Address> bootstrap, Role role = Role::automatic) {
  Settings settings;
  settings.bootstrap = std::move(bootstrap);
  settings.role = role;
  return settings;
}

inline Settings supernode(std::vector<Address> bootstrap = {}, std::uint32_t capacity = 100) {
  Settings settings = knowing(std::move(bootstrap), Role::supernode);
  settings.capacity = capacity;
  return settings;
}

// Publisher → p → r → v, where p has room for one child.
struct Three : testing::Test {
  Three() {
    p = world.add("p", with_room(1'000'000));  // one child
    r = world.add("r", knowing({World::address_of(p)}));
    v = world.add("v", knowing({World::address_of(p)}));
    sink = world.publish(p, "talk");
    EXPECT_TRUE(world.run_until([&] { return world.fed(p, "talk") && world.node(v).find_stream("talk"); }));
    world.run(1s);
  }
  bool watch(std::size_t index) {
    const CallId call = world.ask(index, "talk");
    world.run_until([&] { return world.answer(call) != nullptr; });
    return world.answer(call)->has_value();
  }
  World world;
  std::size_t p = 0, r = 0, v = 0, sink = 0;
};

}  // namespace astral::core
