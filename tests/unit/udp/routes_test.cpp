// SPDX-License-Identifier: BSD-3-Clause
#include "udp/routes.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace astral::udp {
namespace {

using Packet = std::vector<std::uint8_t>;

Packet long_header(std::size_t id_size, std::uint8_t fill) {
  Packet packet{0xc3, 0, 0, 0, 1, static_cast<std::uint8_t>(id_size)};
  packet.insert(packet.end(), id_size, fill);
  packet.insert(packet.end(), 30, 0xee);
  return packet;
}

Packet short_header(std::uint8_t fill) {
  Packet packet{0x43};
  packet.insert(packet.end(), 8, fill);
  return packet;
}

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() {
    ids.route.fill(5);
    ids.secret.fill(9);
    EXPECT_TRUE(routes.add(ids, target));
  }
  bool finds(const Packet &packet) const {
    const auto found = routes.find(packet);
    return found && found->first == ids.route && found->second == target;
  }
  Routes<int>::Ids ids;
  std::shared_ptr<int> target = std::make_shared<int>(1);
  Routes<int> routes;
};

TEST_F(RoutesTest, FindsALinkByItsSecretAndByItsRouteId) {
  EXPECT_TRUE(finds(long_header(16, 9)));
  EXPECT_TRUE(finds(long_header(8, 5)));
  EXPECT_TRUE(finds(short_header(5)));
}

TEST_F(RoutesTest, FindsNothingForOtherPackets) {
  EXPECT_FALSE(finds({}));
  EXPECT_FALSE(finds(long_header(16, 8)));
  EXPECT_FALSE(finds(long_header(16, 5)));  // the route id is no secret
  EXPECT_FALSE(finds(long_header(17, 9)));
  EXPECT_FALSE(finds(long_header(8, 9)));
  EXPECT_FALSE(finds(long_header(3, 5)));
  EXPECT_FALSE(finds(short_header(6)));
  for (const Packet &whole : {long_header(16, 9), short_header(5)})
    for (std::size_t size = 0; size < (whole[0] & 0x80 ? 22u : 5u); ++size)
      EXPECT_FALSE(finds(Packet(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
}

TEST_F(RoutesTest, AnIdIsGivenOnce) {
  Routes<int>::Ids same_route = ids, same_secret = ids;
  same_route.secret.fill(1);
  same_secret.route.fill(1);
  EXPECT_FALSE(routes.add(same_route, target));
  EXPECT_FALSE(routes.add(same_secret, target));
  EXPECT_EQ(routes.size(), 1u);
}

TEST_F(RoutesTest, FindsNothingForALinkThatHasGone) {
  routes.remove(ids);
  EXPECT_FALSE(finds(long_header(16, 9)));
  EXPECT_FALSE(finds(short_header(5)));
  EXPECT_EQ(routes.size(), 0u);
}

}  // namespace
}  // namespace astral::udp
